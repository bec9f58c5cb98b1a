"""Cells are planned before one runs; steps they share are made once; one that fails stops none."""

import json
from pathlib import Path
from typing import Any

import pytest
from builders import coco, write_recipe

from coco_recipe.errors import RecipeError
from coco_recipe.running import cells, stages
from coco_recipe.running.cells import Done

STEPS: list[dict[str, Any]] = [
    {"id": "clean", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}},
    {"id": "more", "use": "reindex", "in": "clean", "with": {"annotations": 1}},
    {"id": "out", "use": "export_coco", "in": {"all": "more"}, "with": {"images": "none"}},
]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _recipe(folder: Path, axes: dict[str, list[Any]], steps: Any = STEPS, **top: Any) -> Path:
    return write_recipe(folder, steps, coco(), matrix=axes, **top)


def _run(path: Path, **options: Any) -> list[Done]:
    return list(cells.run(cells.planned(path, **options), lambda cell: None))


def _told(path: Path, *overrides: str) -> list[tuple[str, str]]:
    with pytest.raises(RecipeError) as caught:
        cells.planned(path, overrides)
    return [(p.where.path, f"{p.what} {p.hint}") for p in caught.value.problems]


@pytest.mark.slow
def test_shared_steps_are_made_once(tmp_path: Path) -> None:
    path = _recipe(tmp_path, {"steps.more.with.annotations": [0, 1]})
    first, second = _run(path)
    assert first.result
    assert second.result
    assert first.result.ran == ("clean", "more", "out")
    assert (set(second.result.ran), second.result.reused) == ({"more", "out"}, ("clean",))
    assert first.result.folder == Path("runs/test,annotations=0")
    ids = [
        json.loads((one.cell.folder / "steps/out/annotations/instances_all.json").read_text())[
            "annotations"
        ][0]["id"]
        for one in (first, second)
    ]
    assert ids == [0, 1]
    again = _run(path)
    assert [one.result.ran for one in again if one.result] == [(), ()]


@pytest.mark.slow
def test_cells_share_wherever_they_are(tmp_path: Path) -> None:
    path = _recipe(tmp_path, {"steps.more.with.annotations": [0, 1]})
    done = _run(path, out=Path("elsewhere/x"))
    assert [str(one.cell.folder) for one in done] == [
        "elsewhere/x,annotations=0",
        "elsewhere/x,annotations=1",
    ]
    assert done[1].result
    assert done[1].result.reused == ("clean",)


@pytest.mark.slow
def test_a_cell_that_fails_does_not_stop_the_others(tmp_path: Path) -> None:
    path = _recipe(tmp_path, {"seed": [1, 2, 3]})
    blocked = Path("runs/test,seed=2")
    blocked.mkdir(parents=True)
    (blocked / "mine.txt").write_text("mine")
    done = _run(path)
    assert [bool(one.result) for one in done] == [True, False, True]
    assert "was not made by coco-recipe" in str(done[1].error)
    assert (blocked / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("axes", "place", "what"),
    [
        ({"sede": [1, 2]}, "matrix.sede[0]", "unknown key 'sede'"),
        ({"seed": [1, -2]}, "matrix.seed[1]", "-2 is less than"),
        ({"steps.more.with.images": [1, 7]}, "matrix.steps.more.with.images[1]", "7 is none of"),
        ({"steps.clean.with.drop": ["cat"]}, "matrix.steps.clean.with.drop[0]", "[[a, b]]"),
        ({"vars.unused": [1, 2]}, "matrix", "the cells unused=1 and unused=2 are the same recipe"),
    ],
)
def test_what_is_wrong_with_a_cell_is_told_before_any_runs(
    axes: dict[str, list[Any]], place: str, what: str, tmp_path: Path
) -> None:
    told = _told(_recipe(tmp_path, axes))
    assert told[0][0] == place
    assert what in told[0][1]


def test_cells_publish_in_folders_of_their_own(tmp_path: Path) -> None:
    def steps(to: str) -> list[dict[str, Any]]:
        return [*STEPS[:2], STEPS[2] | {"with": {"images": "none", "to": to}}]

    axes = {"seed": [1, 2]}
    assert len(cells.planned(_recipe(tmp_path, axes, steps("dataset")))) == 2
    ((place, what),) = _told(_recipe(tmp_path, axes, steps("../dataset")))
    assert place == "steps[2].with.to"
    assert "every cell would publish in" in what


def test_a_step_of_a_base_may_be_varied_but_not_one_that_is_gone(tmp_path: Path) -> None:
    _recipe(tmp_path, {"steps.more.with.annotations": [0, 1]}).rename("base.yaml")
    mine = tmp_path / "mine.yaml"
    mine.write_text("extends: base.yaml\nname: mine\n")
    assert [cell.name for cell in cells.planned(mine)] == ["annotations=0", "annotations=1"]
    out = "{id: out, in: {all: clean}}"
    mine.write_text(f"extends: base.yaml\nname: mine\nsteps: [{{id: more, remove: true}}, {out}]\n")
    ((place, what),) = _told(mine)
    assert place == "matrix.steps.more.with.annotations"
    assert "there is no 'more' here" in what
    mine.write_text("extends: base.yaml\nname: mine\nmatrix: {seed: [3]}\n")
    assert len(cells.planned(mine)) == 2
    mine.write_text("extends: base.yaml\nname: mine\nmatrix: null\n")
    assert "has no matrix" in _told(mine)[0][1]


@pytest.mark.slow
def test_the_copy_of_a_run_has_the_matrix_too(tmp_path: Path) -> None:
    path = _recipe(tmp_path, {"seed": [1, 2]})
    stages.run(stages.prepare(path))
    assert len(cells.planned(tmp_path / "runs/test/recipe.yaml")) == 2


def test_paths_of_a_matrix_belong_to_its_file(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    _recipe(tmp_path, {"inputs.raw.annotations": ["raw.json", "other.json"]}).rename("base.yaml")
    (tmp_path / "other.json").write_text((tmp_path / "raw.json").read_text())
    mine = tmp_path / "below" / "mine.yaml"
    mine.write_text("extends: ../base.yaml\nname: mine\n")
    inputs = [cell.plan.recipe.inputs[0].annotations for cell in cells.planned(mine)]
    assert inputs == ["../raw.json", "../other.json"]
