"""Findings of steps: shown, recorded, judged by the recipe's choice, and stopping where they are
errors.
"""

import json
from pathlib import Path

import pytest
from builders import coco, command, write_recipe

from coco_recipe.findings import Finding, Kind, Row

PLUGIN = '''
from coco_recipe import (
    Dataset,
    Finding,
    Kind,
    Port,
    Row,
    Step,
    hookimpl,
)

MANY = Kind("many_boxes", "warning", "images have many boxes", "look at them")
SOON = Kind("soon", "warning", "classes will be mirrored", "mirrored_categories: {}")

def look(ctx, *, dataset):
    """Look at a data set."""
    ctx.find(MANY, (Row(f"image {image.id} ({image.file_name!r})", 7, image.file_name)
                    for image in dataset.images))
    return {"dataset": dataset}

def review(step_id, params, facts):
    rows = [Row(f"category '{name}'") for name in facts["dataset"].classes]
    yield Finding.of(SOON, step_id, rows)

@hookimpl
def coco_recipe_steps():
    yield Step(name="look", run=look,
               inputs={"dataset": Port(Dataset)}, outputs={"dataset": Dataset},
               review=review)

@hookimpl
def coco_recipe_findings():
    yield MANY
    yield SOON
'''
STEPS = [{"id": "seen", "use": "look", "in": "raw"}]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "look.py").write_text(PLUGIN)
    return tmp_path


def test_a_step_says_what_it_finds_with_number_first_rows_and_remedy(folder: Path) -> None:
    write_recipe(folder, STEPS, coco(images=7))
    done = command("run", "recipe.yaml", "--plugin", "look.py", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "warning: seen: 7 images have many boxes: image 1 ('1.jpg'): 7; " in done.stderr
    assert "image 5 ('5.jpg'): 7; and 2 more (many_boxes)\n    hint: look at them" in done.stderr
    assert (
        "warning: seen: 2 classes will be mirrored: category 'cat'; category 'dog' (soon)"
        in done.stderr
    )
    record = json.loads((folder / "runs/test/provenance.jsonl").read_text().splitlines()[1])
    (found,) = record["findings"]
    assert (found["kind"], found["count"], len(found["first"])) == ("many_boxes", 7, 5)


def test_a_step_that_is_reused_says_again_what_it_found(folder: Path) -> None:
    write_recipe(folder, STEPS, coco())
    command("run", "recipe.yaml", "--plugin", "look.py", cwd=folder)
    again = command("run", "recipe.yaml", "--plugin", "look.py", cwd=folder)
    assert "nothing to do" in again.stderr
    assert "3 images have many boxes" in again.stderr


@pytest.mark.parametrize(
    ("choices", "options", "code", "shown"),
    [
        ({}, (), 0, True),
        ({}, ("--strict",), 1, True),
        ({"many_boxes": "error"}, (), 1, True),
        ({"many_boxes": "ignore", "soon": "ignore"}, ("--strict",), 0, False),
    ],
)
def test_the_recipe_chooses_what_stops(
    folder: Path, choices: dict[str, str], options: tuple[str, ...], code: int, shown: bool
) -> None:
    write_recipe(folder, STEPS, coco(), findings={"soon": "ignore"} | choices)
    for _ in range(2):
        done = command("run", "recipe.yaml", "--plugin", "look.py", *options, cwd=folder)
        assert done.returncode == code, done.stderr
        assert ("images have many boxes" in done.stderr) is shown
    assert (folder / "runs/test/steps/seen").exists() is (code == 0)


def test_a_choice_for_a_kind_that_nobody_offers_is_wrong(folder: Path) -> None:
    write_recipe(folder, STEPS, coco(), findings={"many_boxs": "error"})
    done = command("run", "recipe.yaml", "--plugin", "look.py", cwd=folder)
    assert done.returncode == 2
    assert "findings.many_boxs: there is no finding 'many_boxs'" in done.stderr
    assert "did you mean 'many_boxes'?" in done.stderr


def test_a_line_break_in_a_name_begins_no_line_of_a_finding() -> None:
    kind = Kind("odd", "error", "rows are odd", "")
    told = str(Finding.of(kind, "raw", [Row("class 'a\nerror: b'"), Row("c\nd", "e\nf")]))
    assert "\n" not in told
    assert r"class 'a\nerror: b'" in told
