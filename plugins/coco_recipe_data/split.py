"""Step ``split``: parts that share no image and no family of images."""

from collections.abc import Iterator, Mapping, Sequence
from math import isclose
from typing import Any

import msgspec

from coco_recipe import (
    Annotation,
    Dataset,
    Facts,
    Image,
    Params,
    Port,
    Schema,
    Step,
    StepContext,
    StepProblem,
    StepProblems,
    counted,
    did_you_mean,
    patterns,
)
from coco_recipe_data import plans
from coco_recipe_data.grouping import groups_of
from coco_recipe_data.sides import Shares, as_given, divided

WORST = 12  # classes that the table shows


def split(
    ctx: StepContext,
    *,
    dataset: Dataset,
    fractions: Shares | None,
    every: int | None,
    first: int | None,
    folds: int | None,
    by: Mapping[str, Any] | None,
    min_per_part: int,
    method: str | None,
    group_by: Mapping[str, str] | None,
) -> Mapping[str, Dataset]:
    """Divide a data set.

    An image with all that was made from it, and every group, is on one side only.

    ``stratified`` divides whole groups by iterative stratification, and exchanges groups while that
    helps (see `stratify.divide`). Groups are ordered by a hash, so that the order of the file
    doesn't matter. The share of each category in each part is in the record; the farthest from
    theirs are shown.

    Args:
        ctx: the step's context.
        dataset: the rows.
        fractions: the share of each part, by its name, of 1 in all; None where another way is
            given.
        every: each so many-th family goes to ``val``; None where another way is given.
        first: the number, from 0, of the first family that does; None for 0.
        folds: the number of equal parts; None where another way is given.
        by: the images' field that names their part, and the parts; None where another way is
            given.
        min_per_part: the fewest images of a part.
        method: how ``fractions`` and ``folds`` divide; None for ``hash``.
        group_by: what stays together; None for families alone.

    Returns:
        The data set of each part, by its name.

    Raises:
        ValueError: a part would get fewer than ``min_per_part`` images; a grouping names no group
            for an image; the parts that images name (``by``) divide a family or group.
    """
    groups = groups_of(dataset, group_by)
    if every is not None:
        shares = {"train": 1 - 1 / every, "val": 1 / every}
        side: Mapping[str, str] = {
            group: "val" if n % every == (first or 0) else "train" for n, group in enumerate(groups)
        }
    elif by is not None:
        shares = dict.fromkeys(by["parts"], 0.0)
        side = as_given(dataset, groups, by["field"], by["parts"])
    else:
        shares = fractions or {f"fold_{n + 1}": 1 / (folds or 1) for n in range(folds or 0)}
        side = divided(ctx, dataset, groups, shares, method, min_per_part)
    parts = _parts(dataset, groups, side, list(shares))
    for name, part in parts.items():
        if len(part.images) < min_per_part:
            remedy = _remedy(groups, by=by, every=every, method=method)
            raise ValueError(
                f"part '{name}' would get {len(part.images)} of {len(dataset.images)} images, and "
                f"min_per_part is {min_per_part}; {remedy} (min_per_part: {len(part.images)} "
                "allows it)"
            )
    _note(ctx, dataset, parts, shares if by is None else {})
    _keep(ctx, parts)
    ctx.note("groups", len(groups))
    ctx.note("summary", f"{counted(len(groups), 'group')} in {len(parts)} parts")
    return parts


