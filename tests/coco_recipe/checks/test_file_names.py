"""Mends of a file name, one after another."""

from typing import Any

import pytest

from coco_recipe.checks.file_names import mended_name


@pytest.mark.parametrize(
    ("name", "mends", "mended"),
    [
        ("a%20b.jpg", {"unquote": True}, "a b.jpg"),
        ("a\\b.jpg", {"slashes": True}, "a/b.jpg"),
        ("x/a\\b.jpg", {"basename": True}, "b.jpg"),
        (" a.jpg ", {"trim": True}, "a.jpg"),
        ("train/a.jpg", {"strip_prefix": "train/"}, "a.jpg"),
        ("val/a.jpg", {"strip_prefix": "train/"}, "val/a.jpg"),
        ("A.JPG", {"match_case": True}, "a.jpg"),
        ("B.JPG", {"match_case": True}, "B.JPG"),
        ("x%2FA.JPG", {"unquote": True, "basename": True, "match_case": True}, "a.jpg"),
        ("x%2FA.JPG", {"basename": True, "unquote": True}, "x/A.JPG"),
    ],
)
def test_mends_are_applied_in_their_order(name: str, mends: dict[str, Any], mended: str) -> None:
    assert mended_name(name, mends, {"a.jpg": "a.jpg"}) == mended
