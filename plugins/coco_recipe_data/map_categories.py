"""Step ``map_categories``: rename categories, join several into one, put them in order."""

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from coco_recipe import (
    Annotation,
    Category,
    Dataset,
    Facts,
    Image,
    Params,
    Port,
    Row,
    Schema,
    Step,
    StepContext,
    StepProblem,
    StepProblems,
    did_you_mean,
    extras,
)
from coco_recipe_data import keypoints, kinds, parents, plans, references


def map_categories(
    ctx: StepContext, *, dataset: Dataset, map: Mapping[str, str], order: Sequence[str] | None
) -> Mapping[str, Dataset]:
    """Rename, join and order categories; annotations follow.

    A joined category has the id and the other keys of the first that it was made of; keypoints are
    joined by name, and rows follow. Ids don't change: reindex does it.

    Args:
        ctx: the step's context.
        dataset: the rows.
        map: old name to new name; several old names may get one new name.
        order: the new names in the order that they get; None leaves the order as it is.

    Returns:
        ``dataset``: all images and annotations, with the categories that are left.

    Raises:
        StepProblems: ``map`` or ``order`` names what isn't there, or ``order`` leaves a category
            out.
        ValueError: keypoints of categories that are joined can't be joined by name.
    """
    ordered = _names_after([category.name for category in dataset.categories], map, order)
    groups: dict[str, list[Category]] = {}
    for category in dataset.categories:
        groups.setdefault(map.get(category.name, category.name), []).append(category)
    first: dict[str, Category] = {}
    new_id: dict[Any, int] = {}
    places: dict[Any, keypoints.Places] = {}
    for name, members in groups.items():
        joined, moves = keypoints.join(members)
        first[name] = replace(joined, name=name)
        new_id |= {member.id: joined.id for member in members}
        places |= {member.id: move for member, move in zip(members, moves, strict=True) if move}
    of_one = {
        first[name].id: {category.id for category in group}
        for name, group in groups.items()
        if len(group) > 1
    }
    categories, lost = parents.without(
        [first[name] for name in ordered],
        "category_id",
        lambda row: of_one.get(row.id, frozenset()),
    )

    def mapped(row: Annotation) -> Annotation:
        if row.category_id in places:
            row = places[row.category_id].moved(row)
        same = row.category_id is UNSET or new_id[row.category_id] == row.category_id
        return row if same else replace(row, category_id=new_id[row.category_id])

    ids = {"category_id": new_id}
    ctx.find(
        kinds.REFERENCES_LEFT_OUT, lost, remedy="the categories that they name are joined with them"
    )
    annotations = references.followed(tuple(mapped(row) for row in dataset.annotations), ids)
    images = references.followed(dataset.images, ids)
    ctx.find(kinds.NEGATIVE_BUT_THERE, _negative_but_there(images, annotations, of_one))
    ctx.note("joined_categories", len(dataset.categories) - len(categories))
    extra = references.follow_in_tables(dataset.extra, ids)
    return {
        "dataset": dataset.replace(
            images=images,
            annotations=annotations,
            categories=references.followed(categories, parents.naming(ids, "category_id")),
            extra=extra,
        )
    }


PARAMS: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "map": {
            "type": "object",
            "additionalProperties": {"type": "string", "minLength": 1},
            "default": {},
            "description": "Old name to new name; several old names with one new name are joined.",
            "examples": [{"sedan": "car", "van": "car"}],
        },
        "order": {
            "type": "array",
            "items": {"type": "string"},
            "uniqueItems": True,
            "description": "Every (new) name, in the order that is wanted.",
            "examples": [["car", "bus"]],
        },
    },
}


def _negative_but_there(
    images: Sequence[Image], annotations: Sequence[Annotation], joined: Collection[int]
) -> Iterator[Row]:
    """Yield images that have a box of a joined category and say that it isn't there.

    They say so in ``neg_category_ids``.
    """
    there = {(row.image_id, row.category_id) for row in annotations if row.category_id in joined}
    for image in images if joined else ():
        for key, value in extras(image):
            negative = value if key.endswith("neg_category_ids") and isinstance(value, list) else []
            if both := [one for one in negative if (image.id, one) in there]:
                yield Row(f"image {image.id} ({image.file_name!r})", {key: both}, image.file_name)


def _names_after(
    names: Sequence[str], map: Mapping[str, str], order: Sequence[str] | None
) -> tuple[str, ...]:
    StepProblems.if_any(
        StepProblem(("map", name), f"there is no category '{name}'", did_you_mean(name, names))
        for name in map
        if name not in names
    )
    after = tuple(dict.fromkeys(map.get(name, name) for name in names))
    if order is None:
        return after
    wrong = [f"has no '{name}'" for name in after if name not in order]
    wrong += [f"has '{name}', which is no category" for name in order if name not in after]
    wrong += [f"has '{name}' twice" for name in dict.fromkeys(order) if order.count(name) > 1]
    StepProblems.if_any(StepProblem(("order",), what, "name every category once") for what in wrong)
    return tuple(order)


def _foresee(params: Params, facts: Mapping[str, Facts]) -> Mapping[str, Facts]:
    before = facts["dataset"]
    if before.classes is None:
        return {"dataset": before}
    return {
        "dataset": dataclasses.replace(
            before, classes=_names_after(before.classes, params["map"], params.get("order"))
        )
    }


STEP = Step(
    name="map_categories",
    run=map_categories,
    inputs={"dataset": Port(Dataset)},
    outputs={"dataset": Dataset},
    params=PARAMS,
    forecast=plans.map_categories,
    tell=plans.tell_map_categories,
    apart=("coco_recipe_data.plans",),
    foresee=_foresee,
)
