"""coco_recipe.run from a script, a notebook and a test."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from builders import CLEAN, PARTS, REPOSITORY, coco, write_recipe

import coco_recipe
from coco_recipe import events


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    return write_recipe(tmp_path, [CLEAN, PARTS], coco(8, [(n, 1 + n % 2) for n in range(1, 9)]))


def test_a_finding_is_a_warning_or_shown_with_the_progress(
    recipe: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = coco(8, [(n, 1 + n % 2) for n in range(1, 9)])
    data["annotations"][0]["bbox"] = [0, 0, 0, 5]
    write_recipe(recipe.parent, [CLEAN, PARTS], data)
    with pytest.warns(UserWarning, match="a width or height of 0"):
        coco_recipe.run(recipe, out=recipe.parent / "out", jobs=1)
    assert capsys.readouterr().err == ""
    monkeypatch.setitem(sys.modules, "ipykernel", sys)  # a notebook's kernel
    coco_recipe.run(recipe, out=recipe.parent / "other", jobs=1)
    shown = capsys.readouterr().err
    assert "a width or height of 0" in shown
    assert "[2/2] parts  done" in shown


def test_set_takes_what_the_command_takes_and_values(recipe: Path) -> None:
    for number, given in enumerate(
        (
            ["steps.clean.with.images_left_empty=drop", "steps.parts.with.min_per_part=0"],
            {"steps.clean.with.images_left_empty": "drop", "steps.parts.with.min_per_part": 0},
        )
    ):
        result = coco_recipe.run(recipe, out=recipe.parent / str(number), jobs=1, set=given)
        assert len(result["clean"].images) == 4


@pytest.mark.slow
def test_the_example_of_the_documentation_runs_as_a_script_without_a_main_guard(
    recipe: Path,
) -> None:
    text = (REPOSITORY / "docs/python.md").read_text("utf-8")
    code = "\n".join(re.findall(r"```python\n(.*?)```", text, re.S))
    (recipe.parent / "script.py").write_text(code)
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=recipe.parent,
        text=True,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert " boxes\nclean ['cat']\nparts.train" in done.stdout
    cells = (
        f"import code\nshell = code.InteractiveInterpreter()\nfor cell in ({code!r},):\n    "
        "shell.runcode(cell)\n"
    )
    done = subprocess.run(
        [sys.executable],
        input=cells,
        cwd=recipe.parent,
        text=True,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_importing_is_light_and_run_is_a_function_before_and_after_the_command_line() -> None:
    code = (
        "import sys, coco_recipe\n"
        "assert not {'yaml', 'cv2', 'numpy', 'jsonschema'} & sys.modules.keys()\n"
        "from coco_recipe import run\nassert callable(run)\n"
        "import coco_recipe.cli, coco_recipe.running.stages\nfrom coco_recipe import run "
        "as again\nassert again is run\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


SCRIPT = """
import coco_recipe
open("started", "a").write("x")
result = coco_recipe.run("recipe.yaml", jobs=2, engine="{engine}", plugins=["mine.py"])
print(result.ran)
"""
PLUGIN = '''
from coco_recipe import (
    Dataset,
    Port,
    Step,
    hookimpl,
)

def twice(number):
    return 2 * number

def work(ctx, *, dataset):
    """Have workers count."""
    ctx.note("rows", list(ctx.map(twice, range(5))))
    return {"dataset": dataset}

@hookimpl
def coco_recipe_steps():
    yield Step(name="work", run=work, inputs={"dataset": Port(Dataset)},
               outputs={"dataset": Dataset})
'''


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["local", "local:spawn", "dask"])
def test_a_script_without_a_main_guard_has_workers(engine: str, tmp_path: Path) -> None:
    if engine == "dask":
        pytest.importorskip("distributed")
    write_recipe(tmp_path, [{"id": "x", "use": "work", "in": "raw"}], coco())
    (tmp_path / "mine.py").write_text(PLUGIN)
    (tmp_path / "script.py").write_text(SCRIPT.format(engine=engine))
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, text=True, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "('x',)\n", "")
    assert (tmp_path / "started").read_text() == "x"


def test_a_finished_run_is_opened_again(tmp_path: Path) -> None:
    steps = [{"id": "few", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}}]
    recipe = write_recipe(tmp_path, steps, coco())
    made = coco_recipe.run(recipe, out=tmp_path / "run", report=False)
    opened = coco_recipe.open_run(tmp_path / "run")
    assert (opened.ran, opened.reused) == ((), ("few",))
    assert opened["few"] == made["few"]
    assert "filter_categories" in opened._repr_html_()
    assert ">made<" in made._repr_html_()
    with pytest.raises(coco_recipe.RunError, match="not the directory of a finished run"):
        coco_recipe.open_run(tmp_path)


def test_a_file_is_read_to_look_at_it_whatever_is_wrong(tmp_path: Path) -> None:
    data = coco()
    data["annotations"][0]["bbox"] = ["1", "2", "3", "4"]
    (tmp_path / "raw.json").write_text(json.dumps(data))
    read = coco_recipe.load(str(tmp_path / "raw.json"))
    assert read.annotations[0].bbox == (1, 2, 3, 4)
    assert "no pictures: no folder of images" in str(read._repr_html_())


def test_every_cell_of_a_matrix_runs_and_one_that_fails_stops_none(tmp_path: Path) -> None:
    parts = {**PARTS, "with": {"every": 2}}
    data = coco(4, [(1, 1), (2, 1), (3, 1), (4, 1), (1, 2)])
    matrix = {"steps.clean.with.drop": [["cat"], ["dog"]]}  # of dogs one part has none
    path = write_recipe(tmp_path, [CLEAN, parts], data, matrix=matrix)
    told: list[events.Event] = []
    bad, good = coco_recipe.run_matrix(
        path, out=tmp_path / "out/test", jobs=0, report=False, strict=True, observers=[told.append]
    )
    assert (bad.name, good.name) == ("drop=cat", "drop=dog")
    assert bad.result is None
    assert isinstance(bad.error, coco_recipe.FindingsError)
    assert good.error is None
    assert good.result is not None
    assert len(good.result["parts.val"].images) == 2
    assert good.folder == good.result.folder == (tmp_path / "out/test,drop=dog").resolve()
    assert sum(isinstance(one, events.RunEnded) for one in told) == 2


def test_a_recipe_without_a_matrix_has_no_cells(tmp_path: Path) -> None:
    steps = [{"id": "parts", "use": "split", "in": "raw", "with": {"every": 2}}]
    path = write_recipe(tmp_path, steps, coco())
    with pytest.raises(coco_recipe.RecipeError, match="matrix"):
        coco_recipe.run_matrix(path)
