"""What a merge writes down: new ids beside old ones, and keys that only one data set's survive
of.
"""

import json
from pathlib import Path
from typing import Any

from builders import coco, recorded, write_recipe

from coco_recipe.running import stages


def _merge(tmp_path: Path, *files: dict[str, Any]) -> Path:
    names = [f"part_{n}" for n, _ in enumerate(files)]
    for name, data in zip(names, files, strict=True):
        (tmp_path / f"{name}.json").write_text(json.dumps(data), "utf-8")
    step = {"id": "x", "use": "merge", "in": {"datasets": names}, "with": {}}
    step["with"] = {"same_file_name": "rename"}
    inputs = {name: {"annotations": f"{name}.json"} for name in names}
    stages.run(stages.prepare(write_recipe(tmp_path, [step], inputs=inputs)), out=tmp_path / "out")
    return tmp_path / "out/steps/x"


def test_ids_of_every_row_stand_beside_the_old_ones(tmp_path: Path) -> None:
    folder = _merge(tmp_path, coco(2, [(1, 1), (2, 2)]), coco(2, [(2, 1)]))
    first, second = json.loads((folder / "ids.json").read_text("utf-8"))["datasets"]
    data = json.loads((folder / "dataset.json").read_text("utf-8"))
    for table in ("images", "annotations"):
        assert first[table]["old"] == first[table]["new"]
        assert not {*second[table]["new"]} & {*first[table]["new"]}
        everyone = [row["id"] for row in data[table]]
        assert everyone == first[table]["new"] + second[table]["new"]
    assert second["categories"]["new"] == first["categories"]["new"]
    assert (first["home"], second["home"]) == ("part_0", "part_1")


def test_what_only_the_first_data_set_keeps_is_told(tmp_path: Path) -> None:
    first = coco(1, [(1, 1)], ["cat"], note="a")
    other = coco(1, [(1, 1)], ["Cat"], note="b")
    first["categories"][0]["colour"] = other["categories"][0]["colour"] = "red"
    third = coco(1, [(1, 1)], ["cat"])
    third["categories"][0]["colour"] = "blue"
    found = {one.kind: one for one in recorded(_merge(tmp_path, first, other, third)).findings}
    assert found.keys() >= {
        "top_level_keys_differ",
        "category_keys_differ",
        "merged_categories_alike",
    }
    assert [found[kind].count for kind in ("top_level_keys_differ", "category_keys_differ")] == [
        1,
        1,
    ]