PARAMS: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "fractions": {
            "type": "object",
            "minProperties": 2,
            "additionalProperties": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
            "description": "Share of each part, by its name; they add up to 1.",
            "examples": [{"train": 0.8, "val": 0.2}],
        },
        "every": {
            "type": "integer",
            "minimum": 2,
            "description": "Each n-th family goes to val, the others to train.",
            "examples": [5],
        },
        "first": {
            "type": "integer",
            "minimum": 0,
            "examples": [4],
            "description": "With every: number, from 0, of the first family that goes to val "
            "(default: 0).",
        },
        "by": {
            "type": "object",
            "additionalProperties": False,
            "required": ["field", "parts"],
            "description": "Parts as they were given: each image goes to the part that its field "
            "names (merge writes such "
            "a field with origin_field).",
            "examples": [{"field": "part", "parts": ["train", "valid"]}],
            "properties": {
                "field": {
                    "type": "string",
                    "description": "The image's key.",
                    "examples": ["part"],
                },
                "parts": {
                    "type": "array",
                    "items": {"type": "string"},
                    "minItems": 2,
                    "uniqueItems": True,
                    "description": "The parts.",
                    "examples": [["train", "valid"]],
                },
            },
        },
        "min_per_part": {
            "type": "integer",
            "minimum": 0,
            "default": 1,
            "examples": [0],
            "description": "A part with fewer images than this is an error.",
        },
        "folds": {
            "type": "integer",
            "minimum": 2,
            "description": "As many equal parts: fold_1, fold_2, ...",
            "examples": [5],
        },
        "method": {
            "enum": ["hash", "shuffle", "stratified"],
            "examples": ["stratified"],
            "description": "With fractions or folds (default: hash). hash: adding an image moves "
            "no other; shuffle: by the seed, numbers of images that meet the shares; stratified: "
            "these, and the same share of every category.",
        },
        "group_by": {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": False,
            "description": "What stays together: the value of an image field, the first group of a "
            "regular expression over the file name, or a file of lines '<file name> <group>'.",
            "properties": {
                "field": {
                    "type": "string",
                    "description": "A key of the images.",
                    "examples": ["video_id"],
                },
                "pattern": {
                    "type": "string",
                    "format": "regex",
                    "description": "A regular expression.",
                    "examples": ["^(.*)_frame"],
                },
                "file": {
                    "type": "string",
                    "format": "recipe-file",
                    "description": "A file, relative to the recipe.",
                    "examples": ["groups.txt"],
                },
            },
            "examples": [{"pattern": "^(.*)_frame"}],
        },
    },
}


def _remedy(
    groups: Mapping[str, list[int]],
    *,
    by: Mapping[str, Any] | None,
    every: int | None,
    method: str | None,
) -> str:
    """Say what can be done about a part with too few images."""
    if by is not None:
        return f"take it out of by.parts if no image's {by['field']} is this"
    if every is not None:
        return "choose another 'every' or 'first'"
    if method in (None, "hash"):
        return (
            "choose other fractions, or method: shuffle or stratified, which don't leave numbers "
            "to chance"
        )
    largest = max(map(len, groups.values()), default=0)
    smaller = (
        f", or smaller groups (there are {len(groups)}, of up to {largest} images)"
        if largest > 1
        else ""
    )
    return f"choose other fractions, or fewer folds{smaller}"


def _parts(
    dataset: Dataset, groups: Mapping[str, list[int]], side: Mapping[str, str], names: Sequence[str]
) -> dict[str, Dataset]:
    part_of = {image_id: side[group] for group, ids in groups.items() for image_id in ids}
    images: dict[str, list[Image]] = {name: [] for name in names}
    annotations: dict[str, list[Annotation]] = {name: [] for name in names}
    for image in dataset.images:
        images[part_of[image.id]].append(image)
    for row in dataset.annotations:
        annotations[part_of[row.image_id]].append(row)
    return {
        name: dataset.replace(images=tuple(images[name]), annotations=tuple(annotations[name]))
        for name in names
    }


def _keep(ctx: StepContext, parts: Mapping[str, Dataset]) -> None:
    """Write ``divided.jsonl``: a line for each part, with the ids of its images in order."""
    lines = (
        {"part": name, "images": [image.id for image in part.images]}
        for name, part in parts.items()
    )
    text = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
    (ctx.workdir / "divided.jsonl").write_bytes(text)


