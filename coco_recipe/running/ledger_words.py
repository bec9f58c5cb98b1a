"""Words for the rows of a ledger: the input that a row goes back to, its file and its class."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from coco_recipe.dataset import Dataset
from coco_recipe.values.kind import each


def in_words(dropped: Sequence[dict[str, Any]], values: Iterable[Any]) -> list[dict[str, Any]]:
    """Return lines of a ledger that name input, file and class beside the ids.

    A word that two data sets tell otherwise for one id is left out; a key that the step has
    written itself stays as it is.

    Args:
        dropped: lines, each with the ``kind`` of its row.
        values: the step's input values.
    """
    if not dropped:
        return []
    data_sets = [one for value in values for one in each(value) if isinstance(one, Dataset)]
    wanted = {line["id"] if line["kind"] == "image" else line.get("image_id") for line in dropped}
    images: dict[Any, dict[str, str]] = {}
    classes: dict[Any, str] = {}
    for dataset in data_sets:
        for image in dataset.images:
            if image.id in wanted:
                source = dataset.family(image).partition("/")[0]
                told = {"input": source, "file_name": image.file_name}
                images[image.id] = _agreed(images.get(image.id, told), told)
        for category in dataset.categories:
            known = classes.get(category.id, category.name)
            classes[category.id] = category.name if known == category.name else ""
    return [{**dict(_words(line, images, classes)), **line} for line in dropped]


def _agreed(one: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    return {key: word for key, word in one.items() if other.get(key) == word}


def _words(
    line: Mapping[str, Any], images: Mapping[Any, Mapping[str, str]], classes: Mapping[Any, str]
) -> Iterator[tuple[str, str]]:
    if line["kind"] != "category":
        yield from images.get(line["id" if line["kind"] == "image" else "image_id"], {}).items()
    if line["kind"] == "annotation" and (name := classes.get(line.get("category_id"))):
        yield "category", name
