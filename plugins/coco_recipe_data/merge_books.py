"""What ``merge`` writes down and tells: new ids, notes, and findings."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from coco_recipe import (
    Category,
    Dataset,
    Row,
    StepContext,
    as_seen,
    extras,
)
from coco_recipe_data import kinds
from coco_recipe_data.references import names_rows
from coco_recipe_data.tables import Joined


def write_ids(
    ctx: StepContext,
    datasets: tuple[Dataset, ...],
    image_ids: list[dict[int, int]],
    annotation_ids: list[list[int]],
    category_ids: list[dict[int, int]],
    joined: Joined,
) -> None:
    """Write ``ids.json``: for each data set and table the old ids in order, the new ones beside."""

    def pairs(mapping: Mapping[Any, Any]) -> dict[str, list[Any]]:
        return {"old": list(mapping), "new": list(mapping.values())}

    rows = [
        {
            "home": part.home,
            "images": pairs(image_ids[n]),
            "categories": pairs(category_ids[n]),
            "annotations": {"old": [row.id for row in part.annotations], "new": annotation_ids[n]},
            "references": {key: pairs(mapping) for key, mapping in joined.ids[n].items()},
        }
        for n, part in enumerate(datasets)
    ]
    (ctx.workdir / "ids.json").write_bytes(msgspec.json.encode({"datasets": rows}))


def report(
    ctx: StepContext,
    datasets: tuple[Dataset, ...],
    categories: Sequence[Category],
    followed: Sequence[Mapping[str, Category]],
    joined: Joined,
    *,
    renamed: int,
) -> None:
    """Note what was joined, and tell what may surprise."""
    ctx.note("renamed_files", renamed)
    ctx.note("categories_joined", sum(len(part.categories) for part in datasets) - len(categories))
    if joined.extra:
        ctx.note("tables_joined", sorted(joined.extra))
    if moved := {
        key: n
        for key in {key for own in joined.ids for key in own}
        if (n := sum(old != new for own in joined.ids for old, new in own.get(key, {}).items()))
    }:
        ctx.note("references_renumbered", moved)
    ctx.find(kinds.TOP_LEVEL_KEYS_DIFFER, _other_keys(datasets, joined))
    ctx.find(kinds.CATEGORY_KEYS_DIFFER, _other_category_keys(datasets, followed, categories))
    ctx.find(kinds.CATEGORIES_ALIKE, _alike(categories))


def _other_keys(datasets: tuple[Dataset, ...], joined: Joined) -> Iterator[Row]:
    kept: dict[str, bytes] = {}
    for n, part in enumerate(datasets):
        for key, value in part.extra.items():
            if key not in ("info", "licenses", *joined.extra) and (
                kept.setdefault(key, bytes(value)) != bytes(value) or (n and names_rows(key, value))
            ):
                yield Row(f"'{key}' of {part.home}")


def _other_category_keys(
    datasets: tuple[Dataset, ...],
    followed: Sequence[Mapping[str, Category]],
    categories: Sequence[Category],
) -> Iterator[Row]:
    kept = {category.name: _keys(category) for category in categories}
    for part, moved in zip(datasets, followed, strict=True):
        for category in part.categories:
            for key, value in _keys(moved[category.name]).items():
                if kept[category.name].get(key) != value:
                    yield Row(f"category '{category.name}' of {part.home}", {key: value})


def _keys(category: Category) -> dict[str, Any]:
    known = {} if category.supercategory is UNSET else {"supercategory": category.supercategory}
    return known | {
        key: value for key, value in extras(category) if key not in ("keypoints", "skeleton")
    }


def _alike(categories: Sequence[Category]) -> Iterator[Row]:
    """Yield categories whose names another one has but for case, blanks or Unicode form."""
    first: dict[str, str] = {}
    for category in categories:
        other = first.setdefault(as_seen(category.name), category.name)
        if other != category.name:
            yield Row(f"category '{category.name}'", other)
