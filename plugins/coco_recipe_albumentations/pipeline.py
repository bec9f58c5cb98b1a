"""Augmentation pipelines: read them, check them, build their transforms, and write them in one form for the record."""

import json
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from coco_recipe import Complaint, Misfit, sha256
from coco_recipe_albumentations import catalogue, checks, erasing, pipeline_file, sizes
from coco_recipe_albumentations.fits import too_large
from coco_recipe_albumentations.forms import KeyPath, Pipeline, Transform, parse
from coco_recipe_albumentations.library import albumentations

MAX_SHOWN = 5
# What may be 0 or less: the library refuses what makes no sense of it.
_OFFSETS = ("x_min", "y_min", "translate_px", "px", "padding")


def read(path: Path) -> Any:
    """Read a pipeline's file: ``.json`` is JSON, everything else YAML.

    Raises:
        ValueError: it can't be read, or is not JSON or YAML; names file and line.
    """
    return pipeline_file.load(path).form


def problems(form: Any, *, allow_files: bool = False) -> Iterator[Complaint]:
    """Yield what is wrong with a step's parameter ``pipeline``, without importing the library.

    Args:
        form: a short list (``- HorizontalFlip: {p: 0.5}``), Albumentations' own dict, what `canonical` gives, or the path
            of a file; of a file, ``what`` tells the line.
        allow_files: transforms that read files (reference images) are allowed.
    """
    try:
        loaded = _loaded(form)
    except ValueError as error:
        yield Complaint(("pipeline",), str(error))
        return
    yield from placed(form, _problems(loaded, allow_files))


def placed(form: Any, found: Iterable[Complaint]) -> Iterator[Complaint]:
    """Yield complaints about a parameter ``pipeline``; of a file, whose name is all that it has, the text tells the line."""
    file = pipeline_file.load(Path(form)) if isinstance(form, str) else None
    for one in found:
        yield one if file is None else Complaint(("pipeline",), f"{file.where(one.path[1:])}: {one.what}",
                                                 one.hint.replace("FILE", form))


def parsed(form: Any) -> Pipeline:
    """Return the transforms of a pipeline as they are written; of one with faults, those that can be read."""
    return parse(_loaded(form), [])


def needs_size(form: Any) -> bool:
    """Tell whether a pipeline has to be built for each size of image, because it has ``${...}`` in it."""
    return sizes.mentions(_loaded(form))


def build(form: Any, size: sizes.Size | None = None, *, allow_files: bool = False) -> list[Any]:
    """Return the transforms of a pipeline, to be put into a Compose.

    Args:
        form: as for `problems`.
        size: (width, height) of the image, in pixels; may be left out where `needs_size` is False.
        allow_files: as for `problems`.

    Raises:
        Misfit: what `problems` finds, or what the library refuses or would ignore; at each transform's place in the
            pipeline.
    """
    form = _loaded(form)
    pipeline = _sound(form, allow_files)
    library = albumentations()
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a misspelt argument is a warning, and the transform runs with its defaults
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        made = [_make(transform, size) for transform in pipeline.transforms]
        if pipeline.p != 1:
            return [library.Sequential(made, p=pipeline.p)]
        return made


def canonical(form: Any, *, allow_files: bool = False) -> dict[str, Any]:
    """Return the form for records and keys: equal for equal pipelines, whatever form they have.

    Every argument stands in it, as the library reads it (``blur_limit: 5`` is ``[3, 5]``); an expression stays as text.
    Files that the pipeline reads are there by the hash of their content. The result is itself a form that builds.

    Raises:
        Misfit: as `build`.
    """
    form = _loaded(form)
    pipeline = _sound(form, allow_files)
    version, _ = catalogue.load()
    made = build(form, (1024, 1024) if sizes.mentions(form) else None, allow_files=allow_files)
    if pipeline.p != 1:
        made = made[0].transforms
    rows = [_record(transform, one) for transform, one in zip(pipeline.transforms, made, strict=True)]
    read_too = files(form)
    return {"library": "albumentations", "version": version, "p": float(pipeline.p), "transforms": rows} | (
        {"files": {str(path): sha256(path) for path in read_too}} if read_too else {})


def files(form: Any) -> list[Path]:
    """Return the pictures that a sound pipeline reads, in its order."""
    named = (transform.arguments.get("reference_images", ()) for transform in parse(_loaded(form), []).walk())
    return [Path(name) for names in named for name in names]


def check_sizes(form: Any, known: Collection[sizes.Size], *, allow_files: bool = False) -> None:
    """See whether a pipeline goes together with the sizes of images, so that it can't fail on one after hours.

    It is built for those of the least and the greatest width and height; expressions are evaluated for all.

    Args:
        form: as for `problems`.
        known: (width, height) of images, in pixels; at least one.
        allow_files: as for `problems`.

    Raises:
        Misfit: an expression gives no positive whole number, the library refuses it, a crop is larger than the
            smallest image, or an Erasing finds no room; names transform, argument, value and size.
    """
    form = _loaded(form)
    pipeline = _sound(form, allow_files)
    least = (min(width for width, _ in known), min(height for _, height in known))
    for size in sorted(set(known)) if sizes.mentions(form) else [least]:
        wrong = [fault for transform in pipeline.walk() for fault in _not_positive(transform, size)]
        _refuse(wrong or list(too_large(pipeline, size)))
    _refuse(list(erasing.without_room(pipeline, known)))
    for size in {pick(known, key=lambda size: size[axis]) for pick in (min, max) for axis in (0, 1)}:
        build(form, size, allow_files=allow_files)


