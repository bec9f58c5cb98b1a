"""Heads are known by their keys, and what isn't known is refused by name."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from coco_recipe_mmdet import adapt_head
from coco_recipe_torch import checkpoints, heads
from coco_recipe_torch.coco_names import COCO_NAMES

from coco_recipe import Category, Checkpoint, Dataset
from coco_recipe.language.schema_check import with_defaults
from coco_recipe.running.execute import Context

NEW = ("cat", "zzz", "person", "dog")


KEPT = {0: 15, 2: 0, 3: 16}  # row in the new head: row in COCO's


CONFIGS = {
    "retinanet": "retinanet/retinanet_r18_fpn_1x_coco.py",
    "cascade": "cascade_rcnn/cascade-rcnn_r50_fpn_1x_coco.py",
    "mask": "mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py",
    "ssdlite": "ssd/ssdlite_mobilenetv2-scratch_8xb24-600e_coco.py",
    "ssd": "ssd/ssd300_coco.py",
}


@dataclass(frozen=True)
class Adapted:
    """A step's checkpoint, its table and its state dict."""

    checkpoint: Checkpoint
    table: Mapping[str, Any]
    state: Mapping[str, Any]


def build(config: str, classes: int) -> Any:
    """Build a model of the package's configs with random weights, in float64."""
    import mmdet
    from mmdet.registry import MODELS
    from mmengine.config import Config
    from mmengine.registry import init_default_scope

    init_default_scope("mmdet")
    model = Config.fromfile(Path(mmdet.__file__).parent / ".mim/configs" / config).model
    _set(model, classes)
    torch.manual_seed(0)
    built = MODELS.build(model).eval()
    for name, weight in built.named_parameters():
        if (
            "l2_norm" in name or "level_embed" in name
        ):  # without init_cfg mmdet leaves what was in memory there
            torch.nn.init.constant_(weight, 20)
    return built


def _set(node: Any, classes: int) -> None:
    for key, value in list(node.items()) if isinstance(node, dict) else enumerate(node):
        if key == "num_classes":
            node[key] = classes
        elif key == "init_cfg":
            node[key] = None
        elif isinstance(value, dict | list):
            _set(value, classes)


@pytest.fixture(scope="session")
def models() -> Callable[[str, int], Any]:
    """Return a function that builds each model once; tests load all its weights before they use it."""
    built: dict[tuple[str, int], Any] = {}

    def get(name: str, classes: int) -> Any:
        if (name, classes) not in built:
            built[name, classes] = build(CONFIGS[name], classes).double()
        return built[name, classes]

    return get


def weights(model: Any) -> dict[str, Any]:
    """Return a model's state dict in float32, which loses nothing: its weights were drawn so."""
    return {
        key: tensor.float() if tensor.is_floating_point() else tensor
        for key, tensor in model.state_dict().items()
    }


def dataset(names: Sequence[str] = NEW) -> Dataset:
    return Dataset((), (), tuple(Category(id=n, name=name) for n, name in enumerate(names, 1)))


def adapt(
    folder: Path,
    state: Mapping[str, Any],
    *,
    names: Sequence[str] = NEW,
    classes: Sequence[str] = COCO_NAMES,
    seed: int = 3,
    **given: Any,
) -> Adapted:
    """Write a checkpoint, and run the step on it."""
    folder.mkdir(exist_ok=True)
    checkpoints.write(folder / "old.pth", state, classes)
    parameters = dict.fromkeys(adapt_head.PARAMS["properties"]) | with_defaults(
        adapt_head.PARAMS, given
    )
    made = adapt_head.STEP.run(
        Context("adapt", seed, folder),
        checkpoint=Checkpoint(folder / "old.pth"),
        dataset=dataset(names),
        **parameters,
    )["checkpoint"]
    return Adapted(
        made, json.loads((folder / "head.json").read_text()), checkpoints.read(made.path).state
    )


