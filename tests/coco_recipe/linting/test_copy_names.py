"""Names of copies, as tools write them, have the root of their original."""

import pytest

from coco_recipe.linting.copy_names import read


@pytest.mark.parametrize(
    ("name", "root", "is_copy"),
    [
        ("cap.jpg", "cap", False),
        ("cap_flip.jpg", "cap", True),
        ("Cap_HFlip.JPG", "cap", True),
        ("cap_rot90.png", "cap", True),
        ("cap-rotated-15.png", "cap", True),
        ("cap_aug_3.jpg", "cap", True),
        ("aug_cap.jpg", "cap", True),
        ("aug_12.jpg", "12", True),
        ("cap_flip_bright2.jpg", "cap", True),
        ("cap (1).jpg", "cap", True),
        ("a/cap copy.jpg", "a/cap", True),
        ("102_jpg.rf.67b885f67eceb8390078fa2d77fe62e8.jpg", "102_jpg", False),
        ("crop.jpg", "crop", False),
        ("flipper.jpg", "flipper", False),
        ("IMG_0001.jpg", "img_0001", False),
        ("瓶盖_翻转.jpg", "瓶盖_翻转", False),
    ],
)
def test_roots(name: str, root: str, is_copy: bool) -> None:
    found = read(name)
    assert (found.root, found.is_copy) == (root, is_copy)


def test_two_exports_of_one_picture_have_two_marks() -> None:
    one, other = (read(f"a_jpg.rf.{digit * 32}.jpg") for digit in "12")
    assert one.root == other.root
    assert one.mark != other.mark
