"""Boxes, polygons, masks and keypoints are drawn where they are, in their class's colour."""

from typing import Any

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("cv2")
pytest.importorskip("PIL")
from coco_recipe_pictures.sheet import contact_sheet as sheet  # noqa: E402
from coco_recipe_pictures.sheet import marks  # noqa: E402
from coco_recipe_pictures.sheet.contact_sheet import Cell  # noqa: E402
from drawn_marks import BOX, drawn_sheet, grey, is_of, mark_of  # noqa: E402

LEFT, TOP = sheet.MARGIN, sheet.MARGIN + sheet.LINE + 4  # of the picture below one line of title


def _picture(drawn: Any) -> Any:
    return drawn[TOP : TOP + 200, LEFT : LEFT + 200]


def test_a_box_is_drawn_on_its_outermost_pixels_in_the_colour_of_its_category() -> None:
    x, y, w, h = BOX
    blue = is_of(_picture(drawn_sheet(Cell(grey(), "one", (mark_of(colour=1),)))), marks.PALETTE[1])
    assert blue[y + 1 : y + h - 1, x].all()
    assert blue[y + 1 : y + h - 1, x + w - 1].all()
    assert blue[y + h - 1, x + 1 : x + w - 1].all()
    assert not blue[y + 5 : y + h - 5, x + 5 : x + w - 5].any()
    assert not blue[y + h + 3 :].any()


def test_a_large_picture_is_scaled_with_its_boxes() -> None:
    drawn = _picture(
        drawn_sheet(Cell(grey(2000, 2000), "large", (mark_of(bbox=(200, 600, 800, 300)),)))
    )
    x, y, w, h = BOX
    assert is_of(drawn, marks.PALETTE[1])[y + 1 : y + h - 1, [x, x + w - 1]].all()


def test_one_category_has_one_colour_and_another_has_another() -> None:
    drawn = _picture(
        drawn_sheet(
            Cell(
                grey(),
                "",
                (mark_of(0), mark_of(0, (120, 60, 40, 30)), mark_of(1, (20, 120, 80, 30))),
            )
        )
    )
    assert is_of(drawn[75, [20, 120]], marks.PALETTE[0]).all()
    assert is_of(drawn[135, 20], marks.PALETTE[1])
    assert len(set(marks.PALETTE)) == len(marks.PALETTE)


def test_a_dropped_box_is_dashed_and_red_and_a_kept_one_is_not() -> None:
    x, y, w, h = BOX
    kept, dropped = (
        _picture(drawn_sheet(Cell(grey(), "", (mark_of(reason=reason),))))
        for reason in ("", "too small")
    )
    assert is_of(kept[y + h - 1, x + 2 : x + w - 2], marks.PALETTE[1]).all()
    side = is_of(dropped[y + h - 1, x + 2 : x + w - 2], marks.DROPPED)
    assert 0.4 < side.mean() < 0.9
    assert (
        np.abs(np.diff(side.astype(int))).sum() >= 8
    )  # it changes between line and gap, again and again
    assert not is_of(dropped, marks.PALETTE[1]).any()


def test_a_reason_makes_its_plate_longer() -> None:
    short, long = (
        is_of(
            _picture(drawn_sheet(Cell(grey(), "", (mark_of(reason=reason),)))), marks.DROPPED
        ).sum()
        for reason in ("x", "12 % visible, less than 30 %")
    )
    assert long > short + 500


def test_a_polygon_is_tinted_inside_and_nowhere_else() -> None:
    drawn = _picture(
        drawn_sheet(
            Cell(
                grey(),
                "",
                (mark_of(bbox=None, segmentation=[[50, 100, 150, 100, 150, 180, 50, 180]]),),
            )
        )
    )
    tinted = np.round(128 + (np.array(marks.PALETTE[1]) - 128) * marks.TINT)
    assert (np.abs(drawn[105:175, 55:145] - tinted) <= 1).all()
    assert (drawn[186:, :] == 128).all()


@pytest.mark.parametrize("counts", [[2000, 100, 37900], ""], ids=["runs", "string"])
def test_a_run_length_mask_is_tinted(counts: Any) -> None:
    """Column 10 of a 200x200 picture, rows 0 to 99; pycocotools writes the string."""
    if not counts:
        mask = pytest.importorskip("pycocotools.mask")
        counts = mask.frPyObjects({"size": [200, 200], "counts": [2000, 100, 37900]}, 200, 200)[
            "counts"
        ].decode()
    drawn = _picture(
        drawn_sheet(
            Cell(
                grey(),
                "",
                (
                    mark_of(
                        label="", bbox=None, segmentation={"size": [200, 200], "counts": counts}
                    ),
                ),
            )
        )
    )
    assert (drawn[:100, 10] != 128).any(axis=-1).all()
    assert (drawn[105:, :] == 128).all()
    assert (drawn[:, 20:] == 128).all()


def test_keypoints_are_drawn_filled_where_seen_hollow_where_hidden_and_not_where_unlabelled() -> (
    None
):
    joints = (50.0, 150.0, 2, 100.0, 150.0, 1, 150.0, 150.0, 0)
    drawn = _picture(
        drawn_sheet(Cell(grey(), "", (mark_of(label="", bbox=None, keypoints=joints),)))
    )
    assert is_of(drawn[150, 50], marks.PALETTE[1])
    assert is_of(drawn[150, 100], marks.HALO)
    assert (drawn[140:160, 140:160] == 128).all()
