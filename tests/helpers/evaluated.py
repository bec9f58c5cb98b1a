"""Runs that evaluate without a model: a plugin's step takes boxes as a detector would find them."""

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from builders import coco, command, write_recipe

PLUGIN = '''
"""Take boxes from a file, and measure them."""
import json
from coco_recipe import Dataset, Metrics, Port, Predictions, Step, hookimpl, write


def rate(ctx, *, dataset, found):
    write(dataset, ctx.workdir / "truth.json")
    given, values, scores = json.loads(found), [], {}
    for label, rows in given.items():
        path = ctx.workdir / f"{len(values)}.bbox.json"
        path.write_text(json.dumps(rows))
        values.append(Predictions({"bbox": path}, ctx.workdir / "truth.json", label))
        scores[label] = {"bbox": {"mAP": len(rows) / 1000}}
    return {"metrics": Metrics(scores), "predictions": tuple(values)}


@hookimpl
def coco_recipe_steps():
    yield Step(
        name="rate",
        run=rate,
        inputs={"dataset": Port(Dataset, reads_only=True)},
        outputs={"metrics": Metrics, "predictions": Port(Predictions, many=True)},
        params={"type": "object", "properties": {"found": {"type": "string"}}},
        writes=True,
    )
'''


def scene(images: int = 12, *, first: int = 1) -> dict[str, Any]:
    """Return a data set with two boxes of two classes on each image."""
    data = coco(images=images, boxes=[(n, c) for n in range(1, images + 1) for c in (1, 2)])
    data["categories"][1]["name"] = "瓶盖"
    for n, row in enumerate(data["annotations"]):
        row["bbox"] = [5 + 25 * (n % 2), 5, 20, 20]
        row["area"] = 400
    for row in data["images"]:
        row["id"] += first - 1
    for row in data["annotations"]:
        row["image_id"] += first - 1
    return data


def boxes(data: Mapping[str, Any], off: float, seed: int = 0) -> list[dict[str, Any]]:
    """Return what a detector finds: every box, up to ``off`` px away."""
    chance = random.Random(seed)
    return [
        {
            "image_id": row["image_id"],
            "category_id": row["category_id"],
            "bbox": [row["bbox"][0] + chance.uniform(0, off), *row["bbox"][1:]],
            "score": round(chance.random(), 4),
        }
        for row in data["annotations"]
    ]


def run_of(folder: Path, data: Mapping[str, Any], **found: Any) -> Path:
    """Evaluate boxes by the labels of checkpoints on a data set; return the run directory."""
    folder.mkdir(parents=True, exist_ok=True)
    plugin = folder.parent / "rating.py"
    plugin.write_text(PLUGIN, "utf-8")
    step = {"id": "score", "use": "rate", "in": "raw", "with": {"found": json.dumps(found)}}
    write_recipe(folder, [step], data, name=folder.name)
    done = command("run", "recipe.yaml", "-q", "--plugin", plugin, "--jobs", "1", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "runs" / folder.name
