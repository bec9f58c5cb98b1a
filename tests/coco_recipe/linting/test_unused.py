"""Steps and inputs that nothing reads; one recipe that triggers, one that doesn't."""

from pathlib import Path

import linted

PARTS = {"id": "parts", "use": "split", "in": "raw", "with": {"every": 2}}
LESS = {"id": "less", "use": "filter_annotations", "in": "parts.train", "with": {}}


def _rows() -> dict:
    return linted.data([f"{n}.jpg" for n in range(4)])


def test_a_forgotten_step_is_found_above_a_step_that_learns_or_publishes(tmp_path: Path) -> None:
    plugin = linted.learning(tmp_path)
    learn = {"id": "model", "use": "learn", "in": {"train": "parts.train", "val": "parts.val"}}
    path = linted.recipe(tmp_path, [PARTS, LESS, learn], {"raw": _rows()})
    (finding,) = linted.found(path, "unread_steps", plugin_files=[plugin])
    assert finding.place == "less"
    assert finding.file == str(path)
    learn["in"]["train"] = "less"
    path = linted.recipe(tmp_path, [PARTS, LESS, learn], {"raw": _rows()})
    assert not linted.found(path, "unread_steps", plugin_files=[plugin])


def test_a_last_step_is_read_by_people(tmp_path: Path) -> None:
    path = linted.recipe(tmp_path, [PARTS, LESS], {"raw": _rows()})
    assert not linted.found(path, "unread_steps")


def test_an_input_that_no_step_reads_is_found(tmp_path: Path) -> None:
    inputs = {"raw": _rows(), "more": _rows()}
    (finding,) = linted.found(linted.recipe(tmp_path, [PARTS], inputs), "unread_inputs")
    assert [row.name for row in finding.first] == ["input 'more'"]
    merged = {"id": "all", "use": "merge", "in": {"datasets": ["raw", "more"]}}
    merged["with"] = {"same_file_name": "keep_both"}
    path = linted.recipe(tmp_path, [PARTS, {**PARTS, "id": "p", "in": "more"}], inputs)
    assert not linted.found(path, "unread_inputs")
