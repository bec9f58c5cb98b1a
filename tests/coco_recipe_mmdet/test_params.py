"""What is said where the training stack is not installed: an interpreter that sees the core's
packages and no others.
"""

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from builders import REPOSITORY, coco, write_recipe

CORE = ("click", "jsonschema", "msgspec", "pluggy", "pyyaml", "rich")
STEP = {
    "id": "fit",
    "use": "train",
    "in": {"train": "raw"},
    "with": {"config": "mmdet::retinanet/retinanet_r18_fpn_1x_coco.py"},
}


def _bare_site(folder: Path) -> Path:
    """Make a folder of packages with what the core needs, and the project with its entry points."""
    site = folder / "site"
    site.mkdir()
    todo, seen = list(CORE), set[str]()
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # needed on another system only
        for top in {
            Path(str(file)).parts[0] for file in found.files or () if not str(file).startswith("..")
        }:
            target = site / top
            if not target.is_symlink():
                target.symlink_to(Path(str(found.locate_file(top))))
        todo += [
            text.partition(";")[0].strip().partition(" ")[0].rstrip("<>=!~0123456789.,")
            for text in found.requires or ()
            if "extra ==" not in text
        ]
    for path in (REPOSITORY / "plugins").iterdir():
        (site / path.name).symlink_to(path)
    (site / "coco_recipe").mkdir()
    for path in (REPOSITORY / "coco_recipe").iterdir():
        (site / "coco_recipe" / path.name).symlink_to(path)
    own = site / "coco_recipe-0.0.0.dist-info"
    own.mkdir()
    (own / "METADATA").write_text("Metadata-Version: 2.1\nName: coco-recipe\nVersion: 0.0.0\n")
    plugins = {
        f"{entry.name} = {entry.value}" for entry in metadata.entry_points(group="coco_recipe")
    }
    (own / "entry_points.txt").write_text("\n".join(["[coco_recipe]", *sorted(plugins)]) + "\n")
    return site


def _bare(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(_bare_site(folder))}
    return subprocess.run(
        [
            sys.executable,
            "-S",
            "-c",
            "import sys; from coco_recipe.cli import main; main()",
            *map(str, arguments),
        ],
        cwd=folder,
        env=environment,
        text=True,
        capture_output=True,
        check=False,
    )


@pytest.mark.slow
def test_validate_says_which_packages_are_missing_and_what_to_do(tmp_path: Path) -> None:
    done = _bare(tmp_path, "validate", write_recipe(tmp_path, [STEP], coco()))
    assert done.returncode == 2, done.stdout + done.stderr
    for package in ("torch", "mmcv", "mmengine", "mmdet"):
        assert f"step 'train' needs the package '{package}', which is not installed" in done.stderr
    assert "coco-recipe doctor" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_another_environment_needs_no_stack_here(tmp_path: Path) -> None:
    step = {**STEP, "with": {**STEP["with"], "python": sys.executable}}  # type: ignore[dict-item]
    done = _bare(tmp_path, "validate", write_recipe(tmp_path, [step], coco()))
    assert done.returncode == 0, done.stdout + done.stderr