def _loaded(form: Any) -> Any:
    return read(Path(form)) if isinstance(form, str) else form


def _problems(form: Any, allow_files: bool) -> list[Complaint]:
    found: list[Complaint] = []
    pipeline = parse(form, found)
    if pipeline.transforms or not found:
        found += checks.check(pipeline, allow_files=allow_files)
    return [replace(one, path=("pipeline", *one.path)) for one in found]


def _sound(form: Any, allow_files: bool) -> Pipeline:
    """Return a pipeline that has no problems, or raise."""
    _refuse(_problems(form, allow_files))
    return parse(form, [])


def _refuse(faults: Sequence[Complaint]) -> None:
    more = len(faults) - MAX_SHOWN
    Misfit.if_any([*faults[:MAX_SHOWN], Complaint(("pipeline",), f"and {more} more")] if more > 0 else faults)


def _not_positive(transform: Transform, size: sizes.Size) -> Iterator[Complaint]:
    """Yield the arguments of a transform whose expressions give no positive number for a size."""
    def leaves(value: Any) -> Iterator[str]:
        if isinstance(value, (list, dict)):
            for child in value.values() if isinstance(value, dict) else value:
                yield from leaves(child)
        elif sizes.is_expression(value):
            yield value

    at = ("pipeline", *transform.path)
    for name, value in transform.arguments.items():
        for text in leaves(value):
            try:
                number = sizes.evaluate(text, size)
            except ValueError as error:
                yield Complaint(at, f"{transform.name}: {name}: {error}")
                continue
            if number <= 0 and name not in _OFFSETS:
                yield Complaint(at, f"{transform.name}: {name} is {number} for an image of {size[0]}x{size[1]} px ({text})",
                                "it must be a positive whole number")


def _make(transform: Transform, size: sizes.Size | None) -> Any:
    """Build one transform, and those in it."""
    A = albumentations()
    arguments = dict(transform.arguments)
    if sizes.mentions(arguments):
        if size is None:
            raise _misfit(transform.path, f"{transform.name} depends on the image's size, which isn't given")
        arguments = sizes.fill(arguments, size)
    if transform.children is not None:
        arguments["transforms"] = [_make(child, size) for child in transform.children]
    try:
        with warnings.catch_warnings():
            if advice := catalogue.load()[1][transform.name].advice:
                warnings.filterwarnings("ignore", message=advice[:20])
            made = getattr(A, transform.name)(**arguments)
    except (UserWarning, TypeError, ValueError, ArithmeticError) as error:
        given = f" (for an image of {size[0]}x{size[1]} px)" if size and sizes.mentions(transform.arguments) else ""
        raise _misfit(transform.path, f"{transform.name}: {_reason(error)}{given}") from error
    return _reading(made) if transform.name in checks.REFERENCES else made


def _misfit(path: KeyPath, what: str) -> Misfit:
    return Misfit([Complaint(("pipeline", *path), what)])


def _reason(error: Exception) -> str:
    """Return the library's words without pydantic's frame around them."""
    lines = [line.strip() for line in str(error).splitlines()]
    kept = [line for line in lines if "validation error" not in line and not line.startswith("For further information")]
    return " ".join(line.partition(" [type=")[0] for line in kept if line)


def _reading(made: Any) -> Any:
    """Let a transform take the reference images that it has; 2.0.8 asks for them with every image none the less."""
    kind = type(made)
    made.__class__ = type(kind.__name__, (kind,), {"targets_as_params": property(lambda _: [])})
    return made


def _record(transform: Transform, made: Any) -> dict[str, Any]:
    """Return a transform with all its arguments, as JSON has them."""
    entry = catalogue.load()[1][transform.name]
    if transform.children is not None:
        read_as: Mapping[str, Any] = {"p": float(made.p)}
        children = [_record(child, one) for child, one in zip(transform.children, made.transforms, strict=True)]
    else:
        read_as = vars(made) if transform.name in checks.REFERENCES else made.to_dict_private()
    arguments: dict[str, Any] = {}
    for name, default in entry.arguments.items():
        given = transform.arguments.get(name, default)
        if sizes.mentions(given) or (transform.children is not None and name not in ("p", "transforms", "first", "second")):
            arguments[name] = given
        elif name in read_as and name not in ("read_fn", "mask"):
            arguments[name] = read_as[name]
    return {transform.name: json.loads(json.dumps(arguments | ({"transforms": children} if transform.children else {}),
                                                  default=_plain))}


def _plain(value: Any) -> Any:
    """Return what JSON can't say as something that it can: enumerations by value, numpy's numbers as Python's."""
    return value.value if hasattr(value, "value") else value.tolist() if hasattr(value, "tolist") else str(value)
