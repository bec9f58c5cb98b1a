"""Training: what a step leaves, refuses, survives and reports."""

import json
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pages
import pytest
from builders import REPOSITORY, coco, command, times, write_recipe
from coco_recipe_mmdet import train as train_module
from coco_recipe_mmdet.inside import flat_config
from coco_recipe_mmdet.train_params import PARAMS
from training import CPU, TINY, Shapes, provenance, train_step

from coco_recipe import Facts, StepProblems, events, files
from coco_recipe.language.schema_check import with_defaults
from coco_recipe.running import stages


def test_the_loss_falls_and_the_folder_has_all_that_was_done(trained: Path) -> None:
    lines = [json.loads(line) for line in (trained / "fit/scalars.jsonl").read_text().splitlines()]
    epochs = {
        n: [line["loss"] for line in lines if line["epoch"] == n and "loss" in line]
        for n in (1, 2, 3)
    }
    assert [len(losses) for losses in epochs.values()] == [5, 5, 5]
    means = [sum(losses) / 5 for losses in epochs.values()]
    assert means[2] < means[1] < means[0]
    names = {
        path.relative_to(trained / "fit").as_posix()
        for path in (trained / "fit").rglob("*")
        if path.is_file()
    }
    assert names == {
        "config.py",
        "train.log",
        "scalars.jsonl",
        "results.csv",
        "curves.png",
        "first_batch.png",
        "predictions.png",
        "confusion.png",
        "precision_recall.png",
        "f1.png",
        "command.txt",
        "job.json",
        "data/train.json",
        "data/val.json",
        "manifest.json",
        *(f"checkpoints/epoch_{n}.pth" for n in (1, 2, 3)),
    }


def test_the_page_of_the_run_directory_names_each_file(trained: Path) -> None:
    page = (REPOSITORY / "docs/run_directory.md").read_text("utf-8")
    names = [
        path.relative_to(trained.parent).as_posix()
        for path in sorted(trained.rglob("*"))
        if path.is_file()
    ]
    assert len(names) > 30
    assert [name for name in names if not pages.tells(page, name)] == []


def test_the_checkpoints_load_strictly_in_the_model_of_the_resolved_config(trained: Path) -> None:
    import torch
    from mmdet.registry import MODELS
    from mmdet.utils import register_all_modules
    from mmengine.config import Config

    register_all_modules(init_default_scope=True)
    model = MODELS.build(Config.fromfile(trained / "fit/config.py").model)
    for path in sorted((trained / "fit/checkpoints").iterdir()):
        found = torch.load(path, weights_only=True)
        model.load_state_dict(found["state_dict"], strict=True)
        assert found["meta"]["dataset_meta"]["classes"] == ("disc", "square", "triangle")
        assert "optimizer" not in found
        assert all(torch.isfinite(value).all() for value in found["state_dict"].values())


def test_what_was_changed_in_the_config_is_on_record(trained: Path) -> None:
    notes = provenance(trained, "fit").notes
    changed = notes["config"]["changed"]
    assert "model.bbox_head.num_classes: 80 -> 3" in changed
    assert (
        "train_dataloader.dataset.filter_cfg: {'filter_empty_gt': True, 'min_size': 32} -> "
        "{'filter_empty_gt': False, 'min_size': 32}" in changed
    )
    assert any(line.startswith("val_dataloader.dataset.pipeline: ") for line in changed), (
        "set reaches every loader"
    )
    assert {"small.py", "mmdet::retinanet/retinanet_r18_fpn_1x_coco.py"} <= notes["config"][
        "files"
    ].keys()
    boxes = len(json.loads((trained / "fit/data/train.json").read_text())["annotations"])
    assert boxes > 40
    assert notes["train_uses"] == {
        "images": 40,
        "boxes": boxes,
        "crowd_regions": 0,
        "images_without_box": 0,
        "skipped": {},
        "skipped_ids": {},
    }


