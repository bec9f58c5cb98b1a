"""Small data sets and recipes for tests; a builder states only what the test is about."""

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from coco_recipe import cli, manifest
from coco_recipe.testing import coco

__all__ = ["coco"]

REPOSITORY = Path(__file__).parents[2]
DATA = Path(os.environ.get("COCO_RECIPE_DATA", REPOSITORY.parent / "shared" / "data"))
CLEAN = {"id": "clean", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}}
PARTS = {
    "id": "parts",
    "use": "split",
    "in": "clean",
    "with": {"fractions": {"train": 0.75, "val": 0.25}},
}


def real_data(name: str) -> Path:
    """Return a folder of real data, or skip the test."""
    if not (DATA / name).exists():
        pytest.skip(
            f"there is no {DATA / name}; set COCO_RECIPE_DATA to the folder with the real data"
        )
    return DATA / name


def write_recipe(
    folder: Path,
    steps: Sequence[Mapping[str, Any]],
    data: Mapping[str, Any] | None = None,
    **top: Any,
) -> Path:
    """Write a recipe with the input ``raw`` (and its file, if ``data`` is given); return its
    path.
    """
    if data is not None:
        (folder / "raw.json").write_text(json.dumps(data), "utf-8")
    recipe = {
        "coco_recipe": 1,
        "name": "test",
        "inputs": {"raw": {"annotations": "raw.json"}},
        "steps": list(steps),
    }
    path = folder / "recipe.yaml"
    path.write_text(json.dumps(recipe | top, ensure_ascii=False), "utf-8")
    return path


def times(soak: int) -> int:
    """Return how often a long test tries: ``soak`` times in ``make soak``, a tenth of it in ``make
    test``.
    """
    return soak if os.environ.get("COCO_RECIPE_SOAK") else soak // 10


@dataclass(frozen=True, slots=True)
class Done:
    """What a command gave: its exit status, and the text that it printed."""

    returncode: int
    stdout: str
    stderr: str


def command(*arguments: str | Path, cwd: Path) -> Done:
    """Run ``coco-recipe`` in this process, which takes a tenth of the time of a process of its own.

    Args:
        arguments: of the command line, without the program's name.
        cwd: the current folder meanwhile.
    """
    out, err = _Printed(), _Printed()
    argv, sys.argv = sys.argv, ["coco-recipe", *map(str, arguments)]
    environment = dict(os.environ)
    try:
        with (
            contextlib.chdir(cwd),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            cli.main()
    except SystemExit as ended:
        return Done(int(ended.code or 0), out.text(), err.text())
    finally:
        sys.argv = argv
        os.environ.clear()
        os.environ.update(environment)
    raise AssertionError("the command line must end by SystemExit")


class _Printed(io.TextIOWrapper):
    """A stream that keeps what is printed."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    def text(self) -> str:
        self.flush()
        kept = self.buffer
        assert isinstance(kept, io.BytesIO), "it was made of one"
        return kept.getvalue().decode("utf-8")


def process(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run ``coco-recipe`` in a process of its own, where that is what a test is about."""
    return subprocess.run(
        [sys.executable, "-m", "coco_recipe.cli", *map(str, arguments)],
        cwd=cwd,
        text=True,
        capture_output=True,
        check=False,
        timeout=300,
    )


def tree(folder: Path) -> dict[str, Any]:
    """Return every file below a run directory by name, clocks taken out."""
    return {
        path.relative_to(folder).as_posix(): _without_clock(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


def recorded(step: Path) -> manifest.StepRecord:
    """Return the record of a committed step, given its folder."""
    found = manifest.read(step / "manifest.json")
    assert found, f"{step}: has no manifest that can be read"
    return found.record


def _without_clock(path: Path) -> Any:
    if path.name not in ("manifest.json", "provenance.jsonl"):
        return path.read_bytes()
    lines = (
        [json.loads(path.read_text())]
        if path.suffix == ".json"
        else [json.loads(line) for line in path.read_text().splitlines()]
    )
    for line in lines:
        line.get("record", line).pop("clock")
    return lines
