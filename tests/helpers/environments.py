"""New environments, in which packages are installed beside the libraries of this one."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from builders import REPOSITORY

PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]


def printed(*words: str | Path, cwd: Path) -> str:
    """Run a program without the project on its path; return what it prints to stdout."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run(
        [*map(str, words)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def new_environment(folder: Path, packages: Sequence[Path], *, with_project: bool = True) -> Path:
    """Make an environment with packages from disk; return its program ``coco-recipe``.

    Args:
        folder: where it is made.
        packages: wheels, or folders of packages, in which a build may write.
        with_project: it has the project as it stands here; else a wheel brings it.
    """
    pytest.importorskip("pip")
    printed(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
    python = folder / "bin/python"
    (site,) = folder.glob("lib/*/site-packages")
    libraries = [path for path in sys.path if Path(path).name == "site-packages"]
    sources = [str(REPOSITORY), str(REPOSITORY / "plugins")] if with_project else []
    (site / "libraries.pth").write_text(
        "\n".join([*sources, *libraries])
    )  # no .pth in them is followed
    options = ["--no-deps", "--no-index", "--no-build-isolation", "--ignore-installed"]
    printed(*PIP, "--python", python, "install", *options, *packages, cwd=folder)
    program = folder / "bin/coco-recipe"
    if not program.exists():
        program.write_text(f"#!{python}\nfrom coco_recipe.cli import main\nmain()\n")
        program.chmod(0o755)
    return program
