import sys
from pathlib import Path

import pytest
from builders import coco, command, write_recipe
from coco_recipe_mmdet import configs
from training import Shapes


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
    from coco_recipe.running import stages

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
    pytest.importorskip("mmdet", reason="the training stack is not installed: make test does it")
    found = configs.built_on({"python": sys.executable})
    assert {"torch", "onedl_mmcv", "onedl_mmengine", "onedl_mmdetection"} <= {
        path.parent.name.partition("-")[0] for path in found
    }
