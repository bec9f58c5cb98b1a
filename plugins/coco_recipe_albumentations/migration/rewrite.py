"""Rules for single transforms of Albumentations before 2.0: what each was, in the terms of today.

The comments give the older version's behaviour that the rule keeps.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from coco_recipe_albumentations.pipeline.forms import CLASS
from coco_recipe_albumentations.pipeline.history import RANGES, UNKNOWN, Version

_SKIMAGE_MODES = {
    "constant": 0,
    "edge": 1,
    "symmetric": 2,
    "wrap": 3,
    "reflect": 4,
}  # -> cv2.BORDER_*
_FAULTY_GAMMA: Version = (1, 4, 4)  # before, one number was a range from its negative
_FILLED_FIRST = ("Rotate", "SafeRotate", "ShiftScaleRotate", "PadIfNeeded", "Affine", "CropAndPad")
_SKIMAGE_ORDERS = {0: 0, 1: 1, 3: 2}  # order of a spline -> cv2.INTER_*


@dataclass(slots=True)
class Draft:
    """A transform while it is rewritten.

    Attributes:
        name: as it is called now.
        arguments: as they are now.
        changes: what is written in another way.
        lost: what has no equal.
        row: its final form, where a rule makes it whole.
        version: of the library that wrote it.
        first: as it was called in the file.
    """

    name: str
    arguments: dict[str, Any]
    changes: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    row: dict[str, Any] | None = None
    version: Version = UNKNOWN
    first: str = ""

    def __post_init__(self) -> None:
        """Remember the name."""
        self.first = self.name

    def rename(self, old: str, new: str) -> None:
        """Give an argument its new name; one that has the new name already wins."""
        value = self.arguments.pop(old)
        if new not in self.arguments:
            self.arguments[new] = value
            self.changes.append(f"{old} -> {new}")

    def put(self, name: str, value: Any, why: str) -> None:
        """Write an argument that wasn't there, or not with this value."""
        self.arguments[name] = value
        self.changes.append(f"{name}: {value}, {why}")

    def drop(self, name: str, why: str) -> None:
        """Remove an argument that changes nothing."""
        del self.arguments[name]
        self.changes.append(f"{name} removed ({why})")

    def turn(self, old: str, new: str, value: Any, note: str = "") -> None:
        """Replace an argument by one with another value."""
        del self.arguments[old]
        self.arguments[new] = value
        self.changes.append(f"{old} -> {new}: {value}{note}")

    def lose(self, name: str, why: str) -> None:
        """Remove an argument that has no equal, and say so."""
        self.lost.append(f"{name}: {self.arguments.pop(name)} {why}")

    def join(self, new: str, low: str, high: str, low_default: Any, high_default: Any) -> None:
        """Make one range of two bounds; a bound without a default takes the value of the other."""
        top = self.arguments.pop(high, high_default)
        bottom = self.arguments.pop(low, low_default)
        if bottom is None or bottom is ...:
            bottom = top
        if top is None or top is ...:
            if bottom is not None and bottom is not ...:
                self.lost.append(
                    f"{low}: {bottom} stands without {high}, and there is only {new} now"
                )
            return
        if isinstance(bottom, float) != isinstance(top, float) and new.startswith("hole"):
            self.lost.append(f"{low}: {bottom}, {high}: {top} mix pixels and shares of the image")
            return
        self.arguments[new] = [bottom, top]
        self.changes.append(f"{low}, {high} -> {new}: {[bottom, top]}")


def _pair(value: Any, *, around: float = 0.0) -> list[float]:
    """Return a range: one number x means -x to x, both moved by ``around``."""
    low, high = (-value, value) if isinstance(value, (int, float)) else value
    return [round(low + around, 9), round(high + around, 9)] if around else [low, high]


def first_channel(draft: Draft) -> None:
    """Before 1.4.12, one number for the border filled the first channel with it, the others with 0."""
    fill = draft.arguments.get("fill")
    if (
        draft.first in _FILLED_FIRST
        and draft.version < (1, 4, 12)
        and fill
        and isinstance(fill, (int, float))
    ):
        draft.put("fill", [fill, 0, 0], "for one number filled the first channel only")


