"""Pairs across sides are shown with both pictures, the nearest first."""

import json
from pathlib import Path

from builders import coco
from coco_recipe_report.seen.pairs import pairs_of

from coco_recipe.testing import dataset


def _line(reason: str, one: int, other: int, **more: object) -> str:
    sides = {
        name: {"part": part, "image": image, "file_name": f"{image}.jpg"}
        for name, part, image in (("one", "train", one), ("other", "val", other))
    }
    return json.dumps({"reason": reason, **sides, "bits": 3, "root": "", **more}) + "\n"


def test_both_pictures_of_each_pair(tmp_path: Path) -> None:
    parts = [dataset(coco(images=2, boxes=[(1, 1)])), dataset(coco(images=4, boxes=[]))]
    (tmp_path / "pairs.jsonl").write_text(
        _line("near", 1, 4, distance=0.1, how="flipped left to right")
        + _line("equal", 2, 3, distance=None, allowed=True)
        + _line("nearest", 2, 9, distance=0.7)
    )
    near, equal, nearest = pairs_of(tmp_path, parts)
    assert near.told == "shows the same, flipped left to right, distance 0.1"
    assert [shot.name if shot else None for shot in near.shots] == ["1.jpg", "4.jpg"]
    assert near.shots[0]
    assert near.shots[0].told == "train"
    assert len(near.shots[0].marks) == 1
    assert (near.is_leak, equal.is_leak, nearest.is_leak) == (True, False, False)
    assert "allowed by the recipe" in equal.told
    assert nearest.shots[1] is None


def test_a_step_without_pairs_has_none(tmp_path: Path) -> None:
    assert pairs_of(tmp_path, []) == ()
