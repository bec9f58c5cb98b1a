"""show writes a sheet or a page, and writes over nothing of the user's."""

import json
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command

from coco_recipe.testing import draw

cv2 = pytest.importorskip("cv2")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    data: dict[str, Any] = coco(names=("<b>瓶盖</b>", "dog"))
    draw(tmp_path / "images", data)
    (tmp_path / "raw.json").write_text(json.dumps(data), "utf-8")
    return tmp_path


def _show(folder: Path, *words: str) -> Any:
    return command("show", "raw.json", "--images", "images", *words, cwd=folder)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
def test_a_sheet_can_be_opened_in_each_format(folder: Path, suffix: str) -> None:
    done = _show(folder, "--to", f"a.{suffix}")
    assert done.stdout == f"a.{suffix}\n", done.stderr
    picture = cv2.imread(str(folder / f"a.{suffix}"))
    assert picture.shape[1] > 3 * 400


def test_the_boxes_are_drawn_where_they_are(folder: Path) -> None:
    assert _show(folder, "--to", "with.png", "--image", "1.jpg").returncode == 0
    assert _show(folder, "--to", "without.png", "--image", "3.jpg").returncode == 0
    with_box, without = (cv2.imread(str(folder / f"{name}.png")) for name in ("with", "without"))
    orange = [0, 159, 230]  # BGR of the first class
    assert (with_box == orange).all(axis=2).any()
    assert not (without == orange).all(axis=2).any()


def test_a_page_has_every_picture_and_asks_nobody(folder: Path) -> None:
    assert _show(folder, "--html").stdout == "raw.html\n"
    text = (folder / "raw.html").read_text("utf-8")
    assert text.count("<figure") == 3
    assert "http" not in text.replace("http-equiv", "")
    assert "<b>" not in text
    assert _show(folder, "--to", "other.html").stdout == "other.html\n"
    assert (folder / "other.html").read_text("utf-8").count("<figure") == 3


def test_a_file_of_the_users_is_left_as_it_is(folder: Path) -> None:
    (folder / "raw.png").write_bytes(b"mine")
    done = _show(folder)
    assert done.returncode == 2
    assert "is there already" in done.stderr
    assert (folder / "raw.png").read_bytes() == b"mine"


@pytest.mark.slow
def test_a_sheet_and_a_page_are_drawn_again(folder: Path) -> None:
    for words in ((), ("--html",)):
        assert _show(folder, *words).returncode == 0
        assert _show(folder, *words).returncode == 0


@pytest.mark.parametrize("words", [("--to", "a.txt"), ("--html", "--to", "a.png")])
def test_another_ending_is_refused(folder: Path, words: tuple[str, ...]) -> None:
    done = _show(folder, *words)
    assert done.returncode == 2
    assert "end the name with" in done.stderr


def test_a_picture_that_is_missing_or_broken_is_a_grey_cell(folder: Path) -> None:
    (folder / "images" / "1.jpg").unlink()
    (folder / "images" / "2.jpg").write_bytes(b"no picture")
    assert _show(folder).returncode == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"segmentation": [[1, 2, 3]]},
        {"segmentation": [[1, 2, 3, 4, 5, None]]},
        {"segmentation": {"size": [48, 64], "counts": [1, 2]}},
        {"segmentation": {"size": [5, 5], "counts": [0, 25]}},
        {"segmentation": {"counts": "~"}},
        {"bbox": [-500, -500, 1e6, 1e6]},
        {"bbox": [1, 1, 0, 0]},
        {"bbox": [60, 40, -10, -10]},
        {"keypoints": [1, 2]},
        {"keypoints": ["a"]},
        {"category_id": 99},
    ],
)
def test_rows_that_are_wrong_are_drawn_as_far_as_they_can_be(
    folder: Path, wrong: dict[str, Any]
) -> None:
    data = json.loads((folder / "raw.json").read_text("utf-8"))
    data["annotations"][0] |= wrong
    (folder / "raw.json").write_text(json.dumps(data), "utf-8")
    done = _show(folder)
    assert done.returncode == 0, done.stderr


def test_without_images_they_are_looked_for_beside_the_file(folder: Path) -> None:
    for picture in (folder / "images").iterdir():
        picture.rename(folder / picture.name)
    assert command("show", "raw.json", "--to", "b.png", cwd=folder).returncode == 0
    assert (folder / "b.png").stat().st_size > 1000


def test_what_is_wrong_with_a_file_can_be_asked_for(folder: Path) -> None:
    data = json.loads((folder / "raw.json").read_text("utf-8"))
    data["annotations"][0]["bbox"] = [-500, -500, 9, 9]
    (folder / "wrong.json").write_text(json.dumps(data), "utf-8")
    words = ("show", "wrong.json", "--images", "images", "--to", "wrong.png", "--finding")
    done = command(*words, "boxes_outside", cwd=folder)
    assert done.returncode == 0, done.stderr
    done = command(*words, "no_such_kind", cwd=folder)
    assert done.returncode == 2
    assert "boxes_outside" in done.stderr
