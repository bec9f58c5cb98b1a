"""The data set as a kind of value: a COCO file, its rows and its facts."""

from operator import attrgetter
from pathlib import Path

from coco_recipe import coco_json
from coco_recipe.dataset import Dataset
from coco_recipe.manifest import Counts
from coco_recipe.values.expected import Expected, Span
from coco_recipe.values.facts import Facts
from coco_recipe.values.kind import Folders, Form, ValueKind, Written


def facts_of(value: Dataset) -> Facts:
    """Return what is known of a data set: its categories, sizes and keys.

    Args:
        value: the data set.

    Returns:
        Names of categories and keypoints, keys of rows, the number of images, and the smallest and
        the largest (width, height) in pixels of those that have a size.
    """
    sizes = {
        (width, height)
        for width, height in set(map(attrgetter("width", "height"), value.images))
        if isinstance(width, int) and isinstance(height, int)
    }
    widths, heights = zip(*sizes, strict=True) if sizes else ((), ())
    return Facts(
        tuple(category.name for category in value.categories),
        (min(widths), min(heights)) if sizes else None,
        (max(widths), max(heights)) if sizes else None,
        value.image_fields() or None,
        value.keypoint_names(),
        annotation_fields=value.annotation_fields(),
        images=len(value.images),
    )


def expected_of(value: Dataset) -> Expected:
    """Return the numbers of a data set: images, boxes, negatives, and boxes by class."""
    counts = value.counts()
    with_boxes = set(map(attrgetter("image_id"), value.annotations))
    return Expected(
        Span.exact(len(value.images)),
        Span.exact(len(value.annotations)),
        Span.exact(sum(image.id not in with_boxes for image in value.images)),
        {name: Span.exact(n) for name, n in counts["categories"].items()},
    )


def _write(value: Dataset, folder: Path, name: str) -> Written:
    file = f"{name}.json"
    return {"file": file, "home": value.home}, {file: coco_json.write(value, folder / file)}


def _read(form: Form, folder: Path, folders: Folders) -> Dataset:
    dataset = coco_json.load(folder / form["file"], home=form["home"])
    return dataset.replace(folders=dict(folders))


KIND = ValueKind(
    name="dataset",
    type=Dataset,
    write=_write,
    read=_read,
    folders=lambda value: value.folders,
    counts=lambda value: Counts(**value.counts()),
    expected=expected_of,
    facts=facts_of,
    in_books=True,
)
