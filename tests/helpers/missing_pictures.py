"""Files of pictures, some of which are missing."""

from collections.abc import Sequence
from pathlib import Path

from coco_recipe.checks import missing_files
from coco_recipe.dataset import Dataset, Image
from coco_recipe.findings import Finding

DROP = "put them there, or drop their rows: repair: missing_pictures: drop"


def missing_of(folder: Path, names: Sequence[str], files: Sequence[str]) -> Finding:
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(b"x")
    images = tuple(Image(number, name) for number, name in enumerate(names, 1))
    found = missing_files.finding(
        Dataset(images, (), (), home="raw", folders={"raw": folder}), "raw"
    )
    assert found
    return found
