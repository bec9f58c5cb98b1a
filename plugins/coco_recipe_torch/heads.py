"""Class heads of detectors: tensors with rows for classes, and the keys of mmdet 1.x."""

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from coco_recipe_torch.class_rows import Layout

if TYPE_CHECKING:
    from torch import Tensor

_OF_ANCHORS = ("anchors", "sigmoid")  # kinds with rows for each anchor
_ROI = r"(roi_head\.)?{}_head(\.\d+)?\."
_HEADS = (
    # rows are (classes and a background), once, or for each anchor of a level (SSD)
    ("softmax", 1, re.compile(_ROI.format("bbox") + r"fc_cls\.(weight|bias)")),
    (
        "softmax of anchors",
        1,
        re.compile(r"bbox_head\.cls_convs\.\d+(\.\d+)?\.(weight|bias)"),
    ),
    # rows are classes, with a background in mmdet 1.x only; or there is one for all
    ("boxes", 4, re.compile(_ROI.format("bbox") + r"fc_reg\.(weight|bias)")),
    ("masks", 1, re.compile(_ROI.format("mask") + r"conv_logits\.(weight|bias)")),
    # rows are classes for each anchor
    (
        "sigmoid",
        1,
        re.compile(
            r"bbox_head\.((retina|conv|atss|gfl)_cls|multi_level_conv_cls\.\d+)\.(weight|bias)"
        ),
    ),
)
_NO_CLASSES = re.compile(
    r"(backbone|neck|rpn_head|data_preprocessor)\..*"
    rf"|{_ROI.format('(bbox|mask)')}"
    r"(shared_fcs|shared_convs|cls_fcs|cls_convs|reg_fcs|reg_convs|convs)\.\d+\."
    r"((conv|gn|bn|ln)\.)?(weight|bias|running_mean|running_var|num_batches_tracked)"
    rf"|{_ROI.format('mask')}upsample\.(weight|bias)"
    r"|bbox_head\.(multi_level_)?(cls|reg)_convs\.\d+(\.\d+)?"
    r"\.(conv|gn|bn|depthwise_conv|pointwise_conv)\..*"
    r"|bbox_head\.reg_convs\.\d+\.\d+\.(weight|bias)"
    r"|bbox_head\.(retina|conv|atss|gfl)_(reg|centerness)\..*|bbox_head\.(scales|integral)\..*"
    r"|bbox_head\.multi_level_conv_(reg|obj)\.\d+\..*"
)
_OLD_ROI = re.compile(
    r"(bbox|mask)_head(\.\d+)?\.(fc_cls|fc_reg|shared_fcs|conv_logits|convs|upsample)\b.*"
)
_OLD_SSD = re.compile(r"bbox_head\.(cls|reg)_convs\.(\d+)\.(weight|bias)")
_OLD_EXTRA = re.compile(r"backbone\.extra\.(\d+)\.(weight|bias)")


class UnknownHeadError(ValueError):
    """A tensor is of no head that is known by its name."""


def layouts(
    state: Mapping[str, "Tensor"], classes: int, background: str, *, stays: bool = False
) -> dict[str, tuple[Layout, ...]]:
    """Return how the rows of each class head's tensors lie.

    Args:
        state: tensors by key, of mmdet 1.x or of 2.x and 3.x.
        classes: number of classes, background not counted.
        background: "first", "last" or "none": where the background's row is in softmax heads.
        stays: a background that comes first stays there, in every head that has one, as mmdet 1.x
            wants it; else it goes last, or out where 3.x has none.

    Raises:
        UnknownHeadError: a key isn't known.
        ValueError: the rows don't fit the number of classes; or there is no class head.
    """
    found: dict[str, tuple[Layout, ...]] = {}
    unknown, unfit = [], []
    retina = any(key.startswith("bbox_head.retina_cls.") for key in state)
    for key, tensor in state.items():
        kind, width = _kind(key)
        rows = int(tensor.shape[0]) if tensor.ndim else 0
        if not kind or (retina and _OLD_SSD.fullmatch(key)):
            if not has_no_classes(key):
                unknown.append(f"{key} {tuple(tensor.shape)}")
        elif not _is_for_all(key, kind, rows, width, classes):
            layout = _layout(kind, width, rows, classes, background, stays=stays)
            if layout is None or not _fits_boxes(key, kind, layout, state):
                unfit.append(f"{key} has {rows} rows")
            else:
                found[key] = (layout,)
    if unknown:
        unknown.sort(key=lambda key: not re.search("cls|class|label", key))
        more = f" (and {len(unknown) - 5} more)" if len(unknown) > 5 else ""
        raise UnknownHeadError(
            "belongs to no head that is known here, and may have rows for classes: "
            f"{', '.join(unknown[:5])}{more}"
        )
    if unfit:
        rest = "no background" if background == "none" else f"a background that comes {background}"
        raise ValueError(
            f"doesn't fit {classes} classes and {rest}: {', '.join(unfit[:5])}; from_classes and "
            "background say what the rows are"
        )
    if not found:
        raise ValueError("has no class head")
    return found


