"""Change a detector config's settings by path, and remember what was changed."""

import contextlib
import copy
import fnmatch
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from coco_recipe import StepProblem, StepProblems

Tree = dict[str, Any]  # settings by key; a value is a plain value, a list, a tuple or a Tree
Place = tuple[str, ...]  # the keys that lead to a value; numbers of lists as text
_WILD = frozenset("*?[")
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
        "compile",
        "efficient_conv_bn_eval",
        "runner_type",
        "launcher",
        "work_dir",
        "experiment_name",
        "load_from",
        "resume",
        "randomness",
    )
)
_USED_IN_OTHERS = frozenset(("data_preprocessor", "vis_backends"))  # of the above, as variables are


@dataclass(frozen=True, slots=True)
class Wanted:
    """A value that the recipe's ``set`` asks for.

    Attributes:
        path: the path as the recipe has it, maybe with ``*``.
        place: where it was put.
        value: what was put there, neither a mapping nor below one that was set whole.
    """

    path: str
    place: Place
    value: object


class Changes:
    """Changes a config by path, and remembers them as ``path: old -> new``.

    Attributes:
        tree: the config.
        made: every change, in words.
        wanted: what the recipe's ``set`` has put where, leaf by leaf.
    """

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.made: list[str] = []
        self.wanted: list[Wanted] = []
        self._reasons: list[tuple[Place, str]] = []

    def set(self, path: str | Sequence[str], value: object, *, because: str = "") -> None:
        """Set one place; the mapping that it stands in is made if it isn't there.

        Args:
            path: the place, dotted or by its parts.
            value: what is to stand there.
            because: what decides the value, for who has set another, as a parameter of the step.
        """
        node: Any = self.tree
        *parents, last = place = tuple(path.split(".")) if isinstance(path, str) else tuple(path)
        for part in parents:
            if isinstance(node, dict) and node.get(part) is None:
                node[part] = {}
            node = node[int(part)] if isinstance(node, list) else node[part]
        key: Any = int(last) if isinstance(node, list) else last
        old = node[key] if isinstance(node, list) else node.get(key, "unset")
        self._reasons.append((place, because))
        if old != value:
            node[key] = value
            self.made.append(f"{'.'.join(place)}: {short(old)} -> {short(value)}")

    def adapt(self, path: str | Sequence[str], value: object) -> None:
        """Set one place, unless the recipe's ``set`` has decided it."""
        place = tuple(path.split(".")) if isinstance(path, str) else tuple(path)
        if not self.is_wanted(place):
            self.set(place, value)

    def supersede(self, path: str | Sequence[str], value: object, *, because: str) -> None:
        """Set one place that has been read: what the recipe's ``set`` put there isn't in vain."""
        place = tuple(path.split(".")) if isinstance(path, str) else tuple(path)
        read = {
            n
            for n, one in enumerate(self.wanted)
            if _overlap(place, one.place) and get(self.tree, one.place) == one.value
        }
        self.set(place, value, because=because)
        self.wanted = [
            replace(one, value=copy.deepcopy(get(self.tree, one.place))) if n in read else one
            for n, one in enumerate(self.wanted)
        ]

    def explain(self, path: str, because: str) -> None:
        """Say what decides a place that is changed elsewhere, for who has set it."""
        self._reasons.append((tuple(path.split(".")), because))

    def drop(self, place: Place) -> None:
        """Take an item out of a list; what the recipe has set behind it stays known."""
        *parents, last = place
        items, n = get(self.tree, parents), int(last)
        gone = items[n]
        depth = len(parents)
        self.wanted = [
            replace(
                leaf, place=(*parents, str(int(leaf.place[depth]) - 1), *leaf.place[depth + 1 :])
            )
            if leaf.place[:depth] == tuple(parents) and int(leaf.place[depth]) > n
            else leaf
            for leaf in self.wanted
        ]
        del items[n]
        self.made.append(f"{'.'.join(place)}: {short(gone)} -> left out")

    def move(self, old: Place, new: Place) -> None:
        """Let what the recipe has set below a place stand for what is below another one now."""
        self.wanted = [
            replace(one, place=(*new, *one.place[len(old) :]))
            if one.place[: len(old)] == old
            else one
            for one in self.wanted
        ]

    def is_wanted(self, place: Sequence[str]) -> bool:
        """Return whether the recipe's ``set`` has decided a place, something below or above it."""
        return self.wanted_by(place) is not None

    def wanted_by(self, place: Sequence[str]) -> str | None:
        """Return the path of the recipe's ``set`` that has decided a place; None without one."""
        found = (one.path for one in self.wanted if _overlap(tuple(place), one.place))
        return next(found, None)

    def wanted_at(self, place: Sequence[str]) -> list[Wanted]:
        """Return what the recipe's ``set`` has put at a place, below it or above it."""
        return [one for one in self.wanted if _overlap(tuple(place), one.place)]

    def reason(self, place: Place) -> str:
        """Return what has decided the value of a place last; empty where nothing did."""
        found = (why for other, why in reversed(self._reasons) if why and _overlap(place, other))
        return next(found, "")


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
            nowhere; a number is in quotes.
    """
    tree = changes.tree
    for path, value in wanted.items():
        before = copy.deepcopy(tree)
        places = list(_matching(tree, path.split("."), ())) or _new(tree, path.split("."))
        if not places:
            raise _misfit(path, f"the config has no '{path}'{_how_far(tree, path)}")
        found: list[Wanted] = []
        for place in places:
            if not place[0].isidentifier():
                what = (
                    f"{place[0]!r} is no name of a variable, and a config's settings are variables"
                )
                raise _misfit(path, what)
            check(value, place)
            old = get(tree, place)
            if quoted := next(_quoted_numbers(old, value, place), None):
                what = f"{'.'.join(quoted)} is a number in quotes, and would be taken for a text"
                raise _misfit(path, what, "leave the quotes out")
            changes.set(place, _like(old, _merged(old, value), place[-1]))
            asked = value if isinstance(value, dict) and not value.get("_delete_") else None
            found += [Wanted(path, leaf, None) for leaf in _leaves(asked, place)]
        for name in sorted({place[0] for place in places}):
            spread = []
            is_variable = name not in _KNOWN or name in _USED_IN_OTHERS
            if is_variable and isinstance(before.get(name), dict | list) and before[name]:
                spread = _spread(changes, name, before[name], tree[name])
            if not spread and name not in _KNOWN and not name.startswith(("custom_", "tta_")):
                what = f"'{name}' is a variable that nothing in the config uses as it is"
                raise _misfit(path, what, "change what it is used for, as model.backbone.depth")
            found += [
                Wanted(path, (*root, *leaf.place[1:]), None)
                for leaf in list(found)
                if leaf.place[0] == name
                for root in spread
            ]
        changes.wanted += found
    # a later path may have changed what an earlier one put there
    changes.wanted = [
        replace(leaf, value=copy.deepcopy(get(tree, leaf.place))) for leaf in changes.wanted
    ]


def is_of_runner(place: Place) -> bool:
    """Return whether a place is below a key that mmengine's runner takes, not below a variable."""
    return place[0] in _KNOWN or place[0].startswith(("custom_", "tta_"))


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


