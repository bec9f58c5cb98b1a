"""Does adapt_head fit the head of every family of the mmdet package, and keep what it must keep?

python benchmarks/families.py              # all families, a folder of configs each: 10 minutes
python benchmarks/families.py dino solo    # those
python benchmarks/families.py --shapes 5   # every 5th config of the package, by shapes alone

Each family's first config that builds here gets random weights for 7 classes, and is adapted twice:

- to 4 classes, one of them new. The result must load strictly, every tensor that is of no class
  must be bit-equal, and so must be what a forward pass answers for no class; the logits of kept
  classes, computed in float64, must be equal in float32. Their place in an answer is mmdet's own:
  anchors before classes, boxes by class as (classes, 4), YOLOv3's as (box and score, classes).
- to the same 7 classes in another order. What mmdet's own predict finds must be the same boxes,
  scores and masks, under the new numbers of the classes: also where an answer is chosen by the
  scores of all classes, as DINO's queries are, and where a softmax is over all.

Heads that are known by the names of their tensors must be laid out as their config says.
"""

import argparse
import logging
import sys
import time
import traceback
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from coco_recipe_mmdet import configs, jobs
from coco_recipe_mmdet.inside import job_class_rows, job_config, settings, stack
from coco_recipe_torch import class_rows, heads
from torch.overrides import TorchFunctionMode

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/helpers"))
from answers import BOX_AND_SCORE, NEW, OLD, differ, tensors

ORDER = ("c", "g", "a", "f", "b", "e", "d")
SIDES = {"ssd": 320, "legacy_1.x": 320, "wider_face": 320, "pisa": 320}  # pixels
SIDES |= {
    "ddod": 320,
    "dino": 320,
    "ddq": 320,
    "openimages": 320,
    "pascal_voc": 320,
}  # 900 queries want cells
SIDE = 128
PROPOSALS = 8
INSTANCE_OFFSET = 1000  # of mmdet's panoptic answers: a class's number, and 1000 for each instance
# families whose answers are chosen, or refined, by the scores of all classes: fewer classes give
# others, whatever the weights are; their order alone is compared
BY_ALL_SCORES = {
    "dino": "queries are chosen by the scores of all classes",
    "ddq": "queries are chosen by the scores of all classes",
    "v3det": "boxes of a stage are those of the class with the highest score",
    "point_rend": "a point's mask reads the coarse masks of all classes",
}


@dataclass
class Verdict:
    """What was seen of a family; ``refused`` has the reason where it isn't adapted."""

    family: str
    config: str = ""
    tensors: int = 0
    by_name: str = ""
    refused: str = ""
    wrong: list[str] = field(default_factory=list)
    logits: int = 0
    others: int = 0
    predicted: int = 0
    notes: list[str] = field(default_factory=list)

    def line(self) -> str:
        """Return it as a line of a table."""
        state = "WRONG" if self.wrong else "refused" if self.refused else "right"
        seen = f"{self.logits} logits, {self.others} others, {self.predicted} found"
        rest = "; ".join([self.refused, *self.wrong, *self.notes]).strip("; ")
        name = f"{self.by_name:7}"
        return f"{self.family:20} {state:8} {self.tensors:3} {name} {seen:40} {rest}"


class Quiet:
    """Takes what a job reports, and shows nothing."""

    first = True

    def note(self, key: str, value: object) -> None:
        """Take a note."""


