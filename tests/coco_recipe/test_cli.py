"""The command line: exit codes, streams, and a reader that has gone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from builders import coco, command, process, write_recipe

CLEAN = {"id": "clean", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}}


@pytest.mark.slow
def test_exit_codes_and_streams(tmp_path: Path) -> None:
    path = write_recipe(tmp_path, [CLEAN], coco())
    done = process("run", path, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "runs/test\n")
    assert "nothing to do" in command("run", path, cwd=tmp_path).stderr
    bad = write_recipe(tmp_path, [CLEAN | {"with": {"drop": ["cow"]}}])
    assert process("run", bad, cwd=tmp_path).returncode == 2
    assert "there is no category 'cow'" in command("run", bad, cwd=tmp_path).stderr
    by_id = write_recipe(
        tmp_path, [CLEAN | {"with": {"drop": [7]}}]
    )  # ids are looked up only when the step runs
    assert command("run", by_id, cwd=tmp_path).returncode == 1
    path = write_recipe(tmp_path, [CLEAN])
    (tmp_path / "raw.json").write_text("[]")
    assert command("run", path, cwd=tmp_path).returncode == 1
    assert command("run", tmp_path / "none.yaml", cwd=tmp_path).returncode == 2
    assert command("nonsense", cwd=tmp_path).returncode == 2


@pytest.mark.slow
@pytest.mark.parametrize("words", [["steps"], ["schema"], ["--help"]])
def test_a_reader_that_has_gone_is_no_fault_of_ours(words: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "coco_recipe.cli", *words],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")
