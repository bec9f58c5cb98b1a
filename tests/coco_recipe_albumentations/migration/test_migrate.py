"""Pipelines that people have: eight real files of Albumentations 0.3 to 2.0, and each rule of the rewriting."""

import json
import random
import warnings
from pathlib import Path
from typing import Any

import pytest
import yaml
from builders import command, real_data
from click.testing import CliRunner, Result
from coco_recipe_albumentations.migration import migrate, rewrite
from coco_recipe_albumentations.pipeline.commands import pipeline as commands
from coco_recipe_albumentations.pipeline.history import GONE
from coco_recipe_albumentations.pipeline.read import Pipeline

np = pytest.importorskip("numpy")
A = pytest.importorskip("albumentations")
cv2 = pytest.importorskip("cv2")

# file, exit status of migrate, transforms before and after, what is named as lost
FILES = [
    ("01_sneddy_v0.3.1_train_complex_1024_old.json", 1, 5, 5, ("alpha_affine", "shift_limit")),
    ("04_cloths_segmentation_2020-10-30_train_aug.yaml", 0, 5, 4, ()),
    ("05_midv500_2020-05-19_train_aug.yaml", 0, 12, 11, ()),
    ("07_pipelime_v1.0.3.json", 0, 2, 2, ()),
    ("08_h2o_hydrogen_torch_v1.1.0_bbox_placeholders.json", 0, 1, 1, ()),
    (
        "10_albumentations_repo_2021-05-27_serialization_v2.json",
        1,
        48,
        47,
        ("alpha_affine", "shift_limit"),
    ),
    ("12_albumentations_repo_2024-02-16_v2.json", 1, 48, 47, ("alpha_affine", "shift_limit")),
    ("15_albumentations_repo_tag_2.0.8.json", 0, 47, 46, ()),
]


def _old(transform: str, **arguments: Any) -> dict[str, Any]:
    """Write a transform as an older version did."""
    row = {"__class_fullname__": transform, "always_apply": False, "p": 1, **arguments}
    return {
        "__version__": "1.3.1",
        "transform": {"__class_fullname__": "Compose", "p": 1, "transforms": [row]},
    }


def _run(*arguments: str | Path) -> Result:
    """Run a command of the group in this process."""
    return CliRunner().invoke(commands, [str(argument) for argument in arguments])


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


@pytest.mark.parametrize(
    ("name", "status", "before", "after", "lost"), FILES, ids=[row[0][:2] for row in FILES]
)
def test_a_real_file_is_refused_as_it_is_and_runs_when_migrated(
    name: str, status: int, before: int, after: int, lost: tuple[str, ...], tmp_path: Path
) -> None:
    source = real_data("pipelines") / name
    with pytest.raises(
        ValueError, match=r"pipeline migrate|written by Albumentations|always_apply"
    ):
        Pipeline.of(str(source)).build()
    assert _run("lint", source).exit_code == 1
    done = _run("migrate", source, "-o", tmp_path / "new.json")
    assert done.exit_code == status, done.stderr
    named = [line for line in done.stderr.splitlines() if line.startswith("could not carry over: ")]
    assert len(named) == len(lost)
    assert all(word in line for word, line in zip(lost, named, strict=True))
    assert done.stderr.count("Normalize: left out: leave it to training") == before - after
    form = json.loads((tmp_path / "new.json").read_text())
    assert len(form["transform"]["transforms"]) == after
    assert not Pipeline.of(str(tmp_path / "new.json")).problems
    for seed in range(3):
        made = _apply(form, _picture(), seed)
        assert made.dtype == np.uint8
        assert made.std() > 1
    again = _run("lint", tmp_path / "new.json")
    assert (again.exit_code, again.stdout.splitlines()[-1]) == (
        0,
        f"{tmp_path / 'new.json'}: nothing is wrong",
    )


