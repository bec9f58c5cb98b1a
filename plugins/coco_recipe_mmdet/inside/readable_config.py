"""Write a resolved config for people: in mmdet's own form, and such that mmdet's tools take it."""

import keyword
import math
from pathlib import Path
from typing import Any

from coco_recipe import with_names
from coco_recipe_mmdet.inside.settings import Tree

WIDTH = 96
INDENT = 4
_VALIDATION = ("dataloader", "cfg", "evaluator")
HEADER = """\
# What mmdet was given, resolved. Names of files are relative to this folder, and val stands for
# test: here, mmdet's own tool measures a checkpoint by
#     python MMDET/.mim/tools/test.py config.py checkpoints/epoch_1.pth
"""


def write(path: Path, tree: Tree, *, val: bool) -> None:
    """Write a config.

    Args:
        path: the file.
        tree: the settings of a training.
        val: whether there is a data set to validate on. It stands for the test's, too; without one
            what the training has no use for is left out.
    """
    shown = {**tree, "launcher": "none", "work_dir": "work_dir"}
    for part in _VALIDATION:
        shown[f"test_{part}"] = tree.get(f"val_{part}") if val else None
        if not val:
            shown[f"val_{part}"] = None
    if val:
        shown["test_cfg"] = {"type": "TestLoop"}
    text = "\n".join(f"{key} = {_laid_out(value, 0, len(key) + 3)}" for key, value in shown.items())
    path.write_text(with_names(HEADER + text + "\n"), "utf-8")


def _laid_out(value: Any, indent: int, used: int) -> str:
    """Return a value as Python source, in lines where it doesn't fit in one.

    Args:
        value: plain values, mappings, lists and tuples.
        indent: spaces before the line that it begins in.
        used: characters of that line that stand before it.
    """
    line = _inline(value)
    if used + len(line) < WIDTH or not isinstance(value, dict | list | tuple) or not value:
        return line
    pad = " " * (indent + INDENT)
    if isinstance(value, dict):
        by_word = _words(value)
        rows = [
            (start := f"{key}=" if by_word else f"{key!r}: ")
            + _laid_out(child, indent + INDENT, indent + INDENT + len(start))
            for key, child in value.items()
        ]
        opening, closing = ("dict(", ")") if by_word else ("{", "}")
    else:
        rows = [_laid_out(child, indent + INDENT, indent + INDENT) for child in value]
        opening, closing = "[]" if isinstance(value, list) else "()"
    return f"{opening}\n" + "".join(f"{pad}{row},\n" for row in rows) + " " * indent + closing


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        if _words(value):
            return f"dict({', '.join(f'{key}={_inline(child)}' for key, child in value.items())})"
        return "{" + ", ".join(f"{k!r}: {_inline(child)}" for k, child in value.items()) + "}"
    if isinstance(value, list | tuple):
        items = ", ".join(map(_inline, value))
        if isinstance(value, list):
            return f"[{items}]"
        return f"({items},)" if len(value) == 1 else f"({items})"
    if isinstance(value, float) and not math.isfinite(value):
        return f"float({str(value)!r})"
    return repr(value)


def _words(value: dict[Any, Any]) -> bool:
    """Say whether all keys can be written as keywords of ``dict(...)``."""
    return bool(value) and all(
        isinstance(key, str) and key.isidentifier() and not keyword.iskeyword(key) for key in value
    )
