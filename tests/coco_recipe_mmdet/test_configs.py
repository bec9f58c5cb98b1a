import http.server
import json
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, write_recipe
from coco_recipe_mmdet import configs, datasets
from coco_recipe_mmdet.inside import flat_config, inference, job_config, settings, stack
from training import Shapes

from coco_recipe import Dataset

CASCADE = "mmdet::cascade_rcnn/cascade-mask-rcnn_r50_fpn_1x_coco.py"


@pytest.fixture(scope="module")
def cascade(shapes: Shapes) -> dict[str, Any]:
    """Return the settings of a config with three box heads and three mask heads."""
    return job_config.load(CASCADE)


def test_every_head_gets_the_number_of_classes_and_is_told(cascade: dict[str, Any]) -> None:
    changes = settings.Changes(json.loads(json.dumps(cascade)))
    job_config.bind_classes(changes, ["a", "b", "c"])
    heads = changes.tree["model"]["roi_head"]
    assert [head["num_classes"] for head in [*heads["bbox_head"], heads["mask_head"]]] == [3] * 4
    assert {
        "model.roi_head.bbox_head.0.num_classes: 80 -> 3",
        "model.roi_head.bbox_head.2.num_classes: 80 -> 3",
    } <= set(changes.made)
    assert job_config.has_masks(changes.tree)


def test_masks_that_are_not_there_are_missed_before_a_picture_is_looked_at(
    cascade: dict[str, Any],
) -> None:
    job = {"set": {}, "workers": None, "classes": ["a"], "without_mask": 2}
    with pytest.raises(
        ValueError,
        match="model has masks, and 2 annotations have no segmentation: add_segmentation",
    ):
        inference.resolve(job, json.loads(json.dumps(cascade)), "cpu")


def test_a_preprocessor_at_the_top_level_is_the_models(tmp_path: Path) -> None:
    (tmp_path / "top.py").write_text(
        "model = dict(type='X')\ndata_preprocessor = dict(type='P', mean=[1])\n"
    )
    assert job_config.load(str(tmp_path / "top.py"))["model"]["data_preprocessor"] == {
        "type": "P",
        "mean": [1],
    }


def test_a_checkpoint_from_a_url_is_read_by_our_reader_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch
    from mmengine.runner.checkpoint import CheckpointLoader

    class Evil:
        def __reduce__(self) -> Any:
            return Path(tmp_path / "pwned").touch, ()

    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
    torch.save({"state_dict": {"a": torch.ones(2)}}, tmp_path / "good.pth")
    torch.save({"state_dict": {"a": torch.ones(2)}, "meta": Evil()}, tmp_path / "evil.pth")
    stack.begin({"device": "cpu"})
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        assert CheckpointLoader.load_checkpoint(f"{address}/good.pth")["state_dict"]["a"].sum() == 2
        with pytest.raises(ValueError, match=r"evil\.pth"):
            CheckpointLoader.load_checkpoint(f"{address}/evil.pth")
        server.shutdown()
    with pytest.raises(ValueError, match=r"evil\.pth"):
        CheckpointLoader.load_checkpoint(str(tmp_path / "evil.pth"))
    assert not (tmp_path / "pwned").exists()


def test_what_is_measured_against_is_all_that_pycocotools_takes(tmp_path: Path) -> None:
    data = coco(1, [(1, 1)] * 4)
    data["annotations"][0]["ignore"] = 1
    data["annotations"][1]["bbox"] = [5, 5, 0.5, 9]
    del data["annotations"][2]["bbox"]
    (tmp_path / "in.json").write_text(json.dumps(data))
    dataset = _load(tmp_path / "in.json")
    assert datasets.usage(dataset, training=True).boxes == 1
    found = datasets.usage(dataset, training=False)
    assert (found.boxes, dict(found.skipped)) == (3, {"annotation without a box or category": 1})


def test_an_image_whose_only_annotation_has_no_box_is_empty(tmp_path: Path) -> None:
    data = coco(2, [(1, 1), (2, 1)])
    del data["annotations"][1]["bbox"]
    (tmp_path / "in.json").write_text(json.dumps(data))
    used = datasets.usage(_load(tmp_path / "in.json"), training=True, empty_images=False)
    assert (used.images, used.skipped["image without boxes"]) == (1, 1)


def test_the_classes_of_region_proposals_are_left_alone() -> None:
    tree = {
        "model": {
            "rpn_head": {"type": "RPNHead", "num_classes": 1},
            "bbox_head": {"num_classes": 80},
        }
    }
    job_config.bind_classes(settings.Changes(tree), ["a"] * 4)
    assert tree["model"] == {
        "rpn_head": {"type": "RPNHead", "num_classes": 1},
        "bbox_head": {"num_classes": 4},
    }


PIPELINE = [{"type": "Load"}, {"type": "Resize", "scale": (1333, 800)}]


def _tree() -> dict[str, Any]:
    loader = {"batch_size": 2, "dataset": {"pipeline": [dict(step) for step in PIPELINE]}}
    return {
        "train_pipeline": [dict(step) for step in PIPELINE],
        "train_dataloader": loader,
        "val_dataloader": json.loads(json.dumps(loader)),
        "model": {"backbone": {"depth": 50, "init_cfg": {"type": "P"}}},
    }


