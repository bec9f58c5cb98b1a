"""Names that Albumentations had before 2.0, so that a pipeline that has them can be told from a mistyped one."""

from typing import Any

# Transforms that 2.0.8 doesn't have.
GONE = ("RandomBrightness", "RandomContrast", "Flip", "JpegCompression", "Cutout", "TemplateTransform", "MixUp", "ToTensor",
        "IAAFliplr", "IAAFlipud", "IAAAdditiveGaussianNoise", "IAAAffine", "IAACropAndPad", "IAAEmboss", "IAASharpen",
        "IAAPerspective", "IAAPiecewiseAffine", "IAASuperpixels")
# Arguments that one name took the place of, wherever a transform has the new one and not the old.
RENAMED = {"value": "fill", "fill_value": "fill", "cval": "fill", "pad_cval": "fill", "pad_val": "fill",
           "image_fill_value": "fill", "mask_value": "fill_mask", "mask_fill_value": "fill_mask", "cval_mask": "fill_mask",
           "pad_cval_mask": "fill_mask", "mask_pad_val": "fill_mask", "mode": "border_mode", "pad_mode": "border_mode",
           "method": "rotate_method", "sigmaX_limit": "sigma_x_limit", "sigmaY_limit": "sigma_y_limit",
           "cropping_box_key": "cropping_bbox_key"}
# Pairs of bounds that one range took the place of: new name, the two old ones, and their defaults.
RANGES = {
    "ImageCompression": (("quality_range", "quality_lower", "quality_upper", 99, 100),),
    "Downscale": (("scale_range", "scale_min", "scale_max", 0.25, 0.25),),
    "RandomFog": (("fog_coef_range", "fog_coef_lower", "fog_coef_upper", 0.3, 1),),
    "RandomRain": (("slant_range", "slant_lower", "slant_upper", -10, 10),),
    "RandomSnow": (("snow_point_range", "snow_point_lower", "snow_point_upper", 0.1, 0.3),),
    "RandomShadow": (("num_shadows_limit", "num_shadows_lower", "num_shadows_upper", 1, 2),),
    "RandomSunFlare": (("angle_range", "angle_lower", "angle_upper", 0, 1),
                       ("num_flare_circles_range", "num_flare_circles_lower", "num_flare_circles_upper", 6, 10)),
    "GridDropout": (("unit_size_range", "unit_size_min", "unit_size_max", None, None),
                    ("holes_number_xy", "holes_number_x", "holes_number_y", None, None),
                    ("shift_xy", "shift_x", "shift_y", 0, 0)),
    "CoarseDropout": (("num_holes_range", "min_holes", "max_holes", None, 8),
                      ("hole_height_range", "min_height", "max_height", None, 8),
                      ("hole_width_range", "min_width", "max_width", None, 8)),
    "RandomSizedCrop": (("size", "height", "width", ..., ...),),
    "RandomResizedCrop": (("size", "height", "width", ..., ...),),
}
# Defaults that have another value since, written out where a file relies on them.
_REFLECT = {"border_mode": 4}
DEFAULTS: dict[str, dict[str, Any]] = {
    "Rotate": _REFLECT, "SafeRotate": _REFLECT, "ShiftScaleRotate": _REFLECT, "ElasticTransform": _REFLECT,
    "GridDistortion": {**_REFLECT, "normalized": False}, "OpticalDistortion": _REFLECT, "PadIfNeeded": _REFLECT,
    "GaussianBlur": {"blur_limit": [3, 7], "sigma_limit": 0}, "RandomRotate90": {"p": 0.5},
    "GridDropout": {"random_offset": False},
}
OLD_ARGUMENTS = frozenset([*RENAMED, *(name for rows in RANGES.values() for row in rows for name in row[1:3]),
                           "alpha_affine", "shift_limit", "var_limit", "mean", "threshold", "eps", "num_holes", "max_h_size",
                           "max_w_size", "compression_type"])
