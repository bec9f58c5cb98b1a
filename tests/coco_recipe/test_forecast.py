"""What is known of a recipe's values before anything runs."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, recorded, write_recipe

from coco_recipe.errors import RecipeError, RunError, StepError
from coco_recipe.running import forecast, stages
from coco_recipe.running.session import Session
from coco_recipe.steps import Facts

TWO = {"fractions": {"a": 0.5, "b": 0.5}}


def _run(folder: Path, steps: list[dict[str, Any]], *plugins: Path) -> Session:
    return Session.open(
        stages.prepare(write_recipe(folder, steps, coco()), plugin_files=plugins), folder / "out"
    )


def test_classes_and_sizes_are_followed_through_the_data_steps(tmp_path: Path) -> None:
    facts = _run(
        tmp_path,
        [
            {"id": "one", "use": "filter_categories", "in": "raw", "with": {"drop": ["cat"]}},
            {
                "id": "other",
                "use": "map_categories",
                "in": "raw",
                "with": {"map": {"cat": "lion"}, "order": ["dog", "lion"]},
            },
            {"id": "all", "use": "merge", "in": ["one", "other"]},
            {"id": "parts", "use": "split", "in": "all", "with": TWO},
        ],
    ).inputs.facts
    size = (64, 48)
    fields = ("id", "file_name", "width", "height", "license")
    keys = ("id", "image_id", "category_id", "bbox", "area", "iscrowd", "segmentation")
    assert facts["raw", ""] == Facts(
        ("cat", "dog"), size, size, fields, (), annotation_fields=keys, images=3
    )
    assert facts["one", "dataset"] == Facts(
        ("dog",), size, size, fields, (), annotation_fields=keys, images=3
    )
    assert facts["all", "dataset"].classes == ("dog", "lion")
    assert facts["parts", "b"] == Facts(
        ("dog", "lion"), size, size, fields, (), annotation_fields=keys
    )


def test_categories_named_by_id_leave_the_names_unknown_and_all_else_known(tmp_path: Path) -> None:
    facts = _run(
        tmp_path, [{"id": "one", "use": "filter_categories", "in": "raw", "with": {"drop": [1]}}]
    ).inputs.facts
    assert facts["one", "dataset"] == replace(facts["raw", ""], classes=None)


def test_sizes_are_forgotten_where_unknown_images_go() -> None:
    assert Facts(("a",), (1, 1), (9, 9), ("id",), ("nose",)).of_fewer_images() == Facts(
        ("a",), fields=("id",), keypoints=("nose",)
    )


def test_what_cannot_go_together_is_said_at_its_place_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(
        RecipeError,
        match=r"recipe.yaml:1:\d+: steps\[1\].with.map.cat: step 'b' .*no category 'cat'",
    ):
        _run(
            tmp_path,
            [
                {"id": "a", "use": "filter_categories", "in": "raw", "with": {"drop": ["cat"]}},
                {"id": "b", "use": "map_categories", "in": "a", "with": {"map": {"cat": "x"}}},
            ],
        )
    assert not (tmp_path / "out").exists()


def test_an_empty_list_of_inputs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"steps\[0\].in: is empty"):
        _run(tmp_path, [{"id": "a", "use": "merge", "in": []}])


def test_a_mistake_is_found_before_a_picture_is_opened(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    step = {
        "id": "more",
        "use": "augment",
        "in": "raw",
        "with": {"pipeline": ["HorizontalFlip"], "where": {"categories": ["cow"]}},
    }
    path = write_recipe(
        tmp_path, [step], coco(), inputs={"raw": {"annotations": "raw.json", "images": "images"}}
    )
    with pytest.raises(RecipeError, match="there is no category 'cow'"):
        Session.open(stages.prepare(path), tmp_path / "out")


PLUGIN = """\
from coco_recipe import Checkpoint, Dataset, Port, Step, hookimpl

def many(ctx, *, dataset):
    parts = tuple(ctx.workdir / f"{n}.pth" for n in (1, 2))
    for path in parts:
        path.write_text(path.name)
    return {"several": tuple(Checkpoint(path, label=path.stem) for path in parts)}

def take(ctx, *, checkpoints):
    ctx.note("labels", [c.label for c in checkpoints])
    return {}

def one(ctx, *, checkpoint):
    return {}

def draw(ctx, target, images, *, dataset):
    target.write_text(f"{ctx.step_id} {images} {len(dataset.images)}")

def resume(ctx, *, dataset):
    left = ctx.workdir / "left"
    ctx.note("found", left.read_text() if left.exists() else "")
    ctx.note("earlier", ctx.earlier is not None)
    ctx.note("code", ctx.environment["code"])
    left.write_text("half")
    if not ctx.earlier and not ctx.notes["found"]:
        raise ValueError("stopped half-way")
    return {}

