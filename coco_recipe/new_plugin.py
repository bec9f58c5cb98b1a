"""plugin new: write a package with a step, its tests and its checks, to be changed from there."""

import keyword
import re
import sys
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from string import Template

from coco_recipe import files
from coco_recipe.errors import RunError
from coco_recipe.keys import libraries

_FILES = {
    "pyproject.toml": "pyproject.toml.txt",
    "README.md": "README.md.txt",
    "recipe.yaml": "recipe.yaml.txt",
    ".gitignore": "gitignore.txt",
    ".github/workflows/test.yml": "test.yml.txt",
    "{module}/__init__.py": "init.py.txt",
    "{module}/{step}.py": "step.py.txt",
    "tests/test_{step}.py": "test_step.py.txt",
}
_NAME = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
_LONGEST = 35  # characters; so lines of the package fit the 88 of ruff and black
_PREFIX = re.compile(r"^coco_recipe_")
# folders of the package, of its tools and of its recipe's run; and what YAML doesn't read as text
_RESERVED = frozenset(
    ("tests", "conftest", "build", "dist", "demo", "runs", "null", "true", "false")
)


def write(name: str, folder: Path, taken: frozenset[str] = frozenset()) -> tuple[Path, ...]:
    """Write a package that is installed, run and tested as it is.

    Args:
        name: of the distribution, as ``small-boxes``; its module has ``_`` for ``-``, and its step
            is called so without ``coco_recipe_``.
        folder: where it is written; it must be absent or empty.
        taken: names of steps that there are already.

    Returns:
        The files.

    Raises:
        RunError: the name can't be one of a new package and step, or something is in the folder.
    """
    module = name.replace("-", "_")
    step = _PREFIX.sub("", module)
    if not _NAME.fullmatch(name) or len(name) > _LONGEST or not _is_free_word(step):
        raise RunError(
            f"{name!r} can't be the name of a plugin: small letters and digits, {_LONGEST} at "
            f"most, with - between words, as {_proposal(name)}"
        )
    if step in taken or _is_there(name, module):
        raise RunError(
            f"there is '{name}' already, a module, an installed package or a step; "
            "take another name"
        )
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise RunError(f"{folder} is there already, and nothing in it is written over; --to DIR")
    names = {
        "name": name,
        "module": module,
        "step": step,
        "version": libraries.version("coco-recipe") or "0",
    }
    written = []
    for path, template in _FILES.items():
        text = (resources.files("coco_recipe") / "plugin_template" / template).read_text("utf-8")
        target = folder / path.format(**names)
        target.parent.mkdir(parents=True, exist_ok=True)
        files.write_bytes(target, Template(text).substitute(names).encode())
        written.append(target)
    (folder / module / "py.typed").touch()
    return (*written, folder / module / "py.typed")


def _is_free_word(step: str) -> bool:
    """Tell whether a function, a module and, in a recipe, a step may be called so."""
    return step.isidentifier() and not keyword.iskeyword(step) and step not in _RESERVED


def _is_there(name: str, module: str) -> bool:
    """Tell whether an installation would take something's place: a module or a distribution."""
    return (
        module in sys.stdlib_module_names
        or find_spec(module) is not None
        or libraries.version(name) != libraries.NOT_INSTALLED
    )


def _proposal(name: str) -> str:
    """Return the nearest name that may be one."""
    near = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-0123456789")
    is_fine = _NAME.fullmatch(near) and len(near) <= _LONGEST and near != name
    return near if is_fine and _is_free_word(near.replace("-", "_")) else "small-boxes"
