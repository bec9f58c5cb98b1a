"""A line of a ledger names input, file and class, where these are beyond doubt."""

import json
from pathlib import Path

from builders import coco, command, write_recipe

from coco_recipe.running.ledger_words import in_words
from coco_recipe.testing import dataset

BOX = {"kind": "annotation", "id": 1, "image_id": 1, "category_id": 2, "reason": "x"}


def test_an_annotation_has_input_file_and_class() -> None:
    (line,) = in_words([BOX], [dataset(coco(), home="raw")])
    assert line == {**BOX, "input": "raw", "file_name": "1.jpg", "category": "dog"}


def test_what_two_data_sets_tell_otherwise_is_left_out() -> None:
    one, other = dataset(coco(), home="a"), dataset(coco(names=("cat", "cow")), home="b")
    (line,) = in_words([BOX], [(one, other), None])
    assert line == {**BOX, "file_name": "1.jpg"}


def test_what_the_step_has_written_stays_and_unknown_ids_have_no_words() -> None:
    lines = [
        {"kind": "image", "id": 1, "file_name": "mine.jpg", "reason": "x"},
        {"kind": "category", "id": 1, "name": "cat", "reason": "x"},
        {**BOX, "image_id": 99, "category_id": None},
    ]
    found = in_words(lines, [dataset(coco())])
    assert found[0]["file_name"] == "mine.jpg"
    assert found[0]["input"] == "raw"
    assert found[1:] == lines[1:]


def test_the_ledger_of_a_run_is_in_words(tmp_path: Path) -> None:
    step = {"id": "clean", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}}
    done = command("run", write_recipe(tmp_path, [step], coco()), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "runs/test/steps/clean/dropped.jsonl").read_text("utf-8")
    box = next(line for line in map(json.loads, text.splitlines()) if line["kind"] == "annotation")
    assert (box["input"], box["file_name"], box["category"]) == ("raw", "2.jpg", "dog")