def main() -> None:
    """Judge the families that are named, or all; exit with 1 if one is wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("families", nargs="*", help="folders of configs; all by default")
    parser.add_argument("--shapes", type=int, default=0, help="every Nth config, by shapes alone")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    stack.begin(jobs.ClassRowsJob(config=None, set={}, classes=NEW, old=len(OLD), device="cpu"))
    _let_nms_take_float64()
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)  # for SyncBN
    torch.set_default_dtype(torch.float64)
    root = _root()
    if arguments.shapes:
        files = sorted(path for path in root.rglob("*.py") if "_base_" not in path.parts)
        every = (f"mmdet::{path.relative_to(root)}" for path in files[:: arguments.shapes])
        sys.exit(1 if _by_shapes(every) else 0)
    names = arguments.families or [
        path.name for path in sorted(root.iterdir()) if path.is_dir() and path.name[0] != "_"
    ]
    built: list[Verdict] = []
    absent: list[str] = []
    for name in names:
        start = time.process_time()
        try:
            verdict = judged(name)
        except LookupError as error:
            absent.append(f"{name}: {error}")
            continue
        built.append(verdict)
        print(f"{verdict.line()}  [{time.process_time() - start:.0f} s, {verdict.config}]")
        sys.stdout.flush()
    print(f"\nnot built here: {len(absent)}", *absent, sep="\n  ")
    wrong = [verdict.family for verdict in built if verdict.wrong]
    refused = [verdict.family for verdict in built if verdict.refused]
    compared = [verdict for verdict in built if verdict.logits and verdict.others]
    found = [verdict for verdict in built if verdict.predicted]
    print(
        f"\n{len(built)} families: {len(built) - len(wrong) - len(refused)} right, "
        f"{len(refused)} refused {refused}, {len(wrong)} wrong {wrong}; logits and what is of no "
        f"class compared in {len(compared)}, what predict finds in {len(found)}"
    )
    sys.exit(1 if wrong else 0)


def judged(family: str) -> Verdict:
    """Adapt a family's first config that builds here, and compare.

    Raises:
        LookupError: none of its configs builds here; with the first reason.
    """
    config, tree = _first(family)
    verdict = Verdict(family, config)
    for _, node in settings.mappings(tree["model"], ()):
        if "score_thr" in node:
            node["score_thr"] = 0.0
        if node.get("max_per_img", 0) > PROPOSALS:
            node["max_per_img"] = PROPOSALS
    torch.manual_seed(0)
    old, new = _model(tree, OLD), _model(tree, NEW)
    state = _drawn(old)
    old.load_state_dict(state)
    try:
        made = _adapted(verdict, config, state, NEW)
        ordered = _adapted(verdict, config, state, ORDER)
    except ValueError as error:
        verdict.refused = str(error)
        return verdict
    _compare_tensors(verdict, state, made, new)
    if not verdict.wrong:
        _compare_answers(verdict, old, new)
        if verdict.tensors:  # else the numbers of classes stay, under other names
            _compare_found(verdict, old, state, ordered)
    return verdict


def _root() -> Path:
    folder = configs.package_folder()
    assert folder is not None, "mmdet is not installed"
    return folder / ".mim/configs"


def _first(family: str) -> tuple[str, settings.Tree]:
    """Return the first config of a family that builds and has class tensors; else one without."""
    reasons: list[str] = []
    without = None
    files = sorted((_root() / family).rglob("*.py"), key=_size)
    for path in files[:12]:
        config = f"mmdet::{path.relative_to(_root())}"
        try:
            tree = _tree(config)
            few, many = (job_class_rows.build(tree, n) for n in (3, 4))
        except Exception as error:
            reasons.append(f"{path.name}: {type(error).__name__}: {str(error)[:120]}")
            continue
        if job_class_rows.shapes_of(few) != job_class_rows.shapes_of(many):
            return config, tree
        without = without or (config, tree)
    if without is None:
        raise LookupError(reasons[0] if reasons else "no config with a model")
    return without


def _tree(config: str) -> settings.Tree:
    """Return a config as the job of adapt_head takes it: nothing of it is fetched."""
    job = jobs.ClassRowsJob(config=config, set={}, classes=NEW, old=len(OLD), device="cpu")
    return job_class_rows._tree(job)[0]


def _size(path: Path) -> tuple[int, bool, int, str]:
    small = any(word in path.name for word in ("r18", "r50", "tiny", "_s_", "-t", "d53", "ssd300"))
    return len(path.parts), not small, len(path.name), path.name


def _rows(
    config: str, shapes: Mapping[str, Sequence[int]] | None, classes: Sequence[str]
) -> jobs.ClassRows:
    """Return what the job of adapt_head finds."""
    given = {key: list(shape) for key, shape in shapes.items()} if shapes is not None else None
    job = jobs.ClassRowsJob(
        config=config, set={}, classes=tuple(classes), old=len(OLD), shapes=given, device="cpu"
    )
    return job_class_rows.class_rows(job, Quiet())  # type: ignore[arg-type]


def _model(tree: settings.Tree, classes: Sequence[str]) -> Any:
    from mmdet.registry import MODELS
    from mmengine.config import Config

    changes = settings.Changes(Config(tree).to_dict())
    job_config.bind_classes(changes, classes)
    with _without_drawing():
        model = MODELS.build(Config(changes.tree).model).double()
    model.eval()  # which returns nothing for a model with a teacher
    for module in model.modules():  # predict asks for it, and mmdet's SSDHead has none
        if type(module).__name__.endswith("SSDHead"):
            module.loss_cls = MODELS.build({"type": "CrossEntropyLoss"})
    return model


@contextmanager
def _without_drawing() -> Iterator[None]:
    """Leave weights as memory has them: they are drawn once, later."""
    names = [name for name in dir(torch.nn.init) if name.endswith("_") and name[0] != "_"]
    own = {name: getattr(torch.nn.init, name) for name in names}
    try:
        for name in own:
            setattr(torch.nn.init, name, lambda tensor, *args, **how: tensor)
        yield
    finally:
        for name, function in own.items():
            setattr(torch.nn.init, name, function)


def _drawn(old: Any) -> dict[str, Any]:
    """Return weights of which no two rows are alike, and none is what memory had."""
    state = {}
    for key, tensor in old.state_dict().items():
        name = key.rpartition(".")[2]
        if not tensor.is_floating_point() or name.startswith("running_"):
            state[key] = tensor.clone()
        elif "init_proposal_bboxes" in key:  # centres and sides, as shares of the picture
            state[key] = torch.rand(tensor.shape) * 0.4 + 0.3
        elif name == "weight" and tensor.ndim > 1:
            reads = tensor[0].numel()
            state[key] = torch.randn(tensor.shape) / max(reads, 1) ** 0.5
        elif name == "bias":
            state[key] = torch.randn(tensor.shape) * 0.1
        else:  # of norms, scales, counts: positive
            state[key] = torch.rand(tensor.shape) + 0.5
    return state


def _adapted(
    verdict: Verdict, config: str, state: Mapping[str, Any], classes: tuple[str, ...]
) -> dict[str, Any]:
    """Adapt as the step does, by config, and hold heads that are known by name against it."""
    rows = _rows(config, {key: tuple(tensor.shape) for key, tensor in state.items()}, classes)
    if rows.missing:
        verdict.wrong.append(f"missing {rows.missing[:3]}")
    plan = class_rows.make_plan(classes, OLD, "by_name", {}, "normal")
    new = class_rows.NewRows("normal", 0.01, torch.Generator().manual_seed(0))
    verdict.tensors = len(rows.layouts)
    try:
        known = heads.layouts(state, len(OLD), "last")
        verdict.by_name = "by name"
        if known != rows.layouts:
            verdict.wrong.append("known by name, and laid out otherwise than the config says")
    except ValueError:
        verdict.by_name = ""
    if not rows.layouts:
        verdict.notes.append("no tensor depends on the number of classes")
    return {
        key: class_rows.adapted(tensor, key, rows.layouts[key], plan, new)
        if key in rows.layouts
        else tensor
        for key, tensor in state.items()
    }


def _compare_tensors(
    verdict: Verdict, state: Mapping[str, Any], made: Mapping[str, Any], new: Any
) -> None:
    try:
        new.load_state_dict(made, strict=True)
    except RuntimeError as error:
        verdict.wrong.append(str(error)[:200])
    wanted = new.state_dict()
    for key, tensor in state.items():
        if tensor.shape == wanted[key].shape and not torch.equal(tensor, made[key]):
            verdict.wrong.append(f"{key} is of no class, and changed")


def _compare_answers(verdict: Verdict, old: Any, new: Any) -> None:
    """Compare what the two models answer to a picture, by class."""
    if reason := BY_ALL_SCORES.get(verdict.family):
        verdict.notes.append(reason)
        return
    try:
        before, after = (
            list(_answers(model, verdict.family, names))
            for model, names in ((old, OLD), (new, NEW))
        )
    except Exception as error:
        verdict.notes.append(f"no forward: {_short(error)}")
        return
    first = BOX_AND_SCORE if verdict.family == "yolo" else 0
    verdict.wrong += differ(before, after, first=first)
    same = sum(a.shape == b.shape for a, b in zip(before, after, strict=False))
    verdict.others, verdict.logits = same, len(before) - same


def _compare_found(
    verdict: Verdict, model: Any, state: Mapping[str, Any], ordered: Mapping[str, Any]
) -> None:
    """Compare what predict finds with the classes in another order."""
    found = []
    for weights in (state, ordered):
        model.load_state_dict(weights)
        try:
            found.append(_forward(model, verdict.family, "predict")[0])
        except Exception as error:
            verdict.notes.append(f"no predict: {_short(error)}")
            return
    before, after = (
        _rows_found(one, names) for one, names in zip(found, (OLD, ORDER), strict=True)
    )
    if len(before) != len(after):
        verdict.wrong.append(f"predict finds {len(before)}, then {len(after)}")
        return
    verdict.predicted = len(before)
    worst = max(
        (
            abs(x - y)
            for a, b in zip(before, after, strict=True)
            for x, y in zip(a[1:], b[1:], strict=True)
        ),
        default=0.0,
    )
    if [row[0] for row in before] != [row[0] for row in after] or worst > 1e-6:
        verdict.wrong.append(f"predict finds other boxes or scores, by up to {worst:.2g}")


def _rows_found(sample: Any, names: Sequence[str]) -> list[tuple[Any, ...]]:
    """Return what was found as (class, score, box, share of the mask), sorted."""
    if "pred_instances" not in sample:
        return _segments_found(sample, names)
    found = sample.pred_instances
    masks = found.masks.double().flatten(1).mean(1).tolist() if "masks" in found else None
    return sorted(
        (
            names[int(label)],
            round(float(score), 9),
            *(round(value, 6) for value in box.tolist()),
            masks[n] if masks else 0.0,
        )
        for n, (label, score, box) in enumerate(
            zip(found.labels, found.scores, found.bboxes, strict=True)
        )
    )


def _segments_found(sample: Any, names: Sequence[str]) -> list[tuple[Any, ...]]:
    """Return the segments of a panoptic answer as (class, share of the picture), sorted."""
    map_ = sample.pred_panoptic_seg.sem_seg
    found = []
    for number in map_.unique().tolist():
        label = number % INSTANCE_OFFSET
        name = names[label] if label < len(names) else f"stuff {label}"
        found.append((name, float((map_ == number).double().mean())))
    return sorted(found)


def _forward(model: Any, family: str, mode: str, label: int = 0) -> Any:
    from mmdet.structures import DetDataSample
    from mmengine.structures import InstanceData

    side = SIDES.get(family, SIDE)
    picture = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(1))
    size = (side, side)
    sample = DetDataSample(
        metainfo={
            "img_shape": size,
            "ori_shape": size,
            "pad_shape": size,
            "batch_input_shape": size,
            "scale_factor": (1.0, 1.0),
            "border": [0, side, 0, side],
            "img_id": 1,
            "flip": False,
        }
    )
    sample.gt_instances = InstanceData(
        bboxes=torch.tensor([[8.0, 8, 60, 70]]), labels=torch.tensor([label])
    )
    with torch.no_grad(), Wide():
        return model(picture, [sample], mode=mode)


def _answers(model: Any, family: str, names: Sequence[str]) -> Iterator[Any]:
    """Yield the tensors that a model answers with, and those of its region proposals."""
    yield from tensors(_forward(model, family, "tensor", names.index("a")))
    if getattr(model, "with_rpn", False) and hasattr(model.rpn_head, "rpn_cls"):
        picture = torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))
        with torch.no_grad(), Wide():
            yield from tensors(model.rpn_head(model.extract_feat(picture)))


def _let_nms_take_float64() -> None:
    """Let mmcv's operators, which take float32 alone, be given the float64 of these models."""
    nms = import_module("mmcv.ops.nms")
    given, narrow = nms.ext_module, "torch.FloatTensor"  # by its name, which Wide leaves

    class Narrow:
        @staticmethod
        def nms(boxes: Any, scores: Any, **how: Any) -> Any:
            return given.nms(boxes.type(narrow), scores.type(narrow), **how)

        @staticmethod
        def softnms(boxes: Any, scores: Any, dets: Any, **how: Any) -> Any:
            return given.softnms(*(part.type(narrow) for part in (boxes, scores, dets)), **how)

    nms.ext_module = Narrow  # type: ignore[attr-defined]


