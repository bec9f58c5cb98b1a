import json
import sys
from pathlib import Path

import pytest
from builders import coco, command

from coco_recipe.errors import RecipeError
from coco_recipe.running import stages

TEN = """\
coco_recipe: 1
name: ten
sede: 3
inputs:
  raw: {annotations: raw.json}
  gone: {annotations: nowhere.json}
steps:
  - {id: a, use: filter_categorys, in: raw}
  - {id: b, use: reindex, in: rwa}
  - {id: c, use: split, in: raw, with: {fractions: {train: 0.8, val: 0.3}}}
  - {id: d, use: reindex, in: raw, with: {imagse: 1}}
  - {id: e, use: reindex, in: later}
  - {id: e, use: reindex, in: raw}
  - {id: f, use: add_segmentation, in: raw, with: {replace_existing: 1}}
  - {id: g, use: filter_categories, in: "${nothing}"}
  - {id: h, use: merge, in: {dataset: [raw]}}
  - {id: later, use: reindex, in: raw}
"""
PLACES = [
    (3, "sede", "unknown key 'sede'"),
    (6, "nowhere", "there is no file nowhere.json"),
    (8, "filter_cat", "there is no step 'filter_categorys'"),
    (9, "rwa", "no input or step 'rwa' above"),
    (10, "{train", "add up to 1.1, expected 1.0"),
    (11, "imagse", "unknown key 'imagse'"),
    (12, "later", "'later' stands below"),
    (13, "e,", "the name 'e' is taken"),
    (14, "1}", "expected true or false, found 1"),
    (16, "dataset", "has no input 'dataset'"),
]


@pytest.mark.slow
def test_ten_mistakes_are_reported_at_once_each_at_its_line_and_column(tmp_path: Path) -> None:
    (tmp_path / "raw.json").write_text(json.dumps(coco()))
    path = tmp_path / "recipe.yaml"
    path.write_text(TEN.replace('"${nothing}"', "raw, with: {drop: [cat]}"))
    with pytest.raises(RecipeError) as caught:
        stages.prepare(path)
    found = {(p.where.line, p.where.column): p.what for p in caught.value.problems}
    for line, token, what in PLACES:
        column = TEN.splitlines()[line - 1].index(token) + 1
        assert what in found.get((line, column), ""), (line, column, found)
    done = command("validate", path, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("recipe.yaml:") >= 10
    assert "did you mean 'filter_categories'?" in done.stderr


def test_a_variable_that_is_not_set_is_named(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(TEN)
    with pytest.raises(
        RecipeError, match=r"recipe.yaml:15:\d+: steps\[7\].in: \$\{nothing\} is not set"
    ) as caught:
        stages.prepare(path)
    told = {p.where.line for p in caught.value.problems}
    assert {
        place[0] for place in PLACES if place[0] not in (10, 14)
    } <= told  # of all stages, at once
    # and what only follows from it isn't told
    assert len([p for p in caught.value.problems if p.where.path == "steps[7].in"]) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("# only\n", "is empty"),
        ("- a\n", "expected a mapping"),
        ("a: 1\n---\nb: 2\n", "second document"),
        ("a: 1\na: 2\n", "is there twice"),
        ("a: !!python/object/apply:os.system [x]\n", "has the tag"),
        ("a: {<<: {b: 1}}\n", "merge keys"),
        ("3: x\n", "a key must be a string"),
        ("a: .nan\n", "not a finite number"),
        ("[" * 500 + "]" * 500, "nested more than"),
        ("a: [1\n", "is not YAML"),
        (
            "a: &a [1,1,1,1,1,1,1,1,1]\n"
            + "".join(
                f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n"
                for i in range(8)
            ),
            "more than 200000",
        ),
    ],
)
def test_bad_yaml_is_refused_with_its_place(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    with pytest.raises(RecipeError, match=message):
        stages.prepare(path)


@pytest.mark.slow
def test_validating_imports_no_heavy_library(tmp_path: Path) -> None:
    import subprocess

    (tmp_path / "raw.json").write_text(json.dumps(coco()))
    (tmp_path / "recipe.yaml").write_text(
        "{coco_recipe: 1, name: x, inputs: {raw: {annotations: raw.json}}, "
        "steps: [{id: a, use: augment, in: raw, with: {pipeline: [HorizontalFlip]}}]}"
    )
    code = (
        "import sys; from pathlib import Path; from coco_recipe.running import stages; "
        "stages.prepare(Path('recipe.yaml')); "
        "print([m for m in ('torch', 'mmdet', 'cv2', 'albumentations', 'numpy') if m in "
        "sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_the_recipe_of_a_run_has_the_values_of_its_options_in_it(tmp_path: Path) -> None:
    (tmp_path / "raw.json").write_text(json.dumps(coco()))
    (tmp_path / "recipe.yaml").write_text(
        "coco_recipe: 1\nname: x\ninputs: {raw: {annotations: raw.json}}\nsteps:\n"
        "- {id: a, use: filter_categories, in: raw, with: {drop: [dog]}}\n"
    )
    assert (
        command("run", "recipe.yaml", "--set", "steps.a.with.drop=[cat]", cwd=tmp_path).returncode
        == 0
    )
    (tmp_path / "again.yaml").write_bytes((tmp_path / "runs/x/recipe.yaml").read_bytes())
    assert command("run", "again.yaml", "--out", "again", cwd=tmp_path).returncode == 0
    first, second = (tmp_path / folder / "steps/a/dataset.json" for folder in ("runs/x", "again"))
    assert first.read_bytes() == second.read_bytes()
    assert b'"cat"' not in first.read_bytes()


@pytest.mark.parametrize("number", [2, 99, 0, -1])
def test_of_another_format_only_that_is_told(number: int, tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(f"name: 7\ncoco_recipe: {number}\nnew: key\nsteps: {{}}\n")
    with pytest.raises(RecipeError) as caught:
        stages.prepare(path)
    (problem,) = caught.value.problems
    assert f"is in format {number} of recipes, and this coco-recipe reads format 1" in problem.what
    assert problem.where.line == 2
    assert ("--upgrade" in problem.hint) == (number > 1)


@pytest.mark.parametrize("text", ["'1'", "1.5", "true", "null", "[1]"])
def test_a_format_that_is_no_whole_number_is_refused_with_the_rest(
    text: str, tmp_path: Path
) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(f"coco_recipe: {text}\nname: a\ninputs: {{}}\nsteps: []\n")
    with pytest.raises(RecipeError, match="coco_recipe") as caught:
        stages.prepare(path)
    assert len(caught.value.problems) > 1
