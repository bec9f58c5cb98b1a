"""Pictures that show the same in two parts, as lint tells them."""

from pathlib import Path

import linted
import pytest

cv2 = pytest.importorskip("cv2")

import planted  # noqa: E402

RULE = "near_duplicates_across_parts"


def _recipe(folder: Path, train: list[str], val: list[str]) -> Path:
    inputs = {"a": linted.data(train), "b": linted.data(val)}
    return linted.recipe(folder, [linted.exported(train="a", val="b")], inputs)


@pytest.mark.slow
def test_a_pair_across_parts_is_found_and_one_within_a_part_is_not(tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    for n in range(4):
        (images / f"{n}.jpg").write_bytes(planted.encoded(planted.scene(n)))
    (images / "mirrored.jpg").write_bytes(planted.encoded(cv2.flip(planted.scene(1), 1)))
    path = _recipe(tmp_path, ["0.jpg", "1.jpg"], ["2.jpg", "mirrored.jpg"])
    (finding,) = linted.found(path, RULE)
    assert finding.count == 1
    assert "flipped left to right" in str(finding)
    path = _recipe(tmp_path, ["0.jpg", "1.jpg", "mirrored.jpg"], ["2.jpg", "3.jpg"])
    assert not linted.found(path, RULE)
