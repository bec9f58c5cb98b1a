"""Rules for transforms that change pixels where they are: what each was before 2.0.

The comments give the older version's behaviour that the rule keeps.
"""

import math
from collections.abc import Callable

from coco_recipe_albumentations.migration.draft import Draft, pair
from coco_recipe_albumentations.pipeline.forms import CLASS
from coco_recipe_albumentations.pipeline.history import RANGES, Version

_FAULTY_GAMMA: Version = (1, 4, 4)  # before, one number was a range from its negative


def brightness_or_contrast(draft: Draft, current: bool) -> None:
    """Turn RandomBrightness or RandomContrast into the transform of both, the other at 0."""
    kept, other = (
        ("brightness", "contrast")
        if draft.name == "RandomBrightness"
        else ("contrast", "brightness")
    )
    draft.name = "RandomBrightnessContrast"
    draft.arguments.setdefault("limit", 0.2)
    draft.turn("limit", f"{kept}_limit", pair(draft.arguments["limit"]))
    draft.put(f"{other}_limit", [0, 0], "which it left alone")


def compression(draft: Draft, current: bool) -> None:
    """Turn JpegCompression into ImageCompression, and the kind's old number into its word."""
    if draft.name == "JpegCompression":
        draft.name = "ImageCompression"
        draft.arguments["compression_type"] = "jpeg"
        draft.changes.append("compression_type: jpeg")
    kind = draft.arguments.get("compression_type")
    if kind in (0, 1):
        draft.turn("compression_type", "compression_type", ("jpeg", "webp")[kind])


def cutout(draft: Draft, current: bool) -> None:
    """Turn Cutout into CoarseDropout: its fixed numbers become ranges of one number."""
    draft.name = "CoarseDropout"
    for old, new in (
        ("num_holes", "num_holes_range"),
        ("max_h_size", "hole_height_range"),
        ("max_w_size", "hole_width_range"),
    ):
        value = draft.arguments.setdefault(old, 8)
        draft.turn(old, new, [value, value])


def coarse_dropout(draft: Draft, current: bool) -> None:
    """8 holes of 8 x 8 px were the default, since 1.4.11 one."""
    ranges = (
        ("num_holes_range", "max_holes"),
        ("hole_height_range", "max_height"),
        ("hole_width_range", "max_width"),
    )
    for new, old in ranges:
        if new not in draft.arguments and old not in draft.arguments:
            draft.put(old, 8, "which was the default")


def gauss_noise(draft: Draft, current: bool) -> None:
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

    The mean root of an even variance is 2/3 (high^1.5 - low^1.5) / (high - low). Since 1.4.9 what
    is drawn is cut off towards 0, which takes half a level of a pixel's change: a deviation of 0.6.
    """
    first, last = math.sqrt(low), math.sqrt(high)
    mean = 2 / 3 * (high**1.5 - low**1.5) / (high - low) if high > low else last
    if (first + last) / 2 < 0.9 * mean:
        first = 2 * mean - last
    more = 0.6 if version < (1, 4, 9) else 0
    return [round((spread + more) / 255, 6) if last else 0 for spread in (first, last)]


def gaussian_blur(draft: Draft, current: bool) -> None:
    """A sigma of 0 meant one that fits the kernel, by OpenCV's rule.

    2.0.8 divides by it, and the picture turns black.

    A kernel of 0 means one that fits sigma; 2.0.8 would draw the two apart.
    """
    if draft.arguments.get("sigma_limit") in (0, [0, 0]):
        blur = draft.arguments.get("blur_limit", 0)
        low, high = (3, blur) if isinstance(blur, int) else blur
        sigma = [round(0.3 * ((max(side, 3) - 1) * 0.5 - 1) + 0.8, 3) for side in (low, high)]
        draft.turn("sigma_limit", "sigma_limit", sigma, " (0 meant one by the kernel's size)")
        draft.put("blur_limit", 0, "a kernel by sigma's size")


def one_number(*names: str) -> Callable[[Draft, bool], None]:
    """Before 1.4.4 one number x was x, not a range up to x."""

    def rule(draft: Draft, current: bool) -> None:
        draft.name = draft.name.removeprefix("IAA")
        for name in names:
            value = draft.arguments.get(name)
            if isinstance(value, (int, float)) and draft.version < (1, 4, 4):
                draft.turn(name, name, [value, value], ", for it was fixed")

    return rule


def spatter(draft: Draft, current: bool) -> None:
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


def downscale(draft: Draft, current: bool) -> None:
    """Turn interpolation, one for both ways or a dict, into interpolation_pair, always a dict."""
    if "interpolation" in draft.arguments:
        value = draft.arguments["interpolation"]
        pair = (
            value if isinstance(value, dict) else {"downscale": value or 0, "upscale": value or 0}
        )
        draft.turn("interpolation", "interpolation_pair", pair)


def solarize(draft: Draft, current: bool) -> None:
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


def shadow(draft: Draft, current: bool) -> None:
    """Drop shadow_dimension, which 1.4.4 to 1.4.19 took and didn't follow."""
    if (1, 4, 4) <= draft.version < (1, 4, 20) and "shadow_dimension" in draft.arguments:
        draft.drop("shadow_dimension", "shadows had 5 corners whatever it said")


def odd(draft: Draft, current: bool) -> None:
    """Leave out an even upper limit of a kernel, which was never drawn.

    Kernels were drawn in steps of two from the lower limit; one number was the upper limit, and the
    lower one was 3.
    """
    limit = draft.arguments.get("blur_limit")
    low, high = (
        (3, limit) if isinstance(limit, int) else limit if isinstance(limit, list) else (0, 0)
    )
    if low % 2 and high % 2 == 0 and high > low:
        draft.turn(
            "blur_limit", "blur_limit", [low, high - 1], ", for the even one was never drawn"
        )


def multiplier(draft: Draft, current: bool) -> None:
    """Turn a multiplier of one number, which was fixed, into a range of that number."""
    value = draft.arguments.get("multiplier")
    if isinstance(value, (int, float)):
        draft.turn("multiplier", "multiplier", [value, value], ", for it was fixed")


def grid_dropout(draft: Draft, current: bool) -> None:
    """Turn the numbers of holes round, and raise the upper end of the unit's size.

    Since 1.4.18 the numbers are read as rows and columns, and the largest unit isn't drawn.
    """
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


def posterize(draft: Draft, current: bool) -> None:
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


def rain(draft: Draft, current: bool) -> None:
    """Turn rain_type None, which was the plain rain, into default."""
    if draft.arguments.get("rain_type", "") is None:
        draft.turn("rain_type", "rain_type", "default")


def gamma(draft: Draft, current: bool) -> None:
    """Raise the lower end of gamma_limit to 1, and drop eps.

    By a fault, one number x meant -x to x: negative exponents turned half of the pictures white.
    """
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


def imgaug_noise(draft: Draft, current: bool) -> None:
    """Turn imgaug's Gaussian noise in levels into GaussNoise, which has shares of 255."""
    draft.name = "GaussNoise"
    scale = draft.arguments.setdefault("scale", [2.55, 12.75])
    low, high = sorted([0, scale]) if isinstance(scale, (int, float)) else scale
    draft.turn(
        "scale", "std_range", [round(low / 255, 6), round(high / 255, 6)], ", as shares of 255"
    )
    mean = round(draft.arguments.setdefault("loc", 0) / 255, 6)
    draft.turn("loc", "mean_range", [mean, mean], ", as a share of 255")
    draft.arguments.setdefault("per_channel", False)
