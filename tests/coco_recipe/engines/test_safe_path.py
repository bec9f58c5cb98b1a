"""No process that coco-recipe starts imports what lies in the current folder or beside the user's
script.
"""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from coco_recipe.engines import engine
from coco_recipe.errors import StepError

ENGINES = ["local", "local:spawn", "dask"]
POISON = (
    "import os, sys\nopen(os.environ['MARK'], 'a').write(__file__ + '\\n')\nraise "
    "SystemExit('poisoned')\n"
)
POISONED = (
    "struct.py",
    "cv2.py",
    "sitecustomize.py",
    "numpy/__init__.py",
    "msgspec.py",
    "distributed.py",
    "queue.py",
)
WORK = """
import sys

def look(number):
    return number, sys.path[:], sys.modules["__main__"].__dict__.get("MINE", "none")
"""
SCRIPT = """
import sys
safe = sys.path.pop(0)
from coco_recipe.engines import engine
import work
import distributed
sys.path.insert(0, safe)
MINE = "the main script"
open("started", "a").write("x")
for number, path, main in engine.parse(sys.argv[1], 2).map(work.look, range(4), preload=("numpy",)):
    assert safe not in path and "" not in path, path
    assert main == "none", main
print("done")
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ENGINES)
def test_workers_import_nothing_from_the_current_folder_and_never_the_script(
    name: str, tmp_path: Path
) -> None:
    pytest.importorskip("distributed")
    pytest.importorskip("cryptography")
    pytest.importorskip("numpy")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/work.py").write_text(WORK)
    here = tmp_path / "here"
    for poison in POISONED:
        (here / poison).parent.mkdir(parents=True, exist_ok=True)
        (here / poison).write_text(POISON)
    (here / "script.py").write_text(SCRIPT)
    environment = os.environ | {"MARK": str(tmp_path / "mark"), "PYTHONPATH": str(tmp_path / "lib")}
    done = subprocess.run(
        [sys.executable, "script.py", name],
        cwd=here,
        env=environment,
        text=True,
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
    assert not (tmp_path / "mark").exists(), (tmp_path / "mark").read_text()
    assert (here / "started").read_text() == "x"


def test_a_folder_that_pythonpath_names_stays_on_the_path(tmp_path: Path) -> None:
    code = "from coco_recipe.engines import safe_path; print(*safe_path.entries(), sep='\\n')"
    for path, is_there in ((str(tmp_path), True), ("", False)):
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": path},
            text=True,
            capture_output=True,
            check=True,
        )
        assert (str(tmp_path) in done.stdout.splitlines()) is is_there


@pytest.mark.parametrize("kind", range(4))
@pytest.mark.parametrize("jobs", [0, 1, 2])
def test_an_exception_is_an_error_with_any_number_of_jobs(jobs: int, kind: int) -> None:
    with pytest.raises(
        StepError,
        match=["StopIteration", "StopAsyncIteration", "GeneratorExit", "SystemExit"][kind],
    ):
        list(engine.local(jobs).map(partial(_raise_kind, kind=kind), range(10)))


def _raise_kind(number: int, *, kind: int) -> int:
    if number == 3:
        raise (StopIteration, StopAsyncIteration, GeneratorExit, SystemExit)[kind](0)
    return number
