"""error.log: what one needs to find out why a step failed, in the directory of the run."""

import platform
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from coco_recipe import failure, files, terminal
from coco_recipe.errors import StepError
from coco_recipe.keys import libraries
from coco_recipe.planning.plan import PlannedStep

NAME = "error.log"
TITLE = "coco-recipe: why a step failed\n"
TAIL_LINES = 40
TAIL_BYTES = 64 * 2**10


def clear(folder: Path) -> None:
    """Remove the log of an earlier run; a file of that name that isn't ours goes to ``kept/``."""
    path = folder / NAME
    if not path.is_file():
        return
    with path.open("rb") as file:
        is_ours = file.read(len(TITLE)) == TITLE.encode()
    if is_ours:
        path.unlink()
    else:
        target = files.free_name(folder / "kept" / NAME)
        target.parent.mkdir(exist_ok=True)
        path.rename(target)


def write(
    folder: Path,
    step: PlannedStep,
    error: StepError,
    *,
    environment: Mapping[str, str],
    progress: str,
    unfinished: Path,
) -> Path | None:
    """Write the log of a failed step; return its path, or None where it can't be written.

    Args:
        folder: the run directory.
        step: the step that failed.
        error: what it raised.
        environment: versions that its result depends on.
        progress: how far it said that it was; may be empty.
        unfinished: the folder that it wrote into; the ends of the ``*.log`` files there are told.
    """
    try:
        text = _text(step, error, environment, progress, unfinished)
        files.write_bytes(folder / NAME, text.encode("utf-8", "backslashreplace"))
    except OSError:  # a full disk may be why the step failed, which is what must be told
        return None
    return folder / NAME


def _text(
    step: PlannedStep,
    error: StepError,
    environment: Mapping[str, str],
    progress: str,
    unfinished: Path,
) -> str:
    offer = step.offer
    versions = {
        "python": platform.python_version(),
        "system": platform.platform(),
        "coco-recipe": libraries.version("coco-recipe"),
        **environment,
        **_loaded(),
    }
    named = [f"{name} {version}" for name, version in versions.items() if version]
    lines = [
        TITLE,
        f"step: '{step.id}' ({offer.step.name}) of {offer.plugin} {offer.version}".rstrip(),
        f"error: {error}",
        f"time: {_time(time.time())}",
        f"progress: {progress or 'none was told'}",
        f"versions: {', '.join(named)}",
        "",
        failure.trace(error),
        *_tails(unfinished),
    ]
    return terminal.safe(step.hidden.in_text("\n".join(lines)))


def _loaded() -> dict[str, str]:
    """Return the versions of the packages that this process has loaded."""
    found = {
        name: vars(module).get("__version__")
        for name, module in list(sys.modules.items())
        if "." not in name and name not in sys.stdlib_module_names
    }
    return {name: value for name, value in sorted(found.items()) if isinstance(value, str)}


def _tails(folder: Path) -> Iterator[str]:
    """Yield the last lines of each ``*.log`` in a folder, with the time of the last of them."""
    for path in sorted(folder.glob("*.log")):
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()[-TAIL_LINES:]
        yield f"the end of {path}, last written {_time(path.stat().st_mtime)}:"
        yield from [*lines, ""]


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(" ", "seconds")
