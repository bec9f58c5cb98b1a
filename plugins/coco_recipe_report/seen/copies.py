"""What an augmentation did: which transforms fired how often, and what could be seen afterwards."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from coco_recipe import Dataset, manifest
from coco_recipe_report.seen import shots
from coco_recipe_report.seen.shots import Shot

COPIES = "augmented.jsonl"
IMAGES = "images"
BINS = 10  # of visibility, from 0 to 1
MOST_SOURCES, MOST_COPIES = 4, 2  # of the sheet
ALTERNATIVES = ("OneOf", "SomeOf", "OneOrOther")
NESTED = "transforms"


class _Left(msgspec.Struct):
    visibility: float | None = None
    bbox: tuple[float, float, float, float] | None = None
    reason: str = ""
    of: int | None = None


class _Made(msgspec.Struct):
    width: int = 0
    height: int = 0
    sha256: str = ""
    number_of_try: int = 1
    applied: list[tuple[str, dict[str, Any]]] = []
    left: list[_Left] = []


class _Line(msgspec.Struct):
    image: str
    source: str
    copy: int
    made: _Made


@dataclass(frozen=True, slots=True)
class Fired:
    """How often a transform fired.

    Attributes:
        name: the transform.
        written: its parameters, as the recipe has them.
        expected: how often it should, for each copy.
        is_exact: not an estimate, as it is below ``SomeOf``.
        fired: how often it did.
    """

    name: str
    written: str
    expected: float
    is_exact: bool
    fired: int


@dataclass(frozen=True, slots=True)
class Copies:
    """What an augmentation did.

    Attributes:
        step: the step.
        copies: how many there are.
        given_up: copies that weren't made.
        tried_again: copies that took more than one try.
        fired: each transform.
        kept: annotations that were kept, by visibility in bins from 0 to 1.
        fell_out: those that weren't.
        sheet: sources, each with some of its copies.
    """

    step: str
    copies: int
    given_up: int
    tried_again: int
    fired: tuple[Fired, ...]
    kept: tuple[int, ...]
    fell_out: tuple[int, ...]
    sheet: tuple[tuple[Shot, tuple[Shot, ...]], ...]


def copies_of(
    folder: Path, record: manifest.StepRecord, entered: Sequence[Dataset]
) -> Copies | None:
    """Return what a step recorded of its copies; None where it makes none.

    Args:
        folder: the step's folder.
        record: what it did.
        entered: the data sets that came to it.
    """
    path = folder / COPIES
    if not path.is_file():
        return None
    fired, kept, out = Counter[str](), [0] * BINS, [0] * BINS
    made = given_up = again = 0
    shown: dict[str, list[_Line]] = {}
    for line in msgspec.json.Decoder(_Line).decode_lines(path.read_bytes()):
        if not line.made.sha256:
            given_up += 1
            continue
        made += 1
        again += line.made.number_of_try > 1
        fired.update(name for name, _ in line.made.applied)
        for left in line.made.left:
            if left.visibility is not None and left.of is None:
                bins = out if left.reason else kept
                bins[min(int(left.visibility * BINS), BINS - 1)] += 1
        if line.source in shown or len(shown) < MOST_SOURCES:
            shown.setdefault(line.source, []).append(line)
    return Copies(
        record.step,
        made,
        given_up,
        again,
        tuple(_fired(record, fired)),
        tuple(kept),
        tuple(out),
        tuple(_sheet(folder, shown, entered)),
    )


def _fired(record: manifest.StepRecord, fired: Mapping[str, int]) -> Iterator[Fired]:
    """Yield each transform of the pipeline, those of one name together, in its order."""
    pipeline = record.notes.get("pipeline") or {}
    written = record.parameters.get("pipeline")
    texts = dict(_written(written)) if isinstance(written, list) else {}
    expected: dict[str, float] = {}
    rough = set()
    for name, chance, is_exact in _chances(pipeline.get(NESTED, ()), float(pipeline.get("p", 1))):
        expected[name] = expected.get(name, 0.0) + chance
        rough |= set() if is_exact else {name}
    for name in dict.fromkeys([*expected, *fired]):
        known = expected.get(name, 0.0)
        exact = name not in rough and name in expected
        yield Fired(name, texts.get(name, ""), known, exact, fired.get(name, 0))


def _chances(
    transforms: Sequence[Mapping[str, Any]], chance: float, is_exact: bool = True
) -> Iterator[tuple[str, float, bool]]:
    """Yield each transform with how often it should fire for a copy."""
    for row in transforms:
        for name, params in row.items():
            own = chance * float(params.get("p", 0.5))
            inner = params.get(NESTED)
            if inner is None:
                yield name, own, is_exact
            elif name in ALTERNATIVES:
                weights = [float(one.get("p", 0.5)) for child in inner for one in child.values()]
                number = params.get("n", 1) if name == "SomeOf" else 1
                for child, weight in zip(inner, weights, strict=True):
                    share = own * number * weight / (sum(weights) or 1)
                    always = {key: {**one, "p": 1.0} for key, one in child.items()}
                    yield from _chances([always], share, is_exact and name == "OneOf")
            else:
                yield from _chances(inner, own, is_exact)


def _written(transforms: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """Yield each transform with its parameters as they are written, without p."""
    for row in transforms:
        if not isinstance(row, dict):
            continue
        for name, params in row.items():
            if isinstance(params, dict):
                yield from _written(params.get(NESTED, ()))
                shown = {key: one for key, one in params.items() if key not in ("p", NESTED)}
                yield str(name), ", ".join(f"{key} {_plain(one)}" for key, one in shown.items())


def _plain(value: object) -> str:
    if isinstance(value, list | tuple):
        return f"{'–'.join(map(_plain, value))}" if len(value) == 2 else str(list(value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _sheet(
    folder: Path, shown: Mapping[str, Sequence[_Line]], entered: Sequence[Dataset]
) -> Iterator[tuple[Shot, tuple[Shot, ...]]]:
    """Yield sources with their annotations, and copies with what is left of these."""
    for rows in entered:
        by_identity = {
            identity: image for image in rows.images if (identity := rows.identity(image)) in shown
        }
        owned: dict[int, list[Any]] = {image.id: [] for image in by_identity.values()}
        for one in rows.annotations:
            if one.image_id in owned:
                owned[one.image_id].append(one)
        for source, lines in shown.items():
            if image := by_identity.get(source):
                shot = shots.whole(rows, image, owned[image.id])
                copies = (_copy(folder, line, shot) for line in lines[:MOST_COPIES])
                yield shot, tuple(copies)


def _copy(folder: Path, line: _Line, source: Shot) -> Shot:
    marks = tuple(
        replace(mark, bbox=left.bbox, rings=())
        for mark, left in zip(source.marks, line.made.left, strict=False)
        if left.bbox and not left.reason
    )
    told = " · ".join(name for name, _ in line.made.applied) or "nothing fired"
    path = folder / IMAGES / line.image
    return Shot(path, line.made.width, line.made.height, line.image, told, marks)
