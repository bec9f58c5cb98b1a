"""A flat config is read as data."""

from pathlib import Path

import pytest
from coco_recipe_mmdet.inside import flat_config


def test_a_flat_config_is_read_as_data_and_code_in_it_is_refused(tmp_path: Path) -> None:
    assert flat_config.read("a = dict(b=[1, (2.5, -3)], c=None)\nd = {'e': float('inf')}\n") == {
        "a": {"b": [1, (2.5, -3)], "c": None},
        "d": {"e": float("inf")},
    }
    for text in (
        f"import os\nos.system('touch {tmp_path}/x')",
        f"a = __import__('os').system('touch {tmp_path}/x')",
        "a = [i for i in range(3)]",
        "a = dict(**b)",
        "a = 1 +",
        "(" * 100_000,
    ):
        with pytest.raises(ValueError, match="is not a flat config"):
            flat_config.read(text)
    assert not list(tmp_path.iterdir())
