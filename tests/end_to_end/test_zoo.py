"""Six families that need something of their own are trained, averaged and measured."""

import importlib.util
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import zoo

SIX = ("SSD300", "SSDLite", "Mask2Former", "MaskFormer", "Panoptic FPN", "RTMDet-Ins")
ADAPTED = ("SSDLite", "Mask2Former")  # start from a head that was for other classes
R18 = [64, 128, 256, 512]  # channels
QUERIES = {"model.panoptic_head.num_queries": 20, "model.test_cfg.max_per_image": 20}
ENCODER = "model.panoptic_head.pixel_decoder.encoder.num_layers"
DECODER = "model.panoptic_head.transformer_decoder.num_layers"
# the same parts, fewer of each: `make zoo` tries the whole ones
SMALLER: dict[str, dict[str, Any]] = {
    "Mask2Former": {
        "model.backbone.depth": 18,
        "model.panoptic_head.in_channels": R18,
        "model.train_cfg.num_points": 500,
        ENCODER: 1,
        DECODER: 3,
        **QUERIES,
    },
    "MaskFormer": {
        "model.backbone.depth": 18,
        "model.panoptic_head.in_channels": R18,
        ENCODER: 1,
        DECODER: 1,
        **QUERIES,
    },
    "Panoptic FPN": {"model.backbone.depth": 18, "model.neck.in_channels": R18},
}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Draw the data sets."""
    if importlib.util.find_spec("mmdet") is None:
        pytest.skip("the training stack is not installed: make test does it")
    folder = tmp_path_factory.mktemp("zoo")
    zoo.draw(folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", SIX)
def test_a_family_is_trained_averaged_and_measured(name: str, drawn: Path) -> None:
    [family] = [family for family in zoo.FAMILIES if family.name == name]
    family = replace(family, set={**family.set, **SMALLER.get(name, {})})
    found = zoo.try_training(family, drawn, "whole" if name in ADAPTED else "without")
    assert found == dict.fromkeys(("validate", "train", "average", "evaluate"), "yes")
    [steps] = drawn.glob(f"runs/{Path(family.config).stem}*/steps")
    report = json.loads((steps / "score/metrics.json").read_text())
    assert [row["label"] for row in report["checkpoints"]] == ["fit/epoch_2", "average/average"]
    assert all(("segm" in row) == family.masks for row in report["checkpoints"])
    lines = [json.loads(line) for line in (steps / "fit/scalars.jsonl").read_text().splitlines()]
    assert [line["iter"] for line in lines if "loss" in line] == [1, 2]
    if name in ADAPTED:
        head = json.loads((steps / "adapted/head.json").read_text())
        assert (head["kept"], head["new"]) == (["disc", "square", "triangle"], [])
        assert head["dropped"] == ["cup", "plate"]


def test_there_are_24_families_of_different_names_and_configs() -> None:
    assert len(zoo.FAMILIES) == 24
    assert len({family.name for family in zoo.FAMILIES}) == 24
    assert len({family.config for family in zoo.FAMILIES}) == 24
