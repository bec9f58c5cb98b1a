"""The part that each group of images goes to: by a hash, by share, by class, or as given."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import UNSET

from coco_recipe import (
    Dataset,
    Row,
    StepContext,
)
from coco_recipe_data import kinds, stratify
from coco_recipe_data.division import Group
from coco_recipe_data.grouping import field_of

Shares = dict[str, float]


def divided(
    ctx: StepContext,
    dataset: Dataset,
    groups: Mapping[str, list[int]],
    shares: Shares,
    method: str | None,
    min_per_part: int,
) -> Mapping[str, str]:
    """Return the part of each group, by its name, where shares are given."""
    if method in (None, "hash"):
        return {group: _by_hash(group, shares) for group in groups}
    boxes: dict[str, dict[Any, int]] = {group: {} for group in groups}
    if method == "stratified":
        own = {image_id: boxes[group] for group, ids in groups.items() for image_id in ids}
        for row in dataset.annotations:
            if row.category_id is not UNSET:
                found = own[row.image_id]
                found[row.category_id] = found.get(row.category_id, 0) + 1
    order = sorted(groups, key=lambda group: (_unit(f"{ctx.seed}/{group}"), group))
    division = stratify.divide(
        [Group(name, len(groups[name]), boxes[name]) for name in order],
        shares,
        at_least=min_per_part,
    )
    _find_given_up(ctx, dataset, division, boxes)
    return division.side


def _find_given_up(
    ctx: StepContext,
    dataset: Dataset,
    division: stratify.Division,
    boxes: Mapping[str, Mapping[Any, int]],
) -> None:
    names = dataset.category_names()
    holders = Counter(label for found in boxes.values() for label in found)
    ctx.find(
        kinds.SPLIT_GIVES_UP,
        [
            *(
                Row(
                    f"class '{names.get(label, label)}' in '{part}'",
                    f"given up for the numbers of images: none of its {holders[label]} groups",
                )
                for label, part in division.lacking
            ),
            *(
                Row(
                    f"part '{part}'",
                    f"its number of images is given up: {found}, where {exact:.1f} are its share",
                )
                for part, found, exact in division.off
            ),
        ],
    )


def as_given(
    dataset: Dataset, groups: Mapping[str, list[int]], field: str, parts: Sequence[str]
) -> dict[str, str]:
    """Return each group's part as the field of its images says; no group may stand in two."""
    images = {image.id: image for image in dataset.images}
    named = {image.id: field_of(image, field) for image in dataset.images}
    if strange := [image for image in dataset.images if named[image.id] not in parts]:
        image = strange[0]
        value = named[image.id]
        has = (
            f"it has no {field}"
            if value is None
            else f"its {field} is {value!r}, which is none of by.parts"
        )
        raise ValueError(
            f"image {image.id} ({image.file_name!r}): {has} ({', '.join(parts)}); add it, or "
            f"filter these images ({len(strange)} in all)"
        )
    if across := [group for group, ids in groups.items() if len({named[n] for n in ids}) > 1]:
        first = {str(named[n]): images[n].file_name for n in reversed(groups[across[0]])}
        sides = " and ".join(f"{name} ({first[name]!r})" for name in sorted(first))
        raise ValueError(
            f"{across[0]}: images of one family or group stand in {sides}, {len(across)} such in "
            f"all: the given parts leak; correct their {field}, or let split divide (fractions)"
        )
    return {group: str(named[ids[0]]) for group, ids in groups.items()}


def _unit(text: str) -> float:
    """Return a number in [0, 1) that depends on nothing but the text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big") / 2**56


def _by_hash(group: str, shares: Shares) -> str:
    """Place a group by the hash of its name alone.

    The input's name before the first slash doesn't count.
    """
    point = _unit(group.partition("/")[2] or group)
    bound = 0.0
    for name, share in shares.items():
        bound += share
        if point < bound:
            return name
    return next(reversed(shares))
