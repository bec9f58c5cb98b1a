"""Emptiness is never silent: no images, no boxes, no box of a class, no reader."""

from pathlib import Path
from typing import Any

import pytest
from builders import coco, write_recipe

from coco_recipe import stages


def _warnings(tmp_path: Path, steps: list[dict[str, Any]], data: dict[str, Any] | None = None) -> list[str]:
    shown: list[str] = []
    stages.run(stages.prepare(write_recipe(tmp_path, steps, data or coco())), out=tmp_path / "out",
            report=lambda event: shown.append(event.text.partition("\n")[0]) if event.what == "finding" else None)
    return shown


def _drop(names: list[str], **params: Any) -> dict[str, Any]:
    return {"id": "x", "use": "filter_categories", "in": "raw", "with": {"drop": names} | params}


@pytest.mark.parametrize(("step", "text"), [
    (_drop(["cat", "dog"], images_left_empty="drop", images_never_annotated="drop"),
     "x: 1 output has no image: 'dataset' (no_images_left)"),
    (_drop(["cat", "dog"]), "x: 1 output has no box, and there were some before: 'dataset' (no_boxes_left)"),
    ({"id": "x", "use": "filter_annotations", "in": "raw", "with": {"min_side_px": 11, "no_area": "drop"}},
     "x: 1 class had boxes before and has none now: class 'cat' in 'dataset' (classes_left_without_boxes)"),
    (_drop([]), "x: 1 filter drops and changes nothing: step 'x' (filter_matches_nothing)")])
def test_what_a_step_leaves_empty_is_named(step: dict[str, Any], text: str, tmp_path: Path) -> None:
    data = coco()
    data["annotations"][1]["bbox"] = [1, 2, 20, 20]
    assert text in _warnings(tmp_path, [step], data)


def test_what_was_empty_before_is_not_told_again(tmp_path: Path) -> None:
    data = coco(names=("cat", "dog", "cow"))
    assert [text.rpartition("(")[2] for text in _warnings(tmp_path, [_drop(["dog"])], data)] == ["unused_categories)"]


def test_a_step_above_the_last_published_one_that_no_step_reads_is_named(tmp_path: Path) -> None:
    steps = [_drop(["dog"]), {"id": "y", "use": "reindex", "in": "raw"},
             {"id": "d", "use": "export_coco", "in": {"all": "y"}, "with": {"to": "d", "images": "none"}},
             {"id": "last", "use": "reindex", "in": "raw"}]
    assert _warnings(tmp_path, steps) == [
        "x: 1 step stands above the last published one, and no step reads them: step 'x' (filter_categories) "
        "(unread_steps)"]
