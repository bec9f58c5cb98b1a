"""Run a detector over a data set, and measure what it finds with pycocotools. Runs in the job's process."""

import contextlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from coco_recipe_mmdet.inside import job_config, settings, stack, weights

DATA = "data/images.json"
_STATS = (
    "mAP",
    "mAP_50",
    "mAP_75",
    "mAP_s",
    "mAP_m",
    "mAP_l",
    "AR_1",
    "AR_10",
    "AR_100",
    "AR_s",
    "AR_m",
    "AR_l",
)
Results = dict[str, list[dict[str, Any]]]


class Detector:
    """A model of a config for some classes, on a device, with the data loader of the job's pictures."""

    def __init__(self, job: Mapping[str, Any], tree: settings.Tree, device: str) -> None:
        from mmdet.registry import MODELS
        from mmengine.config import Config
        from mmengine.runner import Runner

        self.device = device
        loader, self.changed = resolve(job, tree, device)
        if not job.get("config"):
            job_config.expect_harmless(
                "the checkpoint", model=tree["model"], test_dataloader=loader
            )
        self.model = MODELS.build(Config(tree).model).to(device)
        self.loader = Runner.build_dataloader(Config(loader), seed=0)
        self.category_ids = self.loader.dataset.cat_ids

    def load(self, state: Mapping[str, Any], name: str) -> None:
        """Take weights, all and no others.

        Raises:
            ValueError: they don't fit; names the first keys.
        """
        if faults := weights.differences(state, self.model.state_dict()):
            raise ValueError(
                f"{name} doesn't fit the model for these {len(self.category_ids)} classes: {'; '.join(faults[:5])}"
                + f"; and {len(faults) - 5} more" * (len(faults) > 5)
                + " (adapt_head, or with: {config: ...})"
            )
        self.model.load_state_dict(state)
        self.model.eval()

    def results(self, tell: Any, done: int, total: int, text: str) -> Results:
        """Return what the model finds on every picture, as COCO results by ``bbox`` and, with masks, ``segm``."""
        import torch

        found: Results = {"bbox": []}
        with torch.no_grad():
            for batch in self.loader:
                for sample in self.model.test_step(batch):
                    _add(found, sample, self.category_ids)
                    done += 1
                tell.progress(done, total, text)
        return found


def resolve(
    job: Mapping[str, Any], tree: settings.Tree, device: str
) -> tuple[settings.Tree, list[str]]:
    """Fit a config to the job; return its data loader, and all that was changed.

    Raises:
        ValueError: the config and the job don't go together.
    """
    changes = settings.Changes(tree)
    job_config.override(changes, job)
    job_config.hardware(changes, job, device)
    job_config.without_downloads(changes)
    job_config.bind_classes(changes, job["classes"])
    masks = job_config.has_masks(tree)
    job_config.expect_masks(job.get("best_by", ""), masks=masks)
    job_config.expect_segmentations(job, masks=masks)
    return _loader(changes, job), changes.made


def tree_of(job: Mapping[str, Any], meta: Mapping[str, Any], name: str) -> settings.Tree:
    """Return the config that the job names, or the one that the checkpoint carries."""
    return job_config.load(job["config"]) if job["config"] else job_config.of_checkpoint(meta, name)


def detectors(job: Mapping[str, Any], tell: Any) -> Iterator[tuple[Mapping[str, Any], Detector]]:
    """Yield each checkpoint of the job with a model that has its weights; a model is built once for the same config."""
    device = stack.begin(dict(job))
    last: tuple[str, Detector] | None = None
    for item in job["checkpoints"]:
        state, meta = weights.read(Path(item["path"]), job["classes"])
        source = str(job["config"] or job_config.carried(meta))
        if last is None or last[0] != source:
            detector = Detector(job, tree_of(job, meta, item["path"]), device)
            last = source, detector
            tell.note(
                "config",
                {
                    "from": job["config"] or f"the checkpoint {item['label']}",
                    "changed": detector.changed,
                },
            )
        last[1].load(state, item["label"])
        yield item, last[1]


