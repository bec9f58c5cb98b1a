"""The head of a checkpoint is fitted to the classes of a data set."""

import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, recorded
from coco_recipe_mmdet import adapt_head
from coco_recipe_torch import checkpoints, heads
from coco_recipe_torch.coco_names import COCO_NAMES
from detectors import (
    CONFIGS,
    HAS_BACKGROUND,
    NEW,
    Adapted,
    adapt,
    assert_kept,
    build,
    logits,
    model_of,
    small,
    torch,
    weights,
)

from coco_recipe.language.schema_check import with_defaults
from coco_recipe.running.context import Context


@pytest.mark.slow
@pytest.mark.parametrize("name", CONFIGS)
def test_kept_classes_get_the_same_logits(name: str, tmp_path: Path) -> None:
    old, new = model_of(name, 80), model_of(name, 4)
    adapted = adapt(tmp_path, weights(old))
    new.load_state_dict(
        torch.load(adapted.checkpoint.path, weights_only=True)["state_dict"], strict=True
    )
    assert_kept(logits(old, name), logits(new, name), background=name in HAS_BACKGROUND)
    assert adapted.checkpoint.classes == NEW
    assert adapted.table["kept"] == ["cat", "person", "dog"]
    assert adapted.table["new"] == ["zzz"]
    assert len(adapted.table["dropped"]) == 77
    changed = [
        key for key, tensor in adapted.state.items() if tensor.shape != old.state_dict()[key].shape
    ]
    assert sorted(adapted.table["rows"]) == sorted(changed)
    assert adapted.table["keys_untouched"] == len(adapted.state) - len(changed)


