"""A place names data sets: of a file, a recipe's inputs and steps, a run."""

import json
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, write_recipe

from coco_recipe.asking import source
from coco_recipe.errors import CocoRecipeError, RunError
from coco_recipe.testing import draw

STEPS: list[dict[str, Any]] = [
    {"id": "cats", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}},
    {"id": "parts", "use": "split", "in": "cats", "with": {"fractions": {"a": 0.5, "b": 0.5}}},
    {
        "id": "out",
        "use": "export_coco",
        "in": {"train": "parts.a", "val": "parts.b"},
        "with": {"to": "published"},
    },
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    data = coco(images=6, boxes=[(i, i % 2 + 1) for i in range(1, 7)])
    draw(tmp_path / "images", data)
    inputs = {"raw": {"annotations": "raw.json", "images": "images"}}
    write_recipe(tmp_path, STEPS, data, inputs=inputs)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _images(place: str) -> dict[str, int]:
    return {name: len(rows.images) for name, rows in source.find(place).parts.items()}


@pytest.mark.parametrize("asked", ["", " "])
def test_an_empty_source_is_told(asked: str) -> None:
    with pytest.raises(RunError, match="the SOURCE is empty"):
        source.find(asked)


def test_without_a_name_a_recipe_is_its_first_input(folder: Path) -> None:
    assert _images("recipe.yaml") == {"raw": 6}
    assert _images("raw.json") == {"raw.json": 6}


def test_a_step_is_what_it_gives_and_one_that_gives_nothing_what_it_is_given(folder: Path) -> None:
    parts = _images("recipe.yaml:parts")
    assert sum(parts.values()) == 6
    assert _images("recipe.yaml:parts.b") == {"b": parts["b"]}
    assert _images("recipe.yaml:out") == {"train": parts["a"], "val": parts["b"]}
    assert _images("recipe.yaml:raw") == {"raw": 6}


@pytest.mark.slow
def test_a_run_is_what_it_published(folder: Path) -> None:
    assert command("run", "recipe.yaml", cwd=folder).returncode == 0
    parts = _images("runs/test:parts")
    assert _images("runs/test") == {"train": parts["a"], "val": parts["b"]}
    assert _images("runs/test:cats") == {"dataset": 6}


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("nowhere.json", "there is no such annotation file, recipe or run directory"),
        ("nowhere.yaml:cats", "there is no such annotation file"),
        ("recipe.yaml:cat", "did you mean 'cats'"),
        ("recipe.yaml:parts.c", "has no data set 'c'"),
        ("recipe.yaml:raw.x", "there is no 'raw.x'"),
        ("raw.json:cats", "only a recipe or a run directory has named data sets"),
        ("images", "is not the directory of a finished run"),
    ],
)
def test_what_isnt_there_is_told(folder: Path, place: str, told: str) -> None:
    with pytest.raises(RunError, match=told):
        source.find(place)


@pytest.mark.slow
def test_a_step_behind_one_that_writes_files_must_be_run_first(folder: Path) -> None:
    pytest.importorskip("albumentations")
    more = {"id": "more", "use": "augment", "in": "cats", "with": {"pipeline": [], "copies": 1}}
    write_recipe(
        folder,
        [STEPS[0], more | {"with": {"copies": 1, "pipeline": [{"HorizontalFlip": {"p": 1}}]}}],
        inputs={"raw": {"annotations": "raw.json", "images": "images"}},
        name="augmented",
    )
    with pytest.raises(RunError, match="run the recipe first"):
        source.find("recipe.yaml:more")
    assert command("run", "recipe.yaml", "--jobs", "1", cwd=folder).returncode == 0
    assert _images("recipe.yaml:more") == {"dataset": 6}
    assert _images("runs/augmented") == {"dataset": 6}


def test_findings_are_those_of_the_place(folder: Path) -> None:
    data = json.loads((folder / "raw.json").read_text("utf-8"))
    data["annotations"][0]["area"] = 5000
    (folder / "raw.json").write_text(json.dumps(data), "utf-8")
    kinds = [finding.kind.name for finding in source.find("recipe.yaml:raw").findings]
    assert kinds
    assert kinds == [finding.kind.name for finding in source.find("recipe.yaml").findings]
    assert {f.kind.name for f in source.findings_of(folder / "raw.json")} >= set(kinds)


def test_a_file_that_is_no_coco_file_is_refused(folder: Path) -> None:
    (folder / "list.json").write_text("[]", "utf-8")
    with pytest.raises(CocoRecipeError, match="expected an object"):
        source.find("list.json")
