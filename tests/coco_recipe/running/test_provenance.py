"""The log is that of this recipe, and is written again where it isn't."""

import json
from pathlib import Path

import pytest
from builders import coco, command, write_recipe

CLEAN = {"id": "clean", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}}


NUMBERED = {"id": "numbered", "use": "reindex", "in": "clean"}


@pytest.mark.slow
def test_a_log_that_is_not_of_this_recipe_is_written_although_nothing_is_to_do(
    tmp_path: Path,
) -> None:
    path, log = (
        write_recipe(tmp_path, [CLEAN, NUMBERED | {"in": "raw"}], coco()),
        tmp_path / "runs/test/provenance.jsonl",
    )
    command("run", path, cwd=tmp_path)
    whole = log.read_bytes()
    assert "nothing to do" in command("run", path, cwd=tmp_path).stderr
    assert log.read_bytes() == whole
    for left in (
        b"",
        b"{",
        whole.partition(b"\n")[0],
        whole[:-9],
        whole.replace(b"numbered", b"noticed"),
    ):
        log.write_bytes(left)  # as if killed between the last step and its line
        assert "nothing to do" in command("run", path, cwd=tmp_path).stderr
        assert log.read_bytes().splitlines()[1:] == whole.splitlines()[1:]
    path.write_text(path.read_text() + "  # a comment")
    moved = path.rename(tmp_path / "moved.yaml")
    assert "nothing to do" in command("run", moved, cwd=tmp_path).stderr
    assert json.loads(log.read_bytes().splitlines()[0])["clock"]["recipe"] == str(moved)
    assert (tmp_path / "runs/test/recipe.yaml").read_text().endswith("comment")
    command("run", write_recipe(tmp_path, [CLEAN]).rename(moved), cwd=tmp_path)
    assert log.read_bytes().splitlines()[1:] == whole.splitlines()[1:2]
    assert "numbered" not in (tmp_path / "runs/test/recipe.resolved.yaml").read_text()