def as_1x(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return a state dict as mmdet 1.x had it: no ``roi_head.``, the background first, boxes and
    masks for it too.
    """
    made = {}
    for key, tensor in state.items():
        name = key.removeprefix("roi_head.")
        if ".fc_cls." in name:
            tensor = torch.cat([tensor[-1:], tensor[:-1]])
        elif ".fc_reg." in name and len(tensor) == 320:
            tensor = torch.cat([torch.full_like(tensor[:4], 9), tensor])
        elif ".conv_logits." in name:
            tensor = torch.cat([torch.full_like(tensor[:1], 9), tensor])
        made[name] = tensor
    return made


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cascade", "mask"])
def test_weights_of_mmdet_1_are_renamed_and_their_background_row_goes_last(
    name: str, tmp_path: Path
) -> None:
    old, new = model_of(name, 80), model_of(name, 4)
    given = as_1x(weights(old))
    assert not any(key.startswith("roi_head") for key in given)
    adapted = adapt(tmp_path, given)
    new.load_state_dict(adapted.state, strict=True)
    assert_kept(logits(old, name), logits(new, name), background=True)


@pytest.mark.slow
def test_the_names_of_mmdet_1_stay_where_that_is_asked_for(tmp_path: Path) -> None:
    given = as_1x(weights(model_of("mask", 80)))
    assert list(adapt(tmp_path, given, rename_1x=False).state) == list(given)


def biases(adapted: Adapted) -> list[float]:
    found: list[float] = adapted.state["roi_head.bbox_head.fc_cls.bias"].tolist()
    return found


def test_rows_go_by_name_boxes_too_and_the_background_stays_last(tmp_path: Path) -> None:
    adapted = adapt(tmp_path, small(), new_rows="zeros")
    assert biases(adapted) == [15, 0, 0, 16, -1]
    assert adapted.state["roi_head.bbox_head.fc_reg.bias"].tolist() == [15] * 4 + [0] * 8 + [16] * 4
    assert torch.equal(adapted.state["backbone.conv1.weight"], torch.ones(8, 3, 7, 7))


def test_the_background_is_first_where_the_recipe_says_so(tmp_path: Path) -> None:
    assert biases(adapt(tmp_path, small(), new_rows="zeros", background="first")) == [
        16,
        0,
        1,
        17,
        0,
    ]


def test_several_classes_may_take_one_old_class(tmp_path: Path) -> None:
    adapted = adapt(
        tmp_path, small(), names=("kitten", "tomcat", "dog"), map={"kitten": "cat", "tomcat": "cat"}
    )
    assert biases(adapted) == [15, 15, 16, -1]
    assert adapted.table["mapped"] == {"kitten": "cat", "tomcat": "cat"}
    assert adapted.table["kept"] == ["dog"]
    assert adapted.table["new"] == []


def test_new_rows_are_the_mean_or_a_copy(tmp_path: Path) -> None:
    assert biases(adapt(tmp_path, small(), new_rows="mean")) == [15, 39.5, 0, 16, -1]
    assert biases(adapt(tmp_path, small(), new_rows={"copy": "bird"})) == [15, 14, 0, 16, -1]


def test_new_rows_are_drawn_from_the_seed(tmp_path: Path) -> None:
    once, again, other = (
        adapt(tmp_path / str(n), small(), std=0.5, seed=seed) for n, seed in enumerate((3, 3, 4))
    )
    assert once.checkpoint.path.read_bytes() == again.checkpoint.path.read_bytes()
    assert (
        once.checkpoint.fingerprint == again.checkpoint.fingerprint != other.checkpoint.fingerprint
    )
    row = once.state["roi_head.bbox_head.fc_cls.weight"][1]
    assert 0 < row.abs().max() < 2.5
    assert row.unique().numel() == 6
    assert biases(once)[1] == 39.5


def test_slice_takes_the_first_rows(tmp_path: Path) -> None:
    assert biases(adapt(tmp_path, small(), method="slice")) == [0, 1, 2, 3, -1]


def test_a_bias_without_its_weights_is_of_no_whole_model(tmp_path: Path) -> None:
    state = {key: value for key, value in small().items() if not key.endswith("fc_cls.weight")}
    assert len(state) < len(small())
    with pytest.raises(ValueError, match=r"no weights of 'roi_head\.bbox_head\.fc_cls'"):
        adapt(tmp_path, state)


def test_anchors_stand_before_classes(tmp_path: Path) -> None:
    rows = torch.arange(9 * 80.0)
    state = {
        "bbox_head.retina_cls.weight": rows.reshape(720, 1, 1, 1),
        "bbox_head.retina_cls.bias": rows,
    }
    adapted = adapt(tmp_path, state, new_rows="zeros")
    assert adapted.state["bbox_head.retina_cls.bias"].reshape(9, 4).tolist() == [
        [80 * anchor + 15, 0, 80 * anchor, 80 * anchor + 16] for anchor in range(9)
    ]
    assert adapted.state["bbox_head.retina_cls.weight"].shape == (36, 1, 1, 1)


def test_a_head_of_one_class_is_widened(tmp_path: Path) -> None:
    adapted = adapt(tmp_path, small(1), classes=("dog",), new_rows={"copy": "dog"})
    assert biases(adapted) == [0, 0, 0, 0, -1]
    assert adapted.state["roi_head.bbox_head.fc_reg.bias"].shape == (16,)
    stage = {
        "roi_head.bbox_head.0.fc_cls.weight": torch.zeros(2, 6),
        "roi_head.bbox_head.0.fc_reg.weight": torch.zeros(4, 6),
    }
    assert list(heads.layouts(stage, 1, "last")) == ["roi_head.bbox_head.0.fc_cls.weight"], (
        "a cascade has one box for all"
    )


def test_the_old_names_must_be_known(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"old\.pth: doesn't say its class names; set from_classes: coco"
    ):
        adapt(tmp_path, small(), classes=())
    assert biases(adapt(tmp_path, small(), classes=(), from_classes="coco", new_rows="zeros")) == [
        15,
        0,
        0,
        16,
        -1,
    ]
    listed = adapt(tmp_path, small(2), classes=(), from_classes=["dog", "cat"], new_rows="zeros")
    assert biases(listed) == [1, 0, 0, 0, -1]


def recipe(folder: Path, **with_: Any) -> Path:
    (folder / "raw.json").write_text(json.dumps(coco(names=NEW)))
    checkpoints.write(folder / "old.pth", small())
    path = folder / "recipe.yaml"
    path.write_text(
        json.dumps(
            {
                "coco_recipe": 1,
                "name": "test",
                "inputs": {"raw": {"annotations": "raw.json"}, "old": {"checkpoint": "old.pth"}},
                "steps": [
                    {
                        "id": "head",
                        "use": "adapt_head",
                        "in": {"checkpoint": "old", "dataset": "raw"},
                        "with": with_,
                    }
                ],
            }
        )
    )
    return path


def test_a_recipe_adapts_a_head_and_its_record_says_what_came_out(tmp_path: Path) -> None:
    done = command("run", recipe(tmp_path, from_classes="coco", new_rows="zeros"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    step = tmp_path / "runs/test/steps/head"
    found = checkpoints.read(step / "adapted.pth")
    assert found.classes == NEW
    assert found.state["roi_head.bbox_head.fc_cls.bias"].tolist() == [15, 0, 0, 16, -1]
    table = json.loads((step / "head.json").read_text())
    assert table["rows"]["roi_head.bbox_head.fc_cls.bias"] == [81, 5]
    assert recorded(step).notes["head"]["new"] == ["zzz"]


@pytest.mark.parametrize(
    ("with_", "reason"),
    [
        ({"from_classes": "coco", "map": {"wolf": "dog"}}, "the data set has no category 'wolf'"),
        ({"method": "slice", "map": {"zzz": "dog"}}, "slice takes rows by their place"),
    ],
)
def test_what_cannot_fit_is_found_before_anything_runs(
    tmp_path: Path, with_: Mapping[str, Any], reason: str
) -> None:
    done = command("plan", recipe(tmp_path, **with_), cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert reason in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "config",
    [
        "fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py",
        "atss/atss_r50_fpn_1x_coco.py",
        "gfl/gfl_r50_fpn_1x_coco.py",
        "yolox/yolox_tiny_8xb8-300e_coco.py",
        "cascade_rcnn/cascade-mask-rcnn_r50_fpn_1x_coco.py",
    ],
)
def test_other_heads_fit_the_model_of_the_new_classes(config: str, tmp_path: Path) -> None:
    adapted = adapt(tmp_path, build(config, 80).state_dict())
    build(config, 4).load_state_dict(adapted.state, strict=True)
    for key, (before, after) in adapted.table["rows"].items():
        assert (before, after) in ((80, 4), (81, 5)), key


def test_rows_stay_as_mmdet_1_wants_them_where_its_keys_do(tmp_path: Path) -> None:
    given = {"rpn_head.rpn_cls.bias": torch.ones(3), **as_1x(small())}
    kept = adapt(tmp_path, given, rename_1x=False, new_rows="zeros").state
    assert kept["bbox_head.fc_cls.bias"].tolist() == [-1, 15, 0, 0, 16]
    assert kept["bbox_head.fc_reg.bias"].tolist() == [9] * 4 + [15] * 4 + [0] * 8 + [16] * 4
    renamed = adapt(tmp_path, given, new_rows="zeros").state
    assert renamed["roi_head.bbox_head.fc_cls.bias"].tolist() == [15, 0, 0, 16, -1]
    assert renamed["roi_head.bbox_head.fc_reg.bias"].tolist() == [15] * 4 + [0] * 8 + [16] * 4


def test_a_head_without_a_background_is_taken_so(tmp_path: Path) -> None:
    layer = "roi_head.bbox_head.fc_cls"
    state = {f"{layer}.weight": torch.zeros(80, 6), f"{layer}.bias": torch.arange(80.0)}
    assert biases(adapt(tmp_path, state, new_rows="zeros", background="none")) == [15, 0, 0, 16]


def test_the_underscores_of_mmdet_1_are_no_other_classes(tmp_path: Path) -> None:
    old = tuple(name.replace(" ", "_") for name in COCO_NAMES)
    adapted = adapt(
        tmp_path, small(), classes=old, from_classes="coco", names=("fire hydrant", "cat")
    )
    assert biases(adapted) == [10, 15, -1]


RTMDET = "mmdet::rtmdet/rtmdet_tiny_8xb32-300e_coco.py"


@pytest.fixture(scope="module")
def rtmdet() -> dict[str, Any]:
    """Return weights of a small detector whose head isn't known by name, for COCO's classes."""
    from coco_recipe_mmdet.inside import config_source, job_class_rows
    from mmdet.utils import register_all_modules

    register_all_modules(init_default_scope=True)
    tree = config_source.load(RTMDET)
    shapes = job_class_rows.shapes_of(job_class_rows.build(tree, 80))
    random = torch.Generator().manual_seed(0)
    return {
        key: torch.randn(shape, generator=random) if shape else torch.tensor(0)
        for key, shape in shapes.items()
    }


def steps(folder: Path, *steps: Mapping[str, Any], **inputs: Any) -> Path:
    """Write a recipe of these steps."""
    (folder / "raw.json").write_text(json.dumps(coco(names=NEW)))
    path = folder / "recipe.yaml"
    given = {"raw": {"annotations": "raw.json"}, **inputs}
    path.write_text(
        json.dumps({"coco_recipe": 1, "name": "test", "inputs": given, "steps": list(steps)})
    )
    return path


def head_step(name: str, checkpoint: str, **with_: Any) -> dict[str, Any]:
    given = {"checkpoint": checkpoint, "dataset": "raw"}
    return {"id": name, "use": "adapt_head", "in": given, "with": with_}


@pytest.mark.slow
def test_a_config_that_is_named_or_carried_says_where_the_class_rows_are(
    rtmdet: Mapping[str, Any], tmp_path: Path
) -> None:
    from coco_recipe_mmdet.inside import config_source

    text = config_source.text(config_source.load(RTMDET))
    checkpoints.write(tmp_path / "carries.pth", rtmdet, COCO_NAMES, {"cfg": text})
    checkpoints.write(tmp_path / "plain.pth", rtmdet)
    recipe = steps(
        tmp_path,
        head_step("by_config", "plain", config=RTMDET, from_classes="coco", new_rows="mean"),
        head_step("by_carried", "carries", new_rows="mean"),
        plain={"checkpoint": "plain.pth"},
        carries={"checkpoint": "carries.pth"},
    )
    done = command("run", recipe, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "runs/test/steps"
    one, other = (
        checkpoints.read(folder / name / "adapted.pth") for name in ("by_config", "by_carried")
    )
    assert checkpoints.fingerprint(one.state) == checkpoints.fingerprint(other.state)
    assert one.classes == other.classes == NEW
    weight, branch = "bbox_head.rtm_cls.0.weight", "bbox_head.rtm_reg.0.weight"
    assert one.state[weight].shape == (4, *rtmdet[weight].shape[1:])
    assert torch.equal(one.state[weight][[0, 2, 3]], rtmdet[weight][[15, 0, 16]])
    assert torch.equal(one.state[branch], rtmdet[branch])
    table = json.loads((folder / "by_config/head.json").read_text())
    assert table["rows"][weight] == [80, 4]
    assert not (folder / "by_config/.job").exists()
    changed = [key for key in rtmdet if not torch.equal(rtmdet[key], one.state[key])]
    assert sorted(changed) == sorted(table["rows"])


def test_a_head_that_nothing_tells_is_refused_with_the_ways_on(
    rtmdet: Mapping[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(
        ValueError, match=r"rtm_cls.*name its config, .*config: .*train with strict: false"
    ):
        adapt(tmp_path, rtmdet)


def test_without_mmdet_heads_are_known_by_name_and_others_told_what_is_missing(
    rtmdet: Mapping[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert len(biases(adapt(tmp_path / "known", small()))) == 5
    assert [package.module for package in adapt_head.needs({})] == ["torch"]
    checkpoints.write(tmp_path / "carries.pth", rtmdet, COCO_NAMES, {"cfg": "model = dict()"})
    plan = adapt_head.make_plan(NEW, COCO_NAMES, "by_name", {}, "zeros")
    parameters = with_defaults(adapt_head.PARAMS, {})
    with pytest.raises(ValueError, match=r"the config that it carries would tell, with mmdet: "):
        adapt_head.find_head(
            Context("adapt", 0, tmp_path),
            checkpoints.read(tmp_path / "carries.pth"),
            plan,
            parameters,
        )


@pytest.mark.slow
def test_an_input_is_looked_at_before_the_steps_above_run(
    rtmdet: Mapping[str, Any], tmp_path: Path
) -> None:
    checkpoints.write(tmp_path / "known.pth", small())
    checkpoints.write(tmp_path / "other.pth", rtmdet)
    recipe = steps(
        tmp_path,
        {"id": "out", "use": "export_coco", "in": {"all": "raw"}, "with": {"to": "out"}},
        head_step("two_names", "known", from_classes=["a", "b"]),
        head_step("no_names", "known"),
        head_step(
            "another", "other", from_classes="coco", config="mmdet::tood/tood_r50_fpn_1x_coco.py"
        ),
        known={"checkpoint": "known.pth"},
        other={"checkpoint": "other.pth"},
    )
    done = command("run", recipe, cwd=tmp_path)
    assert done.returncode == 2
    assert "steps[1].in.checkpoint: step 'two_names' (adapt_head): " in done.stderr
    assert "doesn't fit 2 classes and a background that comes last" in done.stderr
    assert "steps[2].in.checkpoint: step 'no_names' (adapt_head): " in done.stderr
    assert (
        "steps[3].with.config: step 'another' (adapt_head): the checkpoint doesn't fit"
        in done.stderr
    )
    assert not (tmp_path / "runs/test/steps").exists()


@pytest.mark.parametrize(
    ("state", "classes", "rows"),
    [
        ({"roi_head.bbox_head.fc_cls.weight": (81, 6)}, 26, 81),  # 27 times 3
        ({"bbox_head.retina_cls.weight": (720, 6), "bbox_head.retina_reg.weight": (36, 6)}, 2, 720),
        ({"bbox_head.conv_cls.bias": (80,), "bbox_head.conv_reg.bias": (4,)}, 2, 80),
        ({"bbox_head.gfl_cls.bias": (80,), "bbox_head.gfl_reg.bias": (68,)}, 40, 80),
        (
            {"bbox_head.cls_convs.0.0.bias": (324,), "bbox_head.reg_convs.0.0.bias": (16,)},
            2,
            324,
        ),
    ],
)
def test_a_number_of_old_classes_that_the_rows_are_not_of_is_refused(
    state: Mapping[str, tuple[int, ...]], classes: int, rows: int, tmp_path: Path
) -> None:
    tensors = {key: torch.zeros(shape) for key, shape in state.items()}
    for key in list(tensors):  # no bias stands alone
        tensors.setdefault(key.replace(".bias", ".weight"), torch.zeros(len(tensors[key]), 6, 1, 1))
    names = [f"class {n}" for n in range(classes)]
    with pytest.raises(ValueError, match=rf"doesn't fit {classes} classes and .* has {rows} rows"):
        adapt(tmp_path, tensors, classes=(), from_classes=names)
    right = [f"class {n}" for n in range(80)]
    assert adapt(tmp_path, tensors, classes=(), from_classes=right).table["dropped"]
