"""Each rule of the rewriting: an old transform becomes what it was, in pixels."""

from typing import Any

import pytest
from coco_recipe_albumentations.migration import migrate, rewrite
from coco_recipe_albumentations.pipeline.history import GONE
from coco_recipe_albumentations.pipeline.read import Pipeline

np = pytest.importorskip("numpy")
A = pytest.importorskip("albumentations")
cv2 = pytest.importorskip("cv2")
from migrating import applied_to, old_pipeline  # noqa: E402
from migrations import from_version, noise, only  # noqa: E402


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            old_pipeline("albumentations.augmentations.transforms.HorizontalFlip"),
            {"HorizontalFlip": {"p": 1}},
        ),
        (
            old_pipeline("RandomBrightness", limit=0.3),
            {
                "RandomBrightnessContrast": {
                    "p": 1,
                    "brightness_limit": [-0.3, 0.3],
                    "contrast_limit": [0, 0],
                }
            },
        ),
        (
            old_pipeline("RandomContrast", limit=[0, 0.3]),
            {
                "RandomBrightnessContrast": {
                    "p": 1,
                    "contrast_limit": [0, 0.3],
                    "brightness_limit": [0, 0],
                }
            },
        ),
        (
            old_pipeline("JpegCompression", quality_lower=20, quality_upper=95),
            {"ImageCompression": {"p": 1, "compression_type": "jpeg", "quality_range": [20, 95]}},
        ),
        (
            old_pipeline("ImageCompression", quality_lower=20, compression_type=1),
            {"ImageCompression": {"p": 1, "compression_type": "webp", "quality_range": [20, 100]}},
        ),
        (
            old_pipeline("Cutout", num_holes=3, max_h_size=5, max_w_size=6, fill_value=7),
            {
                "CoarseDropout": {
                    "p": 1,
                    "num_holes_range": [3, 3],
                    "hole_height_range": [5, 5],
                    "hole_width_range": [6, 6],
                    "fill": 7,
                }
            },
        ),
        (
            old_pipeline("CoarseDropout", max_holes=4, min_height=2, max_height=5, min_holes=None),
            {
                "CoarseDropout": {
                    "p": 1,
                    "num_holes_range": [4, 4],
                    "hole_height_range": [2, 5],
                    "hole_width_range": [8, 8],
                }
            },
        ),
        (
            old_pipeline("GaussNoise", var_limit=[65.025, 650.25], mean=51),
            {
                "GaussNoise": {  # (sqrt(65.025) + .6)/255 = .033976
                    "p": 1,
                    "std_range": [0.033976, 0.102353],
                    "mean_range": [0.2, 0.2],
                }
            },
        ),
        (
            old_pipeline(
                "ElasticTransform",
                alpha=1,
                sigma=5,
                alpha_affine=0,
                border_mode=1,
                value=[1, 2, 3],
                mask_value=4,
            ),
            {
                "ElasticTransform": {
                    "p": 1,
                    "alpha": 1,
                    "sigma": 5,
                    "border_mode": 1,
                    "fill": [1, 2, 3],
                    "fill_mask": 4,
                    "noise_distribution": "uniform",
                }
            },
        ),
        (
            old_pipeline("Downscale", scale_min=0.3, scale_max=0.5, interpolation=2),
            {
                "Downscale": {
                    "p": 1,
                    "scale_range": [0.3, 0.5],
                    "interpolation_pair": {"downscale": 2, "upscale": 2},
                }
            },
        ),
        (
            old_pipeline("Solarize", threshold=51),
            {"Solarize": {"p": 1, "threshold_range": [0.2, 0.2]}},
        ),
        (
            old_pipeline("RandomShadow", shadow_dimension=8),
            {"RandomShadow": {"p": 1, "shadow_dimension": 8}},
        ),
        (
            old_pipeline("Posterize", num_bits=[[2, 4], [3, 5], [6, 6]]),
            {"Posterize": {"p": 1, "num_bits": [[2, 4], [3, 5], [6, 6]]}},
        ),
        (
            old_pipeline("RandomSizedCrop", min_max_height=[4, 8], height=6, width=7),
            {"RandomSizedCrop": {"p": 1, "min_max_height": [4, 8], "size": [6, 7]}},
        ),
        (
            old_pipeline("GridDropout", unit_size_min=3, unit_size_max=6, shift_x=1),
            {
                "GridDropout": {
                    "p": 1,
                    "random_offset": False,
                    "unit_size_range": [3, 8],
                    "shift_xy": [1, 0],
                }
            },
        ),  # 7 was drawn, 8 isn't
        (
            old_pipeline("GridDropout", holes_number_x=3, holes_number_y=7),
            {"GridDropout": {"p": 1, "random_offset": False, "holes_number_xy": [7, 3]}},
        ),
        (
            old_pipeline("IAAAffine", scale=[0.7, 1.2]),
            {"Affine": {"p": 1, "scale": [0.7, 1.2], "keep_ratio": True, "border_mode": 4}},
        ),
        (
            old_pipeline("Perspective", pad_mode=0, pad_val=3, mask_pad_val=0),
            {
                "Perspective": {
                    "p": 1,
                    "scale": [0.03, 0.06],
                    "border_mode": 0,
                    "fill": 3,
                    "fill_mask": 0,
                }
            },
        ),
        (
            old_pipeline("Affine", rotate=[1, 2], cval=3, cval_mask=0, mode=4),
            {
                "Affine": {
                    "p": 1,
                    "rotate": [1, 2],
                    "fill": [3, 0, 0],
                    "fill_mask": 0,
                    "border_mode": 4,
                }
            },
        ),
        (
            old_pipeline("Rotate", limit=30, method="ellipse"),
            {"Rotate": {"p": 1, "limit": 30, "border_mode": 4, "rotate_method": "ellipse"}},
        ),
        (
            old_pipeline("AdvancedBlur", sigmaX_limit=[0.2, 1]),
            {"AdvancedBlur": {"p": 1, "sigma_x_limit": [0.2, 1]}},
        ),
        (
            old_pipeline("GaussianBlur", blur_limit=[3, 7]),
            {"GaussianBlur": {"p": 1, "blur_limit": 0, "sigma_limit": [0.8, 1.4]}},
        ),
        (old_pipeline("Blur", blur_limit=8), {"Blur": {"p": 1, "blur_limit": [3, 7]}}),
        (
            old_pipeline("MotionBlur", blur_limit=[5, 10]),
            {"MotionBlur": {"p": 1, "blur_limit": [5, 9]}},
        ),
        (
            old_pipeline("MultiplicativeNoise", multiplier=0.7),
            {"MultiplicativeNoise": {"p": 1, "multiplier": [0.7, 0.7]}},
        ),
        (
            old_pipeline("RandomRain", slant_lower=-5, slant_upper=5, rain_type=None),
            {
                "RandomRain": {
                    "p": 1,
                    "slant_range": [-5, 5],
                    "drop_length": 20,
                    "rain_type": "default",
                }
            },
        ),
        (old_pipeline("IAAFliplr"), {"HorizontalFlip": {"p": 1}}),
        (
            old_pipeline("IAAAffine", rotate=15, order=3, mode="edge", cval=0),
            {
                "Affine": {
                    "p": 1,
                    "rotate": [-15, 15],
                    "interpolation": 2,
                    "border_mode": 1,
                    "fill": 0,
                }
            },
        ),
        (
            old_pipeline("IAAPiecewiseAffine", scale=[0.01, 0.02], order=1, mode="constant"),
            {
                "PiecewiseAffine": {
                    "p": 1,
                    "scale": [0.01, 0.02],
                    "interpolation": 1,
                    "border_mode": 0,
                }
            },
        ),
        (
            old_pipeline("IAAAdditiveGaussianNoise", loc=0, scale=[2.55, 12.75]),
            {
                "GaussNoise": {
                    "p": 1,
                    "std_range": [0.01, 0.05],
                    "mean_range": [0, 0],
                    "per_channel": False,
                }
            },
        ),
        # one number x is 0 to x (to_tuple(x, 0) of 0.4.6)
        (
            old_pipeline("IAAAdditiveGaussianNoise", loc=0, scale=25.5),
            {
                "GaussNoise": {
                    "p": 1,
                    "std_range": [0, 0.1],
                    "mean_range": [0, 0],
                    "per_channel": False,
                }
            },
        ),
        (
            old_pipeline("IAASharpen", alpha=0.4, lightness=[0.8, 1]),
            {"Sharpen": {"p": 1, "alpha": [0, 0.4], "lightness": [0.8, 1]}},
        ),
        (
            old_pipeline("Emboss", alpha=0.4, strength=0.6),
            {"Emboss": {"p": 1, "alpha": [0, 0.4], "strength": [0, 0.6]}},
        ),
        (
            old_pipeline("IAACropAndPad", px=None, percent=None),
            {"NoOp": {"p": 1}},
        ),  # iaa.CropAndPad() does nothing
        # sums were cut off downwards, -8.5 on average; 2.0.8 cuts -9 off to -8.5
        (
            old_pipeline("GaussNoise", var_limit=[16, 16], mean=-8),
            {
                "GaussNoise": {
                    "p": 1,
                    "std_range": [0.018039, 0.018039],
                    "mean_range": [-0.035294, -0.035294],
                }
            },
        ),
    ],
    ids=lambda form: (
        next(iter(form))
        if len(form) == 1
        else form["transform"]["transforms"][0]["__class_fullname__"][-20:]
    ),
)
def test_an_old_transform_becomes_what_it_was(old: dict[str, Any], new: dict[str, Any]) -> None:
    done = migrate.migrate(old)
    assert only(done.form) == new
    assert done.lost == []
    assert applied_to(done.form, noise()).dtype == np.uint8


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({*rewrite.RULES, *GONE}))
def test_every_old_transform_is_rewritten_or_named_and_what_is_left_builds(name: str) -> None:
    given = {"IAACropAndPad": {"px": 2}, "CropAndPad": {"px": 2}}.get(name, {})
    done = migrate.migrate(old_pipeline(name, **given))
    rows = done.form["transform"]["transforms"]
    assert rows or done.lost
    if rows:
        assert applied_to(done.form, noise()).dtype == np.uint8


