"""What a pipeline drew over an object, by the pixels that still tell it from the background."""

import random
from copy import deepcopy
from typing import Any

import pytest

np = pytest.importorskip("numpy")
A = pytest.importorskip("albumentations")
cv2 = pytest.importorskip("cv2")

from coco_recipe_albumentations.carrier import Carrier  # noqa: E402
from coco_recipe_pictures.geometry import rle  # noqa: E402
from coco_recipe_pictures.geometry.instance import Instance, Moved  # noqa: E402

HEIGHT, WIDTH = 120, 160
BOX = (50.0, 40.0, 60.0, 40.0)
GROUND, OBJECT = (90, 90, 90), (150, 150, 150)
RING = np.zeros((HEIGHT, WIDTH), bool)  # an object with a hole
RING[40:80, 50:110] = True
RING[50:70, 60:100] = False
WHOLE = np.zeros((HEIGHT, WIDTH), bool)
WHOLE[40:80, 50:110] = True
FLARE = {"flare_roi": (0.45, 0.45, 0.5, 0.5), "num_flare_circles_range": (20, 21), "p": 1}
DROPOUTS = [
    A.CoarseDropout(
        num_holes_range=(5, 9), hole_height_range=(9, 30), hole_width_range=(9, 30), fill=7, p=1
    ),
    A.GridDropout(ratio=0.5, unit_size_range=(9, 20), random_offset=True, fill=7, p=1),
    A.Erasing(scale=(0.2, 0.4), fill=7, p=1),
    A.XYMasking(
        num_masks_x=(2, 3),
        num_masks_y=(2, 3),
        mask_x_length=(9, 20),
        mask_y_length=(9, 20),
        fill=7,
        p=1,
    ),
    A.TimeMasking(time_mask_param=90, p=1),
    A.FrequencyMasking(freq_mask_param=90, p=1),
    A.PixelDropout(dropout_prob=0.4, drop_value=7, p=1),
    A.PixelDropout(dropout_prob=0.4, drop_value=7, per_channel=True, p=1),
    A.SaltAndPepper(amount=(0.4, 0.4), p=1),
]


def _painted(mask: Any) -> Any:
    picture = np.full((HEIGHT, WIDTH, 3), GROUND, np.uint8)
    picture[mask] = OBJECT
    return picture


def _carried(transforms: Any, mask: Any, instance: Instance, key: int = 0) -> tuple[Any, Moved]:
    carried = Carrier(deepcopy(transforms))(_painted(mask), [instance], key)
    return carried.picture, carried.moved[0]


def _seen(transforms: Any, mask: Any, instance: Instance, key: int = 0) -> tuple[float, Moved]:
    """Return the share of an object's pixels that still differ from a background without it."""
    picture, moved = _carried(transforms, mask, instance, key)
    bare, _ = _carried(transforms, np.zeros_like(mask), instance, key)
    differs = np.abs(picture.astype(int) - bare).max(axis=2) > 6  # a tenth of the contrast
    return float((differs & mask).sum() / mask.sum()), moved


def _named(value: Any) -> str:
    return type(value).__name__


@pytest.mark.parametrize("transform", DROPOUTS, ids=_named)
@pytest.mark.parametrize("form", ["box", "polygon", "mask"])
def test_visibility_is_the_share_of_pixels_that_a_dropout_left(transform: Any, form: str) -> None:
    mask = RING if form == "mask" else WHOLE
    corners = [[110.0, 80.0, 50.0, 80.0, 50.0, 40.0, 110.0, 40.0]]
    forms: dict[str, Any] = {
        "box": None,
        "polygon": corners,
        "mask": rle.encode(mask, compressed=True),
    }
    shares = []
    for key in range(4):
        seen, moved = _seen([transform], mask, Instance(BOX, forms[form], None), key)
        assert moved.visibility == pytest.approx(seen)
        assert moved.bbox == BOX  # that of the whole object
        shares.append(seen)
    assert min(shares) < 1


@pytest.mark.parametrize(
    "transform",
    [
        A.RandomSunFlare(src_radius=60, **FLARE),
        A.RandomSunFlare(src_radius=60, method="physics_based", **FLARE),
        A.RandomFog(fog_coef_range=(0.9, 0.9), alpha_coef=0.5, p=1),
        A.RandomFog(fog_coef_range=(1, 1), alpha_coef=1, p=1),
        A.RandomShadow(
            shadow_intensity_range=(1, 1), num_shadows_limit=(3, 3), shadow_roi=(0, 0, 1, 1), p=1
        ),
        A.PlasmaShadow(shadow_intensity_range=(1, 1), p=1),
        A.RandomGravel(gravel_roi=(0, 0, 1, 1), number_of_patches=30, p=1),
        A.RandomRain(
            rain_type="torrential", drop_width=4, drop_color=(255, 255, 255), blur_value=1, p=1
        ),
        A.RandomSnow(snow_point_range=(0.9, 0.9), brightness_coeff=4, p=1),
        A.RandomSnow(method="texture", snow_point_range=(1, 1), p=1),
        A.Spatter(mode="mud", mean=(0.7, 0.7), intensity=(1, 1), p=1),
        A.Spatter(mode="rain", intensity=(1, 1), p=1),
    ],
    ids=_named,
)
def test_what_is_drawn_over_an_object_hides_the_pixels_that_no_longer_tell_it_from_the_background(
    transform: Any,
) -> None:
    for key in range(4):
        seen, moved = _seen([transform], WHOLE, Instance(BOX, None, None), key)
        assert moved.visibility == pytest.approx(
            seen, abs=0.08
        )  # a pixel near the tenth may fall on either side


