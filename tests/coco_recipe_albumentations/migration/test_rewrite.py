"""Each rule of the rewriting: an old transform becomes what it was, in pixels."""

import random
import warnings
from typing import Any

import pytest
from coco_recipe_albumentations.migration import migrate, rewrite
from coco_recipe_albumentations.pipeline.history import GONE
from coco_recipe_albumentations.pipeline.read import Pipeline

np = pytest.importorskip("numpy")
A = pytest.importorskip("albumentations")
cv2 = pytest.importorskip("cv2")


def _old(transform: str, **arguments: Any) -> dict[str, Any]:
    """Write a transform as an older version did."""
    row = {"__class_fullname__": transform, "always_apply": False, "p": 1, **arguments}
    return {
        "__version__": "1.3.1",
        "transform": {"__class_fullname__": "Compose", "p": 1, "transforms": [row]},
    }


def _only(form: dict[str, Any]) -> dict[str, Any]:
    row = dict(form["transform"]["transforms"][0])
    return {row.pop("__class_fullname__"): row}


def _apply(form: Any, picture: Any, seed: int = 0) -> Any:
    """Run a pipeline, its warnings as errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message="Got processor")
        warnings.filterwarnings("ignore", message="The image is already")
        compose = A.Compose(
            Pipeline.of(form).build(picture.shape[1::-1]), bbox_params=A.BboxParams("coco")
        )
        compose.set_random_state(np.random.default_rng(seed), random.Random(seed))
        return compose(image=picture, bboxes=[[10, 10, 50, 50]])["image"]


def _picture() -> Any:
    return np.random.default_rng(1).integers(40, 220, (180, 240, 3)).astype(np.uint8)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            _old("albumentations.augmentations.transforms.HorizontalFlip"),
            {"HorizontalFlip": {"p": 1}},
        ),
        (
            _old("RandomBrightness", limit=0.3),
            {
                "RandomBrightnessContrast": {
                    "p": 1,
                    "brightness_limit": [-0.3, 0.3],
                    "contrast_limit": [0, 0],
                }
            },
        ),
        (
            _old("RandomContrast", limit=[0, 0.3]),
            {
                "RandomBrightnessContrast": {
                    "p": 1,
                    "contrast_limit": [0, 0.3],
                    "brightness_limit": [0, 0],
                }
            },
        ),
        (
            _old("JpegCompression", quality_lower=20, quality_upper=95),
            {"ImageCompression": {"p": 1, "compression_type": "jpeg", "quality_range": [20, 95]}},
        ),
        (
            _old("ImageCompression", quality_lower=20, compression_type=1),
            {"ImageCompression": {"p": 1, "compression_type": "webp", "quality_range": [20, 100]}},
        ),
        (
            _old("Cutout", num_holes=3, max_h_size=5, max_w_size=6, fill_value=7),
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
            _old("CoarseDropout", max_holes=4, min_height=2, max_height=5, min_holes=None),
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
            _old("GaussNoise", var_limit=[65.025, 650.25], mean=51),
            {
                "GaussNoise": {  # (sqrt(65.025) + .6)/255 = .033976
                    "p": 1,
                    "std_range": [0.033976, 0.102353],
                    "mean_range": [0.2, 0.2],
                }
            },
        ),
        (
            _old(
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
            _old("Downscale", scale_min=0.3, scale_max=0.5, interpolation=2),
            {
                "Downscale": {
                    "p": 1,
                    "scale_range": [0.3, 0.5],
                    "interpolation_pair": {"downscale": 2, "upscale": 2},
                }
            },
        ),
        (_old("Solarize", threshold=51), {"Solarize": {"p": 1, "threshold_range": [0.2, 0.2]}}),
        (
            _old("RandomShadow", shadow_dimension=8),
            {"RandomShadow": {"p": 1, "shadow_dimension": 8}},
        ),
        (
            _old("Posterize", num_bits=[[2, 4], [3, 5], [6, 6]]),
            {"Posterize": {"p": 1, "num_bits": [[2, 4], [3, 5], [6, 6]]}},
        ),
        (
            _old("RandomSizedCrop", min_max_height=[4, 8], height=6, width=7),
            {"RandomSizedCrop": {"p": 1, "min_max_height": [4, 8], "size": [6, 7]}},
        ),
        (
            _old("GridDropout", unit_size_min=3, unit_size_max=6, shift_x=1),
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
            _old("GridDropout", holes_number_x=3, holes_number_y=7),
            {"GridDropout": {"p": 1, "random_offset": False, "holes_number_xy": [7, 3]}},
        ),
        (
            _old("IAAAffine", scale=[0.7, 1.2]),
            {"Affine": {"p": 1, "scale": [0.7, 1.2], "keep_ratio": True, "border_mode": 4}},
        ),
        (
            _old("Perspective", pad_mode=0, pad_val=3, mask_pad_val=0),
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
            _old("Affine", rotate=[1, 2], cval=3, cval_mask=0, mode=4),
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
            _old("Rotate", limit=30, method="ellipse"),
            {"Rotate": {"p": 1, "limit": 30, "border_mode": 4, "rotate_method": "ellipse"}},
        ),
        (
            _old("AdvancedBlur", sigmaX_limit=[0.2, 1]),
            {"AdvancedBlur": {"p": 1, "sigma_x_limit": [0.2, 1]}},
        ),
        (
            _old("GaussianBlur", blur_limit=[3, 7]),
            {"GaussianBlur": {"p": 1, "blur_limit": 0, "sigma_limit": [0.8, 1.4]}},
        ),
        (_old("Blur", blur_limit=8), {"Blur": {"p": 1, "blur_limit": [3, 7]}}),
        (_old("MotionBlur", blur_limit=[5, 10]), {"MotionBlur": {"p": 1, "blur_limit": [5, 9]}}),
        (
            _old("MultiplicativeNoise", multiplier=0.7),
            {"MultiplicativeNoise": {"p": 1, "multiplier": [0.7, 0.7]}},
        ),
        (
            _old("RandomRain", slant_lower=-5, slant_upper=5, rain_type=None),
            {
                "RandomRain": {
                    "p": 1,
                    "slant_range": [-5, 5],
                    "drop_length": 20,
                    "rain_type": "default",
                }
            },
        ),
        (_old("IAAFliplr"), {"HorizontalFlip": {"p": 1}}),
        (
            _old("IAAAffine", rotate=15, order=3, mode="edge", cval=0),
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
            _old("IAAPiecewiseAffine", scale=[0.01, 0.02], order=1, mode="constant"),
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
            _old("IAAAdditiveGaussianNoise", loc=0, scale=[2.55, 12.75]),
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
            _old("IAAAdditiveGaussianNoise", loc=0, scale=25.5),
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
            _old("IAASharpen", alpha=0.4, lightness=[0.8, 1]),
            {"Sharpen": {"p": 1, "alpha": [0, 0.4], "lightness": [0.8, 1]}},
        ),
        (
            _old("Emboss", alpha=0.4, strength=0.6),
            {"Emboss": {"p": 1, "alpha": [0, 0.4], "strength": [0, 0.6]}},
        ),
        (
            _old("IAACropAndPad", px=None, percent=None),
            {"NoOp": {"p": 1}},
        ),  # iaa.CropAndPad() does nothing
        # sums were cut off downwards, -8.5 on average; 2.0.8 cuts -9 off to -8.5
        (
            _old("GaussNoise", var_limit=[16, 16], mean=-8),
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
    assert _only(done.form) == new
    assert done.lost == []
    assert _apply(done.form, _picture()).dtype == np.uint8


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({*rewrite.RULES, *GONE}))
def test_every_old_transform_is_rewritten_or_named_and_what_is_left_builds(name: str) -> None:
    given = {"IAACropAndPad": {"px": 2}, "CropAndPad": {"px": 2}}.get(name, {})
    done = migrate.migrate(_old(name, **given))
    rows = done.form["transform"]["transforms"]
    assert rows or done.lost
    if rows:
        assert _apply(done.form, _picture()).dtype == np.uint8


@pytest.mark.parametrize(
    ("old", "named"),
    [
        (_old("ElasticTransform", alpha_affine=3), "alpha_affine: 3 px has no equal"),
        (_old("IAAPerspective", scale=0.1), "scale above 0.3 tore the picture apart"),  # 0.1 to 1
        (_old("Posterize", num_bits=[4, 5, 6]), "of three numbers each n meant 0 to n"),
        (_old("Posterize", num_bits=[0, 6]), "0 bits made a channel black"),
        (_old("RandomGamma", gamma_limit=120), "one number x meant -x to x"),
        (_old("RandomGamma", gamma_limit=[-120, 120]), "gamma_limit below 1 turned pictures white"),
        (_old("OpticalDistortion", shift_limit=0.1), "shift_limit: 0.1 has no equal"),
        (_old("CoarseDropout", max_height=8, min_height=0.1), "mix pixels and shares"),
        (_old("Blur", wobble=[1, 2]), r"Blur: wobble: \[1, 2\] has no equal"),
        (_old("TemplateTransform", templates=1), "TemplateTransform: left out"),
        (_old("Lambda", name="x"), "Lambda: left out"),
        (_old("MaskDropout"), "MaskDropout: left out: .*needs a mask"),
        (_old("mine.Transform"), "no transform 'mine.Transform'"),
    ],
)
def test_what_has_no_equal_is_named(old: dict[str, Any], named: str) -> None:
    with pytest.raises(AssertionError, match=named):
        raise AssertionError("; ".join(migrate.migrate(old).lost))


@pytest.mark.parametrize(
    ("angle", "scale", "shift"),
    [(30, 1, (0, 0)), (0, 1.2, (0, 0)), (0, 1, (0.1, -0.2)), (20, 0.8, (0.1, 0))],
)
def test_shift_scale_rotate_moves_pixels_as_it_did(
    angle: float, scale: float, shift: tuple[float, float]
) -> None:
    """The old matrix: OpenCV's rotation about the centre, then a shift by a share of width and height."""
    picture = np.zeros((101, 201, 3), np.uint8)
    cv2.circle(picture, (130, 45), 6, (255, 255, 255), -1)
    matrix = cv2.getRotationMatrix2D((100, 50), angle, scale)
    matrix[:, 2] += (shift[0] * 201, shift[1] * 101)
    expected = cv2.warpAffine(picture, matrix, (201, 101))
    done = migrate.migrate(
        _old(
            "ShiftScaleRotate",
            shift_limit_x=[shift[0]] * 2,
            shift_limit_y=[shift[1]] * 2,
            scale_limit=[round(scale - 1, 3)] * 2,
            rotate_limit=[angle] * 2,
            border_mode=0,
        )
    )
    for one, other in zip(
        np.nonzero(_apply(done.form, picture)[..., 0]), np.nonzero(expected[..., 0]), strict=True
    ):
        assert one.mean() == pytest.approx(other.mean(), abs=0.6)  # whole pixels of shift


