"""Tags of TIFF and EXIF: directories anywhere, either order of bytes."""

import struct
from typing import Any

import pytest

from coco_recipe import CutOffError, header_of

np = pytest.importorskip("numpy")
Image = pytest.importorskip("PIL.Image")
from picture_files import drawn, saved  # noqa: E402

TIFFS: dict[str, dict[str, Any]] = {
    "plain": {},
    "packed": {"compression": "tiff_lzw"},
    "jpeg": {"compression": "jpeg"},
    "pages": {"save_all": True, "append_images": [drawn(width=30)]},
}


@pytest.mark.parametrize("depth", ["8", "16", "jpeg", "packed", "pages", "plain"])
def test_a_tiff_is_cut_off_wherever_its_directory_stands(depth: str) -> None:
    if depth in TIFFS:
        data = saved(drawn(), "TIFF", **TIFFS[depth])
    else:
        cv2 = pytest.importorskip("cv2")
        kind = np.uint16 if depth == "16" else np.uint8
        shades = np.random.default_rng(1).integers(0, 255, (40, 60, 3)).astype(kind)
        data = cv2.imencode(".tiff", shades)[1].tobytes()
    assert header_of(data).stored == (60, 40)
    assert header_of(data + b"some bytes more").stored == (60, 40)
    for lost in (40, 77, len(data) // 3, len(data) // 2, len(data) - 60):
        with pytest.raises(CutOffError):
            header_of(data[:-lost])


def test_exif_with_the_high_byte_first_is_read() -> None:
    exif = (
        b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHIHH", 0x0112, 3, 1, 8, 0) + b"\0\0\0\0"
    )
    data = saved(drawn(), "JPEG")
    data = data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:]
    assert (header_of(data).orientation, header_of(data).shown) == (8, (40, 60))
