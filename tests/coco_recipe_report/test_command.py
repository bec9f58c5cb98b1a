"""The command's refusals; what it writes: test_page.py."""

from pathlib import Path

from builders import command


def test_a_folder_that_isnt_there_is_told(tmp_path: Path) -> None:
    assert command("report", "nowhere", cwd=tmp_path).returncode == 2
