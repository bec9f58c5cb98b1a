"""Step ``check_leakage``: fail where pictures of one part of a data set are in another, too."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec

from coco_recipe import (
    Dataset,
    Facts,
    Kind,
    OpenPorts,
    Params,
    Row,
    Step,
    StepContext,
    StepProblem,
    StepProblems,
    counted,
)
from coco_recipe_pictures.alike import pairs, plans
from coco_recipe_pictures.alike.leak_params import PARAMS
from coco_recipe_pictures.alike.pairs import Pair
from coco_recipe_pictures.needed import NEEDS

REMEDY = (
    "split: group_by keeps them in one part; or leave one of each pair out; allow: [[<one>, "
    "<other>]] for what is no leak"
)
LEAK = Kind(
    "leaking_pictures",
    "error",
    "pictures of one part are in another: equal, of one original, or showing the same",
    REMEDY,
)
ALIKE = Kind(
    "pictures_alike",
    "warning",
    "pictures of one part are like one of another, which doesn't fail the step",
    REMEDY,
)
FILE = "pairs.jsonl"
TOLD = {
    "equal": "the same file",
    "family": "of one original, {root}",
    "near": "shows the same, {how} (distance {distance}, {bits} of 64 bits)",
}


def check_leakage(
    ctx: StepContext,
    *,
    parts: Mapping[str, Dataset],
    distance: float,
    families: bool,
    fails: Sequence[str],
    allow: Sequence[Sequence[str]],
    allow_file: str | None,
) -> Mapping[str, Dataset]:
    """Fail where a picture of one part is in another part, too.

    Three things are looked for: equal files; images that go back to one original; and pictures that
    show the same, also flipped, turned by 90°, scaled, encoded anew, brighter, or cut at the edges
    by up to about 8 % each. Give the step the parts before they are augmented, or all that is
    trained and measured on.

    ``pairs.jsonl`` in the step's folder has a line for each pair, and the nearest pairs of those
    that are no leaks. A picture is told beside its nearest ones, not beside all.

    Args:
        ctx: what the run gives to a step.
        parts: the parts, by name.
        distance: up to which two pictures show the same.
        families: whether images of one original are looked for.
        fails: what fails the run, of ``equal``, ``family`` and ``near``.
        allow: pairs of file names that are no leaks.
        allow_file: a file of such pairs.

    Returns:
        Nothing: the step passes or fails.

    Raises:
        ValueError: a picture can't be read.
    """
    allowed = {frozenset(pair) for pair in (*allow, *read_allowed(allow_file))}
    found = [
        msgspec.structs.replace(pair, allowed=names(pair) in allowed)
        for pair in pairs.found(
            parts, pairs.Wanted(distance, families), ctx.map, partial(_tell, ctx)
        )
    ]
    (ctx.workdir / FILE).write_bytes(pairs.lines(found))
    open_ = [pair for pair in found if pair.reason != "nearest" and not pair.allowed]
    leaks = [pair for pair in open_ if pair.reason in fails]
    others = [pair for pair in open_ if pair.reason not in fails]
    for kind, which in ((LEAK, leaks), (ALIKE, others)):
        if which:
            ctx.find(kind, map(row_of, which))
    if leaks:
        ctx.say(f"all pairs: {ctx.workdir / FILE}")
    images = counted(sum(len(part.images) for part in parts.values()), "image")
    told = f"{counted(len(open_), 'pair')} in {len(parts)} parts of {images}"
    allowed_ones = sum(pair.allowed for pair in found)
    ctx.note("pairs", {reason: sum(p.reason == reason for p in open_) for reason in TOLD})
    ctx.note("summary", told + f", {allowed_ones} more are allowed" * bool(allowed_ones))
    return {}


def _tell(ctx: StepContext, done: int, total: int) -> None:
    ctx.progress(done, total)


def names(pair: Pair) -> frozenset[str]:
    """Return the file names of a pair, in no order."""
    return frozenset((pair.one.file_name, pair.other.file_name))


def row_of(pair: Pair) -> Row:
    """Return a pair as the row of a finding."""
    one, other = pair.one, pair.other
    said = TOLD[pair.reason].format(
        root=pair.root, how=pair.how, distance=pair.distance, bits=pair.bits
    )
    return Row(
        f"image {other.image} ({other.file_name!r}) of '{other.part}'",
        f"image {one.image} ({one.file_name!r}) of '{one.part}': {said}",
        other.file_name,
    )


def read_allowed(path: str | None) -> list[tuple[str, str]]:
    """Return the pairs of file names in a file; none without one.

    Raises:
        ValueError: a line isn't of the form; names it.
    """
    pairs_ = []
    for n, line in enumerate(Path(path).read_bytes().splitlines() if path else (), 1):
        if not line.strip():
            continue
        try:
            pair = msgspec.json.decode(line, type=_Names)
        except msgspec.DecodeError as error:
            raise ValueError(
                f"{path}:{n}: is no pair as in {FILE}: {error}; a line is "
                '{"one": {"file_name": "a.jpg"}, "other": {"file_name": "b.jpg"}}'
            ) from error
        pairs_.append((pair.one.file_name, pair.other.file_name))
    return pairs_


class _Name(msgspec.Struct):
    file_name: str


class _Names(msgspec.Struct):
    one: _Name
    other: _Name


def _check(params: Params) -> Iterator[StepProblem]:
    path = params.get("allow_file")
    if path and Path(path).is_file():
        try:
            read_allowed(path)
        except (OSError, ValueError) as error:
            yield StepProblem(("allow_file",), str(error))


def _foresee(params: Params, facts: Mapping[str, Facts]) -> Mapping[str, Facts]:
    """Refuse a single part: there is nothing to compare it with."""
    if len(facts) < 2:
        what = "there is one part, and nothing to compare it with"
        hint = "in: {train: <one>, val: <another>}"
        raise StepProblems([StepProblem((), what, hint, below="in")])
    return {}


STEP = Step(
    name="check_leakage",
    run=check_leakage,
    params=PARAMS,
    inputs=OpenPorts("parts", Dataset, reads_only=True, are_parts=True),
    outputs={},
    check=_check,
    foresee=_foresee,
    needs=NEEDS,
    preload=("coco_recipe_pictures.alike.aligned",),
    apart=("coco_recipe_pictures.alike.plans",),
    forecast=plans.forecast,
    tell=plans.tell,
    writes=True,
    reads_pixels=True,
)
