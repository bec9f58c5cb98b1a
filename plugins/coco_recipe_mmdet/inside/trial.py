"""Build all that a config names, without weights or data, to see whether it can be built.

The model stands on torch's meta device, where tensors have shapes and no memory.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from coco_recipe import StepProblem, StepProblems, told
from coco_recipe_mmdet.inside.freezing_runner import freeze
from coco_recipe_mmdet.inside.learning_rates import built as built_schedulers
from coco_recipe_mmdet.inside.settings import Tree, mappings
from coco_recipe_mmdet.inside.training_length import Length

if TYPE_CHECKING:
    from mmengine.optim import OptimWrapper
    from torch.nn import Module

HOME = "coco_recipe_mmdet"


class CannotBuild(ValueError):
    """A part of a config that can't be built.

    Attributes:
        part: the key at the config's top.
        what: what was raised, in words.
    """

    def __init__(self, part: str, error: BaseException) -> None:
        self.part = part
        self.what = f"{part} can't be built: {told(error, HOME)}"
        super().__init__(self.what)


def blamed(wanted: Mapping[str, object], build: Callable[[Mapping[str, object]], None]) -> None:
    """Build a config; where that fails, find out which change of the recipe is the cause.

    Args:
        wanted: the recipe's changes, by path.
        build: resolves and builds the config with some changes.

    Raises:
        StepProblems: it can't be built; at the change without which it can, or else at the config.
    """
    try:
        build(wanted)
    except CannotBuild as error:
        for path in wanted:
            try:
                build({other: value for other, value in wanted.items() if other != path})
            except ValueError:
                continue
            raise StepProblems([StepProblem(("set", path), error.what)]) from error
        raise StepProblems([StepProblem(("config",), error.what)]) from error


def training(tree: Tree, length: Length, frozen: tuple[str, ...] = ()) -> None:
    """Build what a training builds.

    Args:
        tree: the config as mmengine's Runner gets it.
        length: of the training.
        frozen: parts of the model to freeze.

    Raises:
        CannotBuild: a part can't be built; the first.
        StepProblems: the model has no such part.
    """
    built = model(tree)
    freeze(built, frozen)
    wrapper = _part("optim_wrapper", lambda: _optim_wrapper(built, tree["optim_wrapper"]))
    _part("param_scheduler", lambda: built_schedulers(tree, length, wrapper))
    for name in ("train_dataloader", "val_dataloader"):
        _part(name, partial(_data, tree.get(name)))
    _part("val_evaluator", lambda: _evaluator(tree.get("val_evaluator")))
    _part("custom_hooks", lambda: _hooks(tree.get("custom_hooks") or [], built))
    _part("default_hooks", lambda: _hooks((tree.get("default_hooks") or {}).values(), built))


def detecting(tree: Tree, loader: Tree) -> None:
    """Build what a step builds that lets a model look at pictures.

    Raises:
        CannotBuild: the model or the pipeline can't be built.
    """
    model(tree)
    _part("test_dataloader", lambda: _data(loader))


def model(tree: Tree) -> "Module":
    """Build the model on the meta device, or where one can't be built there, on the CPU.

    Raises:
        CannotBuild: it can't be built.
    """
    import torch
    from mmdet.registry import MODELS
    from mmengine.config import Config

    config = Config(tree).model
    try:
        with torch.device("meta"):
            return MODELS.build(config)
    except Exception:  # some models compute with numbers of their tensors
        built: Module = _part("model", lambda: MODELS.build(config))
        return built


def _part(name: str, build: Callable[[], Any]) -> Any:
    try:
        return build()
    except Exception as error:
        raise CannotBuild(name, error) from error


def _optim_wrapper(built: "Module", settings: Tree) -> "OptimWrapper":
    from mmengine.config import ConfigDict
    from mmengine.optim import build_optim_wrapper

    wrapper: OptimWrapper = build_optim_wrapper(built, ConfigDict(settings))
    return wrapper


def _data(loader: Tree | None) -> None:
    """Build a loader's data set without reading it, and all its transforms."""
    from mmdet.registry import DATASETS, TRANSFORMS
    from mmengine.config import ConfigDict

    for _, node in mappings(loader, ()):
        if "ann_file" in node:
            DATASETS.build(ConfigDict({**node, "lazy_init": True}))
        else:
            for step in node.get("pipeline") or ():
                TRANSFORMS.build(ConfigDict(step))


def _evaluator(settings: Tree | None) -> None:
    from mmdet.registry import METRICS
    from mmengine.config import ConfigDict

    if settings:  # it would open its file
        METRICS.build(ConfigDict({**settings, "ann_file": None}))


def _hooks(hooks: Any, built: "Module") -> None:
    """Build hooks, and the averages of weights that some of them build when a training begins."""
    from mmdet.registry import MODELS
    from mmengine.config import ConfigDict
    from mmengine.registry import HOOKS
    from mmengine.visualization import Visualizer

    Visualizer.get_instance("trial")  # some hooks ask for the one that the Runner has built
    for hook in filter(None, hooks):
        made = HOOKS.build(ConfigDict({key: hook[key] for key in hook if key != "priority"}))
        if average := getattr(made, "ema_cfg", None):
            MODELS.build(average, default_args={"model": built})
