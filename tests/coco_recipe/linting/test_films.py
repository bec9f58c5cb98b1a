"""Frames of one film on two sides, by names as tools write them and by keys of images."""

from pathlib import Path

import linted
import pytest

RULE = "frames_across_parts"


def _recipe(folder: Path, names: list[str], **split: object) -> Path:
    steps = [
        {"id": "parts", "use": "split", "in": "raw", "with": split or {"every": 2}},
        linted.exported(train="parts.train", val="parts.val"),
    ]
    return linted.recipe(folder, steps, {"raw": linted.data(names)})


FILMS = {
    "cam1_frame_{:04}.jpg": 1,
    "frame{}.png": 1,
    "street_mp4-{}_jpg.rf.0123456789abcdef0123.jpg": 1,
    "clip-07/{:06}.jpg": 1,
    "Video 3 {:03}.jpg": 1,
}
NO_FILMS = [
    "{:012}.jpg",
    "IMG_{:04}.jpg",
    "DSC{:05}.JPG",
    "images/{:04}.jpg",
    "IMG_20230411_{:06}.jpg",
    "scratch_{}.jpg",
    "train/{:04}.jpg",
]


@pytest.mark.parametrize("form", FILMS)
def test_names_of_frames(tmp_path: Path, form: str) -> None:
    (finding,) = linted.found(_recipe(tmp_path, [form.format(n) for n in range(8)]), RULE)
    assert finding.count == 4
    assert "of one film" in str(finding)


@pytest.mark.parametrize("form", NO_FILMS)
def test_names_of_photographs(tmp_path: Path, form: str) -> None:
    assert not linted.found(_recipe(tmp_path, [form.format(n) for n in range(8)]), RULE)


def test_the_nearest_frame_is_told(tmp_path: Path) -> None:
    names = [f"cam1_frame_{n:03}.jpg" for n in (1, 2, 90, 91)]
    (finding,) = linted.found(_recipe(tmp_path, names, every=4, first=3), RULE)
    assert finding.first[0].file_name == "cam1_frame_091.jpg"
    assert "cam1_frame_090.jpg" in str(finding.first[0].value)


def test_names_that_count_several_things_through(tmp_path: Path) -> None:
    names = [f"MVI_2001{film}/img{n:05}.jpg" for film in (1, 2) for n in range(6)]
    assert linted.found(_recipe(tmp_path, names), RULE)
    alone = [f"MVI_20011/x{n:05}.jpg" for n in range(6)]
    assert not linted.found(_recipe(tmp_path, alone), RULE)
    far = [f"a{film}_{n * 500}.jpg" for film in (1, 2) for n in range(6)]
    assert not linted.found(_recipe(tmp_path, far), RULE)


def test_films_that_stay_together(tmp_path: Path) -> None:
    names = [f"cam{film}_frame_{n:03}.jpg" for film in range(6) for n in range(4)]
    together = {"fractions": {"train": 0.5, "val": 0.5}, "group_by": {"pattern": "^(cam[0-9]+)_"}}
    assert not linted.found(_recipe(tmp_path, names, **together), RULE)
    assert linted.found(_recipe(tmp_path, names), RULE)


def test_a_key_of_the_image(tmp_path: Path) -> None:
    rows = linted.data([f"{n}.jpg" for n in "abcd"], video_id=7)
    steps = [
        {"id": "parts", "use": "split", "in": "raw", "with": {"every": 2}},
        linted.exported(train="parts.train", val="parts.val"),
    ]
    (finding,) = linted.found(linted.recipe(tmp_path, steps, {"raw": rows}), RULE)
    assert "video_id 7" in str(finding)
