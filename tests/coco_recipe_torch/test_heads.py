"""Heads are known by their keys, and what isn't known is refused by name."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from coco_recipe_torch import heads
from detectors import adapt, assert_kept, build, logits, model_of, small, torch, weights


@pytest.mark.parametrize(
    ("change", "given", "reason"),
    [
        ({}, {"map": {"wolf": "dog"}}, r"map\.wolf: the data set has no category 'wolf'"),
        ({}, {"map": {"zzz": "wolf"}}, r"map\.zzz: the checkpoint has no class 'wolf'"),
        ({}, {"new_rows": {"copy": "wolf"}}, r"new_rows\.copy: the checkpoint has no class 'wolf'"),
        (
            {},
            {"from_classes": ["cat", "dog"]},
            r"old\.pth: says that its classes are person, .* not those of from_classes",
        ),
        (
            {},
            {"background": "none"},
            r"doesn't fit 80 classes and no background: "
            r"roi_head\.bbox_head\.fc_cls\.weight has 81 rows",
        ),
        (
            {"bbox_head.cls_branches.0.weight": torch.ones(80, 256)},
            {},
            r"belongs to no head that is known here, "
            r".*: bbox_head\.cls_branches\.0\.weight \(80, 256\)",
        ),
        (
            {"roi_head.bbox_head.fc_cls.bias": torch.ones(80)},
            {},
            r"roi_head\.bbox_head\.fc_cls\.bias has 80 rows",
        ),
    ],
)
def test_what_is_not_understood_is_refused_by_name(
    tmp_path: Path, change: Mapping[str, Any], given: Mapping[str, Any], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        adapt(tmp_path, small() | dict(change), **given)
    assert not (tmp_path / "adapted.pth").exists()


def test_a_checkpoint_without_a_head_and_one_too_small_to_slice_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"old\.pth: has no class head"):
        adapt(tmp_path, {"backbone.conv1.weight": torch.ones(8, 3, 7, 7)})
    with pytest.raises(ValueError, match="method: 4 classes can't be cut from 2"):
        adapt(tmp_path, small(2), classes=("a", "b"), method="slice")


def as_old_ssd(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return SSD300's state dict as mmdet 1.x had it: one layer a level, extra layers in the
    backbone, background first.
    """
    made = {}
    for key, tensor in state.items():
        parts = key.split(".")
        if key.startswith("neck.extra_layers"):
            parts = ["backbone", "extra", str(2 * int(parts[2]) + int(parts[3])), parts[-1]]
        elif key.startswith("neck.l2_norm"):
            parts[0] = "backbone"
        elif key.startswith("bbox_head"):
            del parts[3]
            if parts[1] == "cls_convs":
                anchors = tensor.reshape(-1, 81, *tensor.shape[1:])
                tensor = torch.cat([anchors[:, -1:], anchors[:, :-1]], dim=1).reshape(tensor.shape)
        made[".".join(parts)] = tensor
    return made


@pytest.mark.slow
def test_an_ssd_of_mmdet_1_is_renamed_once_its_version_is_known(tmp_path: Path) -> None:
    old, new = model_of("ssd", 80), model_of("ssd", 4)
    given = as_old_ssd(weights(old))
    assert "bbox_head.cls_convs.0.weight" in given
    with pytest.raises(
        ValueError, match=r"is an SSD of mmdet 1\.x or of an early 2\.x, .* set background: first"
    ):
        adapt(tmp_path, given)
    new.load_state_dict(adapt(tmp_path, given, background="first").state, strict=True)
    assert_kept(logits(old, "ssd"), logits(new, "ssd"), background=True)
    assert heads.background_of(given, {"mmdet_version": "1.2.0"}) == "first"
    assert heads.background_of(given, {"mmdet_version": "2.8.0"}) == "last"


@pytest.mark.slow
def test_dino_is_refused_naming_its_class_branches(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError,
        match=r"old\.pth: belongs to no head that is known here.*: bbox_head\.cls_branches\.0",
    ):
        adapt(tmp_path, build("dino/dino-4scale_r50_8xb2-12e_coco.py", 80).state_dict())