def test_shift_scale_rotate_keeps_the_ratio_of_the_sides() -> None:
    form = _only(migrate.migrate(_old("ShiftScaleRotate")).form)["Affine"]
    assert form["keep_ratio"] is True
    assert (form["scale"], form["rotate"], form["border_mode"]) == ([0.9, 1.1], [-45, 45], 4)
    assert form["translate_percent"] == {"x": [-0.0625, 0.0625], "y": [-0.0625, 0.0625]}


def test_a_variance_below_0_is_no_error_of_mathematics() -> None:
    done = migrate.migrate(_old("GaussNoise", var_limit=[-10, 50]))
    assert _only(done.form)["GaussNoise"]["std_range"] == [
        0.011596,
        0.030083,
    ]  # the mean root of 0 to 50 is 2/3 of 50's


@pytest.mark.parametrize(("version", "fill"), [("1.4.11", [90, 0, 0]), ("1.4.12", 90)])
def test_one_number_filled_the_first_channel_of_a_border_only(version: str, fill: Any) -> None:
    """OpenCV takes 90 for (90, 0, 0, 0)."""
    form = _old("PadIfNeeded", min_height=200, min_width=260, border_mode=0, value=90)
    migrated = migrate.migrate({**form, "__version__": version}).form
    assert _only(migrated)["PadIfNeeded"]["fill"] == fill
    expected = cv2.copyMakeBorder(
        _picture(),
        10,
        10,
        10,
        10,
        cv2.BORDER_CONSTANT,
        value=fill if fill == [90, 0, 0] else [fill] * 3,
    )
    assert np.array_equal(_apply(migrated, _picture()), expected)


