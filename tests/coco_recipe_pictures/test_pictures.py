"""Picture files: whole ones are decoded, all others refused with the reason."""

import struct
import zlib
from typing import Any

import picture_files
import pytest
from builders import real_data

np = pytest.importorskip("numpy")
cv2 = pytest.importorskip("cv2")

from coco_recipe_pictures import pictures  # noqa: E402

from coco_recipe import header_of  # noqa: E402


def _picture(height: int = 40, width: int = 60) -> "pictures.Picture":
    return np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8)


def _exif(data: bytes, orientation: int) -> bytes:
    """Put an EXIF segment with an orientation, and with a marker that looks like the picture's end,
    into a JPEG.
    """
    tiff = (
        b"II*\0\x08\0\0\0\x01\0"
        + struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
        + b"\0\0\0\0"
        + b"\xff\xd9"
    )
    body = b"Exif\0\0" + tiff
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]


JPEG, PNG = pictures.encode(_picture(), ".jpg", 95), pictures.encode(_picture(), ".png", 95)


def test_a_png_comes_back_as_it_was() -> None:
    assert (pictures.decode(PNG, size=(60, 40)) == _picture()).all()


@pytest.mark.parametrize(
    "data", [JPEG, PNG, _exif(JPEG, 1)], ids=["jpeg", "png", "jpeg with a thumbnail's end in it"]
)
@pytest.mark.parametrize("share", [0.05, 0.2, 0.5, 0.9, 0.99])
def test_a_file_that_is_cut_off_is_refused(data: bytes, share: float) -> None:
    with pytest.raises(ValueError, match=r"cut off|damaged"):
        pictures.decode(data[: int(len(data) * share)], size=None)


@pytest.mark.parametrize(
    "data",
    [b"", b"x", b"version https://git-lfs.github.com/spec/v1\n", b"hello, world" * 9],
    ids=["empty", "one byte", "git lfs", "text"],
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"empty|cut off|no picture|not a picture|Git LFS"):
        pictures.decode(data, size=None)


def test_the_header_tells_the_size_before_anything_is_decoded() -> None:
    lying = bytearray(PNG)
    lying[16:24] = struct.pack(">II", 30000, 30000)
    lying[29:33] = struct.pack(">I", zlib.crc32(bytes(lying[12:29])))
    with pytest.raises(ValueError, match=r"30000x30000 px, more than max_pixels \(1000000\)"):
        pictures.decode(bytes(lying), size=None, max_pixels=1_000_000)
    assert (header_of(JPEG).width, header_of(JPEG).height) == (60, 40)


def test_sixteen_bits_are_not_cut_to_eight_without_a_word() -> None:
    done, data = cv2.imencode(".png", _picture().astype(np.uint16) * 257)
    assert done
    with pytest.raises(ValueError, match="16 bits a channel"):
        pictures.decode(data.tobytes(), size=None)


@pytest.mark.parametrize(
    ("suffix", "kind"),
    [(".bmp", np.uint8), (".webp", np.uint8), (".tiff", np.uint8), (".tiff", np.uint16)],
)
def test_formats_without_a_known_header_are_looked_at_once_they_are_decoded(
    suffix: str, kind: Any
) -> None:
    data = cv2.imencode(suffix, np.full((8, 10, 3), 9, kind))[1].tobytes()
    with pytest.raises(ValueError, match=r"has 10x8 px, more than max_pixels \(79\)"):
        pictures.decode(data, size=None, max_pixels=79)
    if kind is np.uint16:
        with pytest.raises(ValueError, match="has 16 bits a channel"):
            pictures.decode(data, size=None)
    else:
        assert pictures.decode(data, size=None).shape == (8, 10, 3)


@pytest.mark.parametrize(
    "suffix", [".jpg", ".png", ".bmp", ".tiff", ".webp", ".ppm", ".gif", ".jp2"]
)
@pytest.mark.parametrize("exif", ["apply", "ignore"])
def test_colours_are_red_green_blue_in_every_format(suffix: str, exif: str) -> None:
    data = cv2.imencode(suffix, np.full((64, 64, 3), (0, 0, 255), np.uint8))[
        1
    ].tobytes()  # blue first
    assert (
        np.abs(pictures.decode(data, size=(64, 64), exif=exif).astype(int) - (255, 0, 0)).max() <= 8
    )


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tiff", ".avif"])
def test_colours_are_red_green_blue_beside_an_alpha_channel(suffix: str) -> None:
    try:
        data = cv2.imencode(suffix, np.full((64, 64, 4), (0, 0, 255, 128), np.uint8))[1].tobytes()
    except (cv2.error, AttributeError):
        pytest.skip(f"this OpenCV writes no {suffix}")
    assert np.abs(pictures.decode(data, size=(64, 64)).astype(int) - (255, 0, 0)).max() <= 8


def test_a_turned_picture_is_turned_or_not_as_the_policy_says() -> None:
    turned = _exif(JPEG, 6)
    assert pictures.decode(turned, size=(40, 60)).shape == (60, 40, 3)
    assert pictures.decode(turned, size=(60, 40), exif="ignore").shape == (40, 60, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_tiff_is_as_stored_where_exif_is_ignored(orientation: int) -> None:
    noise = np.asarray(picture_files.drawn("RGB"))
    data = picture_files.saved(picture_files.drawn("RGB"), "TIFF", tiffinfo={274: orientation})
    assert (pictures.decode(data, size=(60, 40), exif="ignore") == noise).all()
    shown = (40, 60) if orientation >= 5 else (60, 40)
    assert pictures.decode(data, size=shown).shape[:2] == shown[::-1]


def test_exif_that_opencv_does_not_follow_is_named_with_both_ways_on() -> None:
    exif = picture_files.drawn().getexif()
    exif[274] = 6
    data = picture_files.saved(picture_files.drawn(), "WEBP", exif=exif)
    with pytest.raises(ValueError, match="its EXIF orientation 6, which OpenCV doesn't") as told:
        pictures.decode(data, size=(40, 60))
    assert "write it again as EXIF turns it; if on the stored one, repair" in str(told.value)


def test_a_size_before_exif_has_two_causes_and_both_are_named() -> None:
    with pytest.raises(
        ValueError, match="has 40x60 px, the data set says 60x40; it is turned"
    ) as told:
        pictures.decode(_exif(JPEG, 6), size=(60, 40))
    assert "(repair: sizes: from_pictures)" in str(told.value)
    assert "(exif: ignore)" in str(told.value)


def test_nobody_speaks_of_exif_where_a_picture_has_none() -> None:
    with pytest.raises(ValueError, match="has 60x40 px, the data set says 40x60") as told:
        pictures.decode(JPEG, size=(40, 60))
    assert "EXIF" not in str(told.value)
    assert "exif" not in str(told.value)


def test_what_a_jpeg_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match=r"70000x1 px can.t be written as \.jpg"):
        pictures.encode(np.zeros((1, 70000, 3), np.uint8), ".jpg", 95)


def test_a_real_picture_is_whole_and_half_of_it_is_not() -> None:
    files = sorted(real_data("lpbf_defects").rglob("*.jpg"))[:20]
    assert files
    for file in files:
        data = pictures.read(file)
        assert header_of(data).width == 600
        with pytest.raises(ValueError, match="cut off"):
            header_of(data[: len(data) // 2])