@pytest.mark.parametrize("name", [row[0] for row in FILES], ids=[row[0][:2] for row in FILES])
def test_no_argument_vanishes_without_being_named(name: str) -> None:
    """Each argument of the old file is in the new one under its name, or is named in what changed or was lost."""
    path = real_data("pipelines") / name
    done = migrate.migrate_file(path)
    spoken = done.changes + done.lost
    text = path.read_text("utf-8").replace("IMAGE_HEIGHT", "1").replace("IMAGE_WIDTH", "1")
    old = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    new: list[Any] = list(done.form["transform"]["transforms"])
    for index, row in enumerate(old["transform"]["transforms"]):
        about = [line for line in spoken if line.startswith(f"transforms[{index}]")]
        if any("left out" in line for line in about):
            continue
        kept = new.pop(0)
        for argument, value in row.items():
            if argument in ("__class_fullname__", "always_apply", "transforms"):
                continue
            same = argument in kept and (kept[argument] == value or name.startswith("08"))
            assert same or any(argument in line for line in about), (
                f"transforms[{index}] {argument}"
            )
    assert not new


def test_the_second_migration_changes_nothing() -> None:
    once = migrate.migrate_file(real_data("pipelines") / FILES[5][0])
    assert migrate.migrate(once.form).form == once.form
    assert migrate.migrate(once.form).changes == []


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


@pytest.mark.parametrize(
    ("around", "given", "p"),
    [
        (None, {"always_apply": True, "p": 0.3}, 1),
        (None, {"always_apply": False, "p": 0.3}, 0.3),
        (None, {"p": 0.3}, 0.3),
        ("OneOf", {"always_apply": True, "p": 0.3}, 0.3),  # within it p is a weight
    ],
)
def test_always_apply_is_p_1_but_where_one_is_chosen(
    around: str | None, given: dict[str, Any], p: float
) -> None:
    row: dict[str, Any] = {"__class_fullname__": "Blur", "blur_limit": 3, **given}
    form = (
        _old(around, transforms=[row])
        if around
        else _old("Blur") | {"transform": {"__class_fullname__": "Compose", "transforms": [row]}}
    )
    made = migrate.migrate(form).form["transform"]["transforms"][0]
    assert (made["transforms"][0] if around else made)["p"] == p


def test_p_that_is_not_given_is_written_with_the_default_of_its_time() -> None:
    form = _old("RandomRotate90")
    del form["transform"]["transforms"][0]["p"]
    assert _only(migrate.migrate(form).form) == {"RandomRotate90": {"p": 0.5}}
    cropped = {"IAACropAndPad": {"px": 8}}
    old = {
        "__version__": "0.5.2",
        "transform": {"__class_fullname__": "Compose", "transforms": [cropped]},
    }
    assert _only(migrate.migrate(old).form)["CropAndPad"]["p"] == 1