def test_an_object_in_the_core_of_a_flare_or_in_full_fog_is_gone() -> None:
    core = Instance((76.0, 56.0, 8.0, 8.0), None, None)
    flare = A.RandomSunFlare(
        src_radius=150, flare_roi=(0.5, 0.5, 0.501, 0.501), num_flare_circles_range=(20, 21), p=1
    )
    assert _carried([flare], WHOLE, core)[1].visibility == 0
    assert (
        _carried([A.RandomFog(fog_coef_range=(1, 1), alpha_coef=1, p=1)], WHOLE, core)[1].visibility
        == 0
    )


@pytest.mark.parametrize(
    "transform",
    [
        A.RandomShadow(p=1),
        A.RandomFog(fog_coef_range=(0.3, 0.3), alpha_coef=0.05, p=1),
        A.RandomSnow(p=1),
        A.Blur(p=1),
        A.MotionBlur(blur_limit=31, p=1),
        A.GaussNoise(std_range=(0.4, 0.4), p=1),
        A.Posterize(num_bits=1, p=1),
        A.Solarize(p=1),
        A.RandomBrightnessContrast(brightness_limit=(0.9, 0.9), p=1),
        A.ToGray(p=1),
        A.InvertImg(p=1),
        A.Downscale(p=1),
        A.ChannelDropout(channel_drop_range=(2, 2), p=1),
        A.PlasmaShadow(p=1),
        A.Morphological(scale=(9, 9), p=1),
        A.SelectiveChannelTransform([A.SaltAndPepper(amount=(0.9, 0.9), p=1)], channels=[0], p=1),
    ],
    ids=_named,
)
def test_what_lets_an_object_through_hides_nothing(transform: Any) -> None:
    assert _carried([transform], WHOLE, Instance(BOX, None, None))[1].visibility == 1


def test_what_two_transforms_hide_is_hidden_once() -> None:
    columns = A.XYMasking(
        num_masks_x=(2, 2),
        num_masks_y=(0, 0),
        mask_x_length=(40, 40),
        mask_y_length=(0, 0),
        fill=7,
        p=1,
    )
    pipeline = [columns, A.PixelDropout(dropout_prob=0.5, drop_value=7, p=1), *DROPOUTS[:4]]
    for key in range(4):
        seen, moved = _seen(
            pipeline, RING, Instance(BOX, rle.encode(RING, compressed=False), None), key
        )
        assert moved.visibility == pytest.approx(seen)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda one: A.OneOf([one], p=1),
        lambda one: A.Sequential([A.NoOp(p=1), one], p=1),
        lambda one: A.SomeOf([one, one], n=1, p=1),
        lambda one: A.OneOrOther(transforms=[one, one], p=1),
        lambda one: A.OneOf([A.Sequential([A.RandomOrder([one], n=1, p=1)], p=1)], p=1),
    ],
)
@pytest.mark.parametrize(
    "transform",
    [DROPOUTS[0], DROPOUTS[6], A.RandomFog(fog_coef_range=(1, 1), alpha_coef=1, p=1)],
    ids=_named,
)
def test_transforms_inside_others_hide_too(wrap: Any, transform: Any) -> None:
    seen, moved = _seen([wrap(transform)], WHOLE, Instance(BOX, None, None))
    assert seen < 1
    assert moved.visibility == pytest.approx(seen, abs=0.02)


NEAR = {"interpolation": 0, "mask_interpolation": 0, "p": 1}


