"""The end of a JPEG."""

import pytest

np = pytest.importorskip("numpy")
Image = pytest.importorskip("PIL.Image")
from picture_files import drawn, saved  # noqa: E402

from coco_recipe import CutOffError, header_of  # noqa: E402


def test_the_end_of_a_progressive_jpeg_is_behind_all_its_scans() -> None:
    data = saved(drawn(), "JPEG", progressive=True)
    assert header_of(data + b"12345").trailing == 5
    with pytest.raises(CutOffError):
        header_of(data[:-2] + b"12345")
