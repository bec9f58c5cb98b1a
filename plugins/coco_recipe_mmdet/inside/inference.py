"""Run a detector over a data set, and write what it finds."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from coco_recipe_jobs.child import Reporter
from coco_recipe_jobs.coco_metrics import Results, Row
from msgspec.structs import replace

from coco_recipe import StepProblem, StepProblems, counted
from coco_recipe_mmdet.inside import (
    config_source,
    in_vain,
    job_config,
    pipelines,
    settings,
    stack,
    weights,
)
from coco_recipe_mmdet.jobs import DetectorJob, Source

if TYPE_CHECKING:
    from mmdet.structures import DetDataSample
    from torch import Tensor

DATA = "data/images.json"
_MEASURED = "metrics.json has all figures, those of each class too"
_TTA = "with: {tta: true}"
_OF_TTA = ("tta_model", "tta_pipeline")


class Detector:
    """A model for some classes, on a device, with the data loader of the job's pictures."""

    def __init__(self, job: DetectorJob, tree: settings.Tree, device: str) -> None:
        """Build the model, without weights, and its data loader.

        Args:
            job: what is to be done.
            tree: the config.
            device: ``cpu`` or ``cuda``.

        Raises:
            StepProblems: a parameter and the config don't go together.
            ValueError: the config doesn't fit the data, or is of a checkpoint and not harmless.
        """
        from mmdet.registry import MODELS
        from mmengine.config import Config
        from mmengine.runner import Runner

        self.device = device
        self.classes = job.classes
        loader, changes = resolve(job, tree, device)
        self.changed = changes.made
        if not job.config:
            config_source.expect_harmless(
                "the checkpoint",
                model=tree["model"],
                test_dataloader=loader,
                tta_model=tree.get("tta_model"),
            )
        self.model = MODELS.build(Config(tree).model).to(device)
        self.looks = self.model
        if job.tta:
            joins = tree.get("tta_model") or pipelines.TTA_MODEL
            self.looks = MODELS.build(Config(joins), default_args={"module": self.model})
        self.loader = Runner.build_dataloader(Config(loader), seed=0)
        self.category_ids = self.loader.dataset.cat_ids

    def load(self, state: "Mapping[str, Tensor]", name: str) -> None:
        """Take weights, all and no others.

        Raises:
            ValueError: they don't fit; names the first keys.
        """
        if problems := weights.differences(state, self.model.state_dict()):
            raise ValueError(
                f"{name} doesn't fit the model for these {len(self.category_ids)} classes: "
                + "; ".join(problems[:5])
                + f"; and {len(problems) - 5} more" * (len(problems) > 5)
                + " (adapt_head, or with: {config: ...})"
            )
        self.model.load_state_dict(state)
        self.model.eval()

    def results(self, report: Reporter, done: int, total: int, text: str) -> Results:
        """Return what the model finds on every picture, as COCO results.

        Args:
            report: gets the progress.
            done: pictures of the whole job that are done.
            total: pictures of the whole job.
            text: what is being done, for people.
        """
        import torch

        found: Results = {"bbox": []}
        seen = 0
        with torch.no_grad():
            for batch in self.loader:
                for sample in self.looks.test_step(batch):
                    seen += len(sample.pred_instances)
                    add(found, sample, self.category_ids)
                    done += 1
                report.progress(done, total, text)
        if left_out := seen - len(found["bbox"]):
            what = f"{left_out} of {counted(seen, 'box')} left out: a side or score isn't finite"
            report.note("not finite", {"left out": left_out, "of": seen})
            report.say(f"{text}: {what}")
        return found


def resolve(
    job: DetectorJob, tree: settings.Tree, device: str
) -> tuple[settings.Tree, settings.Changes]:
    """Fit a config to the job; return its data loader, and what was changed.

    Raises:
        StepProblems: a parameter and the config don't go together.
        ValueError: the config and the data don't go together.
    """
    changes = settings.Changes(tree)
    job_config.override(changes, job)
    job_config.hardware(changes, job, device)
    job_config.without_downloads(changes)
    job_config.bind_classes(changes, job.classes)
    masks = job_config.has_masks(tree)
    job_config.expect_masks(job.best_by, masks=masks)
    job_config.expect_segmentations(job, masks=masks)
    if job.tta and masks:
        what = "the model has masks, and only boxes can be joined"
        raise StepProblems([StepProblem(("tta",), what, "leave it out")])
    name = _loader(changes, job)
    explained = {
        # measuring isn't mmdet's here
        **dict.fromkeys(("test_evaluator", "val_evaluator"), _MEASURED),
        **dict.fromkeys(("test_dataloader", "val_dataloader"), f"the step takes {name}"),
        **dict.fromkeys(_OF_TTA, _TTA),
    }
    in_vain.expect_used(changes, ("model", name, *(_OF_TTA if job.tta else ())), explained)
    loader: settings.Tree = tree[name]
    if job.tta:
        pipelines.look_several_times(changes, name)
    # predicting needs no annotations, and measuring takes them from the file
    for _, node in settings.mappings(loader, ()):
        if isinstance(pipeline := node.get("pipeline"), list):
            node["pipeline"] = [step for step in pipeline if step.get("type") != "LoadAnnotations"]
    return loader, changes