def _shift_scale_rotate(draft: Draft, current: bool) -> None:
    given, shift = draft.arguments, draft.arguments.pop("shift_limit", [-0.0625, 0.0625])
    x, y = (given.pop(f"shift_limit_{axis}", None) for axis in "xy")
    draft.name = "Affine"
    given["translate_percent"] = {
        "x": _pair(shift if x is None else x),
        "y": _pair(shift if y is None else y),
    }
    draft.changes.append(
        f"{'shift_limit' if x is y is None else 'shift_limit_x, shift_limit_y'} -> translate_percent: "
        f"{given['translate_percent']}"
    )
    given.setdefault("scale_limit", [-0.1, 0.1])
    draft.turn(
        "scale_limit", "scale", _pair(given["scale_limit"], around=1.0), ", the same as factors"
    )
    given.setdefault("rotate_limit", [-45, 45])
    draft.turn("rotate_limit", "rotate", _pair(given["rotate_limit"]))
    if current:  # 2.x scales width and height apart, and says nothing of it
        draft.changes.append("keep_ratio stays false, as in 2.x: width and height are scaled apart")
    else:
        draft.put("keep_ratio", True, "for both sides were scaled alike")


def _brightness_or_contrast(draft: Draft, current: bool) -> None:
    kept, other = (
        ("brightness", "contrast")
        if draft.name == "RandomBrightness"
        else ("contrast", "brightness")
    )
    draft.name = "RandomBrightnessContrast"
    draft.arguments.setdefault("limit", 0.2)
    draft.turn("limit", f"{kept}_limit", _pair(draft.arguments["limit"]))
    draft.put(f"{other}_limit", [0, 0], "which it left alone")


def _flip(draft: Draft, current: bool) -> None:
    """It chose evenly between the three flips."""
    across, down = ({CLASS: name, "p": 1} for name in ("HorizontalFlip", "VerticalFlip"))
    both = {CLASS: "Sequential", "p": 1, "transforms": [dict(across), dict(down)]}
    draft.name = "OneOf"
    draft.lost += [f"{name} has no equal" for name in draft.arguments if name != "p"]
    draft.row = {CLASS: "OneOf", "p": draft.arguments["p"], "transforms": [across, down, both]}
    draft.changes.append("across, down or both, each as likely")


def _compression(draft: Draft, current: bool) -> None:
    if draft.name == "JpegCompression":
        draft.name = "ImageCompression"
        draft.arguments["compression_type"] = "jpeg"
        draft.changes.append("compression_type: jpeg")
    kind = draft.arguments.get("compression_type")
    if kind in (0, 1):
        draft.turn("compression_type", "compression_type", ("jpeg", "webp")[kind])


def _cutout(draft: Draft, current: bool) -> None:
    draft.name = "CoarseDropout"
    for old, new in (
        ("num_holes", "num_holes_range"),
        ("max_h_size", "hole_height_range"),
        ("max_w_size", "hole_width_range"),
    ):
        value = draft.arguments.setdefault(old, 8)
        draft.turn(old, new, [value, value])


def _coarse_dropout(draft: Draft, current: bool) -> None:
    """8 holes of 8 x 8 px were the default, since 1.4.11 one."""
    ranges = (
        ("num_holes_range", "max_holes"),
        ("hole_height_range", "max_height"),
        ("hole_width_range", "max_width"),
    )
    for new, old in ranges:
        if new not in draft.arguments and old not in draft.arguments:
            draft.put(old, 8, "which was the default")


def _gauss_noise(draft: Draft, current: bool) -> None:
    """The limits were variances on the scale of 0 to 255."""
    given = draft.arguments
    if "std_range" not in given:
        value = given.setdefault("var_limit", [10.0, 50.0])
        low, high = (0, value) if isinstance(value, (int, float)) else value
        draft.turn(
            "var_limit",
            "std_range",
            _deviations(max(low, 0), max(high, 0), draft.version),
            ", as shares of 255; it is even in the deviation now, not the variance",
        )
    if "mean" in given:  # sums were cut off downwards; since albucore, negative noise is upwards
        below = given["mean"] < 0 and draft.version < (1, 4, 9)
        mean = round((given["mean"] - below) / 255, 6)
        draft.turn(
            "mean", "mean_range", [mean, mean], f", as a share of 255{', one level lower' * below}"
        )


