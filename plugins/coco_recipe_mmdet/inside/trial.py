"""Build all that a config names, without weights or data, to see whether it can be built.

The model stands on torch's meta device, where tensors have shapes and no memory.
"""

import inspect
import logging
import multiprocessing
from collections.abc import Callable, Mapping, Sequence
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
_ENVIRONMENT = frozenset(("cudnn_benchmark", "mp_cfg", "dist_cfg", "resource_limit"))
_SCALING = frozenset(("enable", "base_batch_size"))


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


def training(tree: Tree, length: Length, frozen: tuple[str, ...] = ()) -> "Module":
    """Build what a training builds; return the model.

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
    metrics = _metrics(tree)
    made = _part("param_scheduler", lambda: built_schedulers(tree, length, wrapper))
    _expect_watched("param_scheduler", made, metrics)
    _part("train_cfg", lambda: _loop(tree["train_cfg"]))
    for name in ("train_dataloader", "val_dataloader"):
        _part(name, partial(_data, tree.get(name)))
    _part("val_evaluator", lambda: _evaluator(tree.get("val_evaluator")))
    for name, hooks in (
        ("custom_hooks", tree.get("custom_hooks") or []),
        ("default_hooks", (tree.get("default_hooks") or {}).values()),
    ):
        _expect_watched(name, _part(name, partial(_hooks, hooks, built)), metrics)
    _part("visualizer", lambda: _visualizer(tree["visualizer"]))
    _part("log_processor", lambda: _log_processor(tree.get("log_processor") or {}))
    _part("log_level", lambda: logging.Handler().setLevel(tree.get("log_level") or "INFO"))
    _part("env_cfg", lambda: _environment(tree.get("env_cfg") or {}))
    _part("auto_scale_lr", lambda: _expect(tree.get("auto_scale_lr") or {}, _SCALING))
    return built


def detecting(tree: Tree, loader: Tree) -> "Module":
    """Build what a step builds that lets a model look at pictures; return the model.

    Raises:
        CannotBuild: the model or the pipeline can't be built.
    """
    built = model(tree)
    _part("test_dataloader", lambda: _data(loader))
    return built


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
    if wrapper.clip_grad_kwargs:  # it is given them once there are gradients
        inspect.signature(wrapper.clip_func).bind([], **wrapper.clip_grad_kwargs)
    return wrapper


def _metrics(tree: Tree) -> frozenset[str]:
    """Return the names of what a validation measures; none where there are no validations."""
    kinds = (tree.get("val_evaluator") or {}).get("metric", ())
    sizes = ("", "_50", "_75", "_s", "_m", "_l")
    return frozenset(f"coco/{kind}_mAP{size}" for kind in kinds for size in sizes)


def _expect_watched(name: str, built: Sequence[object], metrics: frozenset[str]) -> None:
    """Raise CannotBuild for a scheduler or hook that waits for what no validation measures."""
    for part in built:
        monitor = getattr(part, "monitor", None)
        if isinstance(monitor, str) and monitor not in metrics:
            known = f"validations measure {', '.join(sorted(metrics))}"
            what = f"{type(part).__name__} waits for {monitor!r}; "
            raise CannotBuild(name, ValueError(what + (known if metrics else "there is no val")))


def _loop(settings: Tree) -> None:
    """Give a loop its arguments, without a Runner."""
    from mmdet.registry import LOOPS

    _bind(LOOPS.get(settings["type"]), {"runner": None, "dataloader": None, **settings})


def _bind(kind: type | None, settings: Tree) -> None:
    """Raise TypeError if a class doesn't take these arguments."""
    if kind is None:
        return
    inspect.signature(kind).bind(**{key: settings[key] for key in settings if key != "type"})


def _visualizer(settings: Tree) -> None:
    from mmdet.registry import VISUALIZERS

    _bind(VISUALIZERS.get(settings["type"]), settings)  # a built one would make folders


def _log_processor(settings: Tree) -> None:
    from mmengine.config import ConfigDict
    from mmengine.logging import HistoryBuffer
    from mmengine.registry import LOG_PROCESSORS

    LOG_PROCESSORS.build(ConfigDict({"type": "LogProcessor", **settings}))
    known = HistoryBuffer([0], [1])._statistics_methods
    for figure in settings.get("custom_cfg") or ():
        name = figure.get("method_name")
        if isinstance(name, str) and name not in known:
            raise ValueError(f"there is no method_name {name!r}; known: {', '.join(sorted(known))}")


def _environment(settings: Tree) -> None:
    from mmengine.utils.dl_utils import set_multi_processing

    _expect(settings, _ENVIRONMENT)
    processes = settings.get("mp_cfg") or {}
    inspect.signature(set_multi_processing).bind(**processes)
    if method := processes.get("mp_start_method"):
        multiprocessing.get_context(method)


def _expect(settings: Tree, known: frozenset[str]) -> None:
    """Raise ValueError for a key that mmengine, which asks for keys one by one, wouldn't miss."""
    if odd := sorted(settings.keys() - known):
        raise ValueError(
            f"mmengine has no use for {', '.join(odd)}; known: {', '.join(sorted(known))}"
        )


class _Pictures:
    """Stands for a data set whose pictures aren't known yet, where a loader is built."""

    def __init__(self, classes: Sequence[str]) -> None:
        self.metainfo = {"classes": classes}

    def __len__(self) -> int:
        return 1000

    def get_cat_ids(self, index: int) -> list[int]:
        """Return the class of a picture's boxes."""
        return [0]


def _data(loader: Tree | None) -> None:
    """Build a loader, its data set without reading it, and all its transforms."""
    from mmdet.registry import DATASETS, TRANSFORMS
    from mmengine.config import ConfigDict
    from mmengine.runner import Runner

    if not loader:
        return
    classes = [
        node["metainfo"]["classes"] for _, node in mappings(loader, ()) if "metainfo" in node
    ]
    Runner.build_dataloader(ConfigDict({**loader, "dataset": _Pictures(classes[0])}), seed=0)
    for _, node in mappings(loader, ()):
        if "type" in node and node.keys() & {"dataset", "datasets"}:
            _bind(DATASETS.get(node["type"]), node)
        elif "ann_file" in node:
            DATASETS.build(ConfigDict({**node, "lazy_init": True}))
        else:
            for step in node.get("pipeline") or ():
                TRANSFORMS.build(ConfigDict(step))


def _evaluator(settings: Tree | None) -> None:
    from mmdet.registry import METRICS
    from mmengine.config import ConfigDict

    if settings:  # it would open its file
        METRICS.build(ConfigDict({**settings, "ann_file": None}))


def _hooks(hooks: Any, built: "Module") -> list[object]:
    """Build hooks, and the averages of weights that some of them build when a training begins."""
    from mmdet.registry import MODELS
    from mmengine.config import ConfigDict
    from mmengine.registry import HOOKS
    from mmengine.visualization import Visualizer

    Visualizer.get_instance("trial")  # some hooks ask for the one that the Runner has built
    found: list[object] = []
    for hook in filter(None, hooks):
        made = HOOKS.build(ConfigDict({key: hook[key] for key in hook if key != "priority"}))
        if average := getattr(made, "ema_cfg", None):
            MODELS.build(average, default_args={"model": built})
        found.append(made)
    return found
