"""Step ``filter_categories``: keep or drop categories, and the images left without boxes."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter

from coco_recipe import (
    Annotation,
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
)
from coco_recipe_data import kinds, parents, plans, references

_image_id = attrgetter("image_id")
_NAMES = {"type": "array", "items": {"type": ["string", "integer"]}}


def filter_categories(
    ctx: StepContext,
    *,
    dataset: Dataset,
    drop: Sequence[str | int] | None,
    keep: Sequence[str | int] | None,
    images_left_empty: str,
    images_never_annotated: str,
) -> Mapping[str, Dataset]:
    """Keep or drop categories with their annotations.

    An image that loses its last annotation and an image that never had one are told apart: the
    notebook's "drop an image whose only annotation is background" is ``drop: [背景],
    images_left_empty: drop_if_single``: an image with two stays, empty. A row whose parent
    (``parent_id``) is dropped loses this key, and is named.

    Args:
        ctx: the step's context.
        dataset: the rows.
        drop: names or ids of the categories that go; None where ``keep`` is given.
        keep: names or ids of the categories that stay; None where ``drop`` is given.
        images_left_empty: what becomes of images whose every annotation was dropped here.
        images_never_annotated: what becomes of images that came without annotations.

    Returns:
        ``dataset``: the rows that are left.

    Raises:
        StepProblems: a category that is named is not in the data set.
    """
    named = drop if drop is not None else keep or ()
    chosen = {
        _find(dataset, name, ("keep" if drop is None else "drop", n))
        for n, name in enumerate(named)
    }
    gone = chosen if drop is not None else {c.id for c in dataset.categories} - chosen
    names = dataset.category_names()
    reasons = {category: f"category {names[category]!r} is dropped" for category in gone}
    kept = []
    rows_gone = set()
    for row in dataset.annotations:
        if row.category_id in gone:
            ctx.drop(row, reasons[int(row.category_id)])
            rows_gone.add(row.id)
        else:
            kept.append(row)
    for category in dataset.categories:
        if category.id in gone:
            ctx.drop(
                category, "named by the recipe" if drop is not None else "not named by the recipe"
            )
    images: Sequence[Image] = dataset.images
    if (images_left_empty, images_never_annotated) != ("keep", "keep"):
        images = _left(ctx, dataset, kept, images_left_empty, images_never_annotated)
    if not gone and len(images) == len(dataset.images):
        ctx.find(kinds.FILTER_MATCHES_NOTHING, [Row(f"step '{ctx.step_id}'")])
    left = [category for category in dataset.categories if category.id not in gone]
    categories, lost = parents.without(left, "category_id", lambda row: gone)
    rows, lost_by_rows = parents.without(kept, "annotation_id", lambda row: rows_gone)
    ctx.find(kinds.REFERENCES_LEFT_OUT, [*lost, *lost_by_rows])
    return {
        "dataset": dataset.replace(
            images=references.without_categories(images, gone),
            annotations=references.without_categories(rows, gone),
            categories=categories,
        )
    }


def _left(
    ctx: StepContext,
    dataset: Dataset,
    kept: Sequence[Annotation],
    images_left_empty: str,
    images_never_annotated: str,
) -> Sequence[Image]:
    """Return the images that stay; drop the others."""
    before = Counter(map(_image_id, dataset.annotations))
    after = set(map(_image_id, kept))
    # images with so many annotations at most go
    drops = {"keep": 0, "drop_if_single": 1}.get(images_left_empty, len(dataset.annotations))
    images = []
    for image in dataset.images:
        if 0 < before[image.id] <= drops and image.id not in after:
            ctx.drop(image, "its only annotations are of dropped categories")
        elif images_never_annotated == "drop" and not before[image.id]:
            ctx.drop(image, "never had an annotation")
        else:
            images.append(image)
    return images


PARAMS: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "drop": {
            **_NAMES,
            "description": "Names (or ids) of the categories to drop.",
            "examples": [["背景"]],
        },
        "keep": {
            **_NAMES,
            "description": "Names (or ids) of the only categories to keep.",
            "examples": [["cat", "dog"]],
        },
        "images_left_empty": {
            "enum": ["keep", "drop", "drop_if_single"],
            "default": "keep",
            "description": "Images whose every annotation was dropped here; drop_if_single drops "
            "those that had only one, and keeps those that had more.",
            "examples": ["drop"],
        },
        "images_never_annotated": {
            "enum": ["keep", "drop"],
            "default": "keep",
            "description": "Images that had no annotation before.",
            "examples": ["keep"],
        },
    },
}


def _find(dataset: Dataset, name: str | int, at: tuple[str, int]) -> int:
    for category in dataset.categories:
        if name in (category.name, category.id):
            return category.id
    raise StepProblems([_unknown(at, name, [f"{c.name} ({c.id})" for c in dataset.categories])])


def _unknown(at: tuple[str, int], name: str | int, known: Sequence[str]) -> StepProblem:
    return StepProblem(at, f"there is no category {name!r}", did_you_mean(str(name), known))


def _check(params: Params) -> Iterator[StepProblem]:
    if ("drop" in params) == ("keep" in params):
        yield StepProblem((), "must have either 'drop' or 'keep'", "drop: [a category's name]")


def _foresee(params: Params, facts: Mapping[str, Facts]) -> Mapping[str, Facts]:
    before = facts["dataset"]
    key = "drop" if "drop" in params else "keep"
    named = params[key]
    left = None
    if before.classes is not None:
        StepProblems.if_any(
            _unknown((key, n), name, before.classes)
            for n, name in enumerate(named)
            if isinstance(name, str) and name not in before.classes
        )
        if all(isinstance(name, str) for name in named):  # ids are looked up when it runs
            left = tuple(name for name in before.classes if (name in named) is (key == "keep"))
    keeps_all = params["images_left_empty"] == params["images_never_annotated"] == "keep"
    return {"dataset": replace(before if keeps_all else before.of_fewer_images(), classes=left)}


STEP = Step(
    name="filter_categories",
    run=filter_categories,
    inputs={"dataset": Port(Dataset)},
    outputs={"dataset": Dataset},
    params=PARAMS,
    forecast=plans.filter_categories,
    tell=plans.tell_filter_categories,
    apart=("coco_recipe_data.plans",),
    check=_check,
    foresee=_foresee,
)