class Wide(TorchFunctionMode):
    """Makes float64 of what code makes float32 by name, as positions of queries."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.Tensor.float:
            return args[0].double()

        def wide(value: Any) -> Any:
            return torch.float64 if value is torch.float32 else value

        how = {name: wide(value) for name, value in (kwargs or {}).items()}
        return func(*map(wide, args), **how)


def _short(error: Exception) -> str:
    where = traceback.extract_tb(error.__traceback__)[-1]
    text = (str(error).splitlines() or [""])[0][:90]
    return f"{type(error).__name__} in {Path(where.filename).name}: {text}"


def _by_shapes(configs_: Iterator[str]) -> list[str]:
    """Look at configs by shapes alone; return those that are wrong.

    Layouts must lead from one number of classes to the other, and be those of heads known by name.
    """
    wrong: list[str] = []
    looked = known = absent = 0
    for config in configs_:
        try:
            tree = _tree(config)
            old, new = (
                job_class_rows.shapes_of(job_class_rows.build(tree, len(names)))
                for names in (OLD, NEW)
            )
        except Exception:
            absent += 1
            continue
        looked += 1
        try:
            layouts = _rows(config, old, NEW).layouts
        except ValueError as error:
            wrong.append(f"{config}: refused: {error}")
            continue
        for key, shape in old.items():
            made = list(shape)
            for layout in layouts.get(key, ()):
                made[layout.axis] = layout.new_rows(len(NEW))
            if tuple(made) != new[key]:
                wrong.append(f"{config}: {key} {shape} became {made}, not {new[key]}")
        with suppress(ValueError):
            state = {key: torch.empty(shape, device="meta") for key, shape in old.items()}
            if heads.layouts(state, len(OLD), "last") != layouts:
                wrong.append(f"{config}: by name the rows lie otherwise")
            known += 1
    print(f"by shapes: {looked} configs right, but for these: {wrong}; {known} known by name, too")
    print(f"not built here: {absent}")
    return wrong


if __name__ == "__main__":
    main()
