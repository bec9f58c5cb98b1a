"""Read all the forms that a pipeline may have into one shape.

The forms are the short list, Albumentations' own dict, and ours of the record.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from coco_recipe import Complaint

KeyPath = tuple[str | int, ...]
COMPOSE = ("Compose", "ReplayCompose")
CLASS = "__class_fullname__"
MAX_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Transform:
    """One transform as it is written.

    Attributes:
        name: its short name.
        arguments: what is given, without its transforms.
        children: the transforms that it is made of; None where it has none.
        path: key path of the transform below the pipeline.
        inside: key path of its arguments.
        compose: it is written as a Compose, whose name within a pipeline is Sequential.
    """

    name: str
    arguments: Mapping[str, Any]
    children: tuple["Transform", ...] | None
    path: KeyPath
    inside: KeyPath
    compose: bool = False

    def walk(self) -> "Iterator[Transform]":
        """Yield this transform and all that are in it."""
        yield self
        for child in self.children or ():
            yield from child.walk()

    def with_arguments(self, change: Callable[[Any], Any]) -> "Transform":
        """Return it with ``change`` made to its arguments and to those of all that are in it."""
        children = (
            None
            if self.children is None
            else tuple(child.with_arguments(change) for child in self.children)
        )
        return replace(self, arguments=change(self.arguments), children=children)


@dataclass(frozen=True, slots=True)
class Written:
    """A pipeline as it is written.

    Attributes:
        transforms: in order.
        p: how likely the pipeline as a whole is applied.
        version: of the library that wrote it, where it is recorded.
        top: further arguments of its Compose (bbox_params, ...), and of composes within it.
    """

    transforms: tuple[Transform, ...]
    p: Any = 1.0
    version: str | None = None
    top: Mapping[str, Any] = field(default_factory=dict)

    def walk(self) -> Iterator[Transform]:
        """Yield every transform, at any depth."""
        for transform in self.transforms:
            yield from transform.walk()

    def with_arguments(self, change: Callable[[Any], Any]) -> "Written":
        """Return it with ``change`` made to the arguments of every transform."""
        return replace(
            self,
            transforms=tuple(transform.with_arguments(change) for transform in self.transforms),
        )


def parse(form: Any, found: list[Complaint]) -> Written:
    """Bring a pipeline into one shape; what isn't one goes to ``found``."""
    parser = _Parser(found)
    if isinstance(form, list):
        return Written(parser.rows(form, ()))
    if isinstance(form, dict) and "transform" in form:
        return parser.compose(form["transform"], ("transform",), _text(form.get("__version__")))
    if isinstance(form, dict) and CLASS in form:
        return parser.compose(form, (), None)
    if isinstance(form, dict) and "transforms" in form:
        top = {
            key: value
            for key, value in form.items()
            if key not in ("library", "version", "transforms", "p", "files")
        }
        for key in top:
            found.append(Complaint((key,), f"a pipeline has no '{key}'", "it has transforms and p"))
        return Written(
            parser.rows(form["transforms"], ("transforms",)),
            form.get("p", 1.0),
            _text(form.get("version")),
        )
    if isinstance(form, dict) and len(form) == 1:
        return Written(parser.rows([form], None))
    found.append(
        Complaint(
            (),
            f"is not a pipeline but {_short(form)}; a dict form has a 'transform' with a '{CLASS}'",
            "write a list, as - HorizontalFlip: {p: 0.5}",
        )
    )
    return Written(())


class _Parser:
    def __init__(self, found: list[Complaint]) -> None:
        self.found, self.top = found, dict[str, Any]()

    def compose(self, value: Any, at: KeyPath, version: str | None) -> Written:
        if not isinstance(value, dict) or not isinstance(value.get(CLASS), str):
            self.found.append(
                Complaint(
                    at,
                    f"is not in Albumentations' form: no 'transform' with a '{CLASS}'",
                    "albumentations.save writes such files",
                )
            )
            return Written((), version=version)
        if short_name(value[CLASS]) not in COMPOSE:
            return Written(self.rows([value], None, at), version=version)
        top = {
            key: child
            for key, child in value.items()
            if key not in (CLASS, "p", "transforms", "id")
        }
        rows = self.rows(value.get("transforms"), (*at, "transforms"))
        return Written(
            rows,
            value.get("p", 1.0),
            version,
            {**top, **{key: child for key, child in self.top.items() if not top.get(key)}},
        )

    def rows(self, values: Any, at: KeyPath | None, one: KeyPath = ()) -> tuple[Transform, ...]:
        """Parse transforms; without ``at`` there is a single one, which stands at ``one``."""
        if not isinstance(values, list) or not values:
            self.found.append(
                Complaint(
                    at or (),
                    f"a list of transforms is expected here, not {_short(values)}",
                    "write transforms: [...]",
                )
            )
            return ()
        if len(at or ()) > 4 * MAX_DEPTH:
            self.found.append(Complaint(at or (), f"is nested more than {MAX_DEPTH} deep"))
            return ()
        places: Sequence[KeyPath] = (
            [one] if at is None else [(*at, index) for index in range(len(values))]
        )
        return tuple(
            row
            for value, place in zip(values, places, strict=True)
            if (row := self.row(value, place))
        )

    def row(self, value: Any, at: KeyPath) -> Transform | None:
        if isinstance(value, str):
            return self.transform(value, {}, at, at)
        if isinstance(value, dict) and value.get("__type__") == "Lambda":  # as written to 1.0.3
            return self.transform("Lambda", {"name": value.get("__name__")}, at, at)
        if isinstance(value, dict) and isinstance(value.get(CLASS), str):
            given = {key: child for key, child in value.items() if key not in (CLASS, "id")}
            return self.transform(value[CLASS], given, at, at)
        if isinstance(value, dict) and len(value) == 1 and CLASS not in value:
            name, given = next(iter(value.items()))
            return self.transform(str(name), {} if given is None else given, at, (*at, str(name)))
        self.found.append(
            Complaint(
                at,
                f"one transform is expected here, not {_short(value)}",
                "write it as HorizontalFlip: {p: 0.5}",
            )
        )
        return None

    def transform(self, name: str, given: Any, at: KeyPath, inside: KeyPath) -> Transform | None:
        name = short_name(name)
        if not isinstance(given, dict) or not all(isinstance(key, str) for key in given):
            self.found.append(
                Complaint(
                    inside,
                    f"the arguments of {name} must be a mapping, not {_short(given)}",
                    f"write {name}: {{p: 0.5}}",
                )
            )
            return None
        arguments = {key: child for key, child in given.items() if key != "transforms"}
        children = (
            self.rows(given["transforms"], (*inside, "transforms"))
            if "transforms" in given
            else None
        )
        if name in COMPOSE and children is not None:  # a Compose within a pipeline is a sequence
            self.top.update(
                {key: child for key, child in arguments.items() if child and key != "p"}
            )
            return Transform(
                "Sequential", {"p": arguments.get("p", 1.0)}, children, at, inside, compose=True
            )
        return Transform(name, arguments, children, at, inside)


def short_name(name: str) -> str:
    """Return the name of one of the library's classes without its modules."""
    return name.rpartition(".")[2] if name.startswith("albumentations.") else name


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 60 else f"{text[:57]}..."
