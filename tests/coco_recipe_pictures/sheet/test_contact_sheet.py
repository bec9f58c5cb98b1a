"""The contact sheet: what is drawn where, in which colour, and names that no font of the system can
write.
"""

import io
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("cv2")
pytest.importorskip("PIL")

from coco_recipe_pictures.sheet import contact_sheet as sheet  # noqa: E402
from coco_recipe_pictures.sheet import marks  # noqa: E402
from coco_recipe_pictures.sheet.contact_sheet import Cell, Mark, contact_sheet, find_font  # noqa: E402
from drawn_marks import drawn_sheet, grey, is_of, mark_of  # noqa: E402
from PIL import Image  # noqa: E402

LEFT, TOP = (
    sheet.MARGIN,
    sheet.MARGIN + sheet.LINE + 4,
)  # where the picture of a cell with a title of one line begins


@pytest.mark.parametrize(
    "shape", [(492, 658), (3000, 4096), (1, 65500), (65500, 1), (9, 9), (1, 1)], ids=str
)
def test_a_picture_of_any_size_fits_its_cell(shape: tuple[int, int]) -> None:
    box = (0, 0, shape[1], shape[0])
    drawn = drawn_sheet(
        Cell(grey(*shape), "any", (mark_of(bbox=box), mark_of(bbox=box, reason="gone")))
    )
    assert drawn.shape[1] == 200 + 2 * sheet.MARGIN
    assert drawn.shape[0] < 400
    assert is_of(drawn, marks.DROPPED).any()


def test_each_row_is_a_line_and_the_copies_stand_beside_their_source() -> None:
    two = [Cell(grey(), "source", ()), Cell(grey(), "copy 1", ())]
    wide, tall = (
        Image.open(io.BytesIO(contact_sheet([two], cell_px=200))),
        Image.open(io.BytesIO(contact_sheet([two, two], cell_px=200))),
    )
    assert wide.width == tall.width == 2 * sheet.MARGIN + 2 * 200 + sheet.GUTTER
    assert tall.height - wide.height == 200 + sheet.LINE + 4 + sheet.GUTTER


def test_a_row_of_many_copies_goes_on_in_the_next_line() -> None:
    drawn = drawn_sheet(*[Cell(grey(), str(i), ()) for i in range(30)])
    assert drawn.shape[1] == 2 * sheet.MARGIN + 8 * (200 + sheet.GUTTER) - sheet.GUTTER
    assert drawn.shape[0] == 2 * sheet.MARGIN + 4 * (200 + sheet.LINE + 4 + sheet.GUTTER)


@pytest.mark.slow
@pytest.mark.parametrize(
    "mark",
    [
        mark_of(bbox=None),
        mark_of(bbox=(float("nan"), 0, 1, 1)),
        mark_of(bbox=(1e300, -1e300, 5, 5)),
        mark_of(bbox=(0, 0, 0, 0)),
        mark_of(segmentation=[]),
        mark_of(segmentation=[[1, 2, 3]]),
        mark_of(segmentation=[[float("inf")] * 6]),
        mark_of(keypoints=()),
        mark_of(keypoints=(float("nan"), 1, 2)),
        mark_of(label="", bbox=None, reason="gone"),
        mark_of(label="x" * 500, reason="y " * 500),
        mark_of(label="a\nb\ud800", colour=999),
    ],
    ids=lambda mark: str(mark)[:60],
)
def test_an_odd_annotation_does_not_stop_the_sheet(mark: Mark) -> None:
    assert drawn_sheet(Cell(grey(), "odd\n\ud800 " * 60, (mark,))).shape[1] == 228


def test_a_sheet_of_nothing_is_a_picture() -> None:
    assert Image.open(io.BytesIO(contact_sheet([]))).format == "PNG"
    assert Image.open(io.BytesIO(contact_sheet([[], [Cell(grey(), "", ())]]))).format == "PNG"


def test_plates_lie_over_no_other_plate_and_never_over_the_title() -> None:
    places = []
    taken: list[marks.Rectangle] = []
    for _ in range(12):  # twelve times the same box
        place = marks._place((60, 16), (40, 40, 80, 80), (0, 24, 200, 224), taken, 200)
        assert place is not None
        places.append(place)
        taken.append((*place, place[0] + 60, place[1] + 16))
    assert min(y for _, y in places) >= 24
    assert not any(
        a[0] < b[0] + 60 and b[0] < a[0] + 60 and a[1] < b[1] + 16 and b[1] < a[1] + 16
        for i, a in enumerate(places)
        for b in places[:i]
    )


@pytest.mark.slow
def test_a_plate_without_a_place_is_left_out_but_one_with_a_reason_is_not() -> None:
    assert marks._place((60, 16), (0, 0, 10, 10), (0, 0, 60, 16), [(0, 0, 60, 16)], 99) is None
    crowd = tuple(
        mark_of(i, (20, 60, 80, 30), label="a name that is quite long") for i in range(200)
    )
    assert (
        is_of(drawn_sheet(Cell(grey(), "", (*crowd, mark_of(reason="gone")))), marks.DROPPED).sum()
        > 500
    )


def test_without_a_font_the_sheet_says_so_and_shows_escapes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COCO_RECIPE_FONTS", str(tmp_path))
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    assert find_font("瓶盖") is None
    assert find_font("cap") is None
    cap = mark_of(label="瓶盖", colour=3, number=17)
    writing = sheet._writing([Cell(grey(), "", (cap,))])
    assert [note.text for note in sheet._font_note(writing)] == [sheet.NO_FONT]
    assert (
        writing.plate(mark_of(label="瓶盖", colour=3, number=17, reason="too small"))
        == "#17: too small"
    )
    legend = sheet._legend([[Cell(grey(), "", (cap,))]], writing)
    assert legend[0].text == r"[17] \u74f6\u76d6: 1 in sources, 0 in copies"
    with_note, without = (
        drawn_sheet(Cell(grey(), "", (mark_of(label=label),))).shape[0] for label in ("瓶盖", "cap")
    )
    assert with_note > without


def test_the_legend_counts_sources_copies_and_what_was_dropped() -> None:
    writing = sheet._writing([])
    rows = [
        [
            Cell(grey(), "", (mark_of(0), mark_of(0, reason="cut off"), mark_of(1, label="dog"))),
            Cell(grey(), "", (mark_of(0),)),
            Cell(grey(), "", (mark_of(0),)),
        ]
    ]
    assert [note.text for note in sheet._legend(rows, writing)] == [
        "cap: 2 in sources, 2 in copies, 1 dropped",
        "dog: 1 in sources, 0 in copies",
        "dashed: dropped, for the reason beside it",
    ]