@hookimpl
def coco_recipe_steps():
    yield Step(name="many", run=many, inputs={"dataset": Port(Dataset, reads_only=True)},
               outputs={"several": Port(Checkpoint, many=True)}, writes=True, preview=draw)
    yield Step(name="take", run=take, inputs={"checkpoints": Port(Checkpoint, many=True)}, outputs={}, writes=True)
    yield Step(name="one", run=one, inputs={"checkpoint": Port(Checkpoint)}, outputs={}, writes=True)
    yield Step(name="resume", run=resume, inputs={"dataset": Port(Dataset, reads_only=True)}, outputs={}, writes=True,
               resumes=True)
"""


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    path = tmp_path / "plugin.py"
    path.write_text(PLUGIN)
    return path


def test_several_values_under_one_port_arrive_flat(tmp_path: Path, plugin: Path) -> None:
    planned = _run(
        tmp_path,
        [
            {"id": "m", "use": "many", "in": "raw"},
            {"id": "t", "use": "take", "in": ["m.several", "m.several"]},
        ],
        plugin,
    ).plan
    stages.run(planned, out=tmp_path / "out")
    manifest = (tmp_path / "out/steps/t/manifest.json").read_text()
    assert manifest.count('"1"') == manifest.count('"2"') == 2
    with pytest.raises(RecipeError, match="is several Checkpoints, expected one"):
        _run(
            tmp_path,
            [{"id": "m", "use": "many", "in": "raw"}, {"id": "o", "use": "one", "in": "m"}],
            plugin,
        )


def test_a_plan_passes_over_values_without_rows(tmp_path: Path, plugin: Path) -> None:
    steps = [
        {"id": "m", "use": "many", "in": "raw"},
        {"id": "t", "use": "take", "in": "m"},
        {"id": "r", "use": "reindex", "in": "raw"},
    ]
    planned = _run(tmp_path, steps, plugin).plan
    stages.run(planned, out=tmp_path / "out")
    shown = command("plan", "recipe.yaml", "--out", "out", "--plugin", plugin, cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "reuse  m (many): unchanged\nreuse  t (take): unchanged\n" in shown.stdout
    assert shown.stdout.count(" boxes (") == 1, "of reindex"


def test_a_step_that_resumes_finds_what_an_interrupted_run_left(
    tmp_path: Path, plugin: Path
) -> None:
    planned = _run(tmp_path, [{"id": "r", "use": "resume", "in": "raw"}], plugin).plan
    with pytest.raises(StepError, match="stopped half-way"):
        stages.run(planned, out=tmp_path / "out")
    left = tmp_path / "out/steps/.r.partial"
    for name in (
        "manifest.json",
        "dropped.jsonl",
        ".manifest.json.partial",
    ):  # of a kill just before the commit
        (left / name).write_text("{}")
    stages.run(planned, out=tmp_path / "out")
    assert list(json.loads((tmp_path / "out/steps/r/manifest.json").read_text())["files"]) == [
        "left"
    ]
    assert '"found": "half"' in (tmp_path / "out/steps/r/manifest.json").read_text()
    (tmp_path / "out/steps/r/left").write_text("damaged")
    stages.run(planned, out=tmp_path / "out")
    assert '"earlier": true' in (tmp_path / "out/steps/r/manifest.json").read_text()
    with pytest.raises(StepError, match="stopped half-way"):
        stages.run(planned, out=tmp_path / "out", force=True)


def test_a_step_is_told_a_digest_of_its_code_so_that_it_takes_nothing_from_an_older_one(
    tmp_path: Path, plugin: Path
) -> None:
    with pytest.raises(StepError):
        stages.run(
            _run(tmp_path, [{"id": "r", "use": "resume", "in": "raw"}], plugin).plan,
            out=tmp_path / "out",
        )
    stages.run(
        _run(tmp_path, [{"id": "r", "use": "resume", "in": "raw"}], plugin).plan,
        out=tmp_path / "out",
    )
    first = recorded(tmp_path / "out/steps/r").notes["code"]
    plugin.write_text(PLUGIN.replace('"half"', '"a half"'))
    stages.run(
        _run(tmp_path, [{"id": "r", "use": "resume", "in": "raw"}], plugin).plan,
        out=tmp_path / "out",
    )
    assert recorded(tmp_path / "out/steps/r").notes["code"] not in ("", first)


def test_a_preview_is_drawn_by_the_step_from_what_comes_to_it(tmp_path: Path, plugin: Path) -> None:
    state = _run(
        tmp_path,
        [{"id": "m", "use": "many", "in": "raw"}, {"id": "t", "use": "take", "in": "m"}],
        plugin,
    )
    forecast.preview(state, "m", tmp_path / "sheet.png", images=4)
    assert (tmp_path / "sheet.png").read_text() == "m 4 3"
    assert not (tmp_path / "out").exists()
    with pytest.raises(RunError, match="has no preview"):
        forecast.preview(state, "t", tmp_path / "sheet.png", images=4)
    with pytest.raises(RunError, match="there is no step 'x'"):
        forecast.preview(state, "x", tmp_path / "sheet.png", images=4)