def has_no_classes(key: str) -> bool:
    """Return whether a key is of a part that is known to have no rows for classes."""
    return bool(_NO_CLASSES.fullmatch(key))


def _kind(key: str) -> tuple[str, int]:
    """Return the kind of a class head's tensor, and its rows a class; ("", 0) for others."""
    return next(
        ((kind, width) for kind, width, pattern in _HEADS if pattern.fullmatch(key)), ("", 0)
    )


def _is_for_all(key: str, kind: str, rows: int, width: int, classes: int) -> bool:
    """Return whether a head has one box or mask for all classes.

    With one class, only the stages of a cascade show it.
    """
    return (
        kind in ("boxes", "masks")
        and rows == width
        and (classes > 1 or bool(re.search(r"_head\.\d", key)))
    )


def _layout(
    kind: str, width: int, rows: int, classes: int, background: str, *, stays: bool
) -> Layout | None:
    softmax = kind.startswith("softmax")
    extra = (softmax and background != "none") or (
        kind in ("boxes", "masks") and background == "first" and rows == (classes + 1) * width
    )
    each = (classes + extra) * width
    anchors = rows // each
    if anchors * each != rows or not anchors or (anchors > 1 and not kind.endswith(_OF_ANCHORS)):
        return None
    first = extra and background == "first"
    kept = tuple(range(width)) if extra and (softmax or stays) else ()
    return Layout(
        groups=anchors,
        before=width if first else 0,
        width=width,
        after=width if extra and not first else 0,
        kept_before=kept if first and stays else (),
        kept_after=() if first and stays else kept,
    )


def _fits_boxes(key: str, kind: str, layout: Layout, state: Mapping[str, "Tensor"]) -> bool:
    """Return whether a head has as many anchors as the one beside it, which gives their boxes.

    That one has 4 rows for each anchor; GFL's has a distribution for each side.
    """
    boxes = state.get(re.sub(r"(_|\.)cls(_|\.)", r"\1reg\2", key))
    if not kind.endswith(_OF_ANCHORS) or boxes is None or not boxes.ndim:
        return True
    rows = int(boxes.shape[0])
    if ".gfl_" in key:
        return rows % (4 * layout.groups) == 0 and layout.groups < rows // 4
    return rows == 4 * layout.groups


def is_1x(keys: Iterable[str]) -> bool:
    """Return whether the keys are those of mmdet 1.x.

    There, RoI heads stand at the top, beside the RPN's, or SSD's are bare.
    """
    names = set(keys)
    roi = any(_OLD_ROI.fullmatch(key) for key in names) and any(
        key.startswith("rpn_head.") for key in names
    )
    return roi or _is_old_ssd(names)


def background_of(keys: Iterable[str], meta: Mapping[str, Any]) -> str:
    """Tell where the background's row is: first in mmdet 1.x, last since.

    Raises:
        ValueError: it can't be told: SSD has these keys in 1.x and in early 2.x, and the file
            doesn't say its version.
    """
    names = set(keys)
    version = str(meta.get("mmdet_version", ""))
    if _is_old_ssd(names):
        if not version[:1].isdigit():
            raise ValueError(
                "is an SSD of mmdet 1.x or of an early 2.x, and doesn't say of which; set "
                "background: first (1.x) or last (2.x)"
            )
        return "first" if version[0] in "01" else "last"
    return "first" if is_1x(names) else "last"


def renamed_1x(key: str, *, ssd: bool) -> str:
    """Return the key of mmdet 3.x for one of 1.x; ``ssd`` if the checkpoint is an SSD of that time.

    Source:
        mmdetection, tools/model_converters/upgrade_model_version.py and upgrade_ssd_version.py.
    """
    if ssd:
        if found := _OLD_EXTRA.fullmatch(key):
            layer = int(found[1])
            return f"neck.extra_layers.{layer // 2}.{layer % 2}.conv.{found[2]}"
        if found := _OLD_SSD.fullmatch(key):
            return f"bbox_head.{found[1]}_convs.{found[2]}.0.{found[3]}"
        return "neck.l2_norm.weight" if key.endswith("l2_norm.weight") else key
    return f"roi_head.{key}" if re.match(r"(bbox|mask)_head\.", key) else key


def _is_old_ssd(names: set[str]) -> bool:
    return any(_OLD_SSD.fullmatch(key) for key in names) and not any(
        key.startswith("bbox_head.retina_cls.") for key in names
    )