@pytest.mark.parametrize(
    "later",
    [
        [A.HorizontalFlip(p=1)],
        [A.Transpose(p=1)],
        [A.RandomRotate90(p=1)],
        [A.D4(p=1)],
        [A.Affine(rotate=(25, 25), **NEAR)],
        [A.Rotate(limit=(40, 40), crop_border=True, **NEAR)],
        [A.Perspective(scale=(0.1, 0.1), **NEAR)],
        [A.Crop(x_min=40, y_min=30, x_max=100, y_max=70, p=1)],
        [A.PadIfNeeded(200, 230, p=1), A.CenterCrop(150, 150, p=1)],
        [A.Resize(60, 80, **NEAR)],
        [A.CropAndPad(percent=-0.1, keep_size=True, **NEAR)],
        [A.RandomResizedCrop((90, 110), scale=(0.7, 1), **NEAR)],
        [A.GridDistortion(**NEAR)],
        [A.ElasticTransform(alpha=60, sigma=9, **NEAR)],
        [A.HorizontalFlip(p=1), A.HorizontalFlip(p=1)],
        [A.SafeRotate(limit=(30, 30), **NEAR), A.VerticalFlip(p=1)],
    ],
    ids=lambda steps: "+".join(map(_named, steps)),
)
@pytest.mark.parametrize("dropout", [DROPOUTS[0], DROPOUTS[6]], ids=_named)
def test_hidden_pixels_move_with_the_picture(dropout: Any, later: Any) -> None:
    """The oracle: of the pixels of the mask that the library moves, those of the object's
    colour.
    """
    shares = []
    for key in range(3):
        moved = _carried([dropout, *later], WHOLE, Instance(BOX, None, None), key)[1]
        plain = A.Compose(deepcopy([dropout, *later]))
        plain.set_random_state(np.random.default_rng(key), random.Random(key))
        out = plain(image=_painted(WHOLE), mask=WHOLE.astype(np.uint8))
        own = out["mask"] > 0
        shown = (out["image"] == OBJECT).all(axis=2) & own
        shares.append(shown.sum() / own.sum())
        assert 1 - moved.hidden == pytest.approx(shares[-1], abs=0.03)
    assert 0 < min(shares) < 0.9


def test_looking_for_hidden_pixels_changes_nothing_in_the_picture() -> None:
    """The same pipeline in the library alone makes the same picture."""
    pipeline = [
        A.RandomSunFlare(p=0.7),
        A.RandomRain(p=0.7),
        A.Spatter(p=0.7),
        A.PixelDropout(p=0.7),
        A.RandomSnow(method="texture", p=0.7),
        A.RandomGravel(p=0.7),
        A.GaussNoise(p=0.7),
        A.RandomFog(p=0.5),
    ]
    for key in range(3):
        plain = A.Compose(deepcopy(pipeline))
        plain.set_random_state(np.random.default_rng(key), random.Random(key))
        assert (
            plain(image=_painted(WHOLE))["image"]
            == _carried(pipeline, WHOLE, Instance(BOX, None, None), key)[0]
        ).all()


GRID = [(x, y) for x in range(4, WIDTH, 9) for y in range(5, HEIGHT, 9)]


@pytest.mark.parametrize(
    "after",
    [
        [],
        [A.HorizontalFlip(p=1)],
        [A.Transpose(p=1), A.RandomCrop(height=90, width=80, p=1)],
        [A.Rotate(limit=(90, 90), interpolation=0, fill=200, p=1)],
        [A.CoarseDropout(num_holes_range=(2, 2), fill=0, p=1), A.VerticalFlip(p=1)],
    ],
    ids=str,
)
@pytest.mark.parametrize("box", [(2.0, 2.0, 150.0, 110.0), None])
def test_a_keypoint_behind_a_hole_is_labelled_and_not_visible(after: Any, box: Any) -> None:
    """Each third point is visible, each third was not, each third is not labelled; holes are
    black.
    """
    flags = [n % 3 for n in range(len(GRID))]
    points = tuple(side for (x, y), flag in zip(GRID, flags, strict=True) for side in (x, y, flag))
    holes = A.CoarseDropout(
        num_holes_range=(9, 9), hole_height_range=(20, 30), hole_width_range=(20, 30), fill=0, p=1
    )
    picture = np.full((HEIGHT, WIDTH, 3), 200, np.uint8)
    carried = Carrier(deepcopy([holes, *after]))(picture, [Instance(box, None, points)], 5)
    (moved,) = carried.moved
    rows = np.reshape(moved.keypoints, (-1, 3))
    hidden = {}
    for (x, y, flag), before in zip(rows, flags, strict=True):
        if flag:
            covered = bool(carried.picture[round(y), round(x), 0] == 0)
            assert flag == (2 if before == 2 and not covered else 1)
            hidden[before, covered] = hidden.get((before, covered), 0) + 1
    assert len(hidden) == 4  # both sorts, behind a hole and beside it
    assert moved.hidden_keypoints == hidden[2, True]
    assert moved.num_keypoints == sum(hidden.values())


def test_a_keypoint_that_trades_places_takes_its_flag_along() -> None:
    points = (20.0, 30.0, 2, 139.0, 30.0, 2)  # each the other's mirror image
    hole = A.CoarseDropout(
        num_holes_range=(1, 1), hole_height_range=(9, 9), hole_width_range=(9, 9), fill=0, p=1
    )
    hole.get_params_dependent_on_data = lambda params, data: {
        "holes": np.array([[16, 26, 25, 35]]),
        "seed": 0,
    }
    one = Instance((2.0, 2.0, 150.0, 110.0), None, points, swap=((0, 1),))
    picture = np.full((HEIGHT, WIDTH, 3), 200, np.uint8)
    still = Carrier([hole])(picture, [one], 0).moved[0]
    assert still.keypoints == (20, 30, 1, 139, 30, 2)
    mirrored = Carrier([hole, A.HorizontalFlip(p=1)])(picture, [one], 0).moved[0]
    assert mirrored.keypoints == (20, 30, 2, 139, 30, 1)
