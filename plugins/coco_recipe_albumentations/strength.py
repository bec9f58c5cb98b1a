"""Transforms that do more or less than they did, where no argument mends it.

The figures are means over drawn pictures of the old library against the migrated pipeline, measured
by ``benchmarks/migrate_strength.py``: of the change of a pixel where nothing else is said.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from coco_recipe_albumentations.history import Version

_REMEDY = "look at it with coco-recipe preview, and choose its arguments anew where it matters"
_FIRST = (0, 0, 0)
_ALL, _TO_1_4_12 = (_FIRST, (2, 0, 0)), (_FIRST, (1, 4, 21))  # 1.4.21 was measured to do as 2.0.8 does
_EROSION = ("took erosion_rate from a single box too (0.4 made the crop a fifth smaller); 2.0.8 does so only "
            "from several")
_PIECEWISE = ("moved pixels by its scale (2.7 px at 0.02, 7 px at 0.05, in a picture of 192x160 px); 2.0.8 moves "
              "them by 13 px whatever its scale is")
# By the old name: from which version on and before which, an argument without which nothing differs,
# and what is different since.
_CHANGED: dict[str, tuple[tuple[tuple[Version, Version], str, str], ...]] = {
    "Affine": ((_TO_1_4_12, "shear", "sheared otherwise: 0.7 times as much left the picture at 10 degrees"),),
    "BBoxSafeRandomCrop": (((_FIRST, (1, 4, 15)), "erosion_rate", _EROSION),),
    "ElasticTransform": ((_ALL, "", "moves pixels near the border further where sigma is large beside the picture (6 times "
                          "at sigma 50 in 192x160 px), for its noise is continued in another way"),),
    "FancyPCA": ((_ALL, "", "shifted all pixels alike, by 0.8 levels; now it scales the differences between them, "
                  "a change of 0.02 levels on average"),),
    "GlassBlur": (((_FIRST, (1, 0, 0)), "", "darkened by 1 level, now by 0.1"),),
    "IAAPerspective": ((((1, 0, 0), (2, 0, 0)), "", "was applied with p 0.5 whatever its p was, by a fault of 1.0 to 1.3; "
                        "now its p holds"),),
    "IAAPiecewiseAffine": ((_ALL, "", _PIECEWISE),),
    "IAASuperpixels": ((_ALL, "", "replaced more: a pixel changed by 1.8 times as much as now"),),
    "ISONoise": ((_TO_1_4_12, "", "changed a pixel by 3.3 levels on average, now by 1.0: its noise of hue is 360 times "
                  "smaller"),),
    "MotionBlur": ((_ALL, "", "changed a pixel by 1.2 times as much as now: its lines ended anywhere in the kernel "
                    "(with allow_shifted: false by 0.7 times)"),),
    "PiecewiseAffine": ((_TO_1_4_12, "", _PIECEWISE),),
    "RandomFog": ((_ALL, "", "changed a pixel by 5 to 8 levels on average, now by 21, and brightens more; a light fog by "
                   "0.1 to 0.8, now by 7"),),
    "RandomGravel": ((_TO_1_4_12, "", "changed a pixel by 2 times as much as now"),),
    "RandomRain": ((_ALL, "", "darkened and drew 1.1 to 2.3 times as much as now, the heavier the more (0.7 times with "
                    "brightness_coefficient 0.9)"),),
    "RandomSunFlare": ((_ALL, "", "brightened 1.6 to 2.4 times as much as now"),),
    "RandomShadow": (((_FIRST, (1, 4, 14)), "num_shadows_limit", "darkened once where shadows overlap, now once for each: "
                      "1.5 times as much with 4 shadows"),),
    "RandomSizedBBoxSafeCrop": (((_FIRST, (1, 4, 15)), "erosion_rate", _EROSION),),
    "Spatter": ((_ALL, "", "drew other amounts: rain changed a pixel by 9 levels, now by 12, mud by 3, now by 11; with a "
                 "lower cutout_threshold rain drew more than now"),),
    "Superpixels": (((_FIRST, (1, 4, 19)), "", "replaced more: a pixel changed by 1.8 times as much as now"),),
    "UnsharpMask": ((_TO_1_4_12, "", "changed a pixel by 1.4 times as much as now"),),
}


def notes(name: str, written: Version, arguments: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what differs of a transform that a version wrote, and a remedy.

    Args:
        name: its name then.
        written: the version.
        arguments: what it has now.
    """
    for (since, before), needed, what in _CHANGED.get(name, ()):
        if since <= written < before and (not needed or arguments.get(needed)):
            yield f"{name} {what}; no argument mends it", _REMEDY
