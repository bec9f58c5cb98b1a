"""What runs evaluated is found by what steps give, and named so that each is told apart."""

from pathlib import Path

import pytest
from builders import coco, command, write_recipe
from coco_recipe_compare import evaluations
from evaluated import boxes, run_of, scene

from coco_recipe import RunError


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("runs")
    data = scene()
    good, bad = boxes(data, 2), boxes(data, 8)
    both = {"epoch_1": bad[:-3], "轮_2": good}
    return [str(run_of(folder / "甲", data, **both)), str(run_of(folder / "b", data, only=bad))]


def test_a_run_stands_for_its_best_checkpoint(runs: list[str]) -> None:
    found = evaluations.find(runs)
    assert [(one.name, one.step, one.label) for one in found] == [
        ("甲", "score", "轮_2"),
        ("b", "score", "only"),
    ]


def test_one_run_stands_for_all_its_checkpoints(runs: list[str]) -> None:
    found = evaluations.find(runs[:1])
    assert [one.name for one in found] == ["score: epoch_1", "score: 轮_2"]


def test_the_baseline_is_named_and_stands_first(runs: list[str]) -> None:
    names = [one.name for one in evaluations.find(runs)]
    for place, name in zip(runs, names, strict=True):
        for against in (place, name):
            found = [one.name for one in evaluations.find(runs, against)]
            assert found[0] == name
            assert sorted(found) == sorted(names)
    every = evaluations.find(runs[:1])
    last = evaluations.find(runs[:1], every[-1].label)
    assert [one.label for one in last] == [every[-1].label, *(one.label for one in every[:-1])]
    with pytest.raises(RunError, match=f"no 'nowhere' among .*{names[0]}"):
        evaluations.find(runs, "nowhere")


def test_a_step_and_a_checkpoint_may_be_named(runs: list[str]) -> None:
    found = evaluations.find([f"{runs[0]}:score:epoch_1", f"{runs[0]}:score"])
    assert [one.name for one in found] == ["甲: epoch_1", "甲: 轮_2"]


def test_a_run_that_is_named_twice_is_numbered(runs: list[str]) -> None:
    found = evaluations.find([runs[1], runs[1]])
    assert [one.name for one in found] == [runs[1], f"{runs[1]} (2)"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (":scores", "there is no evaluation 'scores'; did you mean 'score'"),
        (":score:epoch_9", "there is no evaluation 'epoch_9'; did you mean 'epoch_1'"),
    ],
)
def test_what_isnt_there_is_told(runs: list[str], name: str, told: str) -> None:
    with pytest.raises(RunError, match=told):
        evaluations.find([runs[0] + name, runs[1]])


def test_one_evaluation_alone_has_nothing_to_compare_with(runs: list[str]) -> None:
    with pytest.raises(RunError, match="has one evaluation, only; name another run"):
        evaluations.find(runs[1:])


def test_a_run_without_training_is_refused_with_what_compares_it(tmp_path: Path) -> None:
    write_recipe(tmp_path, [{"id": "a", "use": "reindex", "in": "raw"}], coco())
    assert command("run", "recipe.yaml", "-q", "--jobs", "1", cwd=tmp_path).returncode == 0
    with pytest.raises(RunError, match="has no evaluation: add a step that evaluates"):
        evaluations.find([str(tmp_path / "runs/test")] * 2)
    with pytest.raises(RunError, match="there is no such run directory"):
        evaluations.find(["nowhere:score", "nowhere"])


def test_pictures_are_named_below_the_folder_that_they_share(runs: list[str]) -> None:
    data = evaluations.find(runs)[0].data
    assert {image.file_name for image in data.images} >= {"1.jpg", "12.jpg"}