@pytest.mark.parametrize(("version", "darker"), [("1.4.4", -8.5), ("1.4.12", -7.5)])
def test_a_noise_below_0_darkens_as_it_did(version: str, darker: float) -> None:
    """As these versions darken a grey picture."""
    form = {**_old("GaussNoise", var_limit=[16, 16], mean=-8), "__version__": version}
    grey = np.full((200, 200, 3), 100, np.uint8)
    assert _apply(migrate.migrate(form).form, grey).mean() - 100 == pytest.approx(darker, abs=0.1)


@pytest.mark.parametrize(("version", "given"), [("1.4.8", 3.6), ("1.4.9", 3.0)])
def test_noise_is_wider_only_where_it_was_not_cut_off(version: str, given: float) -> None:
    made = _only(migrate.migrate(_from(version, "GaussNoise", var_limit=[9, 9])).form)["GaussNoise"]
    assert made["std_range"] == pytest.approx([given / 255] * 2, abs=1e-6)


def test_flip_is_one_of_the_three_flips() -> None:
    picture = _picture()
    flips = {picture[:, ::-1].tobytes(), picture[::-1].tobytes(), picture[::-1, ::-1].tobytes()}
    form = migrate.migrate(_old("Flip")).form
    assert {_apply(form, picture, seed).tobytes() for seed in range(30)} == flips