# what tells, in the folder of a training, that a phase goes on
PHASES: tuple[Callable[[Path], bool], ...] = (
    lambda at: any((at / "checkpoints").glob(".*")),  # weights are being written
    lambda at: (at / ".job/states/.writing.pth").exists(),
    lambda at: (at / "job.json").exists(),  # the process starts
    lambda at: '"schedule"' in "".join(_events(at)),  # the model is about to be built
    lambda at: "validates" in "".join(_events(at)[-1:]),
    lambda at: '"coco/bbox_mAP"' in "".join(_events(at)),  # an epoch was measured
    lambda at: (at / "curves.png").exists(),  # it draws
)


def _saved_twice(at: Path) -> bool:
    record = at / ".job/record.json"
    return (at / "checkpoints/epoch_2.pth").exists() and '"2"' in record.read_text()


@pytest.mark.soak
def test_the_same_training_gives_the_same_bytes_wherever_it_is_killed(shapes: Shapes) -> None:
    """Once the newest state is damaged before the training goes on."""
    step = train_step(ema=0.1)
    whole = shapes.run("undisturbed", [step]) / "fit"
    chance = random.Random(0)
    left = [PHASES[0], _saved_twice, *(_after(chance.randint(3, 16)) for _ in range(12))]
    left = [*left, *PHASES[1:]][: times(20)]
    for number in range(len(left)):
        shutil.rmtree(shapes.folder / "runs/.cache")  # else what was made is taken from there
        recipe = shapes.recipe(f"killed_{number}", [step])
        steps = shapes.folder / f"runs/killed_{number}/steps"
        kills: list[Callable[[Path], bool]] = []
        while left and kill_when(recipe, lambda: left[0](steps / ".fit.partial")):  # noqa: B023
            kills.append(left.pop(0))
            if kills[-1] is _saved_twice:
                _damage(steps / ".fit.partial/.job/states/epoch_2.pth")
                break
        assert kills, "it ended before the next place was reached"
        done = command("run", recipe, cwd=shapes.folder)
        assert done.returncode == 0, done.stderr
        if kills[-1] is _saved_twice:
            clock = provenance(steps, "fit").clock
            assert clock.this_run["resumed after epoch"] == 1, "not from what is damaged"
        for part in (
            "checkpoints/epoch_1.pth",
            "checkpoints/epoch_2.pth",
            "checkpoints/epoch_3.pth",
        ):
            assert files.sha256(steps / "fit" / part) == files.sha256(whole / part)
        assert _lines(steps / "fit/scalars.jsonl") == _lines(whole / "scalars.jsonl")
        assert not list((steps / "fit").rglob(".*"))
        if not left:
            break


