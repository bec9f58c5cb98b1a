"""The header of a PNG."""

import pytest

np = pytest.importorskip("numpy")
Image = pytest.importorskip("PIL.Image")
from picture_files import drawn, saved  # noqa: E402

from coco_recipe import CutOffError, header_of  # noqa: E402


def test_a_png_whose_header_is_damaged_is_told() -> None:
    damaged = bytearray(saved(drawn(), "PNG"))
    damaged[19] ^= 1
    with pytest.raises(CutOffError, match="checksum"):
        header_of(bytes(damaged))