def _deviations(low: float, high: float, version: Version) -> list[float]:
    """Return a range of deviations whose mean is within a tenth of that of even variances.

    The mean root of an even variance is 2/3 (high^1.5 - low^1.5) / (high - low). Since 1.4.9 what is
    drawn is cut off towards 0, which takes half a level of a pixel's change: a deviation of 0.6.
    """
    first, last = math.sqrt(low), math.sqrt(high)
    mean = 2 / 3 * (high**1.5 - low**1.5) / (high - low) if high > low else last
    if (first + last) / 2 < 0.9 * mean:
        first = 2 * mean - last
    more = 0.6 if version < (1, 4, 9) else 0
    return [round((spread + more) / 255, 6) if last else 0 for spread in (first, last)]


def _gaussian_blur(draft: Draft, current: bool) -> None:
    """A sigma of 0 meant one that fits the kernel, by OpenCV's rule; 2.0.8 divides by it, and the picture turns black.

    A kernel of 0 means one that fits sigma; 2.0.8 would draw the two apart.
    """
    if draft.arguments.get("sigma_limit") in (0, [0, 0]):
        blur = draft.arguments.get("blur_limit", 0)
        low, high = (3, blur) if isinstance(blur, int) else blur
        sigma = [round(0.3 * ((max(side, 3) - 1) * 0.5 - 1) + 0.8, 3) for side in (low, high)]
        draft.turn("sigma_limit", "sigma_limit", sigma, " (0 meant one by the kernel's size)")
        draft.put("blur_limit", 0, "a kernel by sigma's size")


