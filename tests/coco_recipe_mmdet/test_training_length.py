"""The iterations of an epoch are those of mmengine's data loader."""

from typing import Any

import pytest
from coco_recipe_mmdet.inside.training_length import Length, iterations

LEAF = {"type": "CocoDataset", "ann_file": "x.json"}


@pytest.mark.parametrize(
    ("loader", "images", "processes", "expected"),
    [
        ({"batch_size": 8, "dataset": LEAF}, 200, 1, 25),
        ({"batch_size": 8, "dataset": LEAF}, 201, 1, 26),
        ({"batch_size": 8, "dataset": LEAF}, 201, 2, 13),
        ({"batch_size": 8, "drop_last": True, "dataset": LEAF}, 201, 1, 25),
        ({"batch_size": 8, "batch_sampler": {"drop_last": True}, "dataset": LEAF}, 207, 1, 25),
        ({"dataset": LEAF}, 7, 1, 7),
        ({"batch_size": 2, "dataset": {"times": 3, "dataset": LEAF}}, 7, 1, 11),
        ({"batch_size": 2, "dataset": {"pipeline": [], "dataset": LEAF}}, 7, 1, 4),
        ({"batch_size": 2, "dataset": {"datasets": [LEAF, LEAF]}}, 7, 1, 7),
        ({"batch_size": 2, "num_batch_per_epoch": 3, "dataset": LEAF}, 100, 1, 3),
        ({"batch_size": 64, "drop_last": True, "dataset": LEAF}, 7, 1, 1),
    ],
)
def test_an_epoch_has_so_many_iterations(
    loader: dict[str, Any], images: int, processes: int, expected: int
) -> None:
    assert iterations(loader, images, processes) == expected


def test_pictures_of_rare_classes_are_repeated() -> None:
    rare = {"type": "ClassBalancedDataset", "oversample_thr": 0.1, "dataset": LEAF}
    asked = []

    def balanced(threshold: float) -> int:
        asked.append(threshold)
        return 150

    assert iterations({"batch_size": 4, "dataset": rare}, 100, 1, balanced) == 38
    thrice = {"type": "RepeatDataset", "times": 3, "dataset": rare}
    assert iterations({"batch_size": 4, "dataset": thrice}, 100, 1, balanced) == 113
    assert asked == [0.1, 0.1]
    assert iterations({"batch_size": 4, "dataset": rare}, 100) == 25


def test_a_training_is_longer_than_its_config_by_a_stretch() -> None:
    assert Length(24, 10, own_epochs=12).stretch == 2
    assert Length(24, 10, own_epochs=12).total == 240
    assert Length(24, 10, own_iterations=90_000).stretch == 1
