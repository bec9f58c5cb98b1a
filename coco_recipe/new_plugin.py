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
_PREFIX = re.compile(r"^coco_recipe_")


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
    if not _NAME.fullmatch(name) or keyword.iskeyword(module) or keyword.iskeyword(step):
        raise RunError(
            f"{name!r} can't be the name of a plugin: small letters and digits, with - between "
            "words, as small-boxes"
        )
    if module in sys.stdlib_module_names or find_spec(module) or step in taken:
        raise RunError(f"there is '{name}' already, a module or a step; take another name")
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