@pytest.mark.parametrize(
    ("old", "named"),
    [
        (old_pipeline("ElasticTransform", alpha_affine=3), "alpha_affine: 3 px has no equal"),
        (
            old_pipeline("IAAPerspective", scale=0.1),
            "scale above 0.3 tore the picture apart",
        ),  # 0.1 to 1
        (old_pipeline("Posterize", num_bits=[4, 5, 6]), "of three numbers each n meant 0 to n"),
        (old_pipeline("Posterize", num_bits=[0, 6]), "0 bits made a channel black"),
        (old_pipeline("RandomGamma", gamma_limit=120), "one number x meant -x to x"),
        (
            old_pipeline("RandomGamma", gamma_limit=[-120, 120]),
            "gamma_limit below 1 turned pictures white",
        ),
        (old_pipeline("OpticalDistortion", shift_limit=0.1), "shift_limit: 0.1 has no equal"),
        (old_pipeline("CoarseDropout", max_height=8, min_height=0.1), "mix pixels and shares"),
        (old_pipeline("Blur", wobble=[1, 2]), r"Blur: wobble: \[1, 2\] has no equal"),
        (old_pipeline("TemplateTransform", templates=1), "TemplateTransform: left out"),
        (old_pipeline("Lambda", name="x"), "Lambda: left out"),
        (old_pipeline("MaskDropout"), "MaskDropout: left out: .*needs a mask"),
        (old_pipeline("mine.Transform"), "no transform 'mine.Transform'"),
    ],
)
def test_what_has_no_equal_is_named(old: dict[str, Any], named: str) -> None:
    with pytest.raises(AssertionError, match=named):
        raise AssertionError("; ".join(migrate.migrate(old).lost))


