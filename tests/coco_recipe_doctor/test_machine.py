"""A library that is broken takes nothing down."""

import re
import sys
from pathlib import Path

import pytest
from coco_recipe_doctor import machine


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("import os; os.abort()", r"crashes the interpreter \(SIGABRT\)"),
        ("import time; time.sleep(60)", "no answer within 3 s"),
        (
            "raise ImportError('libcudart.so.13: cannot open')",
            "ImportError: libcudart.so.13: cannot open",
        ),
        ("import sys; sys.exit(0)", "SystemExit"),
        ("import os; os._exit(7)", "exit status 7"),
        ("print('hello')", "AttributeError"),
    ],
    ids=["abort", "hang", "library", "exit", "hard exit", "something else"],
)
def test_a_broken_library_is_told_and_takes_nothing_down(
    body: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("cv2", "numpy"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(body if name == "cv2" else "")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert re.search(reason, machine.probe(sys.executable, "cv2", 3)["error"])
