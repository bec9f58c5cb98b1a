"""Work in a copy of the process: the same results, whatever becomes of the copy."""

import json
import os
import subprocess
import sys
from pathlib import Path

import orphans
import pytest
from builders import coco, process

from coco_recipe.engines.beside import Beside

ONE_CORE = (
    "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); "
    "from coco_recipe.cli import main; main()"
)


def _alone(code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process that has one thread."""
    head = "import os, threading\nfrom coco_recipe.engines.beside import Beside, copies\n"
    return subprocess.run([sys.executable, "-c", head + code], capture_output=True, text=True)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux copies processes safely")
def test_a_copy_has_what_is_in_memory_and_answers() -> None:
    code = "rows = [3, 4]\nwork = Beside(lambda: (os.getpid(), sum(rows)))\nrows.append(5)\n"
    done = _alone(
        code + "where, total = work.result()\nprint(copies() > 1, where != os.getpid(), total)"
    )
    many = len(os.sched_getaffinity(0)) > 1
    assert done.stdout.split() == (["True", "True", "7"] if many else ["False", "False", "12"])


def test_beside_other_threads_the_work_is_done_here() -> None:
    code = "threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    done = _alone(code + "print(copies(), Beside(os.getpid).result() == os.getpid())")
    assert done.stdout.split() == ["1", "True"]


def test_a_copy_that_dies_leaves_the_work_to_this_process() -> None:
    code = "here = os.getpid()\nwork = lambda: 5 if os.getpid() == here else os._exit(9)\n"
    done = _alone(code + "print(Beside(work).result())")
    assert (done.stdout, done.stderr) == ("5\n", "")


def test_an_error_comes_from_this_process_once() -> None:
    done = _alone("Beside(lambda: 1 // 0).result()")
    assert done.stderr.count("ZeroDivisionError") == 1
    with pytest.raises(ZeroDivisionError):
        Beside(lambda: 1 // 0).result()


@pytest.mark.slow
def test_check_finds_the_same_in_one_process_and_in_several(tmp_path: Path) -> None:
    data = coco(images=9, boxes=[(1 + n % 9, 1 + n % 2) for n in range(40)])
    for n, row in enumerate(data["annotations"]):
        far = 10 if n % 7 else 70
        row["segmentation"] = (
            [[1, 2, far, 2, far, 12, 1, 12]] if n > 20 else [[90, 90, 99, 90, 99, 99]]
        )
    (tmp_path / "a.json").write_text(json.dumps(data))
    whole = process("check", "a.json", cwd=tmp_path)  # of its own: it has one thread
    alone = subprocess.run(
        [sys.executable, "-c", ONE_CORE, "check", "a.json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (whole.stdout, whole.stderr) == (alone.stdout, alone.stderr)
    assert "21 segmentations" in whole.stdout  # of both parts
    assert "(segmentations_past_the_edge)" in whole.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux copies processes safely")
def test_a_copy_imports_nothing_from_the_current_folder(tmp_path: Path) -> None:
    (tmp_path / "colorsys.py").write_text("open('ran', 'w').close()")
    work = (
        "from coco_recipe.engines.beside import Beside\n"
        "def look():\n    import colorsys\n    return colorsys.__file__\n"
        "print(Beside(look).result())\n"
    )
    (tmp_path / "work.py").write_text(work)
    subprocess.run([sys.executable, "-m", "work"], cwd=tmp_path, check=True)
    many = len(os.sched_getaffinity(0)) > 1
    assert (tmp_path / "ran").exists() != many


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux copies processes safely")
@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="copies need a second core")
def test_a_copy_at_work_dies_with_this_process(tmp_path: Path) -> None:
    work = (
        "import os, time\nfrom pathlib import Path\n"
        "from coco_recipe.engines.beside import Beside\n"
        "def work():\n    Path('pid').write_text(str(os.getpid()))\n    time.sleep(60)\n"
        "Beside(work).result()\n"
    )
    assert orphans.left_by(tmp_path, work) == ""
