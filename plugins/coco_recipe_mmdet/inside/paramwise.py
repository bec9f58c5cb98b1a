"""Refuse what a recipe sets for some of a model's parameters, and that reaches none of them.

mmengine asks for the keys of ``paramwise_cfg`` one by one, and looks for those of ``custom_keys``
in the names of parameters; a misspelt one changes nothing, in silence.
"""

import inspect
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from coco_recipe import StepProblem, StepProblems
from coco_recipe_mmdet.inside.settings import Place, Tree, Wanted, get
from coco_recipe_mmdet.inside.unread_keys import remedy, words_of

if TYPE_CHECKING:
    from torch.nn import Module

ROOT = ("optim_wrapper", "paramwise_cfg")
_SHARES = ("lr_mult", "decay_mult")


def refuse(wanted: Sequence[Wanted], tree: Tree, model: "Module") -> None:
    """Raise StepProblems for every key that the recipe's ``set`` has put where it does nothing.

    Args:
        wanted: what the recipe's ``set`` has put where.
        tree: the config.
        model: what was built of it.
    """
    asked = [leaf for leaf in wanted if leaf.place[:1] == ROOT[:1]]
    if not asked or not isinstance(get(tree, ROOT), Mapping):
        return
    StepProblems.if_any(
        StepProblem(("set", path), what, hint)
        for place, what, hint in _faults(tree["optim_wrapper"], model)
        if (path := _path(asked, place))
    )


def _path(asked: Sequence[Wanted], place: Place) -> str | None:
    """Return the path of the recipe's ``set`` that has put a key at a place; None without one."""
    return next((leaf.path for leaf in asked if _meet(leaf.place, place)), None)


def _meet(one: Place, other: Place) -> bool:
    return all(a == b for a, b in zip(one, other, strict=False))


def _faults(settings: Tree, model: "Module") -> Iterator[tuple[Place, str, str]]:
    """Yield each key that does nothing: its place, what is wrong and what to do."""
    from mmengine.registry import OPTIM_WRAPPER_CONSTRUCTORS, OPTIMIZERS

    kind = OPTIM_WRAPPER_CONSTRUCTORS.get(
        settings.get("constructor") or "DefaultOptimWrapperConstructor"
    )
    if kind is None:
        return
    words = {word for base in kind.__mro__ for word in words_of(sys.modules[base.__module__])}
    for key in settings[ROOT[-1]]:
        if key not in words:
            what = f"{kind.__name__} doesn't read {'.'.join((*ROOT, key))}"
            yield (*ROOT, key), what, remedy(key, [word for word in words if "_" in word])
    custom = settings[ROOT[-1]].get("custom_keys")
    if "custom_keys" not in words or not isinstance(custom, Mapping):
        return
    names = [name for name, _ in model.named_parameters()]
    optimizer = OPTIMIZERS.get(str(settings.get("optimizer", {}).get("type")))
    taken = {*_SHARES, *(inspect.signature(optimizer).parameters if optimizer else ())}
    for part, values in custom.items():
        place = (*ROOT, "custom_keys", part)
        if not any(part in name for name in names):
            parts = list(dict.fromkeys(name.partition(".")[0] for name in names))
            hint = f"parameters begin with {', '.join(parts)}"
            yield place, f"no parameter of the model has '{part}' in its name", hint
        for key in values if optimizer and isinstance(values, Mapping) else ():
            if key not in taken:
                what = f"neither mmengine nor {optimizer.__name__} reads {'.'.join((*place, key))}"
                yield (*place, key), what, remedy(key, taken)
