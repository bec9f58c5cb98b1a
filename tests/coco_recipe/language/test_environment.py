"""No file of a run has a value of the environment; a key tells that it has changed."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, write_recipe

from coco_recipe import files, known_files
from coco_recipe.language import source
from coco_recipe.testing import draw

SECRET = "s3cr3t-Wert-瓶"
PLUGIN = """
from coco_recipe import Dataset, Port, Step, hookimpl

def ask(ctx, *, dataset, token, places, folder):
    "Ask somebody."
    ctx.note("asked with", {token: 1, "tokens": [token], "text": f"it was {token}"})
    if token == "wrong-token":
        raise ValueError(f"refused {token} for https://me:{token}@host")
    return {"dataset": dataset}

@hookimpl
def coco_recipe_steps():
    params = {"type": "object", "properties": {
        "token": {"type": "string", "description": "x"},
        "places": {"type": "object", "description": "x", "default": {}},
        "folder": {"type": "string", "format": "recipe-folder", "description": "x", "default": "."},
    }}
    yield Step(name="ask", run=ask, params=params,
               inputs={"dataset": Port(Dataset)}, outputs={"dataset": Dataset})
"""


def _recipe(folder: Path, token: Any = "${env:TOKEN}", **top: Any) -> None:
    (folder / "mine.py").write_text(PLUGIN)
    step = {
        "id": "ask",
        "use": "ask",
        "in": "raw",
        "with": {
            "token": token,
            "places": {"all": [{"at": "x/${env:TOKEN}/y"}]},
            "folder": "${env:PLACE}",
        },
    }
    write_recipe(folder, [step], coco(), **top)


def _run(folder: Path, name: str = "run", *rest: str | Path) -> Any:
    return command(name, "recipe.yaml", "--plugin", "mine.py", *rest, cwd=folder)


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", SECRET)
    monkeypatch.setenv("PLACE", "very/secret/place")


def _texts(folder: Path) -> str:
    return "\n".join(
        f"{path}\n{path.read_text('utf-8')}" for path in files.files_below(folder / "runs")
    )


TOKENS: dict[str, tuple[Any, dict[str, Any]]] = {
    "at once": ("${env:TOKEN}", {}),
    "in a text": ("a ${env:TOKEN} b", {}),
    "by a variable": ("${t}", {"vars": {"t": "${env:TOKEN}"}}),
    "by two variables": ("${t}", {"vars": {"t": "a ${u}", "u": "${env:TOKEN}"}}),
    "by a variable that says so": ("${t}", {"vars": {"t": {"env": "TOKEN"}}}),
    "deeper": ("${a.t}", {"vars": {"a": {"t": {"env": "TOKEN", "public": False}}}}),
}


@pytest.mark.parametrize("name", TOKENS)
def test_no_file_of_a_run_has_the_value(name: str, tmp_path: Path) -> None:
    token, top = TOKENS[name]
    _recipe(tmp_path, token, **top)
    done = _run(tmp_path)
    assert done.returncode == 0, done.stderr
    written = _texts(tmp_path)
    assert SECRET not in written
    assert json.dumps(SECRET)[1:-1] not in written
    assert "very/secret/place" not in written
    resolved = (tmp_path / "runs/test/recipe.resolved.yaml").read_text("utf-8")
    assert "x/${env:TOKEN}/y" in resolved
    assert "folder: ${env:PLACE}" in resolved
    assert "nothing to do" in _run(tmp_path).stderr


def test_a_key_tells_that_the_value_has_changed_and_not_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _recipe(tmp_path)
    assert _run(tmp_path).returncode == 0
    key = json.loads((tmp_path / "runs/test/steps/ask/manifest.json").read_text())["parts"]
    assert key["parameters"]["token"].startswith("${env:TOKEN} (keyed hash ")
    monkeypatch.setenv("TOKEN", "another-token")
    assert "changed: " in _run(tmp_path, "plan").stdout
    assert "changed: " in _run(tmp_path).stderr
    assert "another-token" not in _texts(tmp_path)


def test_a_failure_is_recorded_without_the_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "wrong-token")
    _recipe(tmp_path)
    assert _run(tmp_path).returncode == 1
    written = _texts(tmp_path)
    assert "refused ${env:TOKEN}" in written
    assert "wrong-token" not in written


def test_a_public_one_is_written(tmp_path: Path) -> None:
    _recipe(tmp_path, "${t}", vars={"t": {"env": "TOKEN", "public": True}})
    (tmp_path / "recipe.yaml").write_text(
        (tmp_path / "recipe.yaml").read_text().replace("${env:TOKEN}", "${t}")
    )
    assert _run(tmp_path).returncode == 0
    assert SECRET in (tmp_path / "runs/test/recipe.resolved.yaml").read_text("utf-8")


@pytest.mark.parametrize("token", ["${env:TOKEN}", "${t}"])
def test_a_name_that_is_not_set_is_told_by_the_copy_of_the_run_too(
    token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _recipe(tmp_path, token, vars={"t": {"env": "TOKEN"}})
    assert _run(tmp_path).returncode == 0
    monkeypatch.delenv("TOKEN")
    done = _run(tmp_path)
    assert done.returncode == 2
    assert "steps[0].with.token: ${env:TOKEN} is not set" in done.stderr
    done = command("replay", "runs/test", "x", "--plugin", "mine.py", cwd=tmp_path)
    assert done.returncode == 2
    assert "${env:TOKEN} is not set" in done.stderr


def test_two_runs_give_the_same_bytes_where_the_values_are_equal(tmp_path: Path) -> None:
    _recipe(tmp_path)
    keys = []
    for name in ("a", "b"):
        assert _run(tmp_path, "run", "--out", tmp_path / name).returncode == 0
        manifest = json.loads((tmp_path / name / "steps/ask/manifest.json").read_text())
        keys.append(manifest["key"])
    assert keys[0] == keys[1]


@pytest.mark.slow
def test_inputs_keep_their_names_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILE", "raw.json")
    clean = {"id": "clean", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}}
    write_recipe(tmp_path, [clean], coco(), inputs={"raw": {"annotations": "${env:FILE}"}})
    done = command("run", "recipe.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    resolved = (tmp_path / "runs/test/recipe.resolved.yaml").read_text()
    assert "annotations: ${env:FILE}" in resolved
    assert "${env:FILE}" in (told := command("plan", "recipe.yaml", cwd=tmp_path)).stdout
    assert "raw.json" not in told.stdout + told.stderr


def test_a_recipe_without_the_environment_hides_nothing(tmp_path: Path) -> None:
    clean = {"id": "clean", "use": "filter_categories", "in": "raw", "with": {"drop": ["${HOME}"]}}
    path = write_recipe(tmp_path, [clean], coco(), vars={"HOME": os.sep})
    found = source.load(path)
    assert (found.hidden.texts, found.hidden.values) == ({}, {})
    assert found.hidden.in_data({"a": [os.sep]}) == {"a": [os.sep]}


@pytest.mark.slow
def test_no_record_nor_message_has_the_place_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither what is kept in the user's cache, nor where a result is published."""
    place, project = tmp_path / "s3cr3t-place", tmp_path / "project"
    place.mkdir()
    project.mkdir()
    write_recipe(place, [], coco(ending="png"))
    draw(place / "images", coco(ending="png"))
    given = {"raw": {"annotations": "${env:DATA}/raw.json", "images": "${env:DATA}/images"}}
    out = {
        "id": "out",
        "use": "export_coco",
        "in": {"train": "raw"},
        "with": {"to": "${env:DATA}/to"},
    }
    write_recipe(project, [out], coco(), inputs=given)
    monkeypatch.setenv("DATA", str(place))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(known_files, "YOUNG_NS", 0)
    for _ in range(2):
        done = command("run", "recipe.yaml", "--jobs", "0", cwd=project)
        assert done.returncode == 0, done.stderr
    assert "nothing to do" in done.stderr
    written = [
        *(project / "runs").rglob("*"),
        *(tmp_path / "cache").rglob("*"),
        *(place / "to").rglob("*"),
    ]
    assert len([path for path in written if path.is_file() and "files" in path.parts]) == 1
    for path in written:
        assert not path.is_file() or b"s3cr3t-place" not in path.read_bytes(), path
    assert "s3cr3t-place" not in command("explain", "recipe.yaml", cwd=project).stdout
    assert command("verify", "runs/test", cwd=project).returncode == 0
    (place / "to/annotations/instances_train.json").write_text("{}")
    done = command("verify", "runs/test", cwd=project)
    assert (done.returncode, "s3cr3t-place" in done.stdout) == (1, False)
    (place / "raw.json").unlink()
    done = command("validate", "recipe.yaml", cwd=project)
    assert done.returncode == 2
    assert "there is no file ${env:DATA}/raw.json" in done.stderr
    monkeypatch.delenv("DATA")
    done = command("verify", "runs/test", cwd=project)
    assert "${env:DATA}/to: can't be looked at: DATA isn't set" in done.stdout