def _damage(path: Path) -> None:
    """Flip a bit in the middle of a file."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _after(events_: int) -> Callable[[Path], bool]:
    return lambda at: len(_events(at)) >= events_


def _events(at: Path) -> list[str]:
    """Return what the process has reported since it was started."""
    return _lines(at / ".job/events.jsonl")


def test_two_processes_go_on_after_one_was_killed_as_if_nothing_had_happened(
    shapes: Shapes,
) -> None:
    score = {
        "id": "score",
        "use": "evaluate",
        "in": {"checkpoints": "fit.checkpoint", "dataset": "val"},
        "with": CPU,
    }
    step = train_step(epochs=2, launcher="pytorch", gpus=2)
    steps = shapes.run("two", [step, score])
    lines = list(map(json.loads, _lines(steps / "fit/scalars.jsonl")))
    # 40 pictures, twice 8 at a time
    assert [line["iter"] for line in lines if "loss" in line] == list(range(1, 7))
    during = provenance(steps, "fit").notes["metrics"]["epoch_2"]
    after = provenance(steps, "score").notes["metrics"]["fit/epoch_2"]
    assert during["bbox_mAP_50"] > 0
    assert after["bbox"]["mAP_50"] == pytest.approx(during["bbox_mAP_50"], abs=6e-4), (
        "batch norms are one for all"
    )
    command_ = (steps / "fit/command.txt").read_text()
    assert "torch.distributed.run --standalone --nproc_per_node=2" in command_

    shutil.rmtree(shapes.folder / "runs/.cache")  # else the result that is there is taken
    recipe = shapes.recipe("two_killed", [step])
    partial = shapes.folder / "runs/two_killed/steps/.fit.partial"
    process_ = _start(recipe)
    assert _wait(process_, lambda: len(_lines(partial / "scalars.jsonl")) >= 5)  # in epoch 2
    second = [pid for pid in _below(process_.pid) if _variable(pid, "LOCAL_RANK") == "1"]
    os.kill(second[0], signal.SIGKILL)
    assert process_.wait(120) == 1, "the others end, too"
    said = (shapes.folder / "runs/two_killed/error.log").read_text()
    assert "process 1 of 2 was ended by SIGKILL" in said
    assert (partial / "checkpoints/epoch_1.pth").is_file()
    done = command("run", recipe, cwd=shapes.folder)
    assert done.returncode == 0, done.stderr
    killed = shapes.folder / "runs/two_killed/steps"
    assert provenance(killed, "fit").clock.this_run["resumed after epoch"] == 1
    again = list(map(json.loads, _lines(killed / "fit/scalars.jsonl")))
    assert [line.get("loss", 0.0) for line in again] == pytest.approx(
        [line.get("loss", 0.0) for line in lines], rel=1e-6
    )
    assert provenance(killed, "fit").notes["metrics"] == provenance(steps, "fit").notes["metrics"]
    one, other = ((folder / "fit/job.json").read_text() for folder in (steps, killed))
    assert json.loads(one) | {"key": ""} == json.loads(other) | {"key": ""}


def test_a_loss_that_is_not_finite_stops_the_training_at_once(shapes: Shapes) -> None:
    said = shapes.fails(
        "nan",
        [
            train_step(
                set={
                    "optim_wrapper.optimizer": {"_delete_": True, "type": "SGD", "lr": 1e9},
                    "param_scheduler": [],
                    **train_step()["with"]["set"],
                }
            )
        ],
    )
    assert "is nan at iteration" in said or "is inf at iteration" in said
    assert "lower the learning rate" in said


def test_a_crash_is_reported_with_the_place_of_the_log(shapes: Shapes) -> None:
    (shapes.folder / "crash.py").write_text(  # what looks at it before the run is left alone
        "_base_ = 'small.py'\nimport os\n"
        "if os.path.basename(os.getcwd()) == '.fit.partial':\n"
        "    print('its last', 'words')\n    os.abort()\n"
    )
    said = shapes.fails("crash", [train_step(config="crash.py")])
    assert "was ended by SIGABRT" in said
    assert "train.log" in said
    assert said.endswith("\n(details: runs/crash/error.log)\n")
    log = (shapes.folder / "runs/crash/error.log").read_text("utf-8")
    end = log.partition("the end of runs/crash/steps/.fit.partial/train.log, last written ")[2]
    assert "\nits last words\n" in end


def test_what_mmdet_says_is_passed_on_with_its_place(shapes: Shapes) -> None:
    narrow = {**TINY, "model.bbox_head": {**TINY["model.bbox_head"], "in_channels": 32}}
    said = shapes.fails("wrong", [train_step(set=narrow)])
    [line] = [line for line in said.splitlines() if "RuntimeError" in line]
    assert "to have 32 channels, but got 64 channels" in line
    assert "[torch/nn/modules/conv.py:" in said
    assert ", from coco_recipe_mmdet/inside/job_train.py" in said
    log = (shapes.folder / "runs/wrong/error.log").read_text("utf-8")
    assert "in _conv_forward" in log.partition("train.log, last written")[2]


def test_a_path_that_the_config_has_not_is_refused_with_what_there_is(shapes: Shapes) -> None:
    said = shapes.fails("path", [train_step(set={"model.backbon.depth": 50})])
    assert (
        "the config has no 'model.backbon.depth'; 'model' has type, data_preprocessor, backbone"
        in said
    )


def test_a_checkpoint_that_says_other_classes_than_it_is_taken_for_is_refused(
    shapes: Shapes, trained: Path
) -> None:
    data = json.loads((shapes.folder / "val/annotations.json").read_text())
    data["categories"].reverse()  # the model's outputs would be taken for one another
    (shapes.folder / "val/reversed.json").write_text(json.dumps(data))
    inputs = {
        "reversed": {"annotations": "val/reversed.json", "images": "val/images"},
        "old": {
            "checkpoint": os.path.relpath(trained / "fit/checkpoints/epoch_3.pth", shapes.folder)
        },
    }
    score = {
        "id": "score",
        "use": "evaluate",
        "in": {"checkpoints": "old", "dataset": "reversed"},
        "with": {"device": "cpu", "workers": 0},
    }
    said = shapes.fails("said", [score], **inputs)
    assert (
        "says that its classes are disc, square, triangle, and is taken for one of "
        "triangle, square, disc" in said
    )
    step = train_step() | {"in": {"train": "reversed", "checkpoint": "old"}}
    assert "says that its classes are disc, square, triangle" in shapes.fails(
        "said_too", [step], **inputs
    )


def test_data_with_crowds_alone_has_nothing_to_learn(shapes: Shapes) -> None:
    data = json.loads((shapes.folder / "val/annotations.json").read_text())
    for row in data["annotations"]:
        row["iscrowd"] = 1
    (shapes.folder / "val/crowds.json").write_text(json.dumps(data))
    said = shapes.fails(
        "crowds",
        [train_step() | {"in": {"train": "crowds"}}],
        crowds={"annotations": "val/crowds.json", "images": "val/images"},
    )
    assert "mmdet would train on none of the" in said


def test_a_child_ends_when_its_parent_is_killed(shapes: Shapes) -> None:
    path = shapes.recipe("orphan", [train_step(epochs=50)])
    process_ = _start(path)
    scalars = shapes.folder / "runs/orphan/steps/.fit.partial/scalars.jsonl"
    assert _wait(process_, lambda: len(_lines(scalars)) > 0)
    children = _children(process_.pid)
    assert children
    os.kill(process_.pid, signal.SIGKILL)
    process_.wait()
    deadline = time.monotonic() + 10
    while any(_alive(pid) for pid in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(_alive(pid) for pid in children)


@pytest.mark.parametrize(("signal_", "code"), [(signal.SIGINT, 130)])
def test_an_interrupt_ends_the_child_too(
    shapes: Shapes, signal_: signal.Signals, code: int
) -> None:
    path = shapes.recipe("interrupted", [train_step(epochs=50)])
    process_ = _start(path)
    assert _wait(
        process_,
        lambda: (
            len(_lines(shapes.folder / "runs/interrupted/steps/.fit.partial/scalars.jsonl")) > 0
        ),
    )
    children = _children(process_.pid)
    process_.send_signal(signal_)
    assert process_.wait(15) == code
    assert not any(_alive(pid) for pid in children)


@pytest.mark.parametrize("name", ["cascade_rcnn_r50", "cascade_rcnn_r50_dconv"])
def test_both_cascade_configs_train_two_iterations_with_the_classes_of_the_data(
    shapes: Shapes, name: str
) -> None:
    from builders import REPOSITORY

    shutil.copyfile(REPOSITORY / f"recipes/configs/{name}.py", shapes.folder / f"{name}.py")
    few = json.loads((shapes.folder / "train/annotations.json").read_text())
    few["images"] = few["images"][:4]
    ids = {row["id"] for row in few["images"]}
    few["annotations"] = [row for row in few["annotations"] if row["image_id"] in ids]
    (shapes.folder / "train/few.json").write_text(json.dumps(few))
    resize = {
        "train_pipeline.2": {
            "type": "Resize",
            "scale": [160, 160],
            "keep_ratio": True,
            "_delete_": True,
        },
        "model.backbone.init_cfg": None,
        "model.train_cfg.rpn_proposal": {"nms_pre": 200, "max_per_img": 100},
    }
    step = {
        "id": "fit",
        "use": "train",
        "in": {"train": "few"},
        "with": {
            "config": f"{name}.py",
            "epochs": 1,
            "batch_size": 2,
            "set": resize,
            "device": "cpu",
            "workers": 0,
        },
    }
    steps = shapes.run(
        name, [step], few={"annotations": "train/few.json", "images": "train/images"}
    )
    losses = [json.loads(line)["loss"] for line in _lines(steps / "fit/scalars.jsonl")]
    assert len(losses) == 2
    assert all(map(math.isfinite, losses))
    tree = flat_config.read((steps / "fit/config.py").read_text())
    assert tree["train_dataloader"]["dataset"]["pipeline"][2]["scale"] == (160, 160)
    import torch

    state = torch.load(steps / "fit/checkpoints/epoch_1.pth", weights_only=True)["state_dict"]
    assert [tuple(state[f"roi_head.bbox_head.{n}.fc_cls.weight"].shape) for n in range(3)] == [
        (4, 1024)
    ] * 3
    assert any("conv_offset" in key for key in state) == name.endswith("dconv")


def test_a_data_set_of_which_mmdet_would_use_nothing_is_refused_before_the_process_starts(
    shapes: Shapes,
) -> None:
    data = coco(images=1, boxes=[(1, 1), (1, 1)])
    data["images"][0]["file_name"] = "0001.png"
    data["annotations"][0]["bbox"] = [1, 1, 0.5, 20]
    data["annotations"][1]["bbox"] = [100, 100, 5, 5]
    (shapes.folder / "nothing.json").write_text(json.dumps(data))
    step = train_step() | {"in": {"train": "nothing"}}
    said = shapes.fails(
        "nothing", [step], nothing={"annotations": "nothing.json", "images": "train/images"}
    )
    assert (
        "mmdet would train on none of the 2 boxes of 1 image: "
        "1 (box under 1 px: 1), 1 (box outside its image: 2)" in said
    )
    assert not (shapes.folder / "runs/nothing/steps").exists()


@pytest.mark.parametrize(
    ("port", "said"),
    [
        ("train", "there is no box on 1 image: mmdet has nothing to learn"),
        ("val", "val has no usable box on its 1 image: there is nothing to compare with"),
    ],
)
def test_rows_that_lose_their_boxes_on_the_way_are_told_at_the_input_of_a_training(
    tmp_path: Path, port: str, said: str
) -> None:
    steps: list[dict[str, Any]] = [
        {"id": "empty", "use": "filter_annotations", "in": "raw", "with": {"min_side_px": 99}},
        {
            "id": "fit",
            "use": "train",
            "in": {"train": "raw", "val": "raw", port: "empty", "checkpoint": "other.checkpoint"},
            "with": {"config": "small.py", **CPU},
        },
    ]
    other = {
        "id": "other",
        "use": "init_weights",
        "with": {"config": "small.py", "classes": ["cat", "dog"]},
    }
    (tmp_path / "small.py").write_text("")
    path = write_recipe(tmp_path, [other, *steps], coco(1, [(1, 1)]))
    done = command("validate", path, cwd=tmp_path)
    assert done.returncode == 2
    assert f"steps[2].in.{port}: step 'fit' (train): {said}" in done.stderr
    assert "coco-recipe plan shows how many boxes" in done.stderr


def test_masks_that_are_missing_are_told_before_training(shapes: Shapes) -> None:
    said = shapes.fails(
        "masks",
        [
            train_step(
                config="mmdet::mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py",
                set={"model.backbone.init_cfg": None},
            )
        ],
    )
    assert "the config's model has masks, and " in said
    assert "add_segmentation makes them" in said


def test_val_with_other_classes_is_refused_before_anything_runs(shapes: Shapes) -> None:
    (shapes.folder / "other.json").write_text(json.dumps(coco()))
    said = shapes.fails(
        "classes",
        [train_step() | {"in": {"train": "train", "val": "other"}}],
        other={"annotations": "other.json"},
    )
    assert "'val' has not the training set's disc, square, triangle" in said
    assert not (shapes.folder / "runs/classes/steps/.fit.partial").exists()


def test_a_checkpoint_with_other_classes_points_to_adapt_head() -> None:
    known: dict[str, Any] = {"train": Facts(("cat", "dog")), "checkpoint": Facts(("person", "cat"))}
    with_ = {"strict": True, "keep": 0, "checkpoint_interval": 1}
    with pytest.raises(
        StepProblems, match=r"'checkpoint' has not the training set's dog; adapt_head fits"
    ):
        train_module.foresee(with_, known)
    known["checkpoint"] = Facts(("dog", "cat"))
    with pytest.raises(StepProblems, match="in another order"):
        train_module.foresee(with_, known)
    assert train_module.foresee(with_, known | {"checkpoint": Facts()})["best"].classes == (
        "cat",
        "dog",
    )


def test_a_decay_is_not_taken_for_the_share_of_the_newest_weights() -> None:
    def found(ema: object) -> list[str]:
        with_ = with_defaults(PARAMS, {"config": "mmdet::a.py", "ema": ema})
        problems = train_module._check(with_)
        return [problem.hint for problem in problems if problem.path == ("ema",)]

    assert found(0.9998) == ["ema: 0.0002, where 0.9998 was to be kept"]
    assert not [*found(0.0002), *found(0.5), *found(True)]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"partition": "gpu"}, "partition"),
        ({"partition": "gpu", "launcher": "pytorch", "gpus": 2}, "partition"),
        ({"node_rank": 1}, "node_rank"),
        ({"master_addr": "10.1.1.1", "launcher": "slurm"}, "master_addr"),
        ({"val_interval": 2}, "val_interval"),
        ({"early_stopping": 2}, "early_stopping"),
        ({"partition": "gpu", "launcher": "slurm"}, None),
        ({"node_rank": 1, "nnodes": 2, "master_addr": "x", "launcher": "pytorch"}, None),
    ],
)
def test_a_parameter_for_which_there_is_no_use_is_refused(
    given: dict[str, Any], path: str | None
) -> None:
    with_ = with_defaults(PARAMS, {"config": "mmdet::a.py", **given})
    found = [problem.path[0] for problem in train_module._check(with_)]
    if {"val_interval", "early_stopping"} & given.keys():
        with pytest.raises(StepProblems) as error:
            train_module.foresee(with_, {"train": Facts(("a",))})
        found += [problem.path[0] for problem in error.value.problems]
    assert [name for name in found if name != "config"] == [path] * bool(path)


@pytest.mark.parametrize(
    ("with_", "labels"),
    [
        ({"epochs": 3, "checkpoint_interval": 1}, ("epoch_1", "epoch_2", "epoch_3")),
        ({"epochs": 5, "checkpoint_interval": 2}, ("epoch_2", "epoch_4", "epoch_5")),
        ({"checkpoint_interval": 1}, None),
        ({"epochs": 3, "checkpoint_interval": 1, "keep": 2}, None),
        ({"epochs": 3, "checkpoint_interval": 1, "early_stopping": 2}, None),
        ({"epochs": 3, "more_epochs": 1, "checkpoint_interval": 1}, ("epoch_1",)),
    ],
)
def test_which_checkpoints_there_will_be_is_known_where_the_recipe_says_it(
    with_: dict[str, Any], labels: tuple[str, ...] | None
) -> None:
    ports = {name: Facts(("cat",)) for name in ("train", "val", "checkpoint")}
    found = train_module.foresee({"strict": True, "keep": 0, **with_}, ports)
    assert found["checkpoints"].labels == labels
    assert found["checkpoint"].labels == (labels[-1:] if labels else None)


@pytest.fixture(scope="module")
def started(shapes: Shapes, trained: Path) -> tuple[Path, list[events.Event]]:
    """Train an epoch from a checkpoint; return the step's folder, and what observers were told."""
    told: list[events.Event] = []
    recipe = shapes.recipe("started", [_started()], start=_start_of(trained, shapes))
    out = shapes.folder / "started"
    stages.run(stages.prepare(recipe), out=out, observers=[told.append])
    return out / "steps/fit", told