def _elastic(draft: Draft, current: bool) -> None:
    """The noise was even from -1 to 1 before it was blurred; 2.0.8 divides normal noise by its maximum.

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


def _perspective(draft: Draft, current: bool) -> None:
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


def _one_number(*names: str) -> Callable[[Draft, bool], None]:
    """Before 1.4.4 one number x was x, not a range up to x."""

    def rule(draft: Draft, current: bool) -> None:
        draft.name = draft.name.removeprefix("IAA")
        for name in names:
            value = draft.arguments.get(name)
            if isinstance(value, (int, float)) and draft.version < (1, 4, 4):
                draft.turn(name, name, [value, value], ", for it was fixed")

    return rule


def _spatter(draft: Draft, current: bool) -> None:
    """It took a list of modes and drew one, and a color for each."""
    given = draft.arguments
    modes = given.get("mode", "rain")
    modes = modes if isinstance(modes, list) else [modes]
    colors = given.pop("color", None)
    rows = [
        {
            **given,
            "mode": mode,
            **(
                {"color": color}
                if (color := colors.get(mode) if isinstance(colors, dict) else colors)
                else {}
            ),
        }
        for mode in modes
    ]
    if len(rows) == 1:
        if given.get("mode") not in (None, modes[0]) or isinstance(colors, dict):
            draft.changes.append(f"mode, color -> {modes[0]}, {rows[0].get('color')}")
        given.update(rows[0])
        return
    draft.name, p = "OneOf", given["p"]
    draft.changes.append(f"mode: one of {', '.join(modes)}, each as likely")
    draft.row = {
        CLASS: "OneOf",
        "p": p,
        "transforms": [{CLASS: "Spatter", **row, "p": 1} for row in rows],
    }


def _optical(draft: Draft, current: bool) -> None:
    if "shift_limit" in draft.arguments:
        if any(_pair(draft.arguments["shift_limit"])):
            draft.lose("shift_limit", "has no equal: the lens stays in the centre")
        else:
            draft.drop("shift_limit", "0")


def _downscale(draft: Draft, current: bool) -> None:
    if "interpolation" in draft.arguments:
        value = draft.arguments["interpolation"]
        pair = (
            value if isinstance(value, dict) else {"downscale": value or 0, "upscale": value or 0}
        )
        draft.turn("interpolation", "interpolation_pair", pair)


def _solarize(draft: Draft, current: bool) -> None:
    """One number was itself; from 1.4.4 to 1.4.18 it meant a range from 1 to it."""
    if "threshold" in draft.arguments:
        value = draft.arguments["threshold"]
        low = 1 if (1, 4, 4) <= draft.version < (1, 4, 19) else value
        bounds = [low, value] if isinstance(value, (int, float)) else value
        draft.turn(
            "threshold",
            "threshold_range",
            [round(bound / 255, 6) for bound in bounds],
            ", as shares of 255",
        )


def _shadow(draft: Draft, current: bool) -> None:
    if (1, 4, 4) <= draft.version < (1, 4, 20) and "shadow_dimension" in draft.arguments:
        draft.drop("shadow_dimension", "shadows had 5 corners whatever it said")


def _odd(draft: Draft, current: bool) -> None:
    """Kernels were drawn in steps of two from the lower limit, 3 of one number, so that an even one was never drawn."""
    limit = draft.arguments.get("blur_limit")
    low, high = (
        (3, limit) if isinstance(limit, int) else limit if isinstance(limit, list) else (0, 0)
    )
    if low % 2 and high % 2 == 0 and high > low:
        draft.turn(
            "blur_limit", "blur_limit", [low, high - 1], ", for the even one was never drawn"
        )


def _multiplier(draft: Draft, current: bool) -> None:
    value = draft.arguments.get("multiplier")
    if isinstance(value, (int, float)):
        draft.turn("multiplier", "multiplier", [value, value], ", for it was fixed")


def _grid_dropout(draft: Draft, current: bool) -> None:
    """Since 1.4.18 the numbers of holes are read as rows and columns, and the largest unit isn't drawn."""
    given = draft.arguments
    if current or draft.version >= (1, 4, 18):
        return
    for new, low, high, *defaults in RANGES["GridDropout"][:2]:
        if low in given or high in given:
            draft.join(new, low, high, *defaults)
    if isinstance(size := given.get("unit_size_range"), list):
        more = 2 if draft.version < (1, 4, 11) else 1
        draft.put("unit_size_range", [size[0], size[1] + more], "for the largest isn't drawn now")
    if isinstance(holes := given.get("holes_number_xy"), list) and holes[0] != holes[1]:
        draft.put("holes_number_xy", holes[::-1], "for 2.0.8 reads rows first")


def _posterize(draft: Draft, current: bool) -> None:
    """Of three, one for each channel, a number n meant 0 to n; 0 bits made a channel black."""
    bits = draft.arguments.get("num_bits")
    if not isinstance(bits, list):
        return
    ranges = [[0, one] if isinstance(one, int) and len(bits) > 2 else one for one in bits]
    if 0 in ranges or [0] in [one[:1] for one in ranges if isinstance(one, list)]:
        ranges = [
            max(one, 1) if isinstance(one, int) else [max(bit, 1) for bit in one] for one in ranges
        ]
        draft.lost.append(
            "num_bits: 0 bits made a channel black, and 2.0.8 takes 1 to 7; of three "
            "numbers each n meant 0 to n"
        )
        draft.turn("num_bits", "num_bits", ranges)


def _rain(draft: Draft, current: bool) -> None:
    if draft.arguments.get("rain_type", "") is None:
        draft.turn("rain_type", "rain_type", "default")


def _gamma(draft: Draft, current: bool) -> None:
    """One number x meant -x to x, by a fault: negative exponents turned half of the pictures white."""
    if "eps" in draft.arguments:
        draft.drop("eps", "it only kept a division from failing")
    limit = draft.arguments.get("gamma_limit")
    if isinstance(limit, (int, float)) and draft.version < _FAULTY_GAMMA:
        limit = [-limit, limit]
    if isinstance(limit, list) and min(limit) < 1:
        draft.turn("gamma_limit", "gamma_limit", [1, max(limit)])
        draft.lost.append(
            "gamma_limit below 1 turned pictures white, and 2.0.8 refuses it: one "
            "number x meant -x to x; choose a range, as [80, 120]"
        )


