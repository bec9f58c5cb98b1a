"""Step ``repair``: mend by name what findings name, and write each old and new value down."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import UNSET

from coco_recipe import (
    Annotation,
    Category,
    Dataset,
    Facts,
    Loose,
    Params,
    Port,
    Schema,
    Step,
    StepContext,
    StepProblem,
    about,
    did_you_mean,
)
from coco_recipe_data import image_mends, plans, segmentation_mends
from coco_recipe_data.annotation_mends import (
    Mend,
    filled_crowd,
    made_crowd,
    mended_area,
    mended_box,
    mended_count,
    mended_segmentation,
)
from coco_recipe_data.licenses import listed as listed_licenses
from coco_recipe_data.mend_ledger import Ledger
from coco_recipe_data.mended_kinds import MENDED, UNDERSTOOD, mends, refuses, understands

FIRST = 5  # rows that an error names


def repair(
    ctx: StepContext,
    *,
    dataset: Dataset,
    file_names: Mapping[str, Any] | None,
    missing_pictures: str | None,
    equal_pictures: str | None,
    ids: str | None,
    sizes: str | None,
    texts: str | None,
    licenses: str | None,
    segmentations: str | Sequence[str] | None,
    bbox: str | None,
    area: str | None,
    num_keypoints: str | None,
    crowd: Mapping[str, Any] | str | None,
    categories: str | None,
) -> Mapping[str, Dataset]:
    """Mend what is named, and nothing else; rows that are right stay as they are.

    A parameter that is None mends nothing. The order is: what ``to_int``, ``number`` and
    ``to_numbers`` read, names, missing pictures, equal pictures, sizes, texts, licenses,
    segmentations, boxes, areas, keypoints, crowds, categories. ``repaired.jsonl`` in the step's
    folder has a line for each value: row, key, old and new value.

    Args:
        ctx: the step's context.
        dataset: the rows, with their values of a wrong type (``Dataset.loose``).
        file_names: mends of file names, in order.
        missing_pictures: ``drop`` for images whose picture isn't there.
        equal_pictures: ``drop`` for images whose picture is that of an image before, byte for byte.
        ids: ``to_int`` or ``number``.
        sizes: ``from_pictures`` or ``to_numbers``; sizes are in pixels.
        texts: ``to_text``.
        licenses: ``drop`` for those that ``licenses`` lacks.
        segmentations: a mend, or several in order.
        bbox: ``from_segmentation`` or ``to_numbers``; boxes are in pixels.
        area: ``recompute`` or ``to_numbers``; areas are in square pixels.
        num_keypoints: ``recompute``.
        crowd: the categories whose annotations become crowds, ``to_numbers``, or ``fill``.
        categories: ``drop_unused``.

    Returns:
        ``dataset``: the mended rows.

    Raises:
        ValueError: two images would get one file name, a picture that is to be measured can't be
            read, a category isn't there, or there is nothing to make a value of a wrong type anew
            from.
    """
    given = {"ids": ids, "sizes": sizes, "bbox": bbox, "area": area, "crowd": crowd}
    mine, others = _taken_in(
        dataset, {key: value for key, value in given.items() if isinstance(value, str)}
    )
    ledger = Ledger({(one.table, one.place, one.key): one for one in mine if one.new is UNSET})
    for one in mine:
        if one.new is not UNSET:
            ledger.add(one.row, one.key, one.old, one.new)
    images = dataset.images if not file_names else image_mends.renamed(dataset, file_names, ledger)
    if missing_pictures:
        images = tuple(image_mends.with_pictures(ctx, dataset.replace(images=images)))
    there = images
    if equal_pictures:
        images = tuple(image_mends.first_of_equals(ctx, dataset.replace(images=images)))
    if sizes == "from_pictures":
        images = image_mends.measured(dataset.replace(images=images), ledger)
    if texts:
        images = tuple(image_mends.with_texts(image, ledger) for image in images)
    if licenses:
        listed = listed_licenses(dataset)
        images = tuple(image_mends.without_license(image, listed, ledger) for image in images)
    crowds = _crowd_ids(dataset, crowd["categories"]) if isinstance(crowd, Mapping) else frozenset()
    mends = [segmentations] if isinstance(segmentations, str) else segmentations or []
    steps: list[Callable[[Annotation], Mend | None]] = [
        *(lambda row, mend=mend: mended_segmentation(row, mend) for mend in mends),
        *([mended_box] if bbox == "from_segmentation" else []),
        *([mended_area] if area == "recompute" else []),
        *([mended_count] if num_keypoints else []),
        *([lambda row: made_crowd(row, crowds)] if crowds else []),
        *([filled_crowd] if crowd == "fill" else []),
    ]
    rows = []
    for place, row in enumerate(dataset.annotations):
        for step in steps:
            if found := step(row):
                key, old, new, row = found
                ledger.note(row, key, ledger.was("annotations", place, key, old), new)
        rows.append(row)
    _check_made_anew(rows, ledger.set_aside.values())
    if missing_pictures:
        rows = image_mends.rows_of(ctx, rows, there, "its image's picture is missing")
    if equal_pictures:
        why = "its image's picture is equal to one before it"
        rows = image_mends.rows_of(ctx, rows, images, why)
    kept = _used(ctx, dataset.categories, rows) if categories else dataset.categories
    ledger.write(ctx)
    return {
        "dataset": dataset.replace(
            images=images, annotations=tuple(rows), categories=kept, loose=others
        )
    }


PARAMS: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "file_names": {
            "type": "object",
            "additionalProperties": False,
            "minProperties": 1,
            "description": "Mends of file names, applied in the order in which they are written.",
            "examples": [{"unquote": True}],
            "properties": {
                "unquote": {
                    "const": True,
                    "description": "Decode %20 and its like.",
                    "examples": [True],
                },
                "slashes": {
                    "const": True,
                    "description": "Backslashes become slashes.",
                    "examples": [True],
                },
                "basename": {
                    "const": True,
                    "description": "Leave out the folders.",
                    "examples": [True],
                },
                "strip_prefix": {
                    "type": "string",
                    "minLength": 1,
                    "description": "Leave out this beginning.",
                    "examples": ["upload/7/"],
                },
                "trim": {
                    "const": True,
                    "description": "Leave out blanks at both ends.",
                    "examples": [True],
                },
                "match_case": {
                    "const": True,
                    "examples": [True],
                    "description": "Take the case and the Unicode form of the file in the folder.",
                },
            },
        },
        "missing_pictures": {
            "enum": ["drop"],
            "examples": ["drop"],
            "description": "Drop the images whose picture isn't in the folder, with their "
            "annotations; each is in the ledger (dropped.jsonl).",
        },
        "equal_pictures": {
            "enum": ["drop"],
            "examples": ["drop"],
            "description": "Drop the images whose picture is that of an image before them, byte "
            "for byte, with their annotations; each is in the ledger (dropped.jsonl).",
        },
        "ids": {
            "enum": ["to_int", "number"],
            "examples": ["to_int"],
            "description": "to_int: read ids in quotes as whole numbers: id, image_id, "
            "category_id; number: do so, "
            "and give rows without an id one above the largest of their table.",
        },
        "sizes": {
            "enum": ["from_pictures", "to_numbers"],
            "examples": ["from_pictures"],
            "description": "from_pictures: width and height as the picture has them, turned as its "
            "EXIF orientation says; to_numbers: read those in quotes as numbers.",
        },
        "texts": {
            "enum": ["to_text"],
            "examples": ["to_text"],
            "description": "Write date_captured, coco_url and flickr_url of images as text.",
        },
        "licenses": {
            "enum": ["drop"],
            "examples": ["drop"],
            "description": "Leave out the license of images where it is no whole number, or not in "
            "`licenses`.",
        },
        "segmentations": {
            "description": "One mend, or a list in order. to_numbers: read numbers in quotes; "
            "drop_degenerate: leave out polygons of no area; close: end each polygon where it "
            "began; flat_to_list: [x, y, ...] to [[x, y, ...]]; pairs_to_list: [[x, y], ...] to "
            "[[x, y, ...]].",
            "anyOf": [
                {"enum": segmentation_mends.NAMES},
                {"type": "array", "minItems": 1, "items": {"enum": segmentation_mends.NAMES}},
            ],
            "examples": [["flat_to_list", "drop_degenerate"]],
        },
        "bbox": {
            "enum": ["from_segmentation", "to_numbers"],
            "examples": ["from_segmentation"],
            "description": "from_segmentation: the box around the segmentation, where there is "
            "none or it is another by over 1 px; to_numbers: read numbers in quotes.",
        },
        "area": {
            "enum": ["recompute", "to_numbers"],
            "examples": ["recompute"],
            "description": "recompute: the segmentation's area, or the box's without one, where "
            "there is none or it is another by over 1 %; to_numbers: read numbers in quotes.",
        },
        "num_keypoints": {
            "enum": ["recompute"],
            "examples": ["recompute"],
            "description": "The number of labelled keypoints.",
        },
        "crowd": {
            "description": "Annotations of these categories become crowds (iscrowd 1); or "
            "to_numbers: read iscrowd in quotes as 0 or 1, and null as 0; or fill: iscrowd 0 "
            "where there is none.",
            "examples": [{"categories": ["people"]}],
            "anyOf": [
                {"enum": ["to_numbers", "fill"]},
                {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["categories"],
                    "properties": {
                        "categories": {
                            "type": "array",
                            "items": {"type": "string"},
                            "minItems": 1,
                            "description": "Names of categories.",
                            "examples": [["people"]],
                        }
                    },
                },
            ],
        },
        "categories": {
            "enum": ["drop_unused"],
            "examples": ["drop_unused"],
            "description": "Drop categories that no annotation has.",
        },
    },
}


def _taken_in(dataset: Dataset, given: Mapping[str, str]) -> tuple[list[Loose], tuple[Loose, ...]]:
    """Divide the values of a wrong type: those that these parameters take in, and the others."""
    mended = {kind for each in given.items() for kind in MENDED.get(each, ())}
    understood = {kind for each in given.items() for kind in UNDERSTOOD.get(each, ())}
    is_mine = [
        one.kind in mended or (one.kind in understood and one.new is not UNSET)
        for one in dataset.loose
    ]
    return (
        [one for one, mine in zip(dataset.loose, is_mine, strict=True) if mine],
        tuple(one for one, mine in zip(dataset.loose, is_mine, strict=True) if not mine),
    )


def _check_made_anew(rows: Sequence[Annotation], set_aside: Iterable[Loose]) -> None:
    """Refuse to lose a value of a wrong type for which nothing could be made."""
    lost = [
        one
        for one in set_aside
        if one.table == "annotations" and getattr(rows[one.place], one.key) is UNSET
    ]
    if lost:
        listed = "; ".join(f"{one.row}: { ({one.key: one.old}) }" for one in lost[:FIRST])
        more = f"; and {len(lost) - FIRST} more" if len(lost) > FIRST else ""
        told = about(len(lost), "values of a wrong type can't be made anew")
        raise ValueError(
            f"{told}: {listed}{more}; these rows have no "
            "segmentation or box to make them from: correct them in the file, or leave the key out"
        )


def _crowd_ids(dataset: Dataset, names: Sequence[str]) -> frozenset[int]:
    known = {category.name: category.id for category in dataset.categories}
    for name in names:
        if name not in known:
            raise ValueError(
                f"crowd.categories: there is no category '{name}'; "
                f"{did_you_mean(name, list(known))}"
            )
    return frozenset(known[name] for name in names)


def _used(
    ctx: StepContext, categories: tuple[Category, ...], rows: Sequence[Annotation]
) -> tuple[Category, ...]:
    used = {row.category_id for row in rows}
    for category in categories:
        if category.id not in used:
            ctx.drop(category, "no annotation has it")
    return tuple(category for category in categories if category.id in used)


def _check(params: Params) -> Iterator[StepProblem]:
    if not params:
        yield StepProblem((), "mends nothing", "name what a finding names, as area: recompute")


def _reads_pictures(params: Params) -> bool:
    """Report whether a mend looks into the pictures."""
    return bool(params.get("equal_pictures")) or params.get("sizes") == "from_pictures"


def _foresee(params: Params, facts: Mapping[str, Facts]) -> Mapping[str, Facts]:
    found = facts["dataset"]
    drops = params.get("missing_pictures") or params.get("equal_pictures")
    found = found.of_fewer_images() if drops else found
    return {"dataset": found.of_other_images() if params.get("sizes") == "from_pictures" else found}


STEP = Step(
    name="repair",
    run=repair,
    inputs={"dataset": Port(Dataset, loose=True)},
    outputs={"dataset": Dataset},
    params=PARAMS,
    forecast=plans.repair,
    tell=plans.tell_repair,
    apart=("coco_recipe_data.plans",),
    check=_check,
    foresee=_foresee,
    reads_pixels=_reads_pictures,
    refuses=lambda params: tuple(refuses(params)),
    mends=lambda params: tuple(mends(params)),
    understands=lambda params: tuple(understands(params)),
)
