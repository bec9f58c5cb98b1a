"""The job of ``adapt_head``: find a config's class tensors, by models without memory."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from coco_recipe_jobs.child import Reporter

from coco_recipe import StepProblem, StepProblems
from coco_recipe_mmdet.inside import (
    class_tensors,
    config_source,
    in_vain,
    job_config,
    settings,
    stack,
)
from coco_recipe_mmdet.jobs import ClassRows, ClassRowsJob

if TYPE_CHECKING:
    from torch.nn import Module

_IT = "the checkpoint"
_MORE = (1, 5)  # so many classes more have the models that show how lengths grow


def class_rows(job: ClassRowsJob, report: Reporter) -> ClassRows:
    """Find how the rows of a checkpoint's class tensors lie.

    The model is built on torch's meta device, where tensors have shapes and no values, for both
    numbers of classes and two more.

    Raises:
        StepProblems: the config's model can't be built; the config, or the number of old classes,
            doesn't fit the checkpoint.
        ValueError: the config isn't harmless; it isn't known which tensors have rows for classes.
    """
    stack.begin(job)
    tree, changed = _tree(job)
    numbers = {job.old, len(job.classes), *(job.old + more for more in _MORE)}
    try:
        with _alone():
            models = {number: build(tree, number) for number in numbers}
    except Exception as error:
        what = f"its model can't be built here: {type(error).__name__}: {error}"
        raise StepProblems([StepProblem(("config",), what, class_tensors.WAYS)]) from error
    shapes = {number: shapes_of(model) for number, model in models.items()}
    found = class_tensors.axes(job.old, shapes)
    report.note("config", {"changed": changed})
    if job.shapes is None:
        return ClassRows({}, [])
    given = {key: tuple(shape) for key, shape in job.shapes.items()}
    wanted = shapes[job.old]
    if problems := class_tensors.differences(wanted, given, found, job.old):
        raise _misfit(job, problems)
    try:
        layouts = class_tensors.layouts(
            models[job.old],
            found,
            job.old,
            given,
            background=job.background,
            stuff=_stuff(tree),
        )
    except ValueError as error:
        raise _misfit(job, [str(error)]) from error
    return ClassRows(layouts, [key for key in wanted if key not in given])


def build(tree: settings.Tree, classes: int) -> "Module":
    """Return a config's model for so many classes, on the meta device."""
    from mmdet.registry import MODELS
    from mmengine.config import Config

    changes = settings.Changes(copy.deepcopy(tree))
    job_config.bind_classes(changes, [str(number) for number in range(classes)])
    model: Module
    try:
        with _without_memory():
            model = MODELS.build(Config(changes.tree).model)
    except (RuntimeError, NotImplementedError):  # its code computes with what it makes
        model = MODELS.build(Config(changes.tree).model)
    return model


def shapes_of(model: "Module") -> dict[str, class_tensors.Shape]:
    """Return the shapes of a model's tensors, by key."""
    return {key: tuple(tensor.shape) for key, tensor in model.state_dict().items()}


def _tree(job: ClassRowsJob) -> tuple[settings.Tree, list[str]]:
    meta = {"cfg": job.carried}
    tree = config_source.load(job.config) if job.config else config_source.of_checkpoint(meta, _IT)
    changes = settings.Changes(tree)
    job_config.override(changes, job)
    if not isinstance(tree.get("model"), dict):
        raise StepProblems([StepProblem(("config",), "it has no model", class_tensors.WAYS)])
    in_vain.expect_used(changes, ("model",))
    job_config.without_downloads(changes)
    for path, node in settings.mappings(tree["model"], ("model",)):
        if node.get("teacher_ckpt"):  # a teacher's weights don't change its shapes
            changes.set((*path, "teacher_ckpt"), None)
    if not job.config:
        config_source.expect_harmless(_IT, model=tree["model"])
    return tree, changes.made


def _misfit(job: ClassRowsJob, problems: list[str]) -> StepProblems:
    listed = class_tensors.LISTED
    more = f"; and {len(problems) - listed} more" * (len(problems) > listed)
    source = job.config or "that it carries"
    what = f"the checkpoint doesn't fit the config {source} for its {job.old} classes: "
    hint = "from_classes names the classes that the checkpoint has, config its own config"
    problem = StepProblem(("config",), what + "; ".join(problems[:listed]) + more, hint)
    return StepProblems([problem])


def _stuff(tree: settings.Tree) -> int:
    """Return how many classes of stuff a config has."""
    nodes = settings.mappings(tree["model"], ())
    return max((node.get("num_stuff_classes") or 0 for _, node in nodes), default=0)


@contextmanager
def _alone() -> Iterator[None]:
    """Be a group of one process, which batch norms over several ask for when they are built."""
    import torch.distributed as dist

    if dist.is_initialized():
        yield
        return
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    try:
        yield
    finally:
        stack.leave()


@contextmanager
def _without_memory() -> Iterator[None]:
    """Let torch make tensors without memory; lists of numbers that code reads back have some."""
    import torch
    from torch.overrides import TorchFunctionMode

    class Readable(TorchFunctionMode):  # type: ignore[misc]  # torch says no type of it
        def __torch_function__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            given = dict(kwargs or {})
            if func is torch.linspace:
                given.setdefault("device", "cpu")
            return func(*args, **given)

    with torch.device("meta"), Readable():
        yield