def test_placeholders_become_expressions_and_others_are_asked_about(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text('[{"Resize":\n {"height": IMG_HEIGHT, "width": IMG_WIDTH, "p": 1}}]', "utf-8")
    done = migrate.migrate_file(path)
    assert _only(done.form) == {
        "Resize": {"height": "${image.height}", "width": "${image.width}", "p": 1}
    }
    assert done.changes[0].startswith('line 2 column 13: IMG_HEIGHT -> "${image.height}"')
    path.write_text('[{"Resize": {"height": SIZE, "width": 3}}]', "utf-8")
    with pytest.raises(ValueError, match=r"p.json:1:24: SIZE is no value: write a number"):
        migrate.migrate_file(path)


def test_migrate_writes_yaml_for_yaml_and_says_what_changed_on_the_other_channel(
    tmp_path: Path,
) -> None:
    (tmp_path / "p.yaml").write_text(
        yaml.safe_dump(_old("RandomFog", fog_coef_lower=0.1, fog_coef_upper=0.4)), "utf-8"
    )
    done = command("pipeline", "migrate", "p.yaml", cwd=tmp_path)
    assert done.returncode == 0
    assert _only(yaml.safe_load(done.stdout)) == {
        "RandomFog": {"p": 1, "fog_coef_range": [0.1, 0.4]}
    }
    assert (
        "transforms[0] RandomFog: fog_coef_lower, fog_coef_upper -> fog_coef_range: [0.1, 0.4]\n"
        in done.stderr
    )


def _from(version: str, transform: str, **arguments: Any) -> dict[str, Any]:
    return {**_old(transform, **arguments), "__version__": version}


@pytest.mark.parametrize(
    ("version", "transform", "expected"),
    [
        ("1.3.1", "Rotate", {"border_mode": 4}),  # though 2.0.8 knows every argument of it
        ("1.4.24", "PadIfNeeded", {"border_mode": 4}),
        ("1.4.21", "OpticalDistortion", {"border_mode": 4}),
        ("1.3.1", "GridDistortion", {"normalized": False}),
        ("1.4.17", "GridDistortion", {"normalized": False}),
        ("1.3.1", "ColorJitter", {"hue": 0.2}),
        ("1.4.12", "ColorJitter", {"brightness": [0.8, 1]}),
        ("1.4.10", "CoarseDropout", {"num_holes_range": [8, 8]}),
        ("1.4.12", "CoarseDropout", {"num_holes_range": [1, 1]}),
        ("1.4.12", "ElasticTransform", {"alpha": 3, "noise_distribution": "uniform"}),
        ("1.4.21", "ElasticTransform", {"alpha": 3.464, "approximate": True}),  # sqrt(12)
        ("1.4.24", "ElasticTransform", {"alpha": 1.732}),
        ("1.3.1", "Affine", {"rotate": [-15, 15], "scale": [0.9, 1.1]}),
    ],
)
def test_a_default_is_the_one_of_the_version_that_wrote_the_file(
    version: str, transform: str, expected: dict[str, Any]
) -> None:
    """By the signatures of these versions."""
    ((_, made),) = _only(migrate.migrate(_from(version, transform)).form).items()
    assert {name: made.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("version", "low"), [("1.4.3", 0.2), ("1.4.4", 1 / 255), ("1.4.18", 1 / 255), ("1.4.19", 0.2)]
)
def test_one_threshold_of_solarize_was_a_range_for_some_versions(version: str, low: float) -> None:
    made = _only(migrate.migrate(_from(version, "Solarize", threshold=51)).form)["Solarize"]
    assert made["threshold_range"] == pytest.approx([low, 0.2], abs=1e-6)


@pytest.mark.parametrize(
    ("version", "corners"), [("1.4.3", 8), ("1.4.4", None), ("1.4.19", None), ("1.4.20", 8)]
)
def test_shadows_had_five_corners_for_some_versions(version: str, corners: int | None) -> None:
    made = _only(migrate.migrate(_from(version, "RandomShadow", shadow_dimension=8)).form)[
        "RandomShadow"
    ]
    assert made.get("shadow_dimension") == corners


@pytest.mark.parametrize(
    ("version", "absent"), [("1.4.18", "normalized"), ("1.4.21", "normalized")]
)
def test_a_default_that_is_todays_is_not_written(version: str, absent: str) -> None:
    assert (
        absent
        not in _only(migrate.migrate(_from(version, "GridDistortion")).form)["GridDistortion"]
    )


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


@pytest.mark.parametrize(
    ("version", "name", "word"),
    [
        ("1.3.1", "FancyPCA", "0.02 levels"),
        ("1.3.1", "ISONoise", "360 times smaller"),
        ("1.3.1", "RandomSunFlare", "brightened"),
        ("1.4.21", "RandomFog", "brightens more"),
        ("1.3.1", "PiecewiseAffine", "whatever its scale"),
        ("1.0.3", "Spatter", "mud"),
        ("1.3.1", "ElasticTransform", "sigma"),
    ],
)
def test_a_strength_that_no_argument_mends_is_said(version: str, name: str, word: str) -> None:
    said = [note.what for note in migrate.migrate(_from(version, name)).notes]
    assert [line.startswith(name) for line in said if word in line] == [True]
    assert migrate.migrate([{name: {"p": 1}}]).notes == []  # today's pipeline


@pytest.mark.parametrize(
    ("version", "name", "given"),
    [
        ("1.3.1", "BBoxSafeRandomCrop", {"erosion_rate": 0.4}),
        ("0.5.2", "GlassBlur", {}),
        ("1.0.3", "Equalize", {"mode": "pil"}),
        ("0.4.6", "Cutout", {"max_w_size": 12}),
        ("1.4.18", "Perspective", {"keep_size": False}),
        ("1.1.0", "GridDropout", {"random_offset": True, "holes_number_x": 4, "holes_number_y": 4}),
    ],
)
def test_a_strength_is_said_where_it_differs_only(
    version: str, name: str, given: dict[str, Any]
) -> None:
    said = [note.what for note in migrate.migrate(_from(version, name, **given)).notes]
    assert [line.startswith(name) for line in said] == [True]
    other = _from(
        "1.3.1" if not given else version,
        name,
        **{key: value for key, value in given.items() if "number" in key},
    )
    assert migrate.migrate(other).notes == []


@pytest.mark.parametrize(
    ("version", "low", "count"), [("1.4.20", 1, 1), ("1.4.20", 1.0, 0), ("1.4.12", 1, 0)]
)
def test_a_range_that_some_versions_read_as_whole_numbers_is_named(
    version: str, low: float, count: int
) -> None:
    done = migrate.migrate(_from(version, "Affine", scale={"x": [low, 1.5], "y": 1}))
    assert sum("whole numbers" in note.what for note in done.notes) == count


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("Posterize", {"num_bits": [4, 5, 6]}),
        ("Posterize", {"num_bits": [0, 6]}),
        ("RandomGamma", {"gamma_limit": 120}),
        ("RandomGamma", {"gamma_limit": [-120, 120]}),
    ],
)
def test_what_is_named_as_lost_is_left_in_a_form_that_runs(
    name: str, given: dict[str, Any]
) -> None:
    assert _apply(migrate.migrate(_old(name, **given)).form, _picture()).dtype == np.uint8


