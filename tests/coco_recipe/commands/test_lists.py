"""steps and schema: what there is, on standard output."""

import json
from pathlib import Path

import pytest
from builders import command


def test_steps_are_listed_and_one_has_a_page(tmp_path: Path) -> None:
    listed = command("steps", cwd=tmp_path).stdout
    assert "reindex" in listed
    page = command("steps", "reindex", cwd=tmp_path)
    assert page.returncode == 0
    assert "inputs:" in page.stdout
    wrong = command("steps", "reindx", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "reindex" in wrong.stderr


@pytest.mark.parametrize("what", ["recipe", "manifest", "provenance"])
def test_a_schema_is_json(what: str, tmp_path: Path) -> None:
    done = command("schema", what, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["$schema"].startswith(("http://json", "https://json"))
