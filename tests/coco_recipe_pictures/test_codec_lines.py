"""What a codec says of a damaged picture is told, and not let out."""

import os
import struct
import zlib
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
cv2 = pytest.importorskip("cv2")
from coco_recipe_pictures import codec_lines, pictures  # noqa: E402
from coco_recipe_pictures.checks import picture_checks  # noqa: E402

from coco_recipe import Dataset, Image  # noqa: E402


def _picture(height: int = 40, width: int = 60) -> "pictures.Picture":
    return np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8)


JPEG, PNG = pictures.encode(_picture(), ".jpg", 95), pictures.encode(_picture(), ".png", 95)


def _damaged() -> bytes:
    """Return a JPEG with its header and end, and two bytes of its middle such that half of it can't
    be decoded.
    """
    half = len(JPEG) // 2
    return JPEG[:half] + b"\xff\xd9" + JPEG[half + 2 :]


def test_damage_that_a_codec_goes_over_is_told_and_not_let_out(
    capfd: pytest.CaptureFixture[str],
) -> None:
    lines = list[str]()
    pictures.decode(_damaged(), size=(60, 40), told=lines.append)
    profile = b"x\0\0no profile"
    chunk = (
        struct.pack(">I", len(profile))
        + b"iCCP"
        + profile
        + struct.pack(">I", zlib.crc32(b"iCCP" + profile))
    )
    pictures.decode(PNG[:33] + chunk + PNG[33:], size=(60, 40), told=lines.append)
    assert [line.split(":")[0] for line in lines] == ["Corrupt JPEG data", "libpng warning"]
    assert capfd.readouterr() == ("", "")


def test_what_is_written_to_standard_error_afterwards_is_let_out(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with codec_lines.taken() as lines:
        os.write(2, b"taken\n")
    os.write(2, b"let out\n")
    assert (lines, capfd.readouterr().err) == (["taken"], "let out\n")


def test_check_names_pictures_that_a_codec_found_damaged(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(_damaged())
    dataset = Dataset((Image(1, "a.jpg", 60, 40),), (), (), "raw", {"raw": tmp_path})
    found = {one.kind.name: one for one in picture_checks.check(dataset, "raw", decode=True)}
    assert "Corrupt JPEG data" in str(found["cut_off_pictures"])
    assert "cut_off_pictures" not in {one.kind.name for one in picture_checks.check(dataset, "raw")}