def test_migrate_and_lint_name_a_border_that_repeats_the_picture(tmp_path: Path) -> None:
    source = real_data("field_cases") / "08_migrate" / "old.json"
    done = _run("migrate", source, "-o", tmp_path / "new.json")
    assert done.exit_code == 0
    for run in (
        done.stderr,
        _run("lint", source).stdout,
        _run("lint", tmp_path / "new.json").stdout,
    ):
        named = [line for line in run.splitlines() if "repeats the picture" in line]
        assert len(named) == 2, run
        assert all(
            "note: " in line and "repeated: label" in line and "repeated: fill" in line
            for line in named
        )
    assert "note: transforms[2]: ShiftScaleRotate has border_mode 4" in done.stderr
    rows = json.loads((tmp_path / "new.json").read_text())["transform"]["transforms"]
    assert [row.get("border_mode") for row in rows] == [4, None, 4]


@pytest.mark.parametrize(
    ("row", "count"),
    [
        ({"Affine": {"border_mode": 2, "p": 1}}, 1),
        ({"Rotate": {"border_mode": 3, "p": 1}}, 1),
        ({"PadIfNeeded": {"min_height": 99, "min_width": 99, "border_mode": 4, "p": 1}}, 1),
        (
            {
                "RandomCrop": {
                    "height": 9,
                    "width": 9,
                    "pad_if_needed": True,
                    "border_mode": 4,
                    "p": 1,
                }
            },
            1,
        ),
        (
            {
                "RandomCrop": {
                    "height": 9,
                    "width": 9,
                    "pad_if_needed": False,
                    "border_mode": 4,
                    "p": 1,
                }
            },
            0,
        ),
        ({"Affine": {"border_mode": 1, "p": 1}}, 0),
        ({"Affine": {"p": 1}}, 0),
        ({"HorizontalFlip": {"p": 1}}, 0),
        (
            {
                "OneOf": {
                    "p": 1,
                    "transforms": [
                        {"ElasticTransform": {"border_mode": 4, "p": 1}},
                        {"Rotate": {"p": 1}},
                    ],
                }
            },
            1,
        ),
    ],
)
def test_lint_names_each_border_mode_that_repeats(
    row: dict[str, Any], count: int, tmp_path: Path
) -> None:
    (tmp_path / "p.yaml").write_text(yaml.safe_dump([row]), "utf-8")
    done = _run("lint", tmp_path / "p.yaml")
    assert done.exit_code == 0
    assert done.stdout.count("repeats the picture") == count


