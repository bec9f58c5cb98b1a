"""Rules for transforms that move pixels: what each was before 2.0, in the terms of today.

The comments give the older version's behaviour that the rule keeps.
"""

import math
from collections.abc import Callable

from coco_recipe_albumentations.migration.draft import Draft, pair
from coco_recipe_albumentations.pipeline.forms import CLASS

_SKIMAGE_MODES = {
    "constant": 0,
    "edge": 1,
    "symmetric": 2,
    "wrap": 3,
    "reflect": 4,
}  # -> cv2.BORDER_*


_SKIMAGE_ORDERS = {0: 0, 1: 1, 3: 2}  # order of a spline -> cv2.INTER_*


def shift_scale_rotate(draft: Draft, current: bool) -> None:
    """Turn ShiftScaleRotate into Affine, whose scale is a factor, 1 where nothing changes."""
    given, shift = draft.arguments, draft.arguments.pop("shift_limit", [-0.0625, 0.0625])
    x, y = (given.pop(f"shift_limit_{axis}", None) for axis in "xy")
    draft.name = "Affine"
    given["translate_percent"] = {
        "x": pair(shift if x is None else x),
        "y": pair(shift if y is None else y),
    }
    draft.changes.append(
        f"{'shift_limit' if x is y is None else 'shift_limit_x, shift_limit_y'} -> "
        f"translate_percent: {given['translate_percent']}"
    )
    given.setdefault("scale_limit", [-0.1, 0.1])
    draft.turn(
        "scale_limit", "scale", pair(given["scale_limit"], around=1.0), ", the same as factors"
    )
    given.setdefault("rotate_limit", [-45, 45])
    draft.turn("rotate_limit", "rotate", pair(given["rotate_limit"]))
    if current:  # 2.x scales width and height apart, and says nothing of it
        draft.changes.append("keep_ratio stays false, as in 2.x: width and height are scaled apart")
    else:
        draft.put("keep_ratio", True, "for both sides were scaled alike")


def flip(draft: Draft, current: bool) -> None:
    """It chose evenly between the three flips."""
    across, down = ({CLASS: name, "p": 1} for name in ("HorizontalFlip", "VerticalFlip"))
    both = {CLASS: "Sequential", "p": 1, "transforms": [dict(across), dict(down)]}
    draft.name = "OneOf"
    draft.lost += [f"{name} has no equal" for name in draft.arguments if name != "p"]
    draft.row = {CLASS: "OneOf", "p": draft.arguments["p"], "transforms": [across, down, both]}
    draft.changes.append("across, down or both, each as likely")


def elastic(draft: Draft, current: bool) -> None:
    """The noise was even from -1 to 1 before it was blurred.

    2.0.8 divides normal noise by its maximum.

    1.4.21 drew 2 n - 1 with n normal, later versions n, not divided: deviations of 2 and 1 in place
    of 1/sqrt(3). From 1.4.17 on ``approximate`` did the opposite of what it said.
    """
    given = draft.arguments
    if given.get("alpha_affine"):
        draft.lose("alpha_affine", "px has no equal: an Affine before it comes near")
    elif "alpha_affine" in given:
        draft.drop("alpha_affine", "0")
    if current:
        return
    if draft.version >= (1, 4, 17):
        draft.put(
            "approximate", not given.get("approximate", False), "which it did in spite of its name"
        )
    if draft.version >= (1, 4, 21) and given.get("noise_distribution") != "uniform":
        alpha, wide = given.get("alpha", 1), math.sqrt(12 if draft.version < (1, 4, 22) else 3)
        draft.put("alpha", round(alpha * wide, 3), f"for its noise was {wide:.2f} times as wide")
        if draft.version < (1, 4, 22):
            draft.lost.append(
                f"it moved the whole picture by about {alpha} px too, to the right and down"
            )
    if given.get("noise_distribution") != "uniform":
        draft.put(
            "noise_distribution",
            "uniform",
            "as it was: what 2.0.8 draws moves pixels 2.5 times less",
        )


