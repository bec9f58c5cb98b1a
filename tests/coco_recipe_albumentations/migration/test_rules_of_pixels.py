"""Old transforms change pixels as they did."""

import pytest
from coco_recipe_albumentations.migration import migrate

np = pytest.importorskip("numpy")
A = pytest.importorskip("albumentations")
cv2 = pytest.importorskip("cv2")
from migrating import applied_to, old_pipeline  # noqa: E402
from migrations import from_version, noise, only  # noqa: E402


def test_a_variance_below_0_is_no_error_of_mathematics() -> None:
    done = migrate.migrate(old_pipeline("GaussNoise", var_limit=[-10, 50]))
    assert only(done.form)["GaussNoise"]["std_range"] == [
        0.011596,
        0.030083,
    ]  # the mean root of 0 to 50 is 2/3 of 50's


@pytest.mark.parametrize(("version", "darker"), [("1.4.4", -8.5), ("1.4.12", -7.5)])
def test_a_noise_below_0_darkens_as_it_did(version: str, darker: float) -> None:
    """As these versions darken a grey picture."""
    form = {**old_pipeline("GaussNoise", var_limit=[16, 16], mean=-8), "__version__": version}
    grey = np.full((200, 200, 3), 100, np.uint8)
    assert applied_to(migrate.migrate(form).form, grey).mean() - 100 == pytest.approx(
        darker, abs=0.1
    )


@pytest.mark.parametrize(("version", "given"), [("1.4.8", 3.6), ("1.4.9", 3.0)])
def test_noise_is_wider_only_where_it_was_not_cut_off(version: str, given: float) -> None:
    made = only(migrate.migrate(from_version(version, "GaussNoise", var_limit=[9, 9])).form)[
        "GaussNoise"
    ]
    assert made["std_range"] == pytest.approx([given / 255] * 2, abs=1e-6)


def test_holes_in_pixels_stay_in_pixels() -> None:
    form = migrate.migrate(
        old_pipeline("Cutout", num_holes=1, max_h_size=8, max_w_size=6, fill_value=0)
    ).form
    assert int((applied_to(form, noise()) == 0).all(axis=2).sum()) == 48


def test_spatter_of_one_mode_and_of_several() -> None:
    colors = {"rain": [238, 238, 175], "mud": [20, 42, 63]}
    one = migrate.migrate(
        old_pipeline("Spatter", mean=[0.65, 0.65], mode=["mud"], color=colors)
    ).form
    assert only(one) == {
        "Spatter": {"p": 1, "mean": [0.65, 0.65], "mode": "mud", "color": [20, 42, 63]}
    }
    several = migrate.migrate(old_pipeline("Spatter", mode=["rain", "mud"], color=colors)).form
    rows = only(several)["OneOf"]["transforms"]
    assert [(row["mode"], row["color"], row["p"]) for row in rows] == [
        ("rain", colors["rain"], 1),
        ("mud", colors["mud"], 1),
    ]
    assert applied_to(several, noise()).dtype == np.uint8


def test_holes_in_a_grid_are_as_wide_and_high_as_they_were() -> None:
    """Of 1.3.1: units of 240 // 5 by 180 // 2 px, half of each a hole."""
    form = migrate.migrate(
        old_pipeline("GridDropout", holes_number_x=5, holes_number_y=2, fill_value=255)
    ).form
    made = applied_to(form, noise())
    wanted = np.zeros((180, 240), bool)
    for x in range(0, 240, 48):
        for y in range(0, 180, 90):
            wanted[y : y + 45, x : x + 24] = True
    assert ((made == 255).all(axis=2) == wanted).all()


def test_one_multiplier_stays_the_one() -> None:
    made = applied_to(
        migrate.migrate(from_version("0.5.2", "MultiplicativeNoise", multiplier=0.6)).form, noise()
    )
    assert abs(made - 0.6 * noise()).max() <= 1
