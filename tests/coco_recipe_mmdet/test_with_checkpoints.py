"""Labels and classes of the checkpoints of a step."""

from pathlib import Path

import pytest
from coco_recipe_mmdet import with_checkpoints

from coco_recipe import (
    Annotation,
    Category,
    Checkpoint,
    Dataset,
    Facts,
    Image,
    StepProblems,
)


def test_labels_are_made_unique() -> None:
    checkpoints = [
        Checkpoint(Path("a/x.pth"), label=label)
        for label in ("epoch_1", "epoch_1", "", "a/b", "epoch_1")
    ]
    assert with_checkpoints.unique_labels(checkpoints) == [
        "epoch_1",
        "epoch_1-2",
        "x",
        "a_b",
        "epoch_1-3",
    ]
    assert with_checkpoints.unique_labels(
        [Checkpoint(Path("x"), label=label) for label in ("run-2", "run", "run")]
    ) == ["run-2", "run", "run-3"]


def test_checkpoints_with_other_classes_are_refused() -> None:
    from coco_recipe import Category

    dataset = Dataset((), (), (Category(1, "a"), Category(2, "b")))
    path = Path("x.pth")
    assert with_checkpoints.class_order(
        [Checkpoint(path, ("b", "a")), Checkpoint(path)], dataset
    ) == (
        "b",
        "a",
    )
    with pytest.raises(ValueError, match="the checkpoint has not the data set's b"):
        with_checkpoints.class_order([Checkpoint(path, ("a",))], dataset)
    with pytest.raises(ValueError, match="different orders"):
        with_checkpoints.class_order(
            [Checkpoint(path, ("b", "a")), Checkpoint(path, ("a", "b"))], dataset
        )
    with pytest.raises(StepProblems, match="different orders"):
        with_checkpoints.foresee_classes(
            {"dataset": Facts(("a", "b")), "checkpoints": (Facts(("a", "b")), Facts(("b", "a")))},
        )


def test_a_data_set_without_boxes_is_refused_in_the_right_number() -> None:
    from coco_recipe import Image

    dataset = Dataset((Image(1, "a.png", 9, 9),), (), ())
    with pytest.raises(ValueError, match=r"no usable box on its 1 image: .*; predict works"):
        with_checkpoints.usage(dataset, "predict works without")


@pytest.mark.parametrize(
    ("metric", "area", "is_told"),
    [
        ("bbox_mAP_l", 9216, False),
        ("bbox_mAP_l", 9215, True),
        ("bbox_AR_m", 1024, False),
        ("segm_mAP_m", 9300, True),
        ("bbox_mAP_s", 1024, False),
        ("bbox_mAP_s", 1025, True),
        ("bbox_mAP_50", 1, False),
    ],
)
def test_a_metric_of_a_size_that_no_box_has_is_refused(
    metric: str, area: int, is_told: bool
) -> None:
    data = Dataset(
        (Image(1, "a.png", 200, 200),),
        (Annotation(1, 1, 1, (0.0, 0.0, 1.0, area)), Annotation(2, 7, 1, (0.0, 0.0, 96.0, 96.0))),
        (Category(1, "a"),),
    )
    try:
        with_checkpoints.examine({"best_by": metric}, {}, lambda: {"dataset": data})
    except StepProblems as error:
        [problem] = error.problems
        assert problem.path == ("best_by",)
        assert metric in problem.what
        assert is_told
    else:
        assert not is_told


def test_behind_the_name_of_its_step_a_label_tells_trainings_apart() -> None:
    checkpoints = [
        Checkpoint(Path("x.pth"), label=label) for label in ("epoch_1", "epoch_1", "", "epoch_1")
    ]
    found = with_checkpoints.unique_labels(checkpoints, ("fit", "long fit", "coco", "fit"))
    assert found == ["fit/epoch_1", "long_fit/epoch_1", "coco", "fit/epoch_1-2"]
