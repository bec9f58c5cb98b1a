"""Read an annotation file by itself, whatever is wrong with its rows."""

from pathlib import Path

from coco_recipe import coco_json
from coco_recipe.checks import slow_reading
from coco_recipe.dataset import Dataset
from coco_recipe.running import inputs


def read(path: Path, images: Path | None = None) -> Dataset:
    """Return the rows of a file; values of a wrong type are read as they were meant.

    Args:
        path: the annotation file.
        images: the folder of its pictures.

    Raises:
        DatasetError: the file can't be read, or isn't COCO.
    """
    text = coco_json.read_bytes(path)
    top = coco_json.decode_top(text, str(path))
    dataset = inputs.read_rows(top, str(path), path.name, images, slow_reading.TO_GO_ON)
    return dataset