def measure(annotations: Path, results: Mapping[str, Sequence[dict[str, Any]]]) -> dict[str, Any]:
    """Return COCO's metrics of results, overall and per class, by ``bbox`` and ``segm``; -1 where there is nothing to find.

    Args:
        annotations: the COCO file of the data set.
        results: COCO results; boxes ``x y w h`` in pixels.
    """
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    measured: dict[str, Any] = {}
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(annotations))
        for kind, rows in results.items():
            rows = [
                {k: v for k, v in row.items() if kind == "bbox" or k != "bbox"} for row in rows
            ]  # areas of masks
            evaluation = COCOeval(truth, truth.loadRes(rows) if rows else _nothing(truth), kind)
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
            overall = dict(
                zip(_STATS, (round(float(value), 6) for value in evaluation.stats), strict=True)
            )
            measured[kind] = {**overall, "classes": _per_class(evaluation, truth)}
    return measured


def write_results(
    folder: Path, label: str, results: Mapping[str, Sequence[dict[str, Any]]]
) -> dict[str, str]:
    """Write COCO results files; return their names by kind."""
    folder.mkdir(parents=True, exist_ok=True)
    names = {kind: f"{folder.name}/{label}.{kind}.json" for kind in results}
    for kind, rows in results.items():
        (folder / f"{label}.{kind}.json").write_text(json.dumps(rows), "utf-8")
    return names


def _loader(changes: settings.Changes, job: Mapping[str, Any]) -> settings.Tree:
    """Return the data loader of the job's pictures: the config's for tests, or for validation."""
    tree = changes.tree
    name = "test_dataloader" if tree.get("test_dataloader") else "val_dataloader"
    if not tree.get(name):
        raise ValueError(
            "the config has no test_dataloader and no val_dataloader to take the test pipeline from"
        )
    job_config.bind_loader(changes, name, job["classes"], DATA)
    if job.get("batch_size"):
        changes.set(f"{name}.batch_size", job["batch_size"])
    loader: settings.Tree = tree[name]
    for _, node in settings.mappings(
        loader, ()
    ):  # predicting needs no annotations, and measuring takes them from the file
        if isinstance(pipeline := node.get("pipeline"), list):
            node["pipeline"] = [step for step in pipeline if step.get("type") != "LoadAnnotations"]
    return loader


def _add(found: Results, sample: Any, category_ids: Sequence[int]) -> None:
    from mmdet.structures.mask import encode_mask_results

    instances = sample.pred_instances
    boxes = instances.bboxes.cpu().tolist()
    scores, labels = instances.scores.cpu().tolist(), instances.labels.cpu().tolist()
    rows = [
        {
            "image_id": sample.img_id,
            "category_id": category_ids[label],
            "score": score,
            "bbox": [x1, y1, x2 - x1, y2 - y1],
        }
        for (x1, y1, x2, y2), score, label in zip(boxes, scores, labels, strict=True)
    ]
    found["bbox"] += rows
    if "masks" in instances:
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


def _per_class(evaluation: Any, truth: Any) -> dict[str, dict[str, float]]:
    """Return AP of each class, averaged over IoU .50:.95, and at IoU .50; all areas, at most 100 an image."""
    precision = evaluation.eval["precision"]  # IoU, recall, class, area, detections
    return {
        truth.cats[category]["name"]: {
            "mAP": _mean(precision[:, :, n, 0, -1]),
            "mAP_50": _mean(precision[0, :, n, 0, -1]),
            "boxes": len(truth.getAnnIds(catIds=[category], iscrowd=False)),
        }
        for n, category in enumerate(evaluation.params.catIds)
    }


def _mean(values: Any) -> float:
    known = values[values > -1]
    return round(float(known.mean()), 6) if known.size else -1.0


def _nothing(truth: Any) -> Any:
    """Return the results of a model that found nothing; pycocotools can't load an empty list."""
    from pycocotools.coco import COCO

    results = COCO()
    results.dataset = {**truth.dataset, "annotations": []}
    results.createIndex()
    return results