def _started() -> dict[str, Any]:
    step = train_step(epochs=1, learning_rate=1e-12, python=sys.executable)
    step["in"]["checkpoint"] = "start"
    return step


def _start_of(trained: Path, shapes: Shapes) -> dict[str, str]:
    return {"checkpoint": os.path.relpath(trained / "fit/checkpoints/epoch_3.pth", shapes.folder)}


def test_a_starting_checkpoint_is_taken_whole_or_not_at_all(
    shapes: Shapes, trained: Path, started: tuple[Path, list[events.Event]]
) -> None:
    before, after = _losses(trained / "fit/scalars.jsonl"), _losses(started[0] / "scalars.jsonl")
    assert sum(after) / len(after) < sum(before[:5]) / 5
    step = _started()
    step["with"]["set"] = {**step["with"]["set"], "model.backbone.depth": 34}
    said = shapes.fails("problem", [step], start=_start_of(trained, shapes))
    assert "doesn't fit the config's model" in said


def test_losses_and_metrics_reach_observers_as_numbers(
    started: tuple[Path, list[events.Event]],
) -> None:
    folder, told = started
    reported = [event for event in told if isinstance(event, events.Progress)]
    lines = list(map(json.loads, _lines(folder / "scalars.jsonl")))
    losses = {line["iter"]: line for line in lines if "loss" in line}
    trained = [event for event in reported if "validat" not in event.text and event.total]
    assert {event.figures["iter"]: event.figures["loss"] for event in trained} == {
        event.figures["iter"]: losses[event.figures["iter"]]["loss"] for event in trained
    }
    assert trained[-1].done == max(losses) == trained[-1].total - 2, "val has two batches"
    assert list(trained[0].figures)[:2] == ["loss", "lr"]
    (validated,) = (event for event in reported if "coco/bbox_mAP" in event.figures)
    assert validated.done == validated.total == trained[-1].total
    assert validated.figures.items() >= lines[-1]["val"].items()
    (log,) = (event.text for event in reported if not event.total)
    assert log.endswith("train.log")


