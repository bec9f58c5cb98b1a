"""What a step reads of its parameters once, ``Step.read``, is what all its functions get."""

import json
from pathlib import Path
from typing import Any

import pytest
from builders import coco, write_recipe

from coco_recipe.errors import RecipeError
from coco_recipe.running import stages

RENAME = '''"""coco-recipe plugin: step ``rename``, with names from a file."""
from dataclasses import replace
from pathlib import Path
import msgspec
from coco_recipe import (
    Complaint,
    Dataset,
    Port,
    Step,
    hookimpl,
)

PARAMS = {"type": "object", "additionalProperties": False, "required": ["names"], "properties": {
    "names": {"type": "string", "format": "recipe-file", "description": "A file.",
              "examples": ["names.txt"]},
    "other": {"type": "integer", "default": 3, "description": "Another.", "examples": [4]}}}

def read(params, backends):
    with open(Path(params["names"]).with_name("readings"), "a") as file:
        file.write("x")
    return {"names": dict(line.split() for line in Path(params["names"]).read_text().splitlines())}

def check(params):
    if "dog" not in params["names"]:
        yield Complaint(("names",), f"names no dog, but {', '.join(params['names'])}")

def foresee(params, facts):
    assert (params["names"]["dog"], params["other"]) == ("wolf", 3)
    return {"dataset": facts["dataset"]}

def files(params):
    assert params["names"]["dog"] == "wolf"
    return []

def rename(ctx, *, dataset, names, other):
    """Rename categories."""
    made = tuple(msgspec.structs.replace(one, name=names.get(one.name, one.name))
                 for one in dataset.categories)
    return {"dataset": replace(dataset, categories=made)}

STEP = Step(name="rename", run=rename, params=PARAMS,
            inputs={"dataset": Port(Dataset)}, outputs={"dataset": Dataset},
            read=read, check=check, foresee=foresee, files=files)

@hookimpl
def coco_recipe_steps():
    return [STEP]
'''


def _recipe(folder: Path, names: str, **params: Any) -> Path:
    (folder / "rename.py").write_text(RENAME)
    (folder / "names.txt").write_text(names)
    return write_recipe(
        folder,
        [{"id": "a", "use": "rename", "in": "raw", "with": {"names": "names.txt"} | params}],
        coco(),
    )


def test_a_file_is_read_once_for_all_functions_of_a_step(tmp_path: Path) -> None:
    planned = stages.prepare(_recipe(tmp_path, "dog wolf\n"), plugin_files=[tmp_path / "rename.py"])
    assert planned.steps[0].params["names"] == "names.txt"  # the record has what is written
    stages.run(planned, out=tmp_path / "out")
    assert (tmp_path / "readings").read_text() == "x"
    data = json.loads((tmp_path / "out/steps/a/dataset.json").read_text("utf-8"))
    assert [row["name"] for row in data["categories"]] == ["cat", "wolf"]


def test_what_is_wrong_with_what_was_read_is_told_at_its_key(tmp_path: Path) -> None:
    with pytest.raises(
        RecipeError, match=r"recipe.yaml:1:\d+: steps\[0\].with.names: names no dog, but cat"
    ):
        stages.prepare(_recipe(tmp_path, "cat lion\n"), plugin_files=[tmp_path / "rename.py"])


def test_nothing_is_read_for_parameters_that_do_not_fit_the_schema(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="unknown key 'nmes'"):
        stages.prepare(
            _recipe(tmp_path, "dog wolf\n", nmes=1), plugin_files=[tmp_path / "rename.py"]
        )
    assert not (tmp_path / "readings").exists()
