"""Strengths that are others now are mended, or named."""

from typing import Any

import pytest
from coco_recipe_albumentations.migration import migrate

np = pytest.importorskip("numpy")
A = pytest.importorskip("albumentations")
cv2 = pytest.importorskip("cv2")
from migrating import applied_to, old_pipeline  # noqa: E402


def _picture() -> Any:
    return np.random.default_rng(1).integers(40, 220, (180, 240, 3)).astype(np.uint8)


def _from(version: str, transform: str, **arguments: Any) -> dict[str, Any]:
    return {**old_pipeline(transform, **arguments), "__version__": version}


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


@pytest.mark.parametrize(("blur", "given"), [(7, (3, 7)), ([5, 13], (5, 13))])
def test_a_blur_without_a_sigma_is_as_strong_as_it_was(blur: Any, given: tuple[int, int]) -> None:
    """Up to 1.4.24 it drew a kernel, the odd ones above and at what it drew, and OpenCV found a
    sigma for it.
    """
    picture, (low, high) = _picture(), given
    was = [cv2.GaussianBlur(picture, (size | 1, size | 1), 0) for size in range(low, high + 1)]
    form = migrate.migrate(_from("1.4.3", "GaussianBlur", blur_limit=blur)).form
    now = [applied_to(form, picture, seed) for seed in range(40)]
    old, new = (
        np.mean([abs(one.astype(int) - picture).mean() for one in made]) for made in (was, now)
    )
    assert new == pytest.approx(old, rel=0.03)


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
    done = migrate.migrate({**old_pipeline("ZoomBlur", max_factor=factor), "__version__": version})
    assert any("ZoomBlur changed pixels 0.9 times" in note.what for note in done.notes) is is_named
