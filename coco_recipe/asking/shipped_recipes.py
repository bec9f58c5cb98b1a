"""The recipes that come with coco-recipe: what they are about, and copies of them to change."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from coco_recipe import files
from coco_recipe.errors import RunError, did_you_mean

_FOLDER = resources.files("coco_recipe") / "recipes"
_EDITOR = "# yaml-language-server:"  # its schema lies beside the repository's recipes only
_NAMED = re.compile(r"\bconfigs/\w+\.py\b")


@dataclass(frozen=True, slots=True)
class Shipped:
    """A recipe of the package.

    Attributes:
        name: without its ending.
        about: the first sentence of its comment.
        text: the recipe.
    """

    name: str
    about: str
    text: str


def all_of() -> Sequence[Shipped]:
    """Return the recipes, by name."""
    texts = {
        entry.name.removesuffix(".yaml"): entry.read_text("utf-8")
        for entry in _FOLDER.iterdir()
        if entry.name.endswith(".yaml")
    }
    return [_shipped(name, text) for name, text in sorted(texts.items())]


def copy(name: str, folder: Path) -> tuple[Path, ...]:
    """Copy a recipe, and the configs that it names, into a folder.

    Args:
        name: the recipe's, without its ending.
        folder: it gets the recipe, and below ``configs`` what this names.

    Returns:
        The copies, the recipe first.

    Raises:
        RunError: there is no such recipe, or another file has a copy's name; nothing is written.
    """
    known = {recipe.name: recipe for recipe in all_of()}
    recipe = known.get(name.removesuffix(".yaml"))
    if recipe is None:
        raise RunError(f"there is no recipe '{name}'; {did_you_mean(name, list(known))}")
    wanted = {folder / f"{recipe.name}.yaml": recipe.text.encode()}
    for config in dict.fromkeys(_NAMED.findall(recipe.text)):
        wanted[folder / config] = (_FOLDER / config).read_bytes()
    for path, data in wanted.items():
        if path.exists() and path.read_bytes() != data:
            raise RunError(f"{path} is another file, and isn't written over; --to DIR")
    for path, data in wanted.items():
        if not path.exists():
            files.write_bytes(path, data)
    return tuple(wanted)


def _shipped(name: str, text: str) -> Shipped:
    lines = [line for line in text.splitlines() if not line.startswith(_EDITOR)]
    comment = []
    for line in lines:
        if not line.startswith("#"):
            break
        comment.append(line.removeprefix("#").strip())
    about = " ".join(comment)
    return Shipped(name, about.partition(". ")[0].rstrip(".") + ".", "\n".join(lines) + "\n")
