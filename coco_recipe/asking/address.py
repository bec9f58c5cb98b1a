"""The place that a command is asked about: a file, a recipe or a run, and a name in it."""

from pathlib import Path

from coco_recipe.errors import RunError

RECIPES = (".yaml", ".yml")
QUICK_BYTES = 20_000_000  # a larger file isn't searched for what is wrong: that is check's work


def divided(source: str) -> tuple[Path, str]:
    """Return the file or folder, and the name behind a colon.

    Raises:
        RunError: there is no such file or folder.
    """
    if not source.strip():
        raise RunError("the SOURCE is empty: name an annotation file, a recipe or a run directory")
    whole, (before, _, name) = Path(source), source.rpartition(":")
    if whole.exists():
        return whole, ""
    if before and Path(before).exists():
        return Path(before), name
    raise RunError(
        f"{source}: there is no such annotation file, recipe or run directory "
        "(FILE.json, RECIPE.yaml[:NAME[.PORT]], RUN[:NAME[.PORT]])"
    )


def is_file(source: str) -> bool:
    """Report whether a place is an annotation file, which has no names in it."""
    path = divided(source)[0]
    return path == Path(source) and path.is_file() and path.suffix.lower() not in RECIPES


def is_quick(path: Path) -> bool:
    """Report whether the rows of a file are searched for what is wrong in no time."""
    return path.stat().st_size <= QUICK_BYTES