def test_a_finished_training_goes_on_from_its_last_checkpoint(
    shapes: Shapes, trained: Path
) -> None:
    start = {"checkpoint": os.path.relpath(trained / "fit/checkpoints/epoch_3.pth", shapes.folder)}
    step = train_step(more_epochs=2)
    assert "there is no checkpoint to go on with" in shapes.fails("alone", [step])
    step["in"]["checkpoint"] = "start"
    steps = shapes.run("longer", [step], start=start)
    lines = [json.loads(line) for line in _lines(steps / "fit/scalars.jsonl")]
    before = [json.loads(line) for line in _lines(trained / "fit/scalars.jsonl")]
    rates = [line["lr"] for line in lines if "lr" in line]
    last = [line["lr"] for line in before if "lr" in line][-1]
    assert rates == pytest.approx([last] * len(rates))
    names = sorted(path.name for path in (steps / "fit/checkpoints").iterdir())
    assert names == ["epoch_1.pth", "epoch_2.pth"]


def test_code_in_a_starting_checkpoint_is_not_run(shapes: Shapes) -> None:
    import torch

    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.system, (f"touch {shapes.folder}/was_run",)

    torch.save({"state_dict": {}, "meta": Trap()}, shapes.folder / "trap.pth")
    step = train_step(epochs=1)
    step["in"]["checkpoint"] = "start"
    said = shapes.fails("trap", [step], start={"checkpoint": "trap.pth"})
    assert "trap.pth" in said
    assert not (shapes.folder / "was_run").exists()


