"""What transforms made of others did before 2.0 with their p and that of the transforms inside.

Read from the sources of 0.3.0 to 1.4.24.
"""

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from coco_recipe_albumentations.migration.draft import Draft
from coco_recipe_albumentations.pipeline.forms import CLASS, Transform
from coco_recipe_albumentations.pipeline.history import Version

_FORCING = (
    "OneOf",
    "OneOrOther",
    "SomeOf",
    "RandomOrder",
)  # applied what they chose, whatever its p
_SEVERAL = ("SomeOf", "RandomOrder")  # 2.0.8 rolls for what these chose
_SORTED: Version = (1, 4, 17)  # from here on SomeOf kept the order of its transforms
_ROLLED: Version = (1, 4, 4)  # from here on Sequential had a p
_NOT_PASSED: Version = (1, 4, 0)  # from here on Sequential didn't pass on that it was forced
_COMPOSE_PASSED: Version = (1, 3, 0)  # before, a Compose passed it on to all


def whole(draft: Draft, transform: Transform, *, forced: bool) -> None:
    """Mend what a composition itself did with p and with the order of its transforms.

    Args:
        draft: the composition, as far as it is rewritten.
        transform: the composition as it was written.
        forced: it is itself applied whatever its p, which is its weight.
    """
    if draft.name == "Sequential" and not transform.compose and draft.version < _ROLLED:
        if draft.arguments["p"] != 1 and not forced:
            draft.put("p", 1, "for before 1.4.4 it was always applied")
    elif draft.name == "SomeOf" and draft.version < _SORTED:
        draft.name = "RandomOrder"
        draft.changes.append("it drew the order too")


def inside(draft: Draft, transform: Transform, *, forced: bool) -> tuple[Transform, ...]:
    """Return the transforms inside, with p 1 where they were applied whatever their p.

    Args:
        draft: the composition, as far as it is rewritten.
        transform: the composition as it was written.
        forced: it is itself applied whatever its p.
    """
    children = transform.children or ()
    if draft.name in _SEVERAL and not _by_weight(draft, transform):
        draft.changes.append("p of its transforms -> 1: what it chose was applied whatever its p")
        return tuple(_certain(child) for child in children)
    if draft.name != "Sequential" or not forced:
        return children
    if forces(draft, transform, forced=forced):
        draft.changes.append("p of its transforms -> 1: chosen, it applied all whatever their p")
        return tuple(_certain(child) for child in children)
    if not transform.compose and draft.version < _NOT_PASSED and children:
        draft.changes.append("p of its first transform -> 1: chosen, it applied that one always")
        return (_certain(children[0]), *children[1:])
    return children


def forces(draft: Draft, transform: Transform, *, forced: bool) -> bool:
    """Report whether a composition applied the transforms inside whatever their p.

    Args:
        draft: the composition as it is being rewritten.
        transform: the composition as it was written.
        forced: whether it was applied whatever its own p.
    """
    return draft.name in _FORCING or (
        forced and transform.compose and draft.version < _COMPOSE_PASSED
    )


def chosen(draft: Draft, transform: Transform, rows: Sequence[Any]) -> dict[str, Any] | None:
    """Return what stands for a choice of several by weight; None for every other composition.

    With replacement n choices of one follow each other; without, 2.0.8 has no equal.

    Args:
        draft: the composition as it is being rewritten.
        transform: the composition as it was written.
        rows: what its transforms have become.
    """
    if draft.name not in _SEVERAL or not _by_weight(draft, transform):
        return None
    count = draft.arguments.get("n", 1)
    if draft.name != "RandomOrder" or not draft.arguments.get("replace") or type(count) is not int:
        draft.lost.append(
            "it chose by the weights p of its transforms; now it chooses evenly, and "
            "p is rolled for each"
        )
        return None
    draft.changes.append(f"{count} times OneOf, which chooses by the weights p as it did")
    one = {CLASS: "OneOf", "p": 1, "transforms": list(rows)}
    return {
        CLASS: "Sequential",
        "p": draft.arguments["p"],
        "transforms": [copy.deepcopy(one) for _ in range(count)],
    }


def _certain(child: Transform) -> Transform:
    return replace(child, arguments={**child.arguments, "p": 1})


def _by_weight(draft: Draft, transform: Transform) -> bool:
    """Report whether the children's p decides which run: they differ, and not all are taken."""
    children, count = transform.children or (), draft.arguments.get("n", 1)
    everything = type(count) is int and count >= len(children) and not draft.arguments["replace"]
    return len({child.arguments.get("p", 0.5) for child in children}) > 1 and not everything
