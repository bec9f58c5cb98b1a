"""Settings are changed by path, wherever a config has used them."""

import json
import re
from typing import Any

import pytest
from coco_recipe_mmdet.inside import settings

PIPELINE = [{"type": "Load"}, {"type": "Resize", "scale": (1333, 800)}]


def _tree() -> dict[str, Any]:
    loader = {"batch_size": 2, "dataset": {"pipeline": [dict(step) for step in PIPELINE]}}
    return {
        "train_pipeline": [dict(step) for step in PIPELINE],
        "train_dataloader": loader,
        "val_dataloader": json.loads(json.dumps(loader)),
        "model": {"backbone": {"depth": 50, "init_cfg": {"type": "P"}}},
    }


def test_a_changed_variable_reaches_every_place_that_has_it() -> None:
    changes = settings.Changes(_tree())
    settings.override(changes, {"train_pipeline.1.scale": [640, 480]})
    assert changes.tree["train_pipeline"][1]["scale"] == (640, 480)
    assert changes.tree["train_dataloader"]["dataset"]["pipeline"][1]["scale"] == (640, 480)


@pytest.mark.parametrize(
    ("path", "value", "place", "expected"),
    [
        ("*_dataloader.batch_size", 7, ("val_dataloader", "batch_size"), 7),
        ("model.backbone.init_cfg", None, ("model", "backbone", "init_cfg"), None),
        (
            "model.backbone",
            {"depth": 18},
            ("model", "backbone"),
            {"depth": 18, "init_cfg": {"type": "P"}},
        ),
        ("model.backbone", {"depth": 18, "_delete_": True}, ("model", "backbone"), {"depth": 18}),
        ("model.backbone.new", 1, ("model", "backbone", "new"), 1),
    ],
    ids=["star", "null", "merge", "replace", "new key"],
)
def test_set(path: str, value: Any, place: tuple[str, ...], expected: Any) -> None:
    changes = settings.Changes(_tree())
    settings.override(changes, {path: value})
    found: Any = changes.tree
    for key in place:
        found = found[key]
    assert found == expected


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("side", "'side' is a variable that nothing in the config uses as it is"),
        ("model.backbon.depth", "the config has no 'model.backbon.depth'; 'model' has backbone"),
        (
            "model.backbone.depth.x",
            "the config has no 'model.backbone.depth.x'; 'model.backbone.depth' has no keys",
        ),
        (
            "train_pipeline.9.scale",
            "the config has no 'train_pipeline.9.scale'; 'train_pipeline' has 0, 1",
        ),
    ],
    ids=["unused", "misspelt", "too deep", "too far"],
)
def test_a_change_that_would_do_nothing_is_refused(path: str, said: str) -> None:
    with pytest.raises(ValueError) as error:
        settings.override(settings.Changes({**_tree(), "side": 160}), {path: 1})
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        ("model.backbone.depth", "18", "model.backbone.depth"),
        ("model.backbone", {"depth": "1e1"}, "model.backbone.depth"),
        ("*_dataloader.batch_size", "2.5", "train_dataloader.batch_size"),
        ("train_pipeline.1.scale", [640, "480"], "train_pipeline.1.scale.1"),
        ("model", {"backbone": {"depth": " 18 ", "init_cfg": None}}, "model.backbone.depth"),
    ],
)
def test_a_number_in_quotes_is_no_number(path: str, value: Any, place: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{place} is a number in quotes")):
        settings.override(settings.Changes(_tree()), {path: value})


@pytest.mark.parametrize("value", ["dynamic", "auto", "1333x800", ""])
def test_a_word_may_stand_where_a_number_stood(value: str) -> None:
    changes = settings.Changes(_tree())
    settings.override(changes, {"model.backbone.depth": value})
    assert changes.tree["model"]["backbone"]["depth"] == value


def test_a_number_in_quotes_may_stand_where_a_text_stood() -> None:
    changes = settings.Changes(_tree())
    settings.override(changes, {"model.backbone.init_cfg.type": "18"})
    assert changes.tree["model"]["backbone"]["init_cfg"]["type"] == "18"