def kill_when(recipe: Path, condition: Callable[[], bool]) -> bool:
    """Start a run, and kill it and its child with SIGKILL at the moment that a condition holds.

    Return whether it held before the run ended by itself.
    """
    process_ = _start(recipe)
    if not _wait(process_, condition):
        return False
    for pid in [*_children(process_.pid), process_.pid]:
        os.kill(pid, signal.SIGKILL)
    process_.wait()
    return True


def _start(recipe: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "coco_recipe.cli", "run", recipe],
        cwd=recipe.parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # a shell starts jobs in the background, and so maybe us, without SIGINT
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def _wait(process_: subprocess.Popen[bytes], condition: Callable[[], bool]) -> bool:
    """Wait for a condition; return whether it held before the process ended."""
    deadline = time.monotonic() + 300  # a busy machine needs a minute to start mmdet
    while not condition():
        if process_.poll() is not None:
            return False
        assert time.monotonic() < deadline
        time.sleep(0.001)
    return True


def _children(pid: int) -> list[int]:
    return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _below(pid: int) -> list[int]:
    """Return all processes that a process has started, and those that these have."""
    found = _children(pid)
    return [*found, *(one for child in found for one in _below(child))]


def _variable(pid: int, name: str) -> str:
    """Return a variable of a process's environment; empty where it has none."""
    rows = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    named = dict(row.partition(b"=")[::2] for row in rows)
    return named.get(name.encode(), b"").decode()


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def _losses(path: Path) -> list[float]:
    return [line["loss"] for line in map(json.loads, _lines(path)) if "loss" in line]