def tree_of(job: DetectorJob, meta: weights.Meta, name: str) -> settings.Tree:
    """Return the config that the job names, or the one that the checkpoint carries."""
    return config_source.load(job.config) if job.config else config_source.of_checkpoint(meta, name)


def detectors(job: DetectorJob, report: Reporter) -> Iterator[tuple[Source, Detector]]:
    """Yield each checkpoint of the job with a model that has its weights.

    Checkpoints in a row that have the same config share a model.

    Raises:
        ValueError: a checkpoint can't be read, or doesn't fit its config.
    """
    device = stack.begin(job)
    last: tuple[str, Detector] | None = None
    for source in job.checkpoints:
        state, meta = weights.read(Path(source.path), job.classes)
        if not job.classes:
            job = replace(job, classes=_own_classes(source))
        config = str(job.config or config_source.carried(meta))
        if last is None or last[0] != config:
            detector = Detector(job, tree_of(job, meta, source.path), device)
            last = config, detector
            origin = job.config or f"the checkpoint {source.label}"
            report.note("config", {"from": origin, "changed": detector.changed})
        last[1].load(state, source.label)
        yield source, last[1]


def _own_classes(source: Source) -> tuple[str, ...]:
    """Return the class names that a checkpoint carries, and give them to the job's data set.

    Raises:
        ValueError: it carries none.
    """
    classes = weights.classes_of(Path(source.path))
    if not classes:
        raise ValueError(
            f"{source.path} carries no class names: name them with the input (classes: [...])"
        )
    data = json.loads(Path(DATA).read_text("utf-8"))
    data["categories"] = [{"id": n, "name": name} for n, name in enumerate(classes, 1)]
    Path(DATA).write_text(json.dumps(data, ensure_ascii=False), "utf-8")
    return classes


def write_results(folder: Path, label: str, results: Mapping[str, Sequence[Row]]) -> dict[str, str]:
    """Write COCO results files; return their names by kind."""
    (folder / label).parent.mkdir(parents=True, exist_ok=True)
    names = {kind: f"{folder.name}/{label}.{kind}.json" for kind in results}
    for kind, rows in results.items():
        (folder / f"{label}.{kind}.json").write_text(json.dumps(rows), "utf-8")
    return names


def _loader(changes: settings.Changes, job: DetectorJob) -> str:
    """Fit the data loader of the job's pictures, and return its name.

    It is the config's for tests, or else for validation.
    """
    tree = changes.tree
    name = "test_dataloader" if tree.get("test_dataloader") else "val_dataloader"
    if not tree.get(name):
        raise ValueError(
            "the config has no test_dataloader and no val_dataloader to take the test pipeline from"
        )
    job_config.bind_loader(changes, name, job.classes, DATA)
    if job.batch_size:
        because = "with: {batch_size: ...}"
        changes.set(f"{name}.batch_size", job.batch_size, because=because)
    return name


def add(found: Results, sample: "DetDataSample", category_ids: Sequence[int]) -> None:
    """Add what was found on one picture to the results: boxes, and masks where there are some.

    Boxes that aren't finite are left out.
    """
    from mmdet.structures.mask import encode_mask_results

    rows = add_boxes(found, sample, category_ids)
    instances = sample.pred_instances
    if "masks" in instances:
        scores = [row["score"] for row in rows]
        scores = instances.mask_scores.cpu().tolist() if "mask_scores" in instances else scores
        masks = encode_mask_results(instances.masks.detach().cpu().numpy())
        found.setdefault("segm", []).extend(
            {
                **row,
                "score": score,
                "segmentation": {"size": list(mask["size"]), "counts": mask["counts"].decode()},
            }
            for row, score, mask in zip(rows, scores, masks, strict=True)
        )


def add_boxes(found: Results, sample: "DetDataSample", category_ids: Sequence[int]) -> list[Row]:
    """Add the boxes that were found on one picture to the results, and return them.

    Those that aren't finite are taken out of the sample: a head that learns the logarithm of sides
    (YOLOX) may find infinite ones, which neither COCO's JSON nor its metrics have.
    """
    instances = sample.pred_instances
    is_finite = instances.bboxes.isfinite().all(1) & instances.scores.isfinite()
    if not is_finite.all():
        sample.pred_instances = instances = instances[is_finite]
    boxes = instances.bboxes.cpu().tolist()
    scores, labels = instances.scores.cpu().tolist(), instances.labels.cpu().tolist()
    rows: list[Row] = [
        {
            "image_id": sample.img_id,
            "category_id": category_ids[label],
            "score": score,
            "bbox": [x1, y1, x2 - x1, y2 - y1],
        }
        for (x1, y1, x2, y2), score, label in zip(boxes, scores, labels, strict=True)
    ]
    found["bbox"] += rows
    return rows
