"""Old transforms move pixels as they did."""

from typing import Any

import pytest
from coco_recipe_albumentations.migration import migrate
from coco_recipe_albumentations.pipeline.read import Pipeline

np = pytest.importorskip("numpy")
A = pytest.importorskip("albumentations")
cv2 = pytest.importorskip("cv2")
from migrating import applied_to, old_pipeline  # noqa: E402
from migrations import noise, only  # noqa: E402


@pytest.mark.parametrize(
    ("angle", "scale", "shift"),
    [(30, 1, (0, 0)), (0, 1.2, (0, 0)), (0, 1, (0.1, -0.2)), (20, 0.8, (0.1, 0))],
)
def test_shift_scale_rotate_moves_pixels_as_it_did(
    angle: float, scale: float, shift: tuple[float, float]
) -> None:
    """The old matrix: OpenCV's rotation about the centre, then a shift by a share of width and
    height.
    """
    picture = np.zeros((101, 201, 3), np.uint8)
    cv2.circle(picture, (130, 45), 6, (255, 255, 255), -1)
    matrix = cv2.getRotationMatrix2D((100, 50), angle, scale)
    matrix[:, 2] += (shift[0] * 201, shift[1] * 101)
    expected = cv2.warpAffine(picture, matrix, (201, 101))
    done = migrate.migrate(
        old_pipeline(
            "ShiftScaleRotate",
            shift_limit_x=[shift[0]] * 2,
            shift_limit_y=[shift[1]] * 2,
            scale_limit=[round(scale - 1, 3)] * 2,
            rotate_limit=[angle] * 2,
            border_mode=0,
        )
    )
    for one, other in zip(
        np.nonzero(applied_to(done.form, picture)[..., 0]),
        np.nonzero(expected[..., 0]),
        strict=True,
    ):
        assert one.mean() == pytest.approx(other.mean(), abs=0.6)  # whole pixels of shift


def test_shift_scale_rotate_keeps_the_ratio_of_the_sides() -> None:
    form = only(migrate.migrate(old_pipeline("ShiftScaleRotate")).form)["Affine"]
    assert form["keep_ratio"] is True
    assert (form["scale"], form["rotate"], form["border_mode"]) == ([0.9, 1.1], [-45, 45], 4)
    assert form["translate_percent"] == {"x": [-0.0625, 0.0625], "y": [-0.0625, 0.0625]}


@pytest.mark.parametrize(("version", "fill"), [("1.4.11", [90, 0, 0]), ("1.4.12", 90)])
def test_one_number_filled_the_first_channel_of_a_border_only(version: str, fill: Any) -> None:
    """OpenCV takes 90 for (90, 0, 0, 0)."""
    form = old_pipeline("PadIfNeeded", min_height=200, min_width=260, border_mode=0, value=90)
    migrated = migrate.migrate({**form, "__version__": version}).form
    assert only(migrated)["PadIfNeeded"]["fill"] == fill
    expected = cv2.copyMakeBorder(
        noise(),
        10,
        10,
        10,
        10,
        cv2.BORDER_CONSTANT,
        value=fill if fill == [90, 0, 0] else [fill] * 3,
    )
    assert np.array_equal(applied_to(migrated, noise()), expected)


def test_flip_is_one_of_the_three_flips() -> None:
    picture = noise()
    flips = {picture[:, ::-1].tobytes(), picture[::-1].tobytes(), picture[::-1, ::-1].tobytes()}
    form = migrate.migrate(old_pipeline("Flip")).form
    assert {applied_to(form, picture, seed).tobytes() for seed in range(30)} == flips


def test_elastic_transform_moves_pixels_as_far_as_it_did() -> None:
    """The old field: even noise from -1 to 1, blurred, times alpha (Simard 2003, as in 0.3 to
    1.4.20).
    """
    y, x = np.mgrid[:160, :192].astype(np.float32)
    places = np.stack([x / 192, y / 160, np.ones_like(x)], axis=2)
    form = migrate.migrate(old_pipeline("ElasticTransform", alpha=60, sigma=6, alpha_affine=0)).form
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
