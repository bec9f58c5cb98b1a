"""A project in a folder of a user, and its runs."""

from pathlib import Path
from typing import Any

from builders import coco, write_recipe

from coco_recipe.running import stages


def project_in(tmp_path: Path, to: str = "dataset", **params: Any) -> Path:
    """Make a recipe that publishes three pictures; return its folder."""
    folder = tmp_path / "project"
    (folder / "images").mkdir(parents=True)
    for n in (1, 2, 3):
        (folder / f"images/{n}.jpg").write_bytes(b"\xff\xd8 picture %d" % n)
    write_files(folder, to, **params)
    return folder


def write_files(folder: Path, to: str, **params: Any) -> Path:
    step = {"id": "d", "use": "export_coco", "in": {"all": "raw"}, "with": {"to": to} | params}
    return write_recipe(
        folder, [step], coco(), inputs={"raw": {"annotations": "raw.json", "images": "images"}}
    )


def run_project(folder: Path, out: Path | None = None, **options: Any) -> stages.RunResult:
    return stages.run(
        stages.prepare(folder / "recipe.yaml"), out=out or folder / "runs/test", **options
    )