def perspective(draft: Draft, current: bool) -> None:
    """Since 1.4.19 the cut-out is enlarged twice, so that pixels move 1.5 to 1.8 times as far.

    IAAPerspective read one number as a range from it to 1.
    """
    if draft.name == "IAAPerspective":
        draft.name = "Perspective"
        scale = draft.arguments.get("scale")
        if isinstance(scale, (int, float)):
            draft.turn("scale", "scale", sorted([scale, 1]), ", which one number meant, by a fault")
        if max(draft.arguments.get("scale", [0])) > 0.3:
            draft.lost.append(
                "scale above 0.3 tore the picture apart; 2.0.8 moves pixels 0.4 times as far"
            )
    _skimage(draft)
    if (
        draft.version < (1, 4, 19)
        and draft.arguments.get("keep_size", True)
        and not draft.arguments.get("fit_output")
    ):
        scale = draft.arguments.setdefault("scale", [0.05, 0.1])
        low, high = (0, scale) if isinstance(scale, (int, float)) else scale
        draft.turn(
            "scale",
            "scale",
            [round(low * 0.6, 6), round(high * 0.6, 6)],
            ", 0.6 times: 2.0.8 enlarges what it cuts out twice",
        )


def optical(draft: Draft, current: bool) -> None:
    """Drop shift_limit, as the lens's centre no longer moves from the picture's."""
    if "shift_limit" in draft.arguments:
        if any(pair(draft.arguments["shift_limit"])):
            draft.lose("shift_limit", "has no equal: the lens stays in the centre")
        else:
            draft.drop("shift_limit", "0")


def affine(draft: Draft, current: bool) -> None:
    """Without any motion given it drew one of its own choice; now it does nothing.

    IAAAffine made a range of one number: from -x to x for angles, from 1 or 0 to x otherwise.
    """
    given = draft.arguments
    if draft.name == "IAAAffine":
        draft.name = "Affine"
        for name, other in (
            ("scale", 1),
            ("translate_percent", 0),
            ("translate_px", 0),
            ("rotate", None),
            ("shear", None),
        ):
            value = given.get(name)
            if isinstance(value, (int, float)):
                span = sorted([-value, value]) if other is None else sorted([other, value])
                draft.turn(name, name, span, ", which one number meant")
        if isinstance(given.get("scale"), list):
            draft.put("keep_ratio", True, "for both sides were scaled alike")
    elif all(
        given.get(name) is None
        for name in ("scale", "translate_percent", "translate_px", "rotate", "shear")
    ):
        for name, value in (("scale", [0.9, 1.1]), ("rotate", [-15, 15])):
            draft.put(name, value, "which it drew when nothing was given")
        for name, limit in (("translate_percent", 0.1), ("shear", 10)):
            draft.put(
                name,
                {side: [-limit, limit] for side in "xy"},
                "which it drew when nothing was given",
            )
    _skimage(draft)


def _skimage(draft: Draft) -> None:
    """Turn words and orders of scikit-image into OpenCV's numbers."""
    for name in ("mode", "pad_mode"):
        mode = draft.arguments.get(name)
        if mode in _SKIMAGE_MODES:
            draft.turn(name, "border_mode", _SKIMAGE_MODES[mode])
    if "order" in draft.arguments:
        if draft.arguments["order"] in _SKIMAGE_ORDERS:
            draft.turn("order", "interpolation", _SKIMAGE_ORDERS[draft.arguments["order"]])
        else:
            draft.lose("order", "has no equal")
    if "keypoints_threshold" in draft.arguments:
        draft.drop("keypoints_threshold", "keypoints are found in another way")


def imgaug(name: str, *ranges: str) -> Callable[[Draft, bool], None]:
    """Give a transform its name of today; one number x for one of its ranges meant 0 to x."""

    def rule(draft: Draft, current: bool) -> None:
        draft.name = name
        for one in ranges:
            value = draft.arguments.get(one)
            if isinstance(value, (int, float)):
                draft.turn(one, one, sorted([0, value]), ", which one number meant")
        _skimage(draft)

    return rule


def crop_and_pad(draft: Draft, current: bool) -> None:
    """IAACropAndPad without a number did nothing; 2.0.8 refuses that."""
    given = draft.arguments
    if draft.name == "IAACropAndPad" and given.get("px") is given.get("percent") is None:
        draft.row = {CLASS: "NoOp", "p": given["p"]}
        draft.changes.append("NoOp, for without px and percent it did nothing")
        return
    draft.name = "CropAndPad"
    _skimage(draft)
