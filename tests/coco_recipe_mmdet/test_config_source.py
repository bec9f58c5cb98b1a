"""Configs are read from files and written as text."""

from pathlib import Path
from typing import Any

import pytest
from coco_recipe_mmdet.inside import config_source, flat_config
from training import Shapes

CASCADE = "mmdet::cascade_rcnn/cascade-mask-rcnn_r50_fpn_1x_coco.py"


@pytest.fixture(scope="module")
def cascade(shapes: Shapes) -> dict[str, Any]:
    """Return the settings of a config with three box heads and three mask heads."""
    return config_source.load(CASCADE)


def test_a_preprocessor_at_the_top_level_is_the_models(tmp_path: Path) -> None:
    pytest.importorskip("mmengine", reason="the training stack is not installed: make test does it")
    (tmp_path / "top.py").write_text(
        "model = dict(type='X')\ndata_preprocessor = dict(type='P', mean=[1])\n"
    )
    assert config_source.load(str(tmp_path / "top.py"))["model"]["data_preprocessor"] == {
        "type": "P",
        "mean": [1],
    }


def test_the_text_of_a_config_reads_back(cascade: dict[str, Any]) -> None:
    assert flat_config.read(config_source.text(cascade)) == cascade
