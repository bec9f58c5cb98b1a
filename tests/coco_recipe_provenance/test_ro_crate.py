"""An RO-Crate has an action for each step, and names nothing that isn't described."""

import json
from typing import Any

import pytest
from coco_recipe_provenance import ro_crate

from coco_recipe import RecordedRun

from .test_told import run  # noqa: F401

pytest.importorskip(
    "rocrate", reason="rocrate is not installed: pip install 'coco-recipe[provenance]'"
)


@pytest.fixture
def graph(run: RecordedRun) -> dict[str, dict[str, Any]]:  # noqa: F811
    return {row["@id"]: row for row in json.loads(ro_crate.text(run))["@graph"]}


def test_each_step_is_an_action_with_object_instrument_and_result(
    graph: dict[str, dict[str, Any]],
) -> None:
    actions = [row for row in graph.values() if row["@type"] == "CreateAction"]
    assert [row["name"] for row in actions] == ["kept", "parts", "out"]
    assert actions[0]["object"] == {"@id": "#input/raw/annotations"}
    assert actions[2]["result"] == [{"@id": "#step/out/files"}, {"@id": "dataset/"}]
    assert graph[actions[1]["instrument"]["@id"]]["name"] == "coco-recipe: split"
    assert graph["./"]["conformsTo"] == {"@id": ro_crate.PROFILE}
    assert graph["ro-crate-metadata.json"]["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}


def test_all_that_is_named_is_described(graph: dict[str, dict[str, Any]]) -> None:
    def named(value: Any) -> list[str]:
        if isinstance(value, dict):
            return [value["@id"]] if set(value) == {"@id"} else []
        return [id_ for one in value for id_ in named(one)] if isinstance(value, list) else []

    outside = {"https://w3id.org/ro/crate/1.1"}
    for row in graph.values():
        for value in row.values():
            assert set(named(value)) <= graph.keys() | outside


def test_files_are_those_that_are_there(
    run: RecordedRun,  # noqa: F811
    graph: dict[str, dict[str, Any]],
) -> None:
    files = [id_ for id_, row in graph.items() if row["@type"] == "File"]
    assert files == ["recipe.yaml", "recipe.resolved.yaml", "provenance.jsonl"]
    assert all((run.folder / name).is_file() for name in files)