def _note(ctx: StepContext, dataset: Dataset, parts: Mapping[str, Dataset], wanted: Shares) -> None:
    """Record each category's share in each part, and a table of the farthest from theirs.

    Without wanted shares, they are those of the images.
    """
    totals = {name: n for name, n in dataset.counts()["categories"].items() if n}
    counts = {name: part.counts() for name, part in parts.items()}
    found = {
        name: {label: count["categories"][label] / n for label, n in totals.items()}
        for name, count in counts.items()
    }
    of_images = {
        name: count["images"] / max(1, len(dataset.images)) for name, count in counts.items()
    }

    off = {
        label: max(abs(found[name][label] - (wanted or of_images)[name]) for name in parts)
        for label in totals
    }
    farthest = sorted(off, key=lambda label: (-off[label], label))
    rows = [("wanted", wanted), ("images", of_images)] if wanted else [("images", of_images)]
    rows += [(label, {name: found[name][label] for name in parts}) for label in farthest[:WORST]]
    rest = farthest[WORST:]
    ctx.note(
        "shares",
        {
            name: {label: round(share, 4) for label, share in row.items()}
            for name, row in found.items()
        },
    )
    ctx.note(
        "table",
        {
            "head": ["", *parts],
            "rows": [
                *(
                    [name, *(str(count[key]) for count in counts.values())]
                    for name, key in (("images", "images"), ("boxes", "annotations"))
                ),
                *(
                    [f"{label} %", *(f"{100 * row[name]:.1f}" for name in parts)]
                    for label, row in rows
                ),
            ],
            "foot": f"and {len(rest)} more classes, nearer to their shares "
            f"({100 * off[rest[0]]:.1f} % off at most)"
            if rest
            else "",
        },
    )


def _names(params: Params) -> Mapping[str, type]:
    if "every" in params:
        return {"train": Dataset, "val": Dataset}
    if "by" in params:
        return dict.fromkeys(params["by"]["parts"], Dataset)
    return dict.fromkeys(
        params.get("fractions") or [f"fold_{i + 1}" for i in range(params.get("folds", 0))], Dataset
    )


def _check(params: Params) -> Iterator[StepProblem]:
    ways = [key for key in ("fractions", "every", "folds", "by") if key in params]
    if len(ways) != 1:
        yield StepProblem(
            (),
            f"must have one of 'fractions', 'every', 'folds' and 'by', found {len(ways)}",
            "fractions: {train: 0.8, val: 0.2}",
        )
    fractions = params.get("fractions", {})
    total = sum(fractions.values())
    if fractions and not isclose(total, 1, abs_tol=1e-9):
        listed = ", ".join(f"{name}={share}" for name, share in fractions.items())
        yield StepProblem(
            ("fractions",),
            f"add up to {round(total, 9)}, expected 1.0",
            f"{'lower' if total > 1 else 'raise'} one of {listed}",
        )
    if "first" in params and params["first"] >= params.get("every", 0):
        yield StepProblem(
            ("first",),
            "must be below 'every', and stands only beside it",
            f"every: {params['first'] + 1} or more" if "every" in params else "remove it",
        )
    if "method" in params and (way := next((key for key in ("every", "by") if key in params), "")):
        yield StepProblem(
            ("method",),
            f"has no effect beside '{way}', which says by itself where each image goes",
            f"remove 'method', or divide by 'fractions' or 'folds' instead of '{way}'",
        )
    pattern = params.get("group_by", {}).get("pattern", "")
    if fault := patterns.fault(pattern):
        yield StepProblem(("group_by", "pattern"), fault)


def _foresee(params: Params, facts: Mapping[str, Facts]) -> Mapping[str, Facts]:
    known = facts["dataset"].fields
    fields = {
        key: params[key]["field"] for key in ("by", "group_by") if "field" in params.get(key, {})
    }
    StepProblems.if_any(
        StepProblem(
            (key, "field"), f"no image has a field '{field}'", did_you_mean(field, known or ())
        )
        for key, field in fields.items()
        if known is not None and field not in known
    )
    return dict.fromkeys(_names(params), facts["dataset"].of_fewer_images())


STEP = Step(
    name="split",
    run=split,
    inputs={"dataset": Port(Dataset)},
    outputs=_names,
    params=PARAMS,
    forecast=plans.split(_names),
    tell=plans.tell_split,
    apart=("coco_recipe_data.plans",),
    check=_check,
    foresee=_foresee,
    divides="families",
)
