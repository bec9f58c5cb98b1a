"""What all tests share: fixtures of several folders, where they write, in which order they run."""

import os
import shutil
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from training import shapes, trained

__all__ = ["shapes", "trained"]

# two workers for two cores: torch's threads would wait for one another, at 2.5 times the cost
os.environ.setdefault("OMP_NUM_THREADS", "1")

# a page takes longer than most runs of tests; those of the page ask for it
os.environ.setdefault("COCO_RECIPE_REPORT", "0")

# how fast this machine is at the moment is no matter of a test
settings.register_profile("no clock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no clock")

# a shell without job control starts what is in the background with Ctrl-C ignored, and children
# inherit that
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# runs flush all that they write, which takes no time in memory; the suite writes 2 GiB
MEMORY = Path("/dev/shm")
ROOM_BYTES = 8 * 2**30


def _holds_tests(folder: Path) -> bool:
    """Say whether a folder has room, and lets programs run from it."""
    if not os.access(folder, os.W_OK):
        return False
    may_run = not os.statvfs(folder).f_flag & os.ST_NOEXEC
    return may_run and shutil.disk_usage(folder).free > ROOM_BYTES


if _holds_tests(MEMORY):
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))  # where pytest makes tmp_path


# over 20 s each; while the first trains what others wait for, the second needs none of it
LONGEST = ("test_train.py", "test_whole_runs.py", "test_adapt_head.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the training stack as slow; let the longest files and those with slow tests
    come first.

    Importing the stack takes seconds. A long file that comes last would leave a worker alone.
    """
    slow = set[Path]()
    for item in items:
        if "shapes" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)
        if item.get_closest_marker("slow"):
            slow.add(item.path)
    items.sort(key=lambda item: (-_turn(item.path), item.path not in slow))


def _turn(path: Path) -> int:
    """Return how much before others a file comes."""
    return len(LONGEST) - LONGEST.index(path.name) if path.name in LONGEST else 0
