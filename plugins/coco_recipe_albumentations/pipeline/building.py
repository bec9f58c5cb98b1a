"""Build the transforms of a sound pipeline with the library, and write them with all arguments."""

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from coco_recipe import StepProblem, StepProblems
from coco_recipe_albumentations import catalogue
from coco_recipe_albumentations.library import albumentations
from coco_recipe_albumentations.pipeline import checks, sizes
from coco_recipe_albumentations.pipeline.forms import Transform, Written

if TYPE_CHECKING:
    from coco_recipe_albumentations.carrier import Carrier

ANY_SIZE: sizes.Size = (1024, 1024)


@dataclass(frozen=True, slots=True)
class Builder:
    """What makes a pipeline's transforms, in this process or a worker.

    Two are equal if they make the same.

    Attributes:
        digested: the transforms as JSON, by which builders are compared.
        written: the transforms as they are written.
        needs_size: they are other ones for each size of image, because there is ``${...}`` in them.
    """

    digested: bytes
    written: Written = field(compare=False)
    needs_size: bool = field(compare=False)

    @classmethod
    def of(cls, written: Written) -> "Builder":
        """Make the builder of a pipeline that has no problems."""
        needs_size = any(sizes.mentions(transform.arguments) for transform in written.walk())
        return cls(msgspec.json.encode(written), written, needs_size)

    def build(self, size: sizes.Size | None = None) -> list[Any]:
        """Return new transforms, to be put into a Compose.

        Args:
            size: (width, height) of the image, in pixels; may be left out where ``needs_size`` is
                False.

        Raises:
            StepProblems: what the library refuses or would ignore; at each transform's key path in
                the pipeline.
        """
        made = self._made(size)
        return (
            made if self.written.p == 1 else [albumentations().Sequential(made, p=self.written.p)]
        )

    def carrier(self, size: sizes.Size | None) -> "Carrier":
        """Return what sends pictures of a size (width, height) through the transforms.

        Raises:
            StepProblems: as `build`.
            ValueError: a transform can't be followed; names it.
        """
        from coco_recipe_albumentations.carrier import Carrier

        return Carrier(self.build(size))

    def rows(self) -> list[dict[str, Any]]:
        """Return the transforms with every argument, as the library reads it.

        An expression stays as text.

        Raises:
            StepProblems: as `build`.
        """
        made = self._made(ANY_SIZE if self.needs_size else None)
        return [
            _record(transform, one)
            for transform, one in zip(self.written.transforms, made, strict=True)
        ]

    def _made(self, size: sizes.Size | None) -> list[Any]:
        with warnings.catch_warnings():
            # a misspelt argument is a warning, and the transform runs with its defaults
            warnings.simplefilter("error")
            warnings.filterwarnings("ignore", category=DeprecationWarning)
            return [_make(transform, size) for transform in self.written.transforms]


def _make(transform: Transform, size: sizes.Size | None) -> Any:
    """Build one transform, and those in it."""
    A = albumentations()
    arguments = dict(transform.arguments)
    if sizes.mentions(arguments):
        if size is None:
            raise _misfit(transform, "depends on the image's size, which isn't given", colon="")
        arguments = sizes.fill(arguments, size)
    if transform.children is not None:
        arguments["transforms"] = [_make(child, size) for child in transform.children]
    try:
        with warnings.catch_warnings():
            if advice := catalogue.load()[1][transform.name].advice:
                warnings.filterwarnings("ignore", message=advice[:20])
            made = getattr(A, transform.name)(**arguments)
    except (UserWarning, TypeError, ValueError, ArithmeticError) as error:
        given = (
            f" (for an image of {size[0]}x{size[1]} px)"
            if size and sizes.mentions(transform.arguments)
            else ""
        )
        raise _misfit(transform, f"{_reason(error)}{given}") from error
    return _reading(made) if transform.name in checks.REFERENCES else made


def _misfit(transform: Transform, what: str, colon: str = ":") -> StepProblems:
    return StepProblems([StepProblem(transform.path, f"{transform.name}{colon} {what}")])


def _reason(error: Exception) -> str:
    """Return the library's words without pydantic's frame around them."""
    lines = [line.strip() for line in str(error).splitlines()]
    kept = [
        line
        for line in lines
        if "validation error" not in line and not line.startswith("For further information")
    ]
    return " ".join(line.partition(" [type=")[0] for line in kept if line)


def _reading(made: Any) -> Any:
    """Let a transform take the reference images that it has; 2.0.8 asks for them each time."""
    kind = type(made)
    made.__class__ = type(kind.__name__, (kind,), {"targets_as_params": property(lambda _: [])})
    return made


def _record(transform: Transform, made: Any) -> dict[str, Any]:
    """Return a transform with all its arguments, as JSON has them."""
    entry = catalogue.load()[1][transform.name]
    if transform.children is not None:
        read_as: Mapping[str, Any] = {"p": float(made.p)}
        children = [
            _record(child, one)
            for child, one in zip(transform.children, made.transforms, strict=True)
        ]
    else:
        read_as = vars(made) if transform.name in checks.REFERENCES else made.to_dict_private()
    arguments: dict[str, Any] = {}
    for name, default in entry.arguments.items():
        given = transform.arguments.get(name, default)
        if sizes.mentions(given) or (
            transform.children is not None and name not in ("p", "transforms", "first", "second")
        ):
            arguments[name] = given
        elif name in read_as and name not in ("read_fn", "mask"):
            arguments[name] = read_as[name]
    return {
        transform.name: json.loads(
            json.dumps(
                arguments | ({"transforms": children} if transform.children else {}), default=_plain
            )
        )
    }


def _plain(value: Any) -> Any:
    """Return an enumeration's value, numpy's numbers as Python's, all else as text."""
    return (
        value.value
        if hasattr(value, "value")
        else value.tolist()
        if hasattr(value, "tolist")
        else str(value)
    )
