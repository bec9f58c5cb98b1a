"""Fonts of the system are chosen by their glyphs, and texts are broken and cut."""

import os
from pathlib import Path
from typing import Any

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("cv2")
pytest.importorskip("PIL")
from coco_recipe_pictures.sheet import contact_sheet as sheet  # noqa: E402
from coco_recipe_pictures.sheet import fonts  # noqa: E402
from coco_recipe_pictures.sheet.contact_sheet import Cell, Mark, find_font  # noqa: E402

BOX = (20, 60, 80, 30)


def _grey(height: int = 200, width: int = 200) -> Any:
    return np.full((height, width, 3), 128, np.uint8)


def _mark(colour: int = 1, bbox: Any = BOX, **changed: Any) -> Mark:
    return Mark(
        **{"label": "cap", "colour": colour, "bbox": bbox, "segmentation": None, "keypoints": None}
        | changed
    )


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("raw/caps_001.jpg", "raw/caps_001.jpg"),
        ("a/very/long/path/to/a/picture_number_000000123456.jpg", "...6.jpg"),
        ("copy 1: HorizontalFlip, Blur, CLAHE, RGBShift, GaussNoise", "copy 1"),
    ],
    ids=["short", "path", "transforms"],
)
def test_a_long_title_keeps_the_part_that_tells(text: str, fits: str) -> None:
    font = fonts.load(None, 15)
    short = fonts.shorten(text, 180, font)
    assert font.getlength(short) <= 180
    head, _, tail = fits.rpartition("...")
    assert short == text if fits == text else "..." in short
    assert short.endswith(tail) if "/" in text else short.startswith(head or fits)


def test_a_text_is_wrapped_at_spaces_into_so_many_lines() -> None:
    font = fonts.load(None, 15)
    lines = fonts.wrap("one two three four five six seven", 90, font, 2)
    assert len(lines) == 2
    assert all(font.getlength(line) <= 90 for line in lines)
    assert lines[0].startswith("one two")


def test_a_font_of_the_system_is_chosen_by_its_glyphs() -> None:
    latin = find_font("cap")
    if latin is None:
        pytest.skip("this system has no fonts")
    assert not fonts.lacking("cap", fonts.load(latin, 16))
    chinese = find_font("瓶盖破损")
    if chinese is None:
        pytest.skip("this system has no font with Chinese glyphs (apt-get install fonts-noto-cjk)")
    assert not fonts.lacking("瓶盖破损", fonts.load(chinese, 16))
    assert find_font("瓶盖\U00012000") is None  # no font has Chinese and cuneiform


def test_with_a_font_chinese_names_are_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    chinese = find_font("瓶盖破损 cap")
    if chinese is None:
        pytest.skip("this system has no font with Chinese glyphs (apt-get install fonts-noto-cjk)")
    os.symlink(chinese, tmp_path / chinese.name)
    monkeypatch.setenv("COCO_RECIPE_FONTS", f"{tmp_path / 'none'}{os.pathsep}{tmp_path}")
    writing = sheet._writing([Cell(_grey(), "", (_mark(label="瓶盖破损"),))])
    assert writing.plate(_mark(label="瓶盖破损")) == "瓶盖破损"
    assert not sheet._font_note(writing)