def _matching(
    node: object, parts: Sequence[str], path: Place, *, new: bool = True
) -> Iterator[Place]:
    """Yield the places that a path stands for.

    Its last key may be new in a mapping, unless a ``*`` before it left open which mapping is meant.
    """
    if not parts:
        yield path
        return
    first, rest = parts[0], parts[1:]
    new = new and not _WILD & set(first)
    hits = [(key, child) for key, child in _children(node) if fnmatch.fnmatchcase(key, first)]
    for key, child in hits:
        yield from _matching(child, rest, (*path, key), new=new)
    if new and not hits and not rest and isinstance(node, dict):
        yield (*path, first)


def _new(tree: Tree, parts: Sequence[str]) -> list[Place]:
    """Return the place of a setting that mmengine's runner knows and the config hasn't begun."""
    begun = parts[0] not in _KNOWN or tree.get(parts[0])
    return [] if begun or len(parts) != 2 else [tuple(parts)]


def _leaves(value: object, place: Place) -> Iterator[Place]:
    """Yield the places of a value's parts that are no mappings."""
    if isinstance(value, dict) and value:
        for key, child in value.items():
            yield from _leaves(child, (*place, str(key)))
    else:
        yield place


def _quoted_numbers(old: object, value: object, place: Place) -> Iterator[Place]:
    """Yield the places of texts that read as numbers, where the config has numbers."""
    if isinstance(old, dict | list | tuple):
        known = dict(_children(old))
        for key, child in _children(value):
            yield from _quoted_numbers(known.get(key), child, (*place, key))
    elif isinstance(old, int | float) and isinstance(value, str):
        with contextlib.suppress(ValueError):
            float(value)
            yield place


def _overlap(one: Place, other: Place) -> bool:
    """Return whether one place is the other, or above or below it."""
    return all(a == b for a, b in zip(one, other, strict=False))


def get(tree: Any, path: Sequence[str]) -> Any:
    """Return what stands at a place; None where there is nothing."""
    for part in path:
        if isinstance(tree, list | tuple):
            tree = tree[int(part)] if part.isdecimal() and int(part) < len(tree) else None
        else:
            tree = tree.get(part) if isinstance(tree, dict) else None
        if tree is None:
            return None
    return tree


def _how_far(tree: Any, path: str) -> str:
    parts = path.split(".")
    for n in range(len(parts) - 1, -1, -1):
        if list(_matching(tree, parts[:n], ())) and (n == 0 or get(tree, parts[:n]) is not None):
            node = get(tree, parts[:n])
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
            and ("scale" in key or key == "dynamic_intervals")
        ):
            return [tuple(item) for item in new]
        pair = len(new) == 2 and all(isinstance(item, int | float) for item in new)
        if isinstance(old, tuple) or (pair and key in ("scale", "img_scale", "size", "crop_size")):
            return tuple(new)
        olds = old if isinstance(old, list) else []
        return [_like(olds[i] if i < len(olds) else None, item, key) for i, item in enumerate(new)]
    return new


def _spread(changes: Changes, name: str, old: object, new: object) -> list[Place]:
    """Put a changed variable wherever the config has used it; return the places."""
    found: list[Place] = []

    def visit(node: object, path: Place) -> None:
        for key, child in _children(node):
            if len(path) == 0 and key == name:
                continue
            if child == old and isinstance(node, dict | list):
                changes.set((*path, key), copy.deepcopy(new))
                found.append((*path, key))
            else:
                visit(child, (*path, key))

    visit(changes.tree, ())
    return found


def short(value: object) -> str:
    """Return a value in a few words."""
    shown = repr(value)
    return shown if len(shown) <= 80 else shown[:77] + "..."