def test_holes_in_pixels_stay_in_pixels() -> None:
    form = migrate.migrate(
        _old("Cutout", num_holes=1, max_h_size=8, max_w_size=6, fill_value=0)
    ).form
    assert int((_apply(form, _picture()) == 0).all(axis=2).sum()) == 48


def _from(version: str, transform: str, **arguments: Any) -> dict[str, Any]:
    return {**_old(transform, **arguments), "__version__": version}


def test_spatter_of_one_mode_and_of_several() -> None:
    colors = {"rain": [238, 238, 175], "mud": [20, 42, 63]}
    one = migrate.migrate(_old("Spatter", mean=[0.65, 0.65], mode=["mud"], color=colors)).form
    assert _only(one) == {
        "Spatter": {"p": 1, "mean": [0.65, 0.65], "mode": "mud", "color": [20, 42, 63]}
    }
    several = migrate.migrate(_old("Spatter", mode=["rain", "mud"], color=colors)).form
    rows = _only(several)["OneOf"]["transforms"]
    assert [(row["mode"], row["color"], row["p"]) for row in rows] == [
        ("rain", colors["rain"], 1),
        ("mud", colors["mud"], 1),
    ]
    assert _apply(several, _picture()).dtype == np.uint8


def test_elastic_transform_moves_pixels_as_far_as_it_did() -> None:
    """The old field: even noise from -1 to 1, blurred, times alpha (Simard 2003, as in 0.3 to 1.4.20)."""
    y, x = np.mgrid[:160, :192].astype(np.float32)
    places = np.stack([x / 192, y / 160, np.ones_like(x)], axis=2)
    form = migrate.migrate(_old("ElasticTransform", alpha=60, sigma=6, alpha_affine=0)).form
    compose = A.Compose(Pipeline.of(form).build((192, 160)), seed=1)
    new = [
        np.abs(compose(image=places)["image"][20:-20, 20:-20, 0] - places[20:-20, 20:-20, 0]).mean()
        * 192
        for _ in range(8)
    ]
    draw = np.random.default_rng(2)
    old = [
        np.abs(cv2.GaussianBlur(draw.uniform(-1, 1, (160, 192)), (0, 0), 6) * 60)[
            20:-20, 20:-20
        ].mean()
        for _ in range(8)
    ]
    assert np.mean(new) == pytest.approx(np.mean(old), rel=0.1)


def test_holes_in_a_grid_are_as_wide_and_high_as_they_were() -> None:
    """Of 1.3.1: units of 240 // 5 by 180 // 2 px, half of each a hole."""
    form = migrate.migrate(
        _old("GridDropout", holes_number_x=5, holes_number_y=2, fill_value=255)
    ).form
    made = _apply(form, _picture())
    wanted = np.zeros((180, 240), bool)
    for x in range(0, 240, 48):
        for y in range(0, 180, 90):
            wanted[y : y + 45, x : x + 24] = True
    assert ((made == 255).all(axis=2) == wanted).all()


def test_one_multiplier_stays_the_one() -> None:
    made = _apply(
        migrate.migrate(_from("0.5.2", "MultiplicativeNoise", multiplier=0.6)).form, _picture()
    )
    assert abs(made - 0.6 * _picture()).max() <= 1


@pytest.mark.parametrize("around", ["OneOf", "Sequential", "Compose"])
@pytest.mark.parametrize("name", sorted({*rewrite.RULES, *GONE}))
def test_a_transform_is_rewritten_within_others_as_it_is_alone(name: str, around: str) -> None:
    given = {"height": 30, "width": 40} if name == "RandomSizedCrop" else {}
    alone = migrate.migrate(_from("1.4.4", name, **given))
    row = _old(name, **given)["transform"]["transforms"][0]
    nested = migrate.migrate(
        _from("1.4.4", around, transforms=[row, {"__class_fullname__": "VerticalFlip", "p": 1}])
    )
    inside = nested.form["transform"]["transforms"][0]["transforms"]
    assert inside[:-1] == alone.form["transform"]["transforms"]
    assert [note.what for note in nested.notes] == [note.what for note in alone.notes]


def test_a_transform_that_blackens_pictures_is_refused() -> None:
    done = migrate.migrate(
        _old("PixelDistributionAdaptation", reference_images=["a.png"], blend_ratio=[0.5, 1])
    )
    assert [line for line in done.lost if "black" in line]
    (found,) = Pipeline.of(
        [{"PixelDistributionAdaptation": {"reference_images": ["a.png"]}}], allow_files=True
    ).problems
    assert "HistogramMatching" in found.hint
