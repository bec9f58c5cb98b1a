"""Emptiness is never silent: no images, no boxes, no box of a class, no reader."""

from pathlib import Path
from typing import Any

import pytest
from builders import coco, write_recipe

from coco_recipe import events
from coco_recipe.running import stages


def _warnings(
    tmp_path: Path, steps: list[dict[str, Any]], data: dict[str, Any] | None = None
) -> list[str]:
    shown: list[str] = []
    stages.run(
        stages.prepare(write_recipe(tmp_path, steps, data or coco())),
        out=tmp_path / "out",
        observers=[
            lambda event: (
                shown.append(str(event.finding).partition("\n")[0])
                if isinstance(event, events.Found)
                else None
            )
        ],
    )
    return shown


def _drop(names: list[str], **params: Any) -> dict[str, Any]:
    return {"id": "x", "use": "filter_categories", "in": "raw", "with": {"drop": names} | params}


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (
            _drop(["cat", "dog"], images_left_empty="drop", images_never_annotated="drop"),
            "x: 1 output has no image: 'dataset' (no_images_left)",
        ),
        (
            _drop(["cat", "dog"]),
            "x: 1 output has no box, and there were some before: 'dataset' (no_boxes_left)",
        ),
        (
            {
                "id": "x",
                "use": "filter_annotations",
                "in": "raw",
                "with": {"min_side_px": 11, "no_area": "drop"},
            },
            "x: 1 class had boxes before and has none now: class 'cat' in 'dataset' "
            "(classes_left_without_boxes)",
        ),
        (_drop([]), "x: 1 filter drops and changes nothing: step 'x' (filter_matches_nothing)"),
    ],
)
def test_what_a_step_leaves_empty_is_named(step: dict[str, Any], text: str, tmp_path: Path) -> None:
    data = coco()
    data["annotations"][1]["bbox"] = [1, 2, 20, 20]
    assert text in _warnings(tmp_path, [step], data)


def test_what_was_empty_before_is_not_told_again(tmp_path: Path) -> None:
    data = coco(names=("cat", "dog", "cow"))
    assert [text.rpartition("(")[2] for text in _warnings(tmp_path, [_drop(["dog"])], data)] == [
        "unused_categories)"
    ]


@pytest.mark.parametrize(
    "step",
    [
        _drop(["cow"]),
        {"id": "x", "use": "filter_categories", "in": "raw", "with": {"keep": ["cat", "dog"]}},
        {
            "id": "x",
            "use": "map_categories",
            "in": "raw",
            "with": {"map": {"cat": "cow", "cow": "cat"}},
        },
        {
            "id": "x",
            "use": "map_categories",
            "in": "raw",
            "with": {"map": {"cat": "pet", "dog": "pet"}},
        },
        {"id": "x", "use": "repair", "in": "raw", "with": {"categories": "drop_unused"}},
        {"id": "x", "use": "reindex", "in": "raw", "with": {"categories": 0}},
    ],
)
def test_a_step_that_changes_categories_only_is_not_said_to_empty_or_do_nothing(
    step: dict[str, Any], tmp_path: Path
) -> None:
    data = coco(names=("cat", "dog", "cow"))
    assert [text.rpartition("(")[2] for text in _warnings(tmp_path, [step], data)] == [
        "unused_categories)"
    ]


def test_a_class_that_a_step_renames_into_an_emptied_one_is_told(tmp_path: Path) -> None:
    """Two steps: the first takes the boxes of a class away, the second only changes names."""
    data = coco(boxes=[(1, 1), (2, 2), (3, 2)])
    data["annotations"][0]["bbox"] = [1, 2, 2, 2]
    small = {"id": "x", "use": "filter_annotations", "in": "raw", "with": {"min_side_px": 5}}
    swap = {
        "id": "y",
        "use": "map_categories",
        "in": "x",
        "with": {"map": {"cat": "dog", "dog": "cat"}},
    }
    told = [text for text in _warnings(tmp_path, [small, swap], data) if "classes_left" in text]
    assert told == [
        "x: 1 class had boxes before and has none now: class 'cat' in 'dataset' "
        "(classes_left_without_boxes)"
    ]


def test_a_step_above_the_last_published_one_that_no_step_reads_is_named(tmp_path: Path) -> None:
    steps = [
        _drop(["dog"]),
        {"id": "y", "use": "reindex", "in": "raw"},
        {
            "id": "d",
            "use": "export_coco",
            "in": {"all": "y"},
            "with": {"to": "d", "images": "none"},
        },
        {"id": "last", "use": "reindex", "in": "raw"},
    ]
    assert _warnings(tmp_path, steps) == [
        "x: 1 step stands above the last published one unread: step 'x' "
        "(filter_categories) (unread_steps)"
    ]
