"""Pictures are small, stand in the page, and one that can't be had is told with the reason."""

import base64
import hashlib
from pathlib import Path

import bad_inputs
import pytest
from coco_recipe_report.drawing.pictures import Camera
from coco_recipe_report.drawing.svg import Palette
from coco_recipe_report.seen.shots import Mark, Shot

cv2 = pytest.importorskip("cv2")
import numpy as np  # noqa: E402


def _file(folder: Path, ending: str = "jpg") -> Path:
    pixels = np.zeros((600, 800, 3), np.uint8)
    pixels[300:400, 400:500] = 255
    path = folder / f"a.{ending}"
    cv2.imwrite(str(path), pixels)
    return path


def _pixels(data: str) -> "np.ndarray[object, np.dtype[np.uint8]]":
    raw = base64.b64decode(data.partition(",")[2])
    found: np.ndarray[object, np.dtype[np.uint8]] = cv2.imdecode(np.frombuffer(raw, np.uint8), 1)
    return found


@pytest.mark.parametrize("ending", ["jpg", "png"])
def test_an_image_and_a_part_of_it(tmp_path: Path, ending: str) -> None:
    path, camera = _file(tmp_path, ending), Camera(Palette(()))
    mark = Mark("<b>", (400, 300, 100, 100))
    whole = camera.take(Shot(path, 800, 600, "a.jpg", "why", (mark,)))
    assert _pixels(whole.data).shape == (225, 300, 3)
    assert (whole.width, whole.height, whole.classes) == (800, 600, "<b>")
    assert '<rect x="400" y="300" width="100" height="100"/>' in whole.marks
    assert "<b>" not in whole.marks
    part = camera.take(Shot(path, 800, 600, "a.jpg", "", (mark,), (400, 300, 100, 100)))
    assert _pixels(part.data).mean() > 240
    assert "translate(-400.00 -300.00)" in part.marks


@pytest.mark.parametrize(
    ("text", "told"), [(b"no picture", "can't be decoded"), (None, "there is no such file")]
)
def test_a_picture_that_cannot_be_shown_is_told(
    tmp_path: Path, text: bytes | None, told: str
) -> None:
    path = tmp_path / "a.jpg"
    if text is not None:
        path.write_bytes(text)
    found = Camera(Palette(())).take(Shot(path, 8, 6, "a.jpg"))
    assert (found.data, found.why_not) == ("", told)
    without = Camera(Palette(())).take(Shot(None, 0, 0, "a.jpg"))
    assert without.why_not == "the data set has no folder of pictures"


def test_a_picture_that_would_take_gigabytes_is_not_decoded(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(bad_inputs.png(4, 4, size=(40_000, 40_000)))
    found = Camera(Palette(())).take(Shot(tmp_path / "a.png", 8, 6, "a.png"))
    assert (found.data, found.why_not) == ("", "not shown: it has 40000x40000 px")


def test_no_more_files_are_opened_than_are_allowed(tmp_path: Path) -> None:
    path, camera = _file(tmp_path), Camera(Palette(()), files=1)
    assert camera.take(Shot(path, 800, 600, "a.jpg")).data
    assert camera.take(Shot(path, 800, 600, "a.jpg")).data, "the same file is still open"
    (other := tmp_path / "b.jpg").write_bytes(path.read_bytes())
    assert "enough" in camera.take(Shot(other, 800, 600, "b.jpg")).why_not


def test_a_file_that_has_not_the_hash_of_the_run_is_named_and_not_shown(tmp_path: Path) -> None:
    path = _file(tmp_path)
    shot = Shot(path, 800, 600, "a.jpg")
    right = hashlib.sha256(path.read_bytes()).hexdigest()
    assert Camera(Palette(()), hashes={str(path): right}).take(shot).data
    for other in ("", "0" * 64):
        camera = Camera(Palette(()), hashes={str(path): other})
        assert "changed since the run" in camera.take(shot).why_not
        assert camera.unlike == {"a.jpg"}
