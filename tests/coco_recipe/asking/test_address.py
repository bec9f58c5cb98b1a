"""A place is divided at its last colon, unless there is such a file."""

from pathlib import Path

import pytest

from coco_recipe.asking import address
from coco_recipe.errors import RunError


def test_a_name_stands_behind_a_file_or_folder(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.touch()
    assert address.divided(f"{tmp_path}:raw.port") == (tmp_path, "raw.port")
    assert address.divided(str(file)) == (file, "")
    odd = tmp_path / "a:b.json"
    odd.touch()
    assert address.divided(str(odd)) == (odd, "")


def test_an_annotation_file_is_told_from_a_recipe_a_run_and_a_name(tmp_path: Path) -> None:
    for name in ("a.json", "r.yaml"):
        (tmp_path / name).touch()
    assert address.is_file(f"{tmp_path}/a.json")
    for other in (f"{tmp_path}/r.yaml", str(tmp_path), f"{tmp_path}/a.json:raw"):
        assert not address.is_file(other)


@pytest.mark.parametrize("place", ["", "  ", "nowhere.json", "nowhere:raw"])
def test_what_is_not_there_is_told(place: str) -> None:
    with pytest.raises(RunError, match=r"is empty|there is no such"):
        address.divided(place)
