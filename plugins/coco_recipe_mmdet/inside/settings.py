"""Change a detector config's settings by path, and remember what was changed."""

import copy
import fnmatch
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from coco_recipe import StepProblem, StepProblems

Tree = dict[str, Any]  # settings by key; a value is a plain value, a list, a tuple or a Tree
Place = tuple[str, ...]  # the keys that lead to a value; numbers of lists as text
_KNOWN = frozenset(
    (
        "model",
        "train_dataloader",
        "val_dataloader",
        "test_dataloader",
        "train_cfg",
        "val_cfg",
        "test_cfg",
        "val_evaluator",
        "test_evaluator",
        "auto_scale_lr",
        "optim_wrapper",
        "param_scheduler",
        "default_hooks",
        "data_preprocessor",
        "env_cfg",
        "log_processor",
        "log_level",
        "visualizer",
        "vis_backends",
        "default_scope",
        "find_unused_parameters",
        "sync_bn",
        "model_wrapper_cfg",
        "activation_checkpointing",
        "efficient_conv_bn_eval",
        "runner_type",
        "load_from",
        "resume",
        "randomness",
    )
)


class Changes:
    """Changes a config by path, and remembers them as ``path: old -> new``."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.made: list[str] = []

    def set(self, path: str | Sequence[str], value: object) -> None:
        """Set one place; the mapping that it stands in is made if it isn't there.

        Args:
            path: the place, dotted or by its parts.
            value: what is to stand there.
        """
        node: Any = self.tree
        *parents, last = path.split(".") if isinstance(path, str) else path
        for part in parents:
            node = node[int(part)] if isinstance(node, list) else node.setdefault(part, {})
        key: Any = int(last) if isinstance(node, list) else last
        old = node[key] if isinstance(node, list) else node.get(key, "unset")
        if old != value:
            node[key] = value
            self.made.append(f"{'.'.join((*parents, last))}: {_short(old)} -> {_short(value)}")


def override(
    changes: Changes,
    wanted: Mapping[str, object],
    check: Callable[[object, Place], None] = lambda value, place: None,
) -> None:
    """Apply the recipe's ``set``.

    A mapping is merged into a mapping (``_delete_: true`` replaces it), everything else replaces.
    A change to a variable that isn't one of the runner's keys, as ``train_pipeline``, is made
    wherever the config has used it.

    Args:
        changes: the config.
        wanted: the values by dotted path.
        check: gets each value with the place that it is for, before it is put there; raises what is
            wrong with it.

    Raises:
        StepProblems: a path leads nowhere (says how far it goes), or to a variable that is used
            nowhere.
    """
    tree = changes.tree
    for path, value in wanted.items():
        before = copy.deepcopy(tree)
        places = list(_matching(tree, path.split("."), ()))
        if not places:
            raise _misfit(path, f"the config has no '{path}'{_how_far(tree, path)}")
        for place in places:
            if not place[0].isidentifier():
                what = (
                    f"{place[0]!r} is no name of a variable, and a config's settings are variables"
                )
                raise _misfit(path, what)
            check(value, place)
            old = _get(tree, place)
            changes.set(place, _like(old, _merged(old, value), place[-1]))
        for name in {place[0] for place in places}:
            spread = (
                isinstance(before.get(name), dict | list)
                and before[name]
                and _spread(changes, name, before[name], tree[name])
            )
            if not spread and name not in _KNOWN and not name.startswith(("custom_", "tta_")):
                what = f"'{name}' is a variable that nothing in the config uses as it is"
                raise _misfit(path, what, "change what it is used for, as model.backbone.depth")


def _misfit(path: str, what: str, hint: str = "") -> StepProblems:
    return StepProblems([StepProblem(("set", path), what, hint)])


def mappings(node: object, path: Place) -> Iterator[tuple[Place, Tree]]:
    """Yield every mapping below a node with its path."""
    if isinstance(node, dict):
        yield path, node
    for key, child in _children(node):
        yield from mappings(child, (*path, key))


def _children(node: object) -> Iterator[tuple[str, object]]:
    if isinstance(node, dict):
        yield from ((str(key), value) for key, value in list(node.items()))
    elif isinstance(node, list | tuple):
        yield from ((str(i), value) for i, value in enumerate(node))


def _matching(node: object, parts: Sequence[str], path: Place) -> Iterator[Place]:
    """Yield the places that a path with * stands for; the last key may be new in a mapping."""
    if not parts:
        yield path
        return
    first, rest = parts[0], parts[1:]
    hits = [(key, child) for key, child in _children(node) if fnmatch.fnmatchcase(key, first)]
    for key, child in hits:
        yield from _matching(child, rest, (*path, key))
    if not hits and not rest and isinstance(node, dict) and "*" not in first:
        yield (*path, first)


def _get(tree: Any, path: Sequence[str]) -> Any:
    for part in path:
        tree = tree[int(part)] if isinstance(tree, list | tuple) else tree.get(part)
        if tree is None:
            return None
    return tree


def _how_far(tree: Any, path: str) -> str:
    parts = path.split(".")
    for n in range(len(parts) - 1, -1, -1):
        if list(_matching(tree, parts[:n], ())) and (n == 0 or _get(tree, parts[:n]) is not None):
            node = _get(tree, parts[:n])
            keys = [key for key, _ in _children(node)][:12]
            return (
                f"; '{'.'.join(parts[:n])}' has {', '.join(keys)}"
                if keys
                else f"; '{'.'.join(parts[:n])}' has no keys"
            )
    return ""


def _merged(old: object, new: object) -> object:
    if not isinstance(new, dict):
        return new
    new = dict(new)
    if new.pop("_delete_", False) or not isinstance(old, dict):
        return new
    return {**old, **{key: _merged(old.get(key), value) for key, value in new.items()}}


def _like(old: object, new: object, key: str) -> object:
    """Make tuples of lists where mmdet insists on them: YAML has none."""
    if isinstance(new, dict):
        return {
            k: _like(old.get(k) if isinstance(old, dict) else None, v, k) for k, v in new.items()
        }
    if isinstance(new, list):
        if (
            new
            and all(isinstance(item, list) and len(item) == 2 for item in new)
            and "scale" in key
        ):
            return [tuple(item) for item in new]
        pair = len(new) == 2 and all(isinstance(item, int | float) for item in new)
        if isinstance(old, tuple) or (pair and key in ("scale", "img_scale", "size", "crop_size")):
            return tuple(new)
        olds = old if isinstance(old, list) else []
        return [_like(olds[i] if i < len(olds) else None, item, key) for i, item in enumerate(new)]
    return new


def _spread(changes: Changes, name: str, old: object, new: object) -> int:
    """Put a changed variable wherever the config has used it; return in how many places."""
    before = len(changes.made)

    def visit(node: object, path: Place) -> None:
        for key, child in _children(node):
            if len(path) == 0 and key == name:
                continue
            if child == old and isinstance(node, dict | list):
                changes.set((*path, key), copy.deepcopy(new))
            else:
                visit(child, (*path, key))

    visit(changes.tree, ())
    return len(changes.made) - before


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else shown[:77] + "..."
