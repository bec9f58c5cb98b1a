"""What child processes may import: nothing from where the user stands, and never ``__main__``.

Python puts the script's folder, or the current one, first on ``sys.path``. multiprocessing hands
that on to its children and has them run the main script again. A ``struct.py`` there would be run
by every worker.
"""

import os
import sys
from collections.abc import Mapping
from multiprocessing import process, spawn
from pathlib import Path
from typing import Any

from coco_recipe.errors import StepError

NAME = "coco-recipe worker"  # of our processes, by which they are known
_OURS = (
    NAME,
    "Dask Worker process (from Nanny)",
    "ignore",
)  # the last: what the forkserver starts with
_MAIN = ("init_main_from_name", "init_main_from_path", "main_path")


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Return what makes a child's start safe: an empty part of PYTHONPATH is the current folder."""
    parts = [part for part in variables.get("PYTHONPATH", "").split(os.pathsep) if part]
    return {"PYTHONSAFEPATH": "1", **({"PYTHONPATH": os.pathsep.join(parts)} if parts else {})}


def entries() -> list[str]:
    """Return this process's import path without the script's or the current folder.

    A folder that PYTHONPATH, an installation or the program names as well stands there twice, and
    stays once.
    """
    path = [entry for entry in sys.path if entry]
    first = None if sys.flags.safe_path else _first()
    if first in path:
        path.remove(first)
    return path


def _first() -> str | None:
    """Return the folder that Python put first: the script's, or the current one with ``-m``."""
    main = sys.modules["__main__"]
    if getattr(main, "__spec__", None) is not None:  # python -m
        return str(vars(process)["ORIGINAL_DIR"])
    file = getattr(main, "__file__", None)
    return str(Path(file).resolve().parent) if file else None


def install() -> None:
    """Have multiprocessing start our workers and Dask's, and no other process, with a safe path.

    Raises:
        StepError: this interpreter ignores PYTHONSAFEPATH, and so would its children.
    """
    if sys.flags.ignore_environment and not sys.flags.safe_path:
        raise StepError(
            "python -E ignores PYTHONSAFEPATH: workers would import from the current folder; "
            "start Python with -P, too, or use --jobs 0"
        )
    if not hasattr(spawn.get_preparation_data, "is_safe"):
        spawn.get_preparation_data = _Prepared(spawn.get_preparation_data)


class _Prepared:
    """What multiprocessing tells a child before anything else."""

    is_safe = True

    def __init__(self, original: Any) -> None:
        self.original = original

    def __call__(self, name: str) -> dict[str, Any]:
        data: dict[str, Any] = self.original(name)
        if name not in _OURS:
            return data
        return {key: value for key, value in data.items() if key not in _MAIN} | {
            "sys_path": entries()
        }
