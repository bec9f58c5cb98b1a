"""What workers are forked from dies with its run while it imports, and only then."""

import os
import sys
import threading
from pathlib import Path

import orphans
import pytest

from coco_recipe.engines import engine

IMPORTS = """\
import os, time
from pathlib import Path

Path("pid").write_text(str(os.getpid()))
time.sleep(60)
"""
PROGRAM = """\
import time
from coco_recipe.engines import engine

if __name__ == "__main__":
    engine.local(2).prepare(("slow_to_import",))
    time.sleep(60)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="a call of Linux")
def test_a_process_that_imports_dies_with_the_one_that_started_it(tmp_path: Path) -> None:
    (tmp_path / "slow_to_import.py").write_text(IMPORTS)
    assert orphans.left_by(tmp_path, PROGRAM) == ""


@pytest.mark.slow
def test_a_thread_that_ends_takes_no_workers_with_it() -> None:
    local = engine.local(2)
    thread = threading.Thread(target=local.prepare, args=(("numpy",),))
    thread.start()
    thread.join()
    assert list(local.map(abs, [-1, 2, -3])) == [1, 2, 3]
    assert "COCO_RECIPE_PARENT" not in os.environ