def _affine(draft: Draft, current: bool) -> None:
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


def _imgaug(name: str, *ranges: str) -> Callable[[Draft, bool], None]:
    """Give a transform its name of today; one number x for one of its ranges meant 0 to x."""

    def rule(draft: Draft, current: bool) -> None:
        draft.name = name
        for one in ranges:
            value = draft.arguments.get(one)
            if isinstance(value, (int, float)):
                draft.turn(one, one, sorted([0, value]), ", which one number meant")
        _skimage(draft)

    return rule


def _crop_and_pad(draft: Draft, current: bool) -> None:
    """IAACropAndPad without a number did nothing; 2.0.8 refuses that."""
    given = draft.arguments
    if draft.name == "IAACropAndPad" and given.get("px") is given.get("percent") is None:
        draft.row = {CLASS: "NoOp", "p": given["p"]}
        draft.changes.append("NoOp, for without px and percent it did nothing")
        return
    draft.name = "CropAndPad"
    _skimage(draft)


def _imgaug_noise(draft: Draft, current: bool) -> None:
    draft.name = "GaussNoise"
    scale = draft.arguments.setdefault("scale", [2.55, 12.75])
    low, high = sorted([0, scale]) if isinstance(scale, (int, float)) else scale
    draft.turn(
        "scale", "std_range", [round(low / 255, 6), round(high / 255, 6)], ", as shares of 255"
    )
    mean = round(draft.arguments.setdefault("loc", 0) / 255, 6)
    draft.turn("loc", "mean_range", [mean, mean], ", as a share of 255")
    draft.arguments.setdefault("per_channel", False)


ALWAYS = ("ShiftScaleRotate", "GaussianBlur")  # what is wrong in 2.x too
RULES: dict[str, Callable[[Draft, bool], None]] = {
    "ShiftScaleRotate": _shift_scale_rotate,
    "RandomBrightness": _brightness_or_contrast,
    "RandomContrast": _brightness_or_contrast,
    "Flip": _flip,
    "JpegCompression": _compression,
    "ImageCompression": _compression,
    "Cutout": _cutout,
    "CoarseDropout": _coarse_dropout,
    "GaussNoise": _gauss_noise,
    "GaussianBlur": _gaussian_blur,
    "ElasticTransform": _elastic,
    "OpticalDistortion": _optical,
    "Downscale": _downscale,
    "Blur": _odd,
    "MotionBlur": _odd,
    "MultiplicativeNoise": _multiplier,
    "GridDropout": _grid_dropout,
    "Solarize": _solarize,
    "RandomShadow": _shadow,
    "RandomRain": _rain,
    "Posterize": _posterize,
    "RandomGamma": _gamma,
    "Affine": _affine,
    "IAAAffine": _affine,
    "PiecewiseAffine": _imgaug("PiecewiseAffine"),
    "CropAndPad": _crop_and_pad,
    "IAAPiecewiseAffine": _imgaug("PiecewiseAffine", "scale"),
    "IAACropAndPad": _crop_and_pad,
    "Emboss": _imgaug("Emboss", "alpha", "strength"),
    "Sharpen": _imgaug("Sharpen", "alpha", "lightness"),
    "IAAPerspective": _perspective,
    "Perspective": _perspective,
    "Spatter": _spatter,
    "Superpixels": _one_number("p_replace", "n_segments"),
    "IAAFliplr": _imgaug("HorizontalFlip"),
    "IAAFlipud": _imgaug("VerticalFlip"),
    "IAAEmboss": _imgaug("Emboss", "alpha", "strength"),
    "IAASharpen": _imgaug("Sharpen", "alpha", "lightness"),
    "IAASuperpixels": _one_number("p_replace", "n_segments"),
    "IAAAdditiveGaussianNoise": _imgaug_noise,
}