def test_migrate_fails_where_the_library_refuses_the_result(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(json.dumps(_old("Blur", blur_limit=-4)), "utf-8")
    done = _run("migrate", tmp_path / "p.json")
    assert done.exit_code == 1
    assert "could not carry over: transforms[0]: Blur: blur_limit" in done.stderr


def test_a_migrated_file_loads_in_the_library_too(tmp_path: Path) -> None:
    done = migrate.migrate(_old("ShiftScaleRotate", value=None))
    (tmp_path / "p.json").write_text(migrate.dump(done.form, ".json"), "utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [type(one).__name__ for one in A.load(tmp_path / "p.json").transforms] == ["Affine"]


def test_lint_names_what_is_refused_ignored_and_replaced(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(
        "transform:\n  __class_fullname__: Compose\n  bbox_params: {format: coco, min_visibility: 0.3}\n  transforms:\n"
        "  - __class_fullname__: HorizontalFlip\n  - __class_fullname__: ShiftScaleRotate\n    p: 0.5\n"
        "  - __class_fullname__: Normalize\n    p: 1\n  - __class_fullname__: Blur\n    p: 1\n    radius: 3\n",
        "utf-8",
    )
    done = _run("lint", tmp_path / "p.yaml")
    assert done.exit_code == 1
    assert done.stdout.replace(f"{tmp_path}/", "").splitlines() == [
        "p.yaml:8: Normalize gives no 8-bit picture, as a copy must be; leave Normalize to training",
        "p.yaml:12: Blur of Albumentations 2.0.8 has no argument 'radius'; known here: blur_limit, p",
        "note: p.yaml:3: bbox_params is replaced by the step's own; write its min_area and min_visibility as min_area_px and "
        "min_visibility of the step",
        "note: p.yaml:5: HorizontalFlip has no p: its default, 0.5, is used; write it",
        "note: p.yaml:6: ShiftScaleRotate is a special case of Affine transform. Please use Affine transform instead.",
    ]


def test_lint_of_a_sound_file_ends_well_and_builds_it(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("- HorizontalFlip: {p: 0.5}\n", "utf-8")
    done = _run("lint", tmp_path / "p.yaml")
    assert (done.exit_code, done.stdout) == (0, f"{tmp_path / 'p.yaml'}: nothing is wrong\n")
    (tmp_path / "p.yaml").write_text("- Blur: {p: 0.5, blur_limit: -4}\n", "utf-8")
    assert "Blur: blur_limit" in _run("lint", tmp_path / "p.yaml").stdout


@pytest.mark.parametrize(("blur", "given"), [(7, (3, 7)), ([5, 13], (5, 13))])
def test_a_blur_without_a_sigma_is_as_strong_as_it_was(blur: Any, given: tuple[int, int]) -> None:
    """Up to 1.4.24 it drew a kernel, the odd ones above and at what it drew, and OpenCV found a sigma for it."""
    picture, (low, high) = _picture(), given
    was = [cv2.GaussianBlur(picture, (size | 1, size | 1), 0) for size in range(low, high + 1)]
    form = migrate.migrate(_from("1.4.3", "GaussianBlur", blur_limit=blur)).form
    now = [_apply(form, picture, seed) for seed in range(40)]
    old, new = (
        np.mean([abs(one.astype(int) - picture).mean() for one in made]) for made in (was, now)
    )
    assert new == pytest.approx(old, rel=0.03)


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


def test_a_tuple_of_a_yaml_dump_is_a_list(tmp_path: Path) -> None:
    form = _old("Rotate", limit=(-11, 23), value=(7, 8, 9), border_mode=0)
    (tmp_path / "old.yaml").write_text(yaml.dump(form), "utf-8")
    assert "python/tuple" in (tmp_path / "old.yaml").read_text("utf-8")
    made = _only(migrate.migrate_file(tmp_path / "old.yaml").form)["Rotate"]
    assert (made["limit"], made["fill"]) == ([-11, 23], [7, 8, 9])


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


@pytest.mark.parametrize(
    ("version", "factor", "is_named"),
    [
        ("1.3.1", [1.05, 1.15], True),
        ("1.4.0", 1.1, True),
        ("1.4.12", [1.05, 1.15], False),
        ("1.3.1", 1.31, False),
    ],
)
def test_a_slight_zoom_blur_is_named_as_weaker_than_now(
    version: str, factor: Any, is_named: bool
) -> None:
    done = migrate.migrate({**_old("ZoomBlur", max_factor=factor), "__version__": version})
    assert any("ZoomBlur changed pixels 0.9 times" in note.what for note in done.notes) is is_named
