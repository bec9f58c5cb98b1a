"""A Ctrl-C ends the command without a traceback, from the entry point on."""

import subprocess
import sys

import pytest

ENDED = """\
import os, signal, sys, time
from coco_recipe import start

class Interrupts:
    def find_spec(self, name, *rest):
        if name == WHERE:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(20)

sys.meta_path.insert(0, Interrupts())
sys.argv = ["coco-recipe", "steps"]
start.main()
"""


@pytest.mark.slow
@pytest.mark.parametrize("where", ["coco_recipe.cli", "click", "coco_recipe.plugins"])
def test_a_ctrl_c_while_modules_are_imported_is_told_without_a_traceback(where: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ENDED.replace("WHERE", repr(where))],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (130, False), done.stderr
