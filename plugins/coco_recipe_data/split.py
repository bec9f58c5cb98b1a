"""Step ``split``: parts that share no image and no family of images."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from math import isclose
from pathlib import Path
from typing import Any

from coco_recipe import Complaint, Dataset, Facts, Port, Step, StepContext, extras

PARAMS: dict[str, Any] = {
    "type": "object", "additionalProperties": False,
    "properties": {
        "fractions": {"type": "object", "minProperties": 2,
                      "additionalProperties": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
                      "description": "Share of each part, by its name; they add up to 1.",
                      "examples": [{"train": 0.8, "val": 0.2}]},
        "every": {"type": "integer", "minimum": 2, "description": "Each n-th family goes to val, the others to train.",
                  "examples": [5]},
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


def split(ctx: StepContext, *, dataset: Dataset, fractions: Shares | None, every: int | None, folds: int | None,
          method: str, group_by: Mapping[str, str] | None) -> Mapping[str, Dataset]:
    """Divide a data set; an image with all that was made from it, and every group, is on one side only.

    ``stratified`` is iterative stratification over whole groups (Sechidis et al. 2011, On the stratification of
    multi-label data): the rarest category first, each group to the part that misses it most. Ties go to the part named
    first; groups are ordered by a hash, so that the order of the file doesn't matter. The share of each category in
    each part is in the record.
    """
    groups = _groups(dataset, group_by)
    shares = fractions or {f"fold_{i + 1}": 1 / (folds or 1) for i in range(folds or 0)}
    if every is not None:
        side = {group: "val" if n % every == every - 1 else "train" for n, group in enumerate(groups)}
        shares = {"train": 1 - 1 / every, "val": 1 / every}
    elif method == "stratified":
        side = _stratified(dataset, groups, shares, ctx.seed)
    elif method == "shuffle":
        side = _shuffled(groups, shares, ctx.seed)
    else:
        side = {group: _by_hash(group, shares) for group in groups}
    part_of = {image_id: side[group] for group, ids in groups.items() for image_id in ids}
    parts = {name: dataset.replace(images=tuple(i for i in dataset.images if part_of[i.id] == name),
                                   annotations=tuple(a for a in dataset.annotations if part_of[a.image_id] == name))
             for name in shares}
    totals = dataset.counts()["categories"]
    ctx.note("shares", {name: {category: round(n / totals[category], 4)
                               for category, n in part.counts()["categories"].items() if totals[category]}
                        for name, part in parts.items()})
    ctx.note("groups", len(groups))
    return parts


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


def _grouping(dataset: Dataset, kind: str, value: str) -> dict[int, str]:
    if kind == "field":
        found = {i.id: dict(extras(i)).get(value, getattr(i, value, None)) for i in dataset.images}
        if missing := [i.file_name for i in dataset.images if found[i.id] is None]:
            raise ValueError(f"group_by: {len(missing)} images have no field '{value}': {', '.join(missing[:5])}")
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
        while done >= bound * total - 1e-9 and len(names) > 1:
            names.pop(0)
            bound += shares[names[0]]
        side[group] = names[0]
        done += len(groups[group])
    return side


def _stratified(dataset: Dataset, groups: dict[str, list[int]], shares: Shares, seed: int) -> dict[str, str]:
    owner = {image_id: group for group, ids in groups.items() for image_id in ids}
    content: dict[str, Counter[Any]] = {group: Counter() for group in groups}
    for row in dataset.annotations:
        content[owner[row.image_id]][row.category_id] += 1
    total = Counter(row.category_id for row in dataset.annotations)
    wanted = {name: {label: share * n for label, n in total.items()} for name, share in shares.items()}
    room = {name: share * len(dataset.images) for name, share in shares.items()}
    order = sorted(groups, key=lambda g: (_unit(f"{seed}/{g}"), g))
    with_label: dict[Any, list[str]] = {label: [] for label in total}
    for group in order:
        for label in content[group]:
            with_label[label].append(group)
    side: dict[str, str] = {}

    def place(group: str, label: Any) -> None:
        # max returns the first of equals: ties go to the part named first
        name = max(shares, key=lambda n: (wanted[n].get(label, 0.0), room[n]))
        side[group] = name
        room[name] -= len(groups[group])
        for other, n in content[group].items():
            wanted[name][other] -= n

    for label in sorted(total, key=lambda key: (total[key], str(key))):
        for group in with_label[label]:
            if group not in side:
                place(group, label)
    for group in order:
        if group not in side:
            place(group, None)
    return side


def _names(params: Mapping[str, Any]) -> Mapping[str, type]:
    if "every" in params:
        return {"train": Dataset, "val": Dataset}
    return dict.fromkeys(params.get("fractions") or [f"fold_{i + 1}" for i in range(params.get("folds", 0))], Dataset)


def _check(params: Mapping[str, Any]) -> Iterator[Complaint]:
    ways = [key for key in ("fractions", "every", "folds") if key in params]
    if len(ways) != 1:
        yield Complaint((), f"must have one of 'fractions', 'every' and 'folds', found {len(ways)}",
                        "fractions: {train: 0.8, val: 0.2}")
    fractions = params.get("fractions", {})
    total = sum(fractions.values())
    if fractions and not isclose(total, 1, abs_tol=1e-9):
        listed = ", ".join(f"{name}={share}" for name, share in fractions.items())
        yield Complaint(("fractions",), f"add up to {round(total, 9)}, expected 1.0",
                        f"{'lower' if total > 1 else 'raise'} one of {listed}")
    pattern = params.get("group_by", {}).get("pattern", "")
    try:
        re.compile(pattern)
    except re.error as error:
        yield Complaint(("group_by", "pattern"), f"is not a regular expression: {error}")


def _foresee(params: Mapping[str, Any], facts: Mapping[str, Facts]) -> Mapping[str, Facts]:
    return dict.fromkeys(_names(params), facts["dataset"].of_fewer_images())


STEP = Step(name="split", run=split, inputs={"dataset": Port(Dataset)}, outputs=_names, params=PARAMS, check=_check,
            foresee=_foresee)
