"""Which rule rewrites which transform of Albumentations before 2.0."""

from collections.abc import Callable

from coco_recipe_albumentations.migration import rules_of_pixels as pixels
from coco_recipe_albumentations.migration import rules_of_places as places
from coco_recipe_albumentations.migration.draft import Draft

_FILLED_FIRST = ("Rotate", "SafeRotate", "ShiftScaleRotate", "PadIfNeeded", "Affine", "CropAndPad")
ALWAYS = (
    "ShiftScaleRotate",
    "GaussianBlur",
)  # what is wrong in 2.x too
RULES: dict[str, Callable[[Draft, bool], None]] = {
    "ShiftScaleRotate": places.shift_scale_rotate,
    "RandomBrightness": pixels.brightness_or_contrast,
    "RandomContrast": pixels.brightness_or_contrast,
    "Flip": places.flip,
    "JpegCompression": pixels.compression,
    "ImageCompression": pixels.compression,
    "Cutout": pixels.cutout,
    "CoarseDropout": pixels.coarse_dropout,
    "GaussNoise": pixels.gauss_noise,
    "GaussianBlur": pixels.gaussian_blur,
    "ElasticTransform": places.elastic,
    "OpticalDistortion": places.optical,
    "Downscale": pixels.downscale,
    "Blur": pixels.odd,
    "MotionBlur": pixels.odd,
    "MultiplicativeNoise": pixels.multiplier,
    "GridDropout": pixels.grid_dropout,
    "Solarize": pixels.solarize,
    "RandomShadow": pixels.shadow,
    "RandomRain": pixels.rain,
    "Posterize": pixels.posterize,
    "RandomGamma": pixels.gamma,
    "Affine": places.affine,
    "IAAAffine": places.affine,
    "PiecewiseAffine": places.imgaug("PiecewiseAffine"),
    "CropAndPad": places.crop_and_pad,
    "IAAPiecewiseAffine": places.imgaug("PiecewiseAffine", "scale"),
    "IAACropAndPad": places.crop_and_pad,
    "Emboss": places.imgaug("Emboss", "alpha", "strength"),
    "Sharpen": places.imgaug("Sharpen", "alpha", "lightness"),
    "IAAPerspective": places.perspective,
    "Perspective": places.perspective,
    "Spatter": pixels.spatter,
    "Superpixels": pixels.one_number("p_replace", "n_segments"),
    "IAAFliplr": places.imgaug("HorizontalFlip"),
    "IAAFlipud": places.imgaug("VerticalFlip"),
    "IAAEmboss": places.imgaug("Emboss", "alpha", "strength"),
    "IAASharpen": places.imgaug("Sharpen", "alpha", "lightness"),
    "IAASuperpixels": pixels.one_number("p_replace", "n_segments"),
    "IAAAdditiveGaussianNoise": pixels.imgaug_noise,
}


def first_channel(draft: Draft) -> None:
    """Fill the first channel alone where the border's fill is one number.

    Before 1.4.12 the other channels were filled with 0.
    """
    fill = draft.arguments.get("fill")
    if (
        draft.first in _FILLED_FIRST
        and draft.version < (1, 4, 12)
        and fill
        and isinstance(fill, (int, float))
    ):
        draft.put("fill", [fill, 0, 0], "for one number filled the first channel only")
