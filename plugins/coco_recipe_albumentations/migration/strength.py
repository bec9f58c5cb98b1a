"""Transforms that do more or less than they did, where no argument mends it.

The figures are means over drawn pictures of the old library against the migrated pipeline, measured
by ``benchmarks/migrate_strength.py``: of the change of a pixel where nothing else is said.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from coco_recipe import Params
from coco_recipe_albumentations.pipeline.history import Version

_REMEDY = "look at it with coco-recipe preview, and choose its arguments anew where it matters"
_FIRST = (0, 0, 0)
_1_4_0 = ((1, 4, 0), (1, 4, 1))
_KERNEL = "drew kernels of 3 only, by a fault of 1.4.0"
_TO_1_4_9 = (_FIRST, (1, 4, 9))
_TO_1_4_18, _TO_1_4_19 = (_FIRST, (1, 4, 18)), (_FIRST, (1, 4, 19))
_ALL, _TO_1_4_12 = (
    (_FIRST, (2, 0, 0)),
    (_FIRST, (1, 4, 21)),
)  # 1.4.21 was measured to do as 2.0.8 does
_EROSION = (
    "took erosion_rate from a single box too (0.4 made the crop a fifth smaller); 2.0.8 does so "
    "only from several"
)
_NOISE = (
    "changed a pixel by as much, but 1.1 times as many values by more than 2 levels: now noise is "
    "cut off towards 0"
)
_PIECEWISE = (
    "moved pixels by its scale (2.7 px at 0.02, 7 px at 0.05, in a picture of 192x160 px); 2.0.8 "
    "moves them by 13 px whatever its scale is"
)
_CUT = (
    "showed the whole of what it cut out; 2.0.8 cuts its right and lower part off (with keep_size: "
    "false, 5 % of the spread at scale 0.15), and with fit_output makes pictures 1.1 times as large"
)
Condition = Callable[[Params], bool]


def _always(arguments: Mapping[str, Any]) -> bool:
    return True


def _given(name: str) -> Condition:
    return lambda arguments: bool(arguments.get(name))


def _both_ways(arguments: Mapping[str, Any]) -> bool:
    return any(
        isinstance(arguments.get(name), (list, int, float))
        for name in ("translate_percent", "translate_px", "shear")
    )


def _cut(arguments: Mapping[str, Any]) -> bool:
    return not arguments.get("keep_size", True)


def _slight(arguments: Mapping[str, Any]) -> bool:
    scale = arguments.get("scale", 1)
    return (
        not arguments.get("fit_output")
        and (scale if isinstance(scale, (int, float)) else max(scale)) <= 0.03
    )


def _zooms_little(arguments: Mapping[str, Any]) -> bool:
    factor = arguments.get("max_factor", 2)
    return (factor if isinstance(factor, (int, float)) else max(factor)) <= 1.2


def _cut_to_whole(arguments: Mapping[str, Any]) -> bool:
    sides = [
        side
        for value in arguments.values()
        if isinstance(value, dict)
        for side in value.values()
        if isinstance(side, list)
    ]
    return any(type(low) is int and not float(high).is_integer() for low, high in sides)


# By the old name: from which version on and before which, with which arguments of today, and what
# is
# different since.
_CHANGED: dict[str, tuple[tuple[tuple[Version, Version], Condition, str], ...]] = {
    "Affine": (
        (
            _TO_1_4_12,
            _given("shear"),
            "sheared otherwise: 0.7 times as much left the picture at 10 degrees",
        ),
        (
            ((1, 4, 13), (1, 4, 22)),
            _cut_to_whole,
            "drew whole numbers only for a side whose range begins with one, by a "
            "fault of it ([0, 0.2] was 0)",
        ),
    ),
    "BBoxSafeRandomCrop": (((_FIRST, (1, 4, 15)), _given("erosion_rate"), _EROSION),),
    "Blur": ((_1_4_0, _always, _KERNEL),),
    "Cutout": (
        (
            _ALL,
            lambda arguments: (
                max(arguments["hole_height_range"][1], arguments["hole_width_range"][1]) > 8
            ),
            "centred its holes anywhere, so that some lay partly outside: hid 0.93 times as much "
            "(holes of 20x30 px in a picture of 192x160 px)",
        ),
    ),
    "Equalize": (
        (
            _ALL,
            lambda arguments: arguments.get("mode") == "pil",
            "with mode pil left pictures darker, by 1.7 levels on average",
        ),
    ),
    "ElasticTransform": (
        (
            _ALL,
            _always,
            "moves pixels near the border further where sigma is large beside the picture (6 times "
            "at sigma 50 in 192x160 px), for its noise is continued in another way",
        ),
    ),
    "FDA": (
        (
            _ALL,
            _always,
            "changed a pixel by 1.1 times as much as now, in 1.4.12 and 1.4.21 by 0.95 times",
        ),
    ),
    "FancyPCA": (
        (
            _ALL,
            _always,
            "shifted all pixels alike, by 0.8 levels; now it scales the differences between them, "
            "a change of 0.02 levels on average",
        ),
    ),
    "GaussNoise": ((_TO_1_4_9, _always, _NOISE),),
    "GlassBlur": (((_FIRST, (1, 0, 0)), _always, "darkened by 1 level, now by 0.1"),),
    "GridDropout": (
        (
            _TO_1_4_18,
            lambda arguments: (
                not arguments.get("holes_number_xy") and not arguments.get("random_offset")
            ),
            "began its grid at a corner, so that parts of holes were left at the sides: hid up to "
            "1.1 times as much",
        ),
        (
            _TO_1_4_18,
            _given("random_offset"),
            "shifted all holes alike, some of them out of the picture: hid 0.9 times as much",
        ),
    ),
    "HistogramMatching": (
        (
            ((1, 4, 1), (1, 4, 21)),
            _always,
            "turned pictures black in some versions of 1.4, by a fault of "
            "them; now it does what it says",
        ),
    ),
    "IAAAdditiveGaussianNoise": ((_ALL, _always, _NOISE),),
    "IAAAffine": (
        (
            _ALL,
            _both_ways,
            "drew one number for both ways (a shift went along the diagonal); now each way has "
            "its own, which moves pixels 1.1 times as far",
        ),
    ),
    "IAAPerspective": (
        (
            ((1, 0, 0), (2, 0, 0)),
            _always,
            "was applied with p 0.5 whatever its p was, by a fault of 1.0 to 1.3; now its p holds",
        ),
        (_ALL, _cut, _CUT),
    ),
    "IAAPiecewiseAffine": ((_ALL, _always, _PIECEWISE),),
    "IAASuperpixels": (
        (_ALL, _always, "replaced more: a pixel changed by 1.8 times as much as now"),
    ),
    "ISONoise": (
        (
            _TO_1_4_12,
            _always,
            "changed a pixel by 3.3 levels on average, now by 1.0: its noise of hue is 360 times "
            "smaller",
        ),
    ),
    "MedianBlur": ((_1_4_0, _always, _KERNEL),),
    "MotionBlur": (
        (
            _ALL,
            _always,
            "changed a pixel by 1.2 times as much as now: its lines ended anywhere in the kernel "
            "(with allow_shifted: false by 0.7 times)",
        ),
    ),
    "Perspective": (
        (_TO_1_4_19, _cut, _CUT),
        (
            _TO_1_4_19,
            _slight,
            "changed a pixel by 0.9 times as much as now at a scale as small as this",
        ),
    ),
    "PiecewiseAffine": ((_TO_1_4_12, _always, _PIECEWISE),),
    "RandomFog": (
        (
            _ALL,
            _always,
            "changed a pixel by 5 to 8 levels on average, now by 21, and brightens more; a light "
            "fog by 0.1 to 0.8, now by 7",
        ),
    ),
    "RandomGravel": ((_TO_1_4_12, _always, "changed a pixel by 2 times as much as now"),),
    "RandomRain": (
        (
            _ALL,
            _always,
            "darkened and drew 1.1 to 2.3 times as much as now, the heavier the more (0.7 times "
            "with brightness_coefficient 0.9)",
        ),
    ),
    "RandomSunFlare": ((_ALL, _always, "brightened 1.6 to 2.4 times as much as now"),),
    "RandomShadow": (
        (
            (_FIRST, (1, 4, 20)),
            _always,
            "darkened by 0.85 to 1.1 times as much as now, and to 1.3 rounded all colours",
        ),
        (
            (_FIRST, (1, 4, 14)),
            _given("num_shadows_limit"),
            "darkened once where shadows overlap, now once for each: 1.5 times "
            "as much with 4 shadows",
        ),
    ),
    "RandomSizedBBoxSafeCrop": (((_FIRST, (1, 4, 15)), _given("erosion_rate"), _EROSION),),
    "Spatter": (
        (
            _ALL,
            _always,
            "drew other amounts: rain changed a pixel by 9 levels, now by 12, mud by 3, now by "
            "11; with a lower cutout_threshold rain drew more than now",
        ),
    ),
    "Superpixels": (
        (
            (_FIRST, (1, 4, 19)),
            _always,
            "replaced more: a pixel changed by 1.8 times as much as now",
        ),
    ),
    "ZoomBlur": (
        (
            (_FIRST, (1, 4, 12)),
            _zooms_little,
            "changed pixels 0.9 times as much where max_factor is at most 1.2",
        ),
    ),
    "XYMasking": ((_1_4_0, _always, "hid up to 4 times as much, by a fault of 1.4.0"),),
    "UnsharpMask": ((_TO_1_4_12, _always, "changed a pixel by 1.4 times as much as now"),),
}


def notes(name: str, written: Version, arguments: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what differs of a transform that a version wrote, and a remedy.

    Args:
        name: its name then.
        written: the version.
        arguments: what it has now.
    """
    for (since, before), applies, what in _CHANGED.get(name, ()):
        if since <= written < before and applies(arguments):
            yield f"{name} {what}; no argument mends it", _REMEDY