def logits(model: Any, name: str) -> list[Any]:
    """Return a model's raw answers to one picture, by head: (rows of classes, cells or boxes), and its masks'."""
    side = 320 if name == "ssd" else 96
    picture = torch.rand(
        1, 3, side, side, generator=torch.Generator().manual_seed(1), dtype=torch.float64
    )
    with torch.no_grad():
        features = model.extract_feat(picture)
        if name not in ("cascade", "mask"):
            levels = model.bbox_head(features)[0]
            classes = model.bbox_head.cls_out_channels
            return [
                level.reshape(-1, classes, level.shape[-2] * level.shape[-1]).transpose(0, 1)
                for level in levels
            ]
        boxes = torch.tensor([[0.0, 0, 0, 60, 60], [0, 10, 20, 90, 70]], dtype=torch.float64)
        stages = range(3) if name == "cascade" else [None]
        answers = [
            part for stage in stages for part in _box_head(model.roi_head, features, boxes, stage)
        ]
        if name == "mask":
            regions = model.roi_head.mask_roi_extractor(features[:4], boxes)
            answers.append(model.roi_head.mask_head(regions).transpose(0, 1))
        return answers


def _box_head(roi_head: Any, features: Any, boxes: Any, stage: int | None) -> list[Any]:
    extractor, head = (
        part if stage is None else part[stage]
        for part in (roi_head.bbox_roi_extractor, roi_head.bbox_head)
    )
    scores, deltas = head(extractor(features[:4], boxes))
    deltas = deltas.reshape(len(boxes), -1, 4).transpose(0, 1)
    return [scores.T, deltas]


def assert_kept(old: Sequence[Any], new: Sequence[Any], *, background: bool) -> None:
    """Hold the answers for the kept classes, and the background, against each other in float32."""
    assert len(old) == len(new) > 0
    for before, after in zip(old, new, strict=True):
        if len(before) == len(after) == 1:  # one box for all classes
            rows = {0: 0}
        else:
            assert (len(before), len(after)) in ((80, 4), (81, 5))
            rows = KEPT | ({4: 80} if len(before) == 81 else {})
        for here, there in rows.items():
            assert (after[here].float() - before[there].float()).abs().max() == 0
        assert before.float().std() > 0
    assert any(len(before) == 81 for before in old) is background


def small(classes: int = 80) -> dict[str, Any]:
    """Return a box head whose row of class n is n, of the background -1."""
    rows = torch.cat([torch.arange(float(classes)), torch.tensor([-1.0])])
    return {
        "backbone.conv1.weight": torch.ones(8, 3, 7, 7),
        "roi_head.bbox_head.fc_cls.weight": rows[:, None].repeat(1, 6),
        "roi_head.bbox_head.fc_cls.bias": rows,
        "roi_head.bbox_head.fc_reg.weight": rows[:-1].repeat_interleave(4)[:, None],
        "roi_head.bbox_head.fc_reg.bias": rows[:-1].repeat_interleave(4),
    }


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
            r"doesn't fit 80 classes and no background: roi_head\.bbox_head\.fc_cls\.weight has 81 rows",
        ),
        (
            {"bbox_head.cls_branches.0.weight": torch.ones(80, 256)},
            {},
            r"belongs to no head that is known here, .*: bbox_head\.cls_branches\.0\.weight \(80, 256\)",
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
    """Return SSD300's state dict as mmdet 1.x had it: one layer a level, extra layers in the backbone, background first."""
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


def test_an_ssd_of_mmdet_1_is_renamed_once_its_version_is_known(
    models: Callable[[str, int], Any], tmp_path: Path
) -> None:
    old, new = models("ssd", 80), models("ssd", 4)
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


def test_dino_is_refused_naming_its_class_branches(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError,
        match=r"old\.pth: belongs to no head that is known here.*: bbox_head\.cls_branches\.0",
    ):
        adapt(tmp_path, build("dino/dino-4scale_r50_8xb2-12e_coco.py", 80).state_dict())
