"""Old and new ids stand beside each other, in the order in which rows were made."""

import json
from pathlib import Path

from coco_recipe_pictures.new_ids import NewIds


def test_ids_are_kept_in_order(tmp_path: Path) -> None:
    ids = NewIds()
    ids.image(4, 10)
    for new in (20, 21):
        ids.annotation(7, new)
    ids.write(tmp_path)
    assert json.loads((tmp_path / "ids.json").read_bytes()) == {
        "datasets": [
            {"images": {"old": [4], "new": [10]}, "annotations": {"old": [7, 7], "new": [20, 21]}}
        ]
    }
