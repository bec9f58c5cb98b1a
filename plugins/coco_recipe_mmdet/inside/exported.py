"""A detector as a module from pixels to boxes, which ONNX and TorchScript can carry."""

import copy
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

if TYPE_CHECKING:
    from torch import Tensor

OUTPUTS = ("boxes", "scores", "labels")
MOST_BOXES = 1000  # of a level of features, where the config names no number


class Exported(nn.Module):  # type: ignore[misc]
    """Gives boxes, scores and labels before equal boxes are joined.

    Attributes:
        iou: the threshold of the suppression that is left to do; None where there is none.
    """

    def __init__(self, model: nn.Module, height: int, width: int, *, rgb: bool) -> None:
        """Take the model.

        Args:
            model: a detector, ready to be asked.
            height: of the pictures, in px.
            width: of the pictures, in px.
            rgb: whether the model's channels are red, green, blue; else blue, green, red.

        Raises:
            ValueError: its family can't be written so; says why.
        """
        super().__init__()
        self.model = model
        self.head = head_of(model)
        size = (height, width)
        self.meta = {
            **dict.fromkeys(("img_shape", "ori_shape", "pad_shape", "batch_input_shape"), size),
            "scale_factor": (1.0, 1.0),
        }
        known = model.data_preprocessor
        normal = getattr(known, "_enable_normalize", False)
        mean = known.mean if normal else torch.zeros(3)
        std = known.std if normal else torch.ones(3)
        self.register_buffer("mean", mean.reshape(1, 3, 1, 1).clone())
        self.register_buffer("std", std.reshape(1, 3, 1, 1).clone())
        self.swaps = not rgb
        self.iou = _iou(self.head)

    def forward(self, picture: "Tensor") -> "tuple[Tensor, Tensor, Tensor]":
        """Return boxes (N, 4), scores (N,) and labels (N,).

        Args:
            picture: (1, 3, height, width), RGB, from 0 to 255.
        """
        pixels = picture.flip(1) if self.swaps else picture
        features = self.model.extract_feat((pixels - self.mean) / self.std)
        found = self._queried(features) if has_queries(self.model) else self._dense(features)
        return found.bboxes, found.scores, found.labels

    def _queried(self, features: "tuple[Tensor, ...]") -> Any:
        from mmdet.structures import DetDataSample

        samples = [DetDataSample(metainfo=dict(self.meta))]
        asked = self.model.forward_transformer(features, samples)
        return self.head.predict(**asked, rescale=False, batch_data_samples=samples)[0]

    def _dense(self, features: "tuple[Tensor, ...]") -> Any:
        config = copy.deepcopy(self.head.test_cfg)
        config["score_thr"] = -1.0  # all boxes stay, so that their number is always the same
        if config.get("nms_pre", 0) <= 0:
            config["nms_pre"] = MOST_BOXES
        answers = self.head(features)
        given = {"batch_img_metas": [self.meta], "cfg": config, "rescale": False, "with_nms": False}
        return self.head.predict_by_feat(*answers, **given)[0]


def has_queries(model: nn.Module) -> bool:
    """Say whether a detector asks for boxes by queries, as DETR does, and suppresses none."""
    return hasattr(model, "forward_transformer")


def head_of(model: nn.Module) -> Any:
    """Return a detector's head, which says what there is on a picture.

    Raises:
        ValueError: its family can't be written as a file; says why.
    """
    name = type(model).__name__
    if getattr(model, "roi_head", None) is not None:
        raise ValueError(
            f"{name} can't be exported: it picks regions by mmcv's non-maximum suppression in the "
            "midst of its work, which neither ONNX nor TorchScript can carry; detectors with one "
            "stage, and those with queries, can"
        )
    head = getattr(model, "bbox_head", None)
    if head is None or hasattr(model, "language_model"):
        raise ValueError(f"{name} can't be exported: it has no head of boxes that stands alone")
    if getattr(model, "mask_head", None) is not None or hasattr(head, "mask_head"):
        raise ValueError(f"{name} can't be exported: masks are made after the suppression of boxes")
    return head


def _iou(head: Any) -> float | None:
    nms = (getattr(head, "test_cfg", None) or {}).get("nms") or {}
    return nms.get("iou_threshold")
