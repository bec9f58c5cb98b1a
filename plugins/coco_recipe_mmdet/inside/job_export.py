"""The job of ``export_model``."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from coco_recipe_jobs.child import Reporter

from coco_recipe_mmdet.inside import config_source, in_vain, job_config, settings, stack, weights
from coco_recipe_mmdet.inside.exported import OUTPUTS, Exported
from coco_recipe_mmdet.jobs import Exported as Result
from coco_recipe_mmdet.jobs import ExportJob

if TYPE_CHECKING:
    from torch import Tensor

    Answers: TypeAlias = tuple[Tensor, ...]

OPSET = 17
PICTURES = 3  # on so many, of random pixels, the file is held against the model
INPUT = "picture"
MOST_APART = 1e-3  # of the picture's longer side, for boxes, and of scores, for rounding
MOST_OTHERS = 0.01  # so large a share of boxes may be others, as those at the end of a list
NO_SCORE = 0.001  # classes of lower scores are as good as equal, and rounding picks one
DIFFERS = "the file's answers aren't the model's, so that this family can't be exported so"


def export_model(job: ExportJob, report: Reporter) -> Result:
    """Write the file, and hold its answers against the model's.

    Raises:
        ValueError: the family can't be written so, or the answers differ.
    """
    import torch

    stack.begin(job)
    [source] = job.checkpoints
    state, meta = weights.read(Path(source.path), job.classes)
    classes = job.classes or weights.classes_of(Path(source.path))
    if not classes:
        raise ValueError(
            f"{source.path} carries no class names: name them with the input (classes: [...])"
        )
    model, rgb = _model(job, state, meta, classes, report)
    exported = Exported(model, job.height, job.width, rgb=rgb).eval()
    told = {
        "classes": list(classes),
        "width": job.width,
        "height": job.height,
        "key": job.key,
        "iou_threshold": exported.iou,
        "input": "RGB, 0 to 255, float32",
    }
    report.progress(0, PICTURES, "writes the file")
    torch.manual_seed(job.seed)
    pictures = [torch.rand(1, 3, job.height, job.width) * 255 for _ in range(PICTURES + 1)]
    path = Path(job.file)
    write = _write_onnx if job.format == "onnx" else _write_torchscript
    with torch.no_grad():
        try:
            write(exported, pictures[0], path, told)
        except Exception as error:
            raise ValueError(
                f"{type(model).__name__} can't be written as {job.format}: "
                f"{type(error).__name__}: {error}"
            ) from error
        ask = (_asked_onnx if job.format == "onnx" else _asked_torchscript)(path)
        most = dict.fromkeys(OUTPUTS, 0.0)
        for n, picture in enumerate(pictures[1:], 1):
            found = differences(exported(picture), ask(picture), max(job.width, job.height))
            most = {name: max(most[name], found[name]) for name in OUTPUTS}
            report.progress(n, PICTURES, "compares the file with the model")
    Path("model.json").write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return Result(job.file, most)


def differences(wanted: "Answers", found: "Answers", side: int) -> dict[str, float]:
    """Return by how much answers differ at most, by output.

    Each box is held against the one that is most like it, since rounding lets boxes of nearly equal
    scores change places, and may put another one last. Labels of scores below 0.001 aren't held
    against each other.

    Args:
        wanted: boxes, scores and labels of the model.
        found: those of the file.
        side: the picture's longer side in px.

    Raises:
        ValueError: they differ by more than rounding.
    """
    import torch

    if abs(len(wanted[0]) - len(found[0])) > MOST_OTHERS * len(wanted[0]):
        counts = f"{len(found[0])} boxes, the model with {len(wanted[0])}"
        raise ValueError(f"{DIFFERS}: it answers with {counts}")
    ours, theirs = (
        torch.cat([boxes / side, scores[:, None], _told(labels, scores)[:, None]], dim=1).double()
        for boxes, scores, labels in (wanted, found)
    )
    if not len(ours):
        return dict.fromkeys(OUTPUTS, 0.0)
    apart = torch.cdist(ours, theirs, p=torch.inf)
    nearest, place = apart.min(dim=1)
    like, liked = nearest <= MOST_APART, apart.amin(dim=0) <= MOST_APART
    others = max(int((~like).sum()), int((~liked).sum()))
    if others > MOST_OTHERS * len(ours):
        raise ValueError(f"{DIFFERS}: {others} of {len(ours)} boxes are others")
    off = (ours - theirs[place]).abs()[like]
    columns = {"boxes": off[:, :4] * side, "scores": off[:, 4], "labels": off[:, 5]}
    return {name: round(float(one.max()), 6) for name, one in columns.items()}


def resolve(job: ExportJob, tree: settings.Tree, classes: tuple[str, ...]) -> settings.Changes:
    """Fit a config to the job; return what was changed.

    Raises:
        StepProblems: a parameter and the config don't go together.
    """
    changes = settings.Changes(tree)
    job_config.override(changes, job)
    job_config.without_downloads(changes)
    job_config.bind_classes(changes, classes)
    in_vain.expect_used(changes, ("model",))
    return changes


def _told(labels: "Tensor", scores: "Tensor") -> "Tensor":
    """Return the labels that the scores tell apart; -1 for the others."""
    return labels.to(scores).masked_fill(scores < NO_SCORE, -1)


def _model(
    job: ExportJob,
    state: weights.State,
    meta: weights.Meta,
    classes: tuple[str, ...],
    report: Reporter,
) -> tuple[Any, bool]:
    """Return the model with the weights, and whether its channels are red, green, blue."""
    from mmdet.registry import MODELS
    from mmengine.config import Config

    name = job.checkpoints[0].path
    tree = config_source.load(job.config) if job.config else config_source.of_checkpoint(meta, name)
    changes = resolve(job, tree, classes)
    if not job.config:
        config_source.expect_harmless("the checkpoint", model=tree["model"])
    report.note("config", {"from": job.config or "the checkpoint", "changed": changes.made})
    model = MODELS.build(Config(tree).model)
    if problems := weights.differences(state, model.state_dict()):
        raise ValueError(f"the checkpoint doesn't fit its config: {'; '.join(problems[:5])}")
    model.load_state_dict(state)
    preprocessor = tree["model"].get("data_preprocessor") or {}
    return model.eval(), bool(preprocessor.get("bgr_to_rgb"))  # pictures are read as BGR


def _write_torchscript(
    module: Exported, picture: "Tensor", path: Path, told: Mapping[str, object]
) -> None:
    import torch

    traced = torch.jit.trace(module, (picture,), check_trace=False)
    torch.jit.save(traced, str(path), _extra_files={"model.json": json.dumps(told)})


def _asked_torchscript(path: Path) -> "Callable[[Tensor], Answers]":
    import torch

    loaded: Callable[[Tensor], Answers] = torch.jit.load(str(path))
    return loaded


def _write_onnx(
    module: Exported, picture: "Tensor", path: Path, told: Mapping[str, object]
) -> None:
    import onnx
    import torch

    # traced first: asked by the exporter itself, mmdet 3.x imports a module of its version 2
    traced = torch.jit.trace(module, (picture,), check_trace=False)
    names = {"input_names": [INPUT], "output_names": list(OUTPUTS)}
    torch.onnx.export(traced, (picture,), str(path), dynamo=False, opset_version=OPSET, **names)
    made = onnx.load(str(path))
    for name, value in told.items():
        made.metadata_props.add(key=name, value=json.dumps(value, ensure_ascii=False))
    onnx.checker.check_model(made)
    onnx.save(made, str(path))


def _asked_onnx(path: Path) -> "Callable[[Tensor], Answers]":
    import onnxruntime
    import torch

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def ask(picture: "Tensor") -> "Answers":
        return tuple(map(torch.from_numpy, session.run(None, {INPUT: picture.numpy()})))

    return ask
