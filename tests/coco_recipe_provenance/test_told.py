"""What every form tells of a run follows from its records."""

from pathlib import Path

import pytest
from builders import coco, command, write_recipe
from coco_recipe_provenance import told

from coco_recipe import RecordedRun, recorded_run

STEPS = [
    {"id": "kept", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}},
    {"id": "parts", "use": "split", "in": "kept", "with": {"fractions": {"train": 0.5, "瓶": 0.5}}},
    {
        "id": "out",
        "use": "export_coco",
        "in": {"train": "parts.train", "all": "raw"},
        "with": {"images": "none", "to": "dataset"},
    },
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RecordedRun:
    folder = tmp_path_factory.mktemp("told")
    write_recipe(folder, STEPS, coco(images=4), name="试验")
    assert command("run", "recipe.yaml", "-q", "--jobs", "1", cwd=folder).returncode == 0
    return recorded_run(folder / "runs/试验")


def test_a_step_is_told_with_what_came_to_it(run: RecordedRun) -> None:
    found = {one.step: {source.id for source in told.sources(run, one)} for one in run.steps}
    assert found == {
        "kept": {"input/raw/annotations"},
        "parts": {"step/kept/dataset"},
        "out": {"step/parts/train", "input/raw/annotations"},
    }


def test_a_step_is_told_with_what_it_gave(run: RecordedRun) -> None:
    found = {one.step: told.outputs(one) for one in run.steps}
    assert found["parts"] == ["step/parts/train", "step/parts/瓶"]
    assert found["out"] == ["step/out/files"]


def test_what_was_published_is_told_with_its_annotations(run: RecordedRun) -> None:
    ((record, place, own),) = told.published(run)
    assert (record.step, place) == ("out", "dataset")
    assert own.keys() == {"annotations/instances_train.json", "annotations/instances_all.json"}


def test_times_are_in_utc_and_in_order(run: RecordedRun) -> None:
    for record in run.steps:
        assert told.began(record) <= told.ended(record)
        assert told.began(record).isoformat().endswith("+00:00")


def test_files_have_media_types() -> None:
    assert told.media_of("a/b.JSON") == "application/json"
    assert told.media_of("x.unknown") == ""
    assert told.as_json({"名": Path("a")}) == '{"名": "a"}'