@pytest.mark.parametrize("around", ["OneOf", "Sequential", "Compose"])
@pytest.mark.parametrize("name", sorted({*rewrite.RULES, *GONE}))
def test_a_transform_is_rewritten_within_others_as_it_is_alone(name: str, around: str) -> None:
    given = {"height": 30, "width": 40} if name == "RandomSizedCrop" else {}
    alone = migrate.migrate(from_version("1.4.4", name, **given))
    row = old_pipeline(name, **given)["transform"]["transforms"][0]
    nested = migrate.migrate(
        from_version(
            "1.4.4", around, transforms=[row, {"__class_fullname__": "VerticalFlip", "p": 1}]
        )
    )
    inside = nested.form["transform"]["transforms"][0]["transforms"]
    assert inside[:-1] == alone.form["transform"]["transforms"]
    assert [note.what for note in nested.notes] == [note.what for note in alone.notes]


def test_a_transform_that_blackens_pictures_is_refused() -> None:
    done = migrate.migrate(
        old_pipeline(
            "PixelDistributionAdaptation", reference_images=["a.png"], blend_ratio=[0.5, 1]
        )
    )
    assert [line for line in done.lost if "black" in line]
    (found,) = Pipeline.of(
        [{"PixelDistributionAdaptation": {"reference_images": ["a.png"]}}], allow_files=True
    ).problems
    assert "HistogramMatching" in found.hint
