"""Parts have their table and pictures; pairs that a step wrote are shown."""

from dataclasses import replace

from coco_recipe_report.drawing.pictures import Camera
from coco_recipe_report.sections import splits
from coco_recipe_report.seen.collected import Collected
from coco_recipe_report.seen.pairs import Pair

from coco_recipe import RunFacts


def test_tables_and_pictures(facts: RunFacts, seen: Collected, camera: Camera) -> None:
    found = splits.gather(facts, seen, camera)
    assert [step for step, _ in found.tables] == ["parts"]
    assert [name for name, _ in found.galleries] == ["raw", "train", "val"]
    assert all(one.data for _, pictures in found.galleries for one in pictures)
    assert {name for name, _ in found.keys} >= {"瓶盖", "cow"}


def test_pairs(facts: RunFacts, seen: Collected, camera: Camera) -> None:
    shot = seen.pictures["raw", ""][0]
    pairs = {"leaks": (Pair("the same file", True, (shot, None)),)}
    ((step, (pair,)),) = splits.gather(facts, replace(seen, pairs=pairs), camera).pairs
    assert (step, pair.told, pair.is_leak) == ("leaks", "the same file", True)
    assert [bool(one.data) for one in pair.pictures] == [True]
