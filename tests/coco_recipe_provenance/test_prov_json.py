"""PROV-JSON is what the library prov reads back, with a path from the input to what was made."""

import json

import pytest
from coco_recipe_provenance import prov_json

from coco_recipe import RecordedRun

from .test_told import run  # noqa: F401

model = pytest.importorskip(
    "prov.model", reason="prov is not installed: pip install 'coco-recipe[provenance]'"
)


def test_the_library_reads_it_back(run: RecordedRun) -> None:  # noqa: F811
    text = prov_json.text(run)
    document = model.ProvDocument.deserialize(content=text, format="json")
    told = json.loads(text)
    again = json.loads(document.serialize(format="json"))
    assert again.keys() == told.keys()
    for kind in told:  # relations are numbered anew
        rows = [sorted(map(str, one[kind].values())) for one in (again, told)]
        assert rows[0] == rows[1]
    assert set(told["activity"]) == {f"run:activity/{step}" for step in ("kept", "parts", "out")}
    assert told["activity"]["run:activity/kept"]["coco:use"] == "filter_categories"
    assert told["entity"]["run:input/raw/annotations"]["coco:sha256"]
    used = {(one["prov:activity"], one["prov:entity"]) for one in told["used"].values()}
    assert ("run:activity/out", "run:step/parts/train") in used
    assert "run:step/parts/瓶" in told["entity"]


def test_it_is_the_same_each_time(run: RecordedRun) -> None:  # noqa: F811
    assert prov_json.text(run) == prov_json.text(run)
