"""Croissant describes what was published: files with hashes, tables with fields."""

import hashlib
import json
from pathlib import Path

import pytest
from builders import coco, command, write_recipe
from coco_recipe_provenance import croissant

from coco_recipe import RecordedRun, RunError, recorded_run

from .test_told import run  # noqa: F401


def test_files_stand_where_their_addresses_say_and_have_their_hashes(
    run: RecordedRun,  # noqa: F811
    tmp_path: Path,
) -> None:
    for beside in (run.folder, run.folder / "dataset", tmp_path):
        told = json.loads(croissant.text(run, beside))
        assert len(told["distribution"]) == 2
        for row in told["distribution"]:
            path = beside.resolve() / row["contentUrl"]
            assert hashlib.sha256(path.read_bytes()).hexdigest() == row["sha256"]


def test_fields_name_a_file_and_a_place_that_are_there(run: RecordedRun) -> None:  # noqa: F811
    told = json.loads(croissant.text(run, run.folder))
    files = {row["@id"] for row in told["distribution"]}
    assert told["name"] == "试验_out"
    assert told["license"] == "https://schema.org/UnspecifiedLicense"
    names = [row["name"] for row in told["recordSet"]]
    assert "instances_train/images" in names
    for table in told["recordSet"]:
        for field in table["field"]:
            assert field["source"]["fileObject"]["@id"] in files


def test_licences_are_those_of_the_data(tmp_path: Path) -> None:
    data = coco(
        images=1,
        boxes=[(1, 1)],
        licenses=[{"id": 1, "name": "CC0", "url": "https://x.example/cc0"}],
    )
    data["images"][0]["license"] = 1
    with_ = {"images": "none", "to": "dataset"}
    step = {"id": "d", "use": "export_coco", "in": {"all": "raw"}, "with": with_}
    write_recipe(tmp_path, [step], data)
    assert command("run", "recipe.yaml", "-q", "--jobs", "1", cwd=tmp_path).returncode == 0
    told = json.loads(croissant.text(recorded_run(tmp_path / "runs/test"), tmp_path))
    assert told["license"] == ["https://x.example/cc0"]


def test_an_address_from_the_environment_stands_in_no_croissant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLACE", str(tmp_path / "s3cret"))
    with_ = {"images": "none", "to": "${env:PLACE}/out"}
    step = {"id": "d", "use": "export_coco", "in": {"all": "raw"}, "with": with_}
    write_recipe(tmp_path, [step], coco())
    assert command("run", "recipe.yaml", "-q", "--jobs", "1", cwd=tmp_path).returncode == 0
    found = recorded_run(tmp_path / "runs/test")
    for beside in (tmp_path / "s3cret/out", tmp_path / "s3cret/out/annotations"):
        text = croissant.text(found, beside)
        assert "s3cret" not in text
        told = json.loads(text)
        assert told["url"] == f"urn:coco-recipe:{found.steps[0].key}"
        assert (beside / told["distribution"][0]["contentUrl"]).resolve().is_file()
    for beside in (tmp_path, found.folder, tmp_path / "s3cret"):
        with pytest.raises(RunError, match=r"write the file there \(-o\)"):
            croissant.text(found, beside)
    monkeypatch.delenv("PLACE")
    with pytest.raises(RunError, match="PLACE isn't set"):
        croissant.text(found, tmp_path)


def test_a_run_that_published_nothing_is_refused(tmp_path: Path) -> None:
    write_recipe(tmp_path, [{"id": "a", "use": "reindex", "in": "raw"}], coco())
    assert command("run", "recipe.yaml", "-q", "--jobs", "1", cwd=tmp_path).returncode == 0
    with pytest.raises(RunError, match="published no data set; add a step that does"):
        croissant.text(recorded_run(tmp_path / "runs/test"), tmp_path)
