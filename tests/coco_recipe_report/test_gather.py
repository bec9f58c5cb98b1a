"""What a training left is told from its files."""

from coco_recipe_report import gather


def test_losses_are_the_mean_of_each_epoch_and_scores_those_of_validations() -> None:
    lines = [
        {"epoch": 1, "iter": 1, "loss": 4.0},
        {"epoch": 1, "iter": 2, "loss": 2.0},
        {"epoch": 1, "iter": 2, "val": {"coco/bbox_mAP": 0.25, "coco/bbox_mAP_50": 0.5}},
        {"epoch": 2, "iter": 3, "loss": 1.0},
        {"epoch": 2, "iter": 3, "val": {"coco/bbox_mAP": 0.5}},
    ]
    assert gather._series(lines) == {"loss": [3.0, 1.0], "mAP": [0.25, 0.5]}


def test_one_epoch_is_no_series() -> None:
    assert gather._series([{"epoch": 1, "loss": 4.0}]) == {}
