"""The process that mmdet runs in: read a job file, do it, tell what happens. Only ever run by ``process.run``."""

import importlib
import json
import os
import platform
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

from coco_recipe import told
from coco_recipe_mmdet.params import STACK

KINDS = {
    "train": "coco_recipe_mmdet.inside.job_train",
    "evaluate": "coco_recipe_mmdet.inside.job_evaluate",
    "predict": "coco_recipe_mmdet.inside.job_evaluate",
    "greedy_soup": "coco_recipe_mmdet.inside.job_soup",
    "recompute_batch_norm": "coco_recipe_mmdet.inside.job_batch_norm",
    "init_weights": "coco_recipe_mmdet.inside.job_init",
    "preflight": "coco_recipe_mmdet.inside.job_preflight",
}


class Teller:
    """Writes events for the process that started us; only the first of several processes tells progress."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.first = int(os.environ.get("RANK") or os.environ.get("SLURM_PROCID") or 0) == 0

    def _write(self, event: str, **values: Any) -> None:
        line = json.dumps({"event": event, **values}, ensure_ascii=False, default=str) + "\n"
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line)

    def progress(self, done: int, total: int, text: str) -> None:
        """Tell how far the job is."""
        if self.first:
            self._write("progress", done=done, total=total, text=text)

    def note(self, key: str, value: Any) -> None:
        """Put a value into the record of the step."""
        if self.first:
            self._write("note", key=key, value=value)

    def result(self, value: Any) -> None:
        """Tell what came out."""
        if self.first:
            self._write("result", value=value)

    def error(self, text: str) -> None:
        """Tell what is wrong; every process may."""
        self._write("error", value=text)


def main(path: Path) -> int:
    """Do the job in a file; return the exit code."""
    if os.environ.get(
        "COCO_RECIPE_ENDS_WITH_STDIN"
    ):  # not so where it is started by hand, as on a second machine
        threading.Thread(target=_end_with_parent, daemon=True).start()
    job = json.loads(path.read_text("utf-8"))
    tell = Teller(Path(".job/events.jsonl"))
    try:
        if job.get("python"):
            tell.note("versions of python", {"executable": sys.executable, **_versions()})
        module = importlib.import_module(KINDS[job["do"]])
        tell.result(getattr(module, job["do"])(job, tell))
    except BaseException as error:
        traceback.print_exc()
        tell.error(told(error))
        return 1
    return 0


def _versions() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        **{name: str(getattr(importlib.import_module(name), "__version__", "")) for name in STACK},
    }


def _end_with_parent() -> None:
    """End when the standard input does, which is when the process that started us has ended or wants us to."""
    try:
        while os.read(0, 4096):
            pass
    finally:
        os._exit(143)


if __name__ == "__main__":
    code = main(Path(sys.argv[1]))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # threads and data loaders of libraries don't keep us
