"""Weights of a job: what differs from a model, and whose classes they are."""

import json
from pathlib import Path

import pytest

from coco_recipe.asking.carried import lineage_of

torch = pytest.importorskip("torch")


def test_other_shapes_are_named_first() -> None:
    from coco_recipe_mmdet.inside import weights

    state = {"a": torch.zeros(2), "b": torch.zeros(3), "d": torch.zeros(1)}
    wanted = {"a": torch.zeros(2), "b": torch.zeros(4), "c": torch.zeros(1)}
    assert weights.differences(state, wanted) == [
        "b has shape (3,), the model's (4,)",
        "c is missing",
        "d is not in the model",
    ]


def test_weights_of_another_tool_are_told_by_their_names() -> None:
    from coco_recipe_mmdet.inside import weights

    theirs = {"conv1.weight": torch.ones(1), "fc.bias": torch.ones(1)}
    [said] = weights.differences(theirs, {"backbone.conv1.weight": torch.ones(1)})
    assert said.startswith("it has no tensor of the model, and is of another architecture or tool:")
    assert said.endswith("conv1.weight, fc.bias; the model has backbone.conv1.weight")


def test_a_file_that_names_other_classes_is_refused(tmp_path: Path) -> None:
    from coco_recipe_mmdet.inside import weights

    meta = {"dataset_meta": {"classes": ("cap", "dent")}, "cfg": "model = {}\n", "epoch": 3}
    weights.write(tmp_path / "w.pth", {"a": torch.ones(2)}, meta)
    state, found = weights.read(tmp_path / "w.pth", ("cap", "dent"))
    assert weights.plain_meta(found).keys() == {"cfg", "dataset_meta"}
    assert weights.fingerprint(state) == weights.fingerprint({"a": torch.ones(2)})
    with pytest.raises(ValueError, match=r"classes are cap, dent, and is taken for one of dent, c"):
        weights.read(tmp_path / "w.pth", ("dent", "cap"))


def test_a_checkpoint_says_what_it_was_made_of(tmp_path: Path) -> None:
    from coco_recipe_mmdet.inside import weights

    path = tmp_path / "a.pth"
    weights.write(path, {"w": torch.zeros(1)}, {"cfg": "x = 1"}, json.dumps({"step": "fit"}))
    assert lineage_of(path) == {"step": "fit"}
    weights.write(path, {"w": torch.zeros(1)}, {"cfg": "x = 1"})
    assert lineage_of(path) is None
