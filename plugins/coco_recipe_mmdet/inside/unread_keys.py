"""Refuse keys of ``train_cfg`` and ``test_cfg`` that nothing in a model's code reads.

mmdet asks for these keys one by one, so a misspelt one is passed over in silence.
"""

import ast
import difflib
import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING

from coco_recipe import StepProblem, StepProblems
from coco_recipe_mmdet.inside.settings import Place, Tree, Wanted, get

if TYPE_CHECKING:
    from torch.nn import Module

_READ_BY_KEY = ("train_cfg", "test_cfg")
_OF_OPENMMLAB = ("mmdet", "mmcv", "mmengine")


def refuse(wanted: Sequence[Wanted], tree: Tree, model: "Module") -> None:
    """Raise StepProblems for every key that the recipe's ``set`` has put where nothing reads it.

    Args:
        wanted: what the recipe's ``set`` has put where.
        tree: the config.
        model: what was built of it.
    """
    asked = [(leaf.path, key) for leaf in wanted for key in _keys(leaf.place, tree)]
    words = _words(model) if asked else frozenset()
    StepProblems.if_any(
        StepProblem(
            ("set", path),
            f"nothing in the code of {type(model).__name__} reads {'.'.join(place)}",
            remedy(place[-1], words),
        )
        for path, place in dict.fromkeys(asked)
        if place[-1] not in words
    )


def _keys(place: Place, tree: Tree) -> Iterator[Place]:
    """Yield the places of keys on the way to a place that a model's code asks for by name.

    What a type is given its class takes or refuses itself; that of an nms is a function's name.
    """
    begin = next((n for n, key in enumerate(place) if key in _READ_BY_KEY), len(place))
    if place[0] != "model":
        return
    for n in range(begin + 1, len(place)):
        if not place[n].isdecimal():
            yield place[: n + 1]
        node = get(tree, place[: n + 1])
        if isinstance(node, Mapping) and "type" in node and "nms" not in place[n]:
            return


def remedy(key: str, words: Iterable[str]) -> str:
    """Return what to do about a key that isn't read: take the word that is like it, if one is."""
    like = difflib.get_close_matches(key, list(words), 1, 0.8)
    return f"{like[0]}?" if like else "leave it out"


def _words(model: "Module") -> frozenset[str]:
    """Return every name and word in the code of a model's parts, and of what that code uses."""
    parts = [
        part
        for module in model.modules()
        for part in (module, *vars(module).values())
        if type(part).__module__.partition(".")[0] not in ("builtins", "torch", "collections")
    ]
    todo = {kind.__module__ for part in parts for kind in type(part).__mro__}
    own = {name.partition(".")[0] for name in todo} - {"builtins", "torch", "abc", "typing"}
    seen: set[str] = set()
    words: set[str] = set()
    while todo:
        name = todo.pop()
        if name in seen or name.partition(".")[0] not in own | {*_OF_OPENMMLAB}:
            continue
        seen.add(name)
        if module := sys.modules.get(name):
            words |= words_of(module)
            todo |= set(_used_by(vars(module).values()))
    return frozenset(words)


def _used_by(values: Iterable[object]) -> Iterator[str]:
    """Yield the modules that functions and classes are from which a module has imported."""
    for value in values:
        if isinstance(value, type | FunctionType):
            yield value.__module__ or ""


@cache
def words_of(module: ModuleType) -> frozenset[str]:
    """Return every name and word in a module's code; none where it has no source."""
    try:
        return frozenset(_of_source(inspect.getsource(module)))
    except (OSError, TypeError, SyntaxError):
        return frozenset()


def _of_source(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.arg | ast.keyword):
            yield node.arg or ""
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
