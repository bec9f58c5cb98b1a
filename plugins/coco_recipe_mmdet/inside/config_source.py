"""Where a detector's config comes from: a file that is run, or a checkpoint that is only read."""

import copy
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from coco_recipe import StepProblem, StepProblems, with_names
from coco_recipe_mmdet import configs
from coco_recipe_mmdet.inside import flat_config, registered
from coco_recipe_mmdet.inside.settings import Tree, mappings
from coco_recipe_mmdet.inside.weights import Meta

OF_CHECKPOINT = "a config that you trust can be named: with: {config: ...}"
LISTED = 5


def load(config: str) -> Tree:
    """Run a config file and return all its settings, flat.

    Raises:
        StepProblems: the config can't be run.
    """
    from mmengine.config import Config

    path = configs.locate(config)
    if path is None:
        raise StepProblems([StepProblem(("config",), f"{config}: mmdet is not installed here")])
    try:
        settings: Tree = Config.fromfile(str(path)).to_dict()
    except Exception as error:
        what = f"the config {config} can't be run: {type(error).__name__}: {error}"
        raise StepProblems([StepProblem(("config",), what)]) from error
    for _, node in mappings(settings, ()):
        # mmengine marks some copies of a variable with it and not others
        if node.get("_scope_") == "mmdet":
            del node["_scope_"]
    return _with_preprocessor(settings)


def of_checkpoint(meta: Meta, name: str) -> Tree:
    """Return the config that a checkpoint carries, without running or importing anything.

    From here on mmengine's registries find only what is registered by now.

    Args:
        meta: the checkpoint's ``meta``.
        name: what to call it in an error.

    Raises:
        ValueError: it carries none, or one that is not flat, or that names something that isn't
            registered.
    """
    text = carried(meta)
    if text is None:
        raise ValueError(f"{name} carries no config; say which: with: {{config: ...}}")
    try:
        tree = _with_preprocessor(flat_config.read(text))
    except ValueError as error:
        raise ValueError(
            f"the config that {name} carries {error}; say which: with: {{config: ...}}"
        ) from error
    _refuse(registered.problems(tree, ()), name)
    registered.lock()
    return tree


def carried(meta: Meta) -> str | None:
    """Return the text of the config that stands in a checkpoint's ``meta``; None without one."""
    text = meta.get("cfg") or meta.get("config")
    return text if isinstance(text, str) else None


def expect_harmless(name: str, **parts: object) -> None:
    """Look at the parts of a checkpoint's config that are going to be built.

    Args:
        name: what to call the checkpoint in an error.
        parts: parts of the config, by key.

    Raises:
        ValueError: one would run, fetch or overwrite something.
    """
    _refuse(
        (fault for key, part in parts.items() for fault in registered.hazards(part, (key,))), name
    )


def refusal(problems: Iterator[str], hint: str) -> str:
    """Return why something isn't built: the first problems, and a hint; empty without a fault."""
    found = list(islice(problems, LISTED + 1))
    if not found:
        return ""
    more = "; and more" * (len(found) > LISTED)
    return f"{'; '.join(found[:LISTED])}{more}; nothing of it was built ({hint})"


def dump(tree: Tree, path: Path) -> None:
    """Write a flat config that mmengine reads."""
    path.write_text(text(tree), "utf-8")


def text(tree: Tree) -> str:
    """Return a flat config as Python source, with names in place of the environment's values."""
    return "".join(f"{key} = {value!r}\n" for key, value in with_names(tree).items())


def _refuse(problems: Iterator[str], name: str) -> None:
    if found := refusal(problems, OF_CHECKPOINT):
        raise ValueError(f"the config that {name} carries: {found}")


def _with_preprocessor(settings: Tree) -> Tree:
    """Put a data preprocessor at the top level into the model, as mmengine's Runner does."""
    if (found := settings.get("data_preprocessor")) and isinstance(settings.get("model"), dict):
        settings["model"].setdefault("data_preprocessor", copy.deepcopy(found))
    return settings
