"""Class heads of detectors: which tensors have rows for classes, and how the rows lie."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

_SOFTMAX = re.compile(r"(roi_head\.)?bbox_head(\.\d+)?\.fc_cls\.(weight|bias)")
_BOXES = re.compile(r"(roi_head\.)?bbox_head(\.\d+)?\.fc_reg\.(weight|bias)")
_MASKS = re.compile(r"(roi_head\.)?mask_head(\.\d+)?\.conv_logits\.(weight|bias)")
_SIGMOID = re.compile(r"bbox_head\.(retina|conv|atss|gfl|fovea|rtm)_cls\.(weight|bias)")
_MULTI_LEVEL = re.compile(r"bbox_head\.cls_convs\.\d+\.\d+\.(weight|bias)")
_NO_CLASSES = re.compile(
    r"(backbone|neck|rpn_head|data_preprocessor)\..*"
    r"|(roi_head\.)?(bbox|mask)_head(\.\d+)?\.(shared_fcs|shared_convs|cls_fcs|reg_fcs|convs|upsample|reg_convs)\..*"
    r"|bbox_head\.cls_convs\.\d+(\.\d+)?\.(conv|gn|bn)\..*"
    r"|bbox_head\.(retina|conv|atss|gfl|rtm)_(reg|centerness)\..*|bbox_head\.(scales|integral)\..*"
    r"|bbox_head\.l2_norm\..*|(roi_head\.)?.*_roi_extractor\..*")


@dataclass(frozen=True, slots=True)
class Layout:
    """How the rows of a tensor lie: ``anchors`` x (classes and maybe a background) x ``width``.

    Attributes:
        anchors: repetitions of the class axis.
        width: rows for each class: 4 for boxes, else 1.
        has_background: one more class, the background.
        keeps_background: it has a row in mmdet 3.x too, the last; boxes and masks have one only in mmdet 1.x.
    """

    anchors: int
    width: int
    has_background: bool
    keeps_background: bool


def layout(key: str, tensor: "torch.Tensor", classes: int) -> Layout | None:
    """Tell how a tensor's rows belong to classes; None where they don't.

    Args:
        key: its name in the state dict, of mmdet 1.x or of 2.x and 3.x.
        tensor: rows first.
        classes: number of classes, background not counted.

    Raises:
        ValueError: the key isn't known, or its rows don't fit the number of classes; names it.
    """
    rows = tensor.shape[0] if tensor.ndim else 0
    if _SOFTMAX.fullmatch(key):
        return _fitting(key, rows, classes, width=1, background=True)
    if boxes := _BOXES.fullmatch(key):
        if rows == 4 and (classes > 1 or boxes[2]):  # one box for all classes, as a cascade's stages have it
            return None
        return _fitting(key, rows, classes, width=4, background=rows == 4 * (classes + 1), keeps=False)
    if _MASKS.fullmatch(key):
        if rows == 1 and classes > 1:  # one mask for all classes
            return None
        return _fitting(key, rows, classes, width=1, background=rows == classes + 1, keeps=False)
    if _SIGMOID.fullmatch(key):
        return _fitting(key, rows, classes, width=1, background=False, anchors=True)
    if _MULTI_LEVEL.fullmatch(key):
        return _fitting(key, rows, classes, width=1, background=True, anchors=True)
    if _NO_CLASSES.fullmatch(key):
        return None
    raise ValueError(f"{key} {tuple(tensor.shape)}: is of no head that is known here, and may have rows for classes")


def _fitting(key: str, rows: int, classes: int, *, width: int, background: bool, anchors: bool = False,
             keeps: bool = True) -> Layout:
    each = (classes + background) * width
    if rows != each and not (anchors and rows % each == 0):
        raise ValueError(f"{key}: has {rows} rows, which {classes} classes{' and a background' * background} don't give")
    return Layout(rows // each, width, background, background and keeps)


def is_1x(keys: "set[str] | list[str]") -> bool:
    """Tell whether the keys are those of mmdet 1.x, where RoI heads stand at the top and the background is first."""
    return any(re.fullmatch(r"bbox_head(\.\d+)?\.fc_cls\.weight", key) for key in keys)


def renamed_1x(key: str) -> str:
    """Return the key of mmdet 3.x for one of 1.x."""
    return f"roi_head.{key}" if re.match(r"(bbox|mask)_head\.", key) else key
