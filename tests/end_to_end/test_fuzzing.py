"""Recipes and annotation files at random: only coco-recipe's own errors, and no hang.

A short, seeded part of `make fuzz`, which goes on for an hour: ``python
tests/end_to_end/test_fuzzing.py``.
"""

import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[1] / "helpers")]

import fuzzing
from hypothesis import HealthCheck, Phase, given, seed, settings

from coco_recipe.engines import beside
from coco_recipe.running import mask_parts

Tries = Callable[[Path, bytes], None]
KINDS: dict[str, tuple[Any, Tries]] = {
    "recipes of parts": (
        fuzzing.recipes.map(lambda data: json.dumps(data).encode("utf-8", "surrogatepass")),
        fuzzing.tries_recipe,
    ),
    "recipes of mutated bytes": (fuzzing.mutated(fuzzing.SOUND_RECIPE), fuzzing.tries_recipe),
    "files of parts": (fuzzing.coco_files(), fuzzing.tries_file),
    "files of mutated bytes": (fuzzing.mutated(fuzzing.SOUND_FILE), fuzzing.tries_file),
}
SECONDS = 4.0  # for each kind, in the tests


def fuzz(kind: str, folder: Path, seconds: float, number: int) -> int:
    """Try inputs of a kind until the time is up; return how many."""
    strategy, tries = KINDS[kind]
    (folder / "raw.json").write_bytes(fuzzing.SOUND_FILE)
    until, done = time.process_time() + seconds, 0

    @seed(number)
    @settings(
        max_examples=100 if seconds <= SECONDS else 5000,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    @given(strategy)  # drawn when the time is up, too: hypothesis wants the same draws each time
    def some(text: bytes) -> None:
        nonlocal done
        if time.process_time() < until:
            tries(folder, text)
            done += 1

    some()
    return done


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_only_our_own_errors_come_of_anything(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "copies", lambda: 1)  # a copy of this process costs 0.2 s
    monkeypatch.setattr(mask_parts, "copies", lambda: 1)
    assert fuzz(kind, tmp_path, SECONDS, 12) > 20


@pytest.mark.slow
def test_the_harness_catches_what_is_not_ours(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        fuzzing._soon(lambda: 1 / 0, b"")
    with pytest.raises(AssertionError, match="took"):
        fuzzing._soon(_slow, b"")


def _slow() -> None:
    until = time.process_time() + fuzzing.SECONDS + 0.1
    while time.process_time() < until:
        pass


def main(seconds: float) -> None:
    """Fuzz each kind in turn, with a new seed each time, and say how many were tried."""
    beside.copies = mask_parts.copies = lambda: 1  # type: ignore[attr-defined]
    until, counts = time.monotonic() + seconds, dict.fromkeys(KINDS, 0)
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    with tempfile.TemporaryDirectory() as folder:
        for kind in cycle(KINDS):
            number = random.SystemRandom().randrange(2**32)
            counts[kind] += fuzz(kind, Path(folder), min(60.0, seconds / len(KINDS)), number)
            sys.stderr.write(f"{kind}: seed {number}, {counts[kind]} tried\n")
            if time.monotonic() > until:
                break
    used = time.process_time()
    print({**counts, "all": sum(counts.values()), "CPU seconds": round(used)})


if __name__ == "__main__":
    main(float(sys.argv[1]))
