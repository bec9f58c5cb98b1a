"""Step ``split``: parts that share no image and no family of images."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import isclose
from pathlib import Path
from typing import Any

from coco_recipe import Complaint, Dataset, Facts, Port, Row, Step, StepContext, extras
from coco_recipe_data import kinds, stratify

PARAMS: dict[str, Any] = {
    "type": "object", "additionalProperties": False,
    "properties": {
        "fractions": {"type": "object", "minProperties": 2,
                      "additionalProperties": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
                      "description": "Share of each part, by its name; they add up to 1.",
                      "examples": [{"train": 0.8, "val": 0.2}]},
        "every": {"type": "integer", "minimum": 2, "description": "Each n-th family goes to val, the others to train.",
                  "examples": [5]},
        "first": {"type": "integer", "minimum": 0, "examples": [4],
                  "description": "With every: number, from 0, of the first family that goes to val (default: 0)."},
        "by": {"type": "object", "additionalProperties": False, "required": ["field", "parts"],
               "description": "Parts as they were given: each image goes to the part that its field names (merge writes such "
                              "a field with origin_field).", "examples": [{"field": "part", "parts": ["train", "valid"]}],
               "properties": {"field": {"type": "string", "description": "The image's key.", "examples": ["part"]},
                              "parts": {"type": "array", "items": {"type": "string"}, "minItems": 2, "uniqueItems": True,
                                        "description": "The parts.", "examples": [["train", "valid"]]}}},
        "min_per_part": {"type": "integer", "minimum": 0, "default": 1, "examples": [0],
                         "description": "A part with fewer images than this is an error."},
        "folds": {"type": "integer", "minimum": 2, "description": "As many equal parts: fold_1, fold_2, ...",
                  "examples": [5]},
        "method": {"enum": ["hash", "shuffle", "stratified"], "default": "hash",
                   "description": "hash: adding an image moves no other; shuffle: by the seed, exact shares; "
                   "stratified: the same share of every category.", "examples": ["stratified"]},
        "group_by": {"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": False,
                     "description": "What stays together: the value of an image field, the first group of a regular "
                     "expression over the file name, or a file of lines '<file name> <group>'.",
                     "properties": {"field": {"type": "string"}, "pattern": {"type": "string", "format": "regex"},
                                    "file": {"type": "string", "format": "recipe-file"}},
                     "examples": [{"pattern": "^(.*)_frame"}]},
    },
}
Shares = dict[str, float]


def split(ctx: StepContext, *, dataset: Dataset, fractions: Shares | None, every: int | None, first: int | None,
          folds: int | None, by: Mapping[str, Any] | None, min_per_part: int, method: str,
          group_by: Mapping[str, str] | None) -> Mapping[str, Dataset]:
    """Divide a data set; an image with all that was made from it, and every group, is on one side only.

    ``stratified`` divides whole groups by iterative stratification, and exchanges groups until none helps
    (see `stratify.divide`). Groups are ordered by a hash, so that the order of the file doesn't matter. The share of
    each category in each part is in the record, and its worst ones in the step's line.

    Raises:
        ValueError: a part would get fewer than ``min_per_part`` images; a grouping doesn't name a group for an image.
    """
    first = first or 0
    groups = _groups(dataset, group_by)
    shares = fractions or {f"fold_{i + 1}": 1 / (folds or 1) for i in range(folds or 0)}
    if every is not None:
        side: Mapping[str, str] = {group: "val" if n % every == first else "train" for n, group in enumerate(groups)}
        shares = {"train": 1 - 1 / every, "val": 1 / every}
    elif by is not None:
        side, shares = _as_given(dataset, groups, by["field"], by["parts"]), dict.fromkeys(by["parts"], 0.0)
    elif method == "stratified":
        side = _stratified(ctx, dataset, groups, shares)
    elif method == "shuffle":
        side = _shuffled(groups, shares, ctx.seed)
    else:
        side = {group: _by_hash(group, shares) for group in groups}
    part_of = {image_id: side[group] for group, ids in groups.items() for image_id in ids}
    parts = {name: dataset.replace(images=tuple(i for i in dataset.images if part_of[i.id] == name),
                                   annotations=tuple(a for a in dataset.annotations if part_of[a.image_id] == name))
             for name in shares}
    for name, part in parts.items():
        if len(part.images) < min_per_part:
            by_chance = fractions is not None and method == "hash"
            other = "other fractions, or method: shuffle or stratified, which meet them" if by_chance else "fewer or larger parts"
            raise ValueError(f"part '{name}' would get {len(part.images)} of {len(dataset.images)} images, and min_per_part is "
                             f"{min_per_part}; choose {other} (min_per_part: 0 allows an empty part)")
    totals = dataset.counts()["categories"]
    found = {name: {category: round(n / totals[category], 4)
                    for category, n in part.counts()["categories"].items() if totals[category]}
             for name, part in parts.items()}
    ctx.note("shares", found)
    ctx.note("groups", len(groups))
    ctx.note("summary", _told(found, {name: len(part.images) / max(1, len(dataset.images)) for name, part in parts.items()}))
    return parts


MOST_TOLD = 3


def _told(found: Mapping[str, Shares], images: Shares) -> str:
    """Say which classes are farthest from the parts' shares of images."""
    classes = list(next(iter(found.values()), {}))
    off = {name: max(abs(found[part][name] - images[part]) for part in images) for name in classes}
    worst = sorted(classes, key=lambda name: -off[name])[:MOST_TOLD]
    told = (f"{name} {' / '.join(f'{found[part][name]:.0%}' for part in images)}" for name in worst)
    return "; ".join([f"shares of images {' / '.join(f'{share:.0%}' for share in images.values())}",
                      *([f"farthest classes: {'; '.join(told)}"] if worst else [])])