def test_a_changed_variable_reaches_every_place_that_has_it() -> None:
    changes = settings.Changes(_tree())
    settings.override(changes, {"train_pipeline.1.scale": [640, 480]})
    assert changes.tree["train_pipeline"][1]["scale"] == (640, 480)
    assert changes.tree["train_dataloader"]["dataset"]["pipeline"][1]["scale"] == (640, 480)


@pytest.mark.parametrize(
    ("path", "value", "place", "expected"),
    [
        ("*_dataloader.batch_size", 7, ("val_dataloader", "batch_size"), 7),
        ("model.backbone.init_cfg", None, ("model", "backbone", "init_cfg"), None),
        (
            "model.backbone",
            {"depth": 18},
            ("model", "backbone"),
            {"depth": 18, "init_cfg": {"type": "P"}},
        ),
        ("model.backbone", {"depth": 18, "_delete_": True}, ("model", "backbone"), {"depth": 18}),
        ("model.backbone.new", 1, ("model", "backbone", "new"), 1),
    ],
    ids=["star", "null", "merge", "replace", "new key"],
)
def test_set(path: str, value: Any, place: tuple[str, ...], expected: Any) -> None:
    changes = settings.Changes(_tree())
    settings.override(changes, {path: value})
    found: Any = changes.tree
    for key in place:
        found = found[key]
    assert found == expected


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("side", "'side' is a variable that nothing in the config uses as it is"),
        ("model.backbon.depth", "the config has no 'model.backbon.depth'; 'model' has backbone"),
        (
            "model.backbone.depth.x",
            "the config has no 'model.backbone.depth.x'; 'model.backbone.depth' has no keys",
        ),
        (
            "train_pipeline.9.scale",
            "the config has no 'train_pipeline.9.scale'; 'train_pipeline' has 0, 1",
        ),
    ],
    ids=["unused", "misspelt", "too deep", "too far"],
)
def test_a_change_that_would_do_nothing_is_refused(path: str, said: str) -> None:
    with pytest.raises(ValueError) as error:
        settings.override(settings.Changes({**_tree(), "side": 160}), {path: 1})
    assert said in str(error.value)


def test_schedules_by_epoch_are_stretched() -> None:
    tree = {
        "train_cfg": {"type": "EpochBasedTrainLoop", "max_epochs": 12},
        "train_dataloader": {},
        "optim_wrapper": {},
        "param_scheduler": [
            {"type": "LinearLR", "by_epoch": False, "begin": 0, "end": 500},
            {"type": "MultiStepLR", "by_epoch": True, "begin": 0, "end": 12, "milestones": [8, 11]},
        ],
    }
    job_config.schedule(settings.Changes(tree), {"epochs": 24, "val_interval": 1})
    assert tree["param_scheduler"] == [
        {"type": "LinearLR", "by_epoch": False, "begin": 0, "end": 500},
        {"type": "MultiStepLR", "by_epoch": True, "begin": 0, "end": 24, "milestones": [16, 22]},
    ]


def test_a_flat_config_is_read_as_data_and_code_in_it_is_refused(tmp_path: Path) -> None:
    assert flat_config.read("a = dict(b=[1, (2.5, -3)], c=None)\nd = {'e': float('inf')}\n") == {
        "a": {"b": [1, (2.5, -3)], "c": None},
        "d": {"e": float("inf")},
    }
    for text in (
        f"import os\nos.system('touch {tmp_path}/x')",
        f"a = __import__('os').system('touch {tmp_path}/x')",
        "a = [i for i in range(3)]",
        "a = dict(**b)",
        "a = 1 +",
        "(" * 100_000,
    ):
        with pytest.raises(ValueError, match="is not a flat config"):
            flat_config.read(text)
    assert not list(tmp_path.iterdir())


def test_the_text_of_a_config_reads_back(cascade: dict[str, Any]) -> None:
    assert flat_config.read(job_config.text(cascade)) == cascade


