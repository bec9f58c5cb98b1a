"""Recipes of the package: each is listed and copied with what it names; nothing is written over."""

from pathlib import Path

import pytest
from builders import REPOSITORY

from coco_recipe.asking import shipped_recipes
from coco_recipe.errors import RunError

NAMES = sorted(path.stem for path in (REPOSITORY / "recipes").glob("*.yaml"))


def test_every_recipe_is_listed_with_what_it_is_about() -> None:
    listed = shipped_recipes.all_of()
    assert [recipe.name for recipe in listed] == NAMES
    assert all(len(recipe.about) > 20 and recipe.about.endswith(".") for recipe in listed)


@pytest.mark.parametrize("name", NAMES)
def test_a_copy_is_a_recipe_with_its_configs(name: str, tmp_path: Path) -> None:
    copies = shipped_recipes.copy(name, tmp_path / "mine")
    assert copies[0] == tmp_path / f"mine/{name}.yaml"
    text = copies[0].read_text()
    assert "yaml-language-server" not in text
    original = (REPOSITORY / f"recipes/{name}.yaml").read_text()
    assert original.endswith(text)
    named = {path for path in (REPOSITORY / "recipes/configs").iterdir() if path.name in original}
    assert {path.name: path.read_bytes() for path in copies[1:]} == {
        path.name: path.read_bytes() for path in named
    }


def test_a_copy_is_made_once_and_never_over_another_file(tmp_path: Path) -> None:
    copies = shipped_recipes.copy("bottle_caps_small", tmp_path)
    assert shipped_recipes.copy("bottle_caps_small.yaml", tmp_path) == copies
    copies[1].write_text("mine")
    copies[0].unlink()
    with pytest.raises(RunError, match="isn't written over"):
        shipped_recipes.copy("bottle_caps_small", tmp_path)
    assert not copies[0].exists()
    assert copies[1].read_text() == "mine"


@pytest.mark.parametrize("name", ["quickstar", "../quickstart", "configs", ""])
def test_a_recipe_that_is_not_there_is_told(name: str, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="there is no recipe"):
        shipped_recipes.copy(name, tmp_path)
