"""Names that Albumentations had before 2.0.

They tell an old pipeline from a mistyped one.
"""

import re
from typing import Any

# Transforms that 2.0.8 doesn't have.
GONE = (
    "RandomBrightness",
    "RandomContrast",
    "Flip",
    "JpegCompression",
    "Cutout",
    "TemplateTransform",
    "MixUp",
    "ToTensor",
    "IAAFliplr",
    "IAAFlipud",
    "IAAAdditiveGaussianNoise",
    "IAAAffine",
    "IAACropAndPad",
    "IAAEmboss",
    "IAASharpen",
    "IAAPerspective",
    "IAAPiecewiseAffine",
    "IAASuperpixels",
)
# Arguments that one name took the place of, wherever a transform has the new one and not the old.
RENAMED = {
    "value": "fill",
    "fill_value": "fill",
    "cval": "fill",
    "pad_cval": "fill",
    "pad_val": "fill",
    "image_fill_value": "fill",
    "mask_value": "fill_mask",
    "mask_fill_value": "fill_mask",
    "cval_mask": "fill_mask",
    "pad_cval_mask": "fill_mask",
    "mask_pad_val": "fill_mask",
    "mode": "border_mode",
    "pad_mode": "border_mode",
    "method": "rotate_method",
    "sigmaX_limit": "sigma_x_limit",
    "sigmaY_limit": "sigma_y_limit",
    "cropping_box_key": "cropping_bbox_key",
}
# Pairs of bounds that one range took the place of: new name, the two old ones, and their defaults.
RANGES = {
    "ImageCompression": (("quality_range", "quality_lower", "quality_upper", 99, 100),),
    "Downscale": (("scale_range", "scale_min", "scale_max", 0.25, 0.25),),
    "RandomFog": (("fog_coef_range", "fog_coef_lower", "fog_coef_upper", 0.3, 1),),
    "RandomRain": (("slant_range", "slant_lower", "slant_upper", -10, 10),),
    "RandomSnow": (("snow_point_range", "snow_point_lower", "snow_point_upper", 0.1, 0.3),),
    "RandomShadow": (("num_shadows_limit", "num_shadows_lower", "num_shadows_upper", 1, 2),),
    "RandomSunFlare": (
        ("angle_range", "angle_lower", "angle_upper", 0, 1),
        ("num_flare_circles_range", "num_flare_circles_lower", "num_flare_circles_upper", 6, 10),
    ),
    "GridDropout": (
        ("unit_size_range", "unit_size_min", "unit_size_max", None, None),
        ("holes_number_xy", "holes_number_x", "holes_number_y", None, None),
        ("shift_xy", "shift_x", "shift_y", 0, 0),
    ),
    "CoarseDropout": (
        ("num_holes_range", "min_holes", "max_holes", None, 8),
        ("hole_height_range", "min_height", "max_height", None, 8),
        ("hole_width_range", "min_width", "max_width", None, 8),
    ),
    "RandomSizedCrop": (("size", "height", "width", ..., ...),),
    "RandomResizedCrop": (("size", "height", "width", ..., ...),),
}
Version = tuple[int, int, int]
UNKNOWN: Version = (1, 3, 1)  # what a pipeline without a version is read as: the last before 1.4
_FIRST, _NOW = (0, 0, 0), (2, 0, 0)
_REFLECT = (_FIRST, _NOW, {"border_mode": 4})
_EVEN = [0.8, 1]  # 1.4.4 darkened only
# Defaults that have another value in 2.0.8, by transform: from which version on, before which, and
# the arguments. Read from the signatures of 0.3.0 to 1.4.24.
DEFAULTS: dict[str, tuple[tuple[Version, Version, dict[str, Any]], ...]] = {
    "Rotate": (_REFLECT,),
    "SafeRotate": (_REFLECT,),
    "ShiftScaleRotate": (_REFLECT,),
    "PadIfNeeded": (_REFLECT,),
    "OpticalDistortion": ((_FIRST, (1, 4, 22), {"border_mode": 4}),),
    "ElasticTransform": (
        _REFLECT,
        (_FIRST, (1, 4, 12), {"alpha_affine": 50}),
        ((1, 4, 12), (1, 4, 18), {"alpha": 3}),
    ),
    "GridDistortion": (_REFLECT, (_FIRST, (1, 4, 18), {"normalized": False})),
    "GridDropout": ((_FIRST, (1, 4, 18), {"random_offset": False}),),
    "GaussianBlur": ((_FIRST, _NOW, {"blur_limit": [3, 7], "sigma_limit": 0}),),
    "RandomRotate90": ((_FIRST, _NOW, {"p": 0.5}),),
    "ColorJitter": (
        (_FIRST, (1, 4, 4), {"hue": 0.2}),
        ((1, 4, 4), (1, 4, 15), {"brightness": _EVEN, "contrast": _EVEN, "saturation": _EVEN}),
    ),
    "CoarseDropout": (
        (
            (1, 4, 11),
            _NOW,
            {"num_holes_range": [1, 1], "hole_height_range": [8, 8], "hole_width_range": [8, 8]},
        ),
    ),
    "RandomRain": ((_FIRST, _NOW, {"drop_length": 20}),),
    "Superpixels": ((_FIRST, (1, 4, 4), {"p_replace": 0.1}),),
    "IAASuperpixels": ((_FIRST, _NOW, {"p_replace": 0.1}),),
    "IAAAffine": ((_FIRST, _NOW, {"mode": "reflect"}),),
    "IAACropAndPad": ((_FIRST, _NOW, {"p": 1}),),
    "SomeOf": ((_FIRST, (1, 4, 19), {"replace": True}), ((1, 4, 19), _NOW, {"replace": False})),
    "RandomOrder": ((_FIRST, _NOW, {"replace": False}),),
}
# Arguments that no version before 1.4.22 had: a pipeline with one of them is of today, though it
# says another version (the library's own test files keep "0.5.2").
MODERN = frozenset(
    [
        "fill",
        "fill_mask",
        "std_range",
        "mean_range",
        "threshold_range",
        "noise_distribution",
        "direction_range",
        "keypoint_remapping_method",
        "max_size_hw",
        "area_for_downscale",
    ]
)


def version_of(text: str | None) -> Version:
    """Return a recorded version as numbers."""
    numbers = [int(part) for part in re.findall(r"\d+", text or "")[:3]]
    return (*numbers, 0, 0, 0)[:3] if numbers else UNKNOWN  # type: ignore[return-value]


def defaults(name: str, version: Version) -> dict[str, Any]:
    """Return the defaults of a version's transform that 2.0.8 has changed."""
    return {
        argument: value
        for since, before, row in DEFAULTS.get(name, ())
        if since <= version < before
        for argument, value in row.items()
    }


OLD_ARGUMENTS = frozenset(
    [
        *RENAMED,
        *(name for rows in RANGES.values() for row in rows for name in row[1:3]),
        "alpha_affine",
        "shift_limit",
        "var_limit",
        "mean",
        "threshold",
        "eps",
        "num_holes",
        "max_h_size",
        "max_w_size",
        "compression_type",
    ]
)