def _as_given(dataset: Dataset, groups: dict[str, list[int]], field: str, parts: Sequence[str]) -> dict[str, str]:
    """Return each group's part as the field of its images says; no group may stand in two."""
    key_of = _grouping(dataset, "field", field, parameter="by.field")
    side: dict[str, str] = {}
    for image in dataset.images:
        if key_of[image.id] not in parts:
            raise ValueError(f"image {image.id} ({image.file_name!r}): its {field} is {key_of[image.id]!r}, which is none of "
                             f"by.parts ({', '.join(parts)}); add it, or filter these images")
    for group, ids in groups.items():
        found = sorted({key_of[image_id] for image_id in ids})
        if len(found) > 1:
            raise ValueError(f"{group}: images of one family or group stand in {' and '.join(found)}, so the given parts "
                             "leak; correct their field, or let split divide (fractions)")
        side[group] = found[0]
    return side


def _groups(dataset: Dataset, group_by: Mapping[str, str] | None) -> dict[str, list[int]]:
    """Return image ids by group, in the file's order; a group that shares a family with another is joined to it."""
    families = {image.id: dataset.family(image) for image in dataset.images}
    if group_by is None:
        joined: dict[str, list[int]] = {}
        for image_id, family in families.items():
            joined.setdefault(family, []).append(image_id)
        return joined
    key_of = _grouping(dataset, *next(iter(group_by.items())))
    parent: dict[str, str] = {}

    def top(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    for image_id, family in families.items():
        left, right = top(f"family {family}"), top(f"group {key_of[image_id]}")
        parent[max(left, right)] = min(left, right)
    joined = {}
    for image_id, family in families.items():
        joined.setdefault(top(f"family {family}"), []).append(image_id)
    return joined


def _grouping(dataset: Dataset, kind: str, value: str, *, parameter: str = "group_by") -> dict[int, str]:
    if kind == "field":
        found = {i.id: dict(extras(i)).get(value, getattr(i, value, None)) for i in dataset.images}
        if missing := [i.file_name for i in dataset.images if found[i.id] is None]:
            raise ValueError(f"{parameter}: {len(missing)} images have no field '{value}': {', '.join(missing[:5])}")
        return {image_id: str(name) for image_id, name in found.items()}
    if kind == "pattern":
        matches = {i.id: re.search(value, i.file_name) for i in dataset.images}
        if missing := [i.file_name for i in dataset.images if matches[i.id] is None]:
            raise ValueError(f"group_by: {len(missing)} file names don't match {value!r}: {', '.join(missing[:5])}")
        return {image_id: m[1] if m.re.groups else m[0] for image_id, m in matches.items() if m}
    lines = Path(value).read_text("utf-8").splitlines()
    table = {name: group for name, _, group in (line.rpartition(" ") for line in lines if line.strip())}
    if missing := [i.file_name for i in dataset.images if i.file_name not in table]:
        raise ValueError(f"group_by: {len(missing)} images are not in {value}: {', '.join(missing[:5])}")
    return {i.id: table[i.file_name] for i in dataset.images}


def _unit(text: str) -> float:
    """Return a number in [0, 1) that depends on nothing but the text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big") / 2**56


def _by_hash(group: str, shares: Shares) -> str:
    """Place a group by the hash of its name alone; the input's name before the first slash doesn't count."""
    point, bound = _unit(group.partition("/")[2] or group), 0.0
    for name, share in shares.items():
        bound += share
        if point < bound:
            return name
    return next(reversed(shares))


def _shuffled(groups: dict[str, list[int]], shares: Shares, seed: int) -> dict[str, str]:
    """Order groups by a seeded hash, and cut by the number of images."""
    total, done, side = sum(map(len, groups.values())), 0, {}
    names, bound = list(shares), next(iter(shares.values()))
    for group in sorted(groups, key=lambda g: (_unit(f"{seed}/{g}"), g)):
        while done >= round(bound * total, 6) and len(names) > 1:  # 0.7 + 0.2 isn't 0.9
            names.pop(0)
            bound += shares[names[0]]
        side[group] = names[0]
        done += len(groups[group])
    return side


def _stratified(ctx: StepContext, dataset: Dataset, groups: dict[str, list[int]], shares: Shares) -> Mapping[str, str]:
    owner = {image_id: group for group, ids in groups.items() for image_id in ids}
    boxes: dict[str, Counter[Any]] = {group: Counter() for group in groups}
    for row in dataset.annotations:
        boxes[owner[row.image_id]][row.category_id] += 1
    order = sorted(groups, key=lambda g: (_unit(f"{ctx.seed}/{g}"), g))
    found = stratify.divide([stratify.Group(name, len(groups[name]), boxes[name]) for name in order], shares)
    names = dataset.category_names()
    ctx.find(kinds.SPLIT_GIVES_UP, [
        *(Row(f"class '{names.get(label, label)}' in '{part}'", "none of its groups") for label, part in found.lacking),
        *(Row(f"part '{part}'", "its number of images is farther from its share") for part in found.off)])
    return found.side


def _names(params: Mapping[str, Any]) -> Mapping[str, type]:
    if "every" in params:
        return {"train": Dataset, "val": Dataset}
    if "by" in params:
        return dict.fromkeys(params["by"]["parts"], Dataset)
    return dict.fromkeys(params.get("fractions") or [f"fold_{i + 1}" for i in range(params.get("folds", 0))], Dataset)


def _check(params: Mapping[str, Any]) -> Iterator[Complaint]:
    ways = [key for key in ("fractions", "every", "folds", "by") if key in params]
    if len(ways) != 1:
        yield Complaint((), f"must have one of 'fractions', 'every', 'folds' and 'by', found {len(ways)}",
                        "fractions: {train: 0.8, val: 0.2}")
    fractions = params.get("fractions", {})
    total = sum(fractions.values())
    if fractions and not isclose(total, 1, abs_tol=1e-9):
        listed = ", ".join(f"{name}={share}" for name, share in fractions.items())
        yield Complaint(("fractions",), f"add up to {round(total, 9)}, expected 1.0",
                        f"{'lower' if total > 1 else 'raise'} one of {listed}")
    if "first" in params and params["first"] >= params.get("every", 0):
        yield Complaint(("first",), "must be below 'every', and stands only beside it",
                        f"every: {params['first'] + 1} or more" if "every" in params else "remove it")
    pattern = params.get("group_by", {}).get("pattern", "")
    try:
        re.compile(pattern)
    except re.error as error:
        yield Complaint(("group_by", "pattern"), f"is not a regular expression: {error}")


def _foresee(params: Mapping[str, Any], facts: Mapping[str, Facts]) -> Mapping[str, Facts]:
    return dict.fromkeys(_names(params), facts["dataset"].of_fewer_images())


STEP = Step(name="split", run=split, inputs={"dataset": Port(Dataset)}, outputs=_names, params=PARAMS, check=_check,
            foresee=_foresee)
