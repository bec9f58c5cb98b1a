"""Run a repair on a small data set."""

import json
from pathlib import Path
from typing import Any

from builders import write_recipe

from coco_recipe.running import stages


def repaired(
    tmp_path: Path, data: dict[str, Any], images: bool = False, **params: Any
) -> dict[str, Any]:
    step = {"id": "x", "use": "repair", "in": "raw", "with": params}
    inputs = {"raw": {"annotations": "raw.json"} | ({"images": "images"} if images else {})}
    stages.run(
        stages.prepare(write_recipe(tmp_path, [step], data, inputs=inputs)), out=tmp_path / "out"
    )
    result: dict[str, Any] = json.loads((tmp_path / "out/steps/x/dataset.json").read_text("utf-8"))
    return result


def ledger_of(tmp_path: Path) -> list[dict[str, Any]]:
    path = tmp_path / "out/steps/x/repaired.jsonl"
    return (
        [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []
    )
