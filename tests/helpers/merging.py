"""Merge COCO JSON by a recipe, and look at what came out."""

import json
from pathlib import Path
from typing import Any

from builders import recorded, write_recipe

from coco_recipe.running import stages


def merged(tmp_path: Path, *files: dict[str, Any], **params: Any) -> dict[str, Any]:
    """Merge the files ``a``, ``b``, ...; return what is written, with other parameters where
    given.
    """
    names = [chr(ord("a") + n) for n in range(len(files))]
    for name, data in zip(names, files, strict=True):
        (tmp_path / f"{name}.json").write_text(json.dumps(data), "utf-8")
    inputs = {name: {"annotations": f"{name}.json"} for name in names}
    step = {
        "id": "x",
        "use": "merge",
        "in": {"datasets": names},
        "with": {"same_file_name": "rename"} | params,
    }
    stages.run(stages.prepare(write_recipe(tmp_path, [step], inputs=inputs)), out=tmp_path / "out")
    data: dict[str, Any] = json.loads((tmp_path / "out/steps/x/dataset.json").read_text("utf-8"))
    return data


def kinds_found(tmp_path: Path) -> list[str]:
    """Return the kinds of findings of the last merge."""
    record = recorded(tmp_path / "out/steps/x")
    return [finding.kind for finding in record.findings]
