"""Small detectors of mmdet's configs, and the step adapt_head run on their weights."""

import importlib.util
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip(
    "torch", reason="the training stack is not installed: make test does it"
)
if importlib.util.find_spec("mmdet") is None:
    pytest.skip("the training stack is not installed: make test does it", allow_module_level=True)

from coco_recipe_mmdet import adapt_head  # noqa: E402
from coco_recipe_torch import checkpoints  # noqa: E402
from coco_recipe_torch.coco_names import COCO_NAMES  # noqa: E402

from coco_recipe import Category, Checkpoint, Dataset  # noqa: E402
from coco_recipe.language.schema_check import with_defaults  # noqa: E402
from coco_recipe.running.context import Context  # noqa: E402

NEW = ("cat", "zzz", "person", "dog")
KEPT = {0: 15, 2: 0, 3: 16}  # row in the new head: row in COCO's
CONFIGS = {
    "retinanet": "retinanet/retinanet_r18_fpn_1x_coco.py",
    "cascade": "cascade_rcnn/cascade-rcnn_r50_fpn_1x_coco.py",
    "mask": "mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py",
    "ssdlite": "ssd/ssdlite_mobilenetv2-scratch_8xb24-600e_coco.py",
    "ssd": "ssd/ssd300_coco.py",
}
HAS_BACKGROUND = ("cascade", "mask", "ssdlite", "ssd")


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


@cache
def model_of(name: str, classes: int) -> Any:
    """Build a model once; tests load all its weights before they use it."""
    return build(CONFIGS[name], classes).double()


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
    """Return a model's raw answers to one picture, by head: (rows of classes, cells or boxes), and
    its masks'.
    """
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
