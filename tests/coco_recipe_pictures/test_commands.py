"""demo: draws a data set into an empty folder, and refuses another."""

from pathlib import Path

import pytest
from builders import command

pytest.importorskip("cv2")


@pytest.mark.slow
def test_a_demo_is_drawn_into_an_empty_folder_only(tmp_path: Path) -> None:
    done = command("demo", "here", "--images", "8", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "here/annotations.json").is_file()
    again = command("demo", "here", "--images", "8", cwd=tmp_path)
    assert again.returncode != 0
    assert "Traceback" not in again.stderr
