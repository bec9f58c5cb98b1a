"""Refuse what a recipe sets in a config where the step puts something else, or looks at nothing.

Nothing is listed: the config that the step ends up with is held against what was wanted of it.
"""

from collections.abc import Collection, Iterator, Mapping
from itertools import groupby
from typing import Any

from coco_recipe import StepProblem, StepProblems
from coco_recipe_mmdet.inside.settings import Changes, Tree, Wanted, get, is_of_runner, short


def expect_kept(changes: Changes, final: Tree) -> None:
    """Raise StepProblems for every path of ``set`` that the step has overwritten.

    Args:
        changes: the changes, with what was wanted.
        final: the config as it is used; a part that is None in it is not used.
    """
    by_path = groupby(changes.wanted, key=lambda wanted: wanted.path)
    StepProblems.if_any(
        problem
        for path, wanted in by_path
        for problem in _problems(path, list(wanted), changes, final)
    )


def expect_used(
    changes: Changes, used: Collection[str], explained: Mapping[str, str] | None = None
) -> None:
    """Raise StepProblems for every path of ``set`` that is below no part that the step looks at.

    Args:
        changes: the changes, with what was wanted.
        used: the keys of these parts, at the config's top.
        explained: for other parts, what there is in their place.
    """
    for part in {leaf.place[0] for leaf in changes.wanted} - {*used}:
        changes.explain(part, (explained or {}).get(part, "leave it out"))
    expect_kept(changes, {key: changes.tree[key] for key in used if key in changes.tree})


def _is_kept(wanted: Any, now: Any) -> bool:
    """Say whether a value is as it was wanted; its mappings may have got further keys."""
    if isinstance(wanted, Mapping) and isinstance(now, Mapping):
        keys = (key for key in wanted if key != "_delete_")
        return all(key in now and _is_kept(wanted[key], now[key]) for key in keys)
    lists = isinstance(wanted, list | tuple) and isinstance(now, list | tuple)
    if lists and len(wanted) == len(now):
        return all(map(_is_kept, wanted, now))
    return bool(wanted == now)


def _problems(
    path: str, wanted: list[Wanted], changes: Changes, final: Tree
) -> Iterator[StepProblem]:
    # a variable is held against the places that use it
    at_work = [leaf for leaf in wanted if is_of_runner(leaf.place)]
    unused = [
        leaf for leaf in at_work if final.get(leaf.place[0]) is None and leaf.value is not None
    ]
    for leaf in at_work:
        now = get(final, leaf.place)
        if not _is_kept(leaf.value, now) and leaf not in unused:
            place = ".".join(leaf.place)
            what = f"the step itself puts {short(now)} at {place}"
            if now is None:
                what = f"the step leaves {place} out"
            reason = changes.reason(leaf.place)
            yield StepProblem(("set", path), what, reason or "leave it out")
            return
    if unused and len(unused) == len(wanted):
        part = unused[0].place[0]
        what = f"the step has no use for {part}"
        yield StepProblem(("set", path), what, changes.reason((part,)) or "leave it out")
