"""A process that dies with its parent does so whatever it is doing."""

import os
import subprocess
import sys
from pathlib import Path

import orphans
import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a call of Linux")

PROGRAM = """\
import os, time
from pathlib import Path
from coco_recipe.with_parent import die_with

parent = os.getpid()
if not os.fork():
    {first}
    Path("pid").write_text(str(os.getpid()))
    time.sleep(60)
time.sleep(60)
"""


def test_a_child_dies_with_its_parent(tmp_path: Path) -> None:
    assert orphans.left_by(tmp_path, PROGRAM.format(first="die_with(parent)")) == ""


@pytest.mark.slow
def test_without_it_a_child_lives_on(tmp_path: Path) -> None:
    assert orphans.left_by(tmp_path, PROGRAM.format(first="pass")) == "S"


def test_a_parent_that_is_gone_already_ends_the_child_at_once() -> None:
    code = f"from coco_recipe.with_parent import die_with\ndie_with({os.getpid()} + 1)\nprint('on')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