def test_bases_are_found_without_running_anything(tmp_path: Path) -> None:
    (tmp_path / "base.py").write_text("raise SystemExit('was run')\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/c.py").write_text("_base_ = ['../base.py']\nimport nothing_like_this\n")
    assert [path.name for path in configs.chain(str(tmp_path / "sub/c.py"))] == ["c.py", "base.py"]
    assert [
        path.name for path in configs.strangers(str(tmp_path / "sub/c.py"), tmp_path / "sub")
    ] == ["base.py"]
    assert configs.strangers(str(tmp_path / "sub/c.py"), tmp_path) == []
    (tmp_path / "odd.py").write_text("_base_ = [f'{x}.py' for x in 'ab']\n")
    with pytest.raises(ValueError, match=r"odd.py:1: _base_ must be a name"):
        configs.chain(str(tmp_path / "odd.py"))


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (
            "../elsewhere/c.py",
            "lies outside the recipe's folder, and a config is code that will run",
        ),
        ("inner.py", "elsewhere/c.py lies outside the recipe's folder"),
        ("none.py", "there is no file"),
        ("broken.py", "broken.py:1: is not Python"),
        (
            "mmdet::retinanet/retinanet_r19_fpn_1x_coco.py",
            "near are mmdet::retinanet/retinanet_r18_fpn_1x_coco.py",
        ),
    ],
    ids=["outside", "base outside", "none", "syntax", "near"],
)
def test_a_config_is_judged_before_anything_runs(
    tmp_path: Path, shapes: Shapes, config: str, said: str
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/c.py").write_text(
        "_base_ = 'mmdet::retinanet/retinanet_r18_fpn_1x_coco.py'\n"
    )
    folder = tmp_path / "recipes"
    folder.mkdir()
    (folder / "inner.py").write_text("_base_ = '../elsewhere/c.py'\n")
    (folder / "broken.py").write_text("a = (\n")
    step = {"id": "fit", "use": "train", "in": {"train": "raw"}, "with": {"config": config}}
    done = command("validate", write_recipe(folder, [step], coco()), cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    if "outside" in said:
        step["with"]["trust"] = "../elsewhere" if config.startswith("..") else ".."
        done = command("validate", write_recipe(folder, [step], coco()), cwd=tmp_path)
        assert done.returncode == 0, done.stderr


def test_a_changed_base_makes_the_training_stale(tmp_path: Path, shapes: Shapes) -> None:
    (tmp_path / "base.py").write_text("_base_ = 'mmdet::retinanet/retinanet_r18_fpn_1x_coco.py'\n")
    (tmp_path / "c.py").write_text("_base_ = 'base.py'\n")
    from coco_recipe import stages

    path = write_recipe(
        tmp_path,
        [{"id": "fit", "use": "train", "in": {"train": "raw"}, "with": {"config": "c.py"}}],
        coco(),
    )
    before = [file.name for file in stages.prepare(path).steps[0].files]
    assert before[:3] == ["c.py", "base.py", "retinanet_r18_fpn_1x_coco.py"]
    assert "schedule_1x.py" in before


def test_bases_that_are_no_names_are_refused(tmp_path: Path) -> None:
    (tmp_path / "c.py").write_text("x = 1\n_base_ = 5\n")
    with pytest.raises(
        ValueError, match=r"c.py:2: _base_ must be a name or a list of names, found 5"
    ):
        configs.chain(str(tmp_path / "c.py"))


def test_the_packages_of_another_environment_are_among_what_the_result_depends_on() -> None:
    found = configs.built_on({"python": sys.executable})
    assert {"torch", "onedl_mmcv", "onedl_mmengine", "onedl_mmdetection"} <= {
        path.parent.name.partition("-")[0] for path in found
    }


def test_the_count_of_what_mmdet_uses_is_mmdets_own(tmp_path: Path, shapes: Shapes) -> None:
    from mmdet.datasets import CocoDataset

    data = coco(images=4, boxes=[(1, 1), (1, 2), (1, 1), (1, 1), (1, 1), (2, 2), (2, 2)])
    data["images"][3].update(width=31)
    data["annotations"][1]["bbox"] = [1, 1, 0.9, 9]
    data["annotations"][2]["bbox"] = [64, 1, 9, 9]
    data["annotations"][3]["area"] = 0
    data["annotations"][4]["ignore"] = 1
    data["annotations"][5].update(iscrowd=1, id=1)
    data["annotations"].append({"id": 9, "image_id": 4, "category_id": 1, "bbox": [1, 1, 9, 9]})
    (tmp_path / "in.json").write_text(json.dumps(data))
    dataset = _load(tmp_path / "in.json")
    found = datasets.usage(dataset, training=True)
    datasets.write_for_mmdet(dataset, tmp_path / "out.json", ["dog", "cat"])
    mmdet = CocoDataset(
        ann_file=str(tmp_path / "out.json"),
        data_prefix={"img": ""},
        metainfo={"classes": ("dog", "cat")},
        filter_cfg={"filter_empty_gt": False, "min_size": 32},
        pipeline=[],
    )
    rows = [mmdet.get_data_info(i) for i in range(len(mmdet))]
    assert found.images == len(rows) == 3
    assert found.boxes + found.crowds == sum(len(row["instances"]) for row in rows) == 3
    assert (
        found.crowds
        == sum(instance["ignore_flag"] for row in rows for instance in row["instances"])
        == 1
    )
    assert found.skipped == {
        "box under 1 px": 1,
        "box outside its image": 1,
        "box with area 0": 1,
        "box marked ignore": 1,
        "image under 32 px": 1,
        "box on an image under 32 px": 1,
    }
    assert [instance["bbox_label"] for instance in rows[0]["instances"] + rows[1]["instances"]] == [
        1,
        0,
        0,
    ]
    assert rows[0]["img_path"] == str(tmp_path / "pictures/1.jpg")


def _load(path: Path) -> Dataset:
    from coco_recipe import coco_json

    return coco_json.load(path, home="raw", images=path.parent / "pictures")
