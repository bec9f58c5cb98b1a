"""The cells of a matrix: their names, and what is told of a bad one."""

from pathlib import Path
from typing import Any

import pytest
from builders import coco, write_recipe

from coco_recipe import files
from coco_recipe.errors import Problem
from coco_recipe.language import matrix, source

STEPS = [
    {"id": "clean", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}},
    {"id": "more", "use": "reindex", "in": "clean", "with": {"annotations": 1}},
]


def _cells(
    folder: Path, axes: Any, *overrides: str, **top: Any
) -> tuple[list[str], list[tuple[str, str]]]:
    path = write_recipe(folder, STEPS, coco(), matrix=axes, **top)
    problems: list[Problem] = []
    found = matrix.cells(source.load(path, overrides), problems)
    return [cell.name for cell in found], [(p.where.path, p.what) for p in problems]


def test_every_combination_is_a_cell_with_a_name(tmp_path: Path) -> None:
    axes = {"seed": [1, 2], "steps.more.with.annotations": [0, 1]}
    names, problems = _cells(tmp_path, axes)
    assert problems == []
    assert names == [
        "seed=1,annotations=0",
        "seed=1,annotations=1",
        "seed=2,annotations=0",
        "seed=2,annotations=1",
    ]


@pytest.mark.parametrize(
    ("axes", "names"),
    [
        ({"vars.a.x": [1], "vars.b.x": [2]}, ["a.x=1,b.x=2"]),
        ({"steps.clean.with.drop": [["cat"], ["cat", "dog"]]}, ["drop=cat", "drop=cat-dog"]),
        ({"vars.lr": [1e-4, -0.5, True, None]}, ["lr=0.0001", "lr=-0.5", "lr=true", "lr=null"]),
        ({"vars.p": ["../a/b.yaml", "瓶", "", 'x"*?']}, ["p=..-a-b.yaml", "p=瓶", "p=-", "p=x"]),
        ({"steps.clean.with.drop.0": ["cat", "dog"]}, ["0=cat", "0=dog"]),
    ],
)
def test_names_are_safe_and_can_be_read(
    axes: dict[str, list[Any]], names: list[str], tmp_path: Path
) -> None:
    assert _cells(tmp_path, axes)[0] == names


def test_names_that_would_be_one_or_too_long_get_a_digest(tmp_path: Path) -> None:
    names, problems = _cells(tmp_path, {"vars.x": ["a b", "a-b", "A/b", "瓶" * 200, "c"]})
    assert problems == []
    assert names[4] == "x=c"
    assert len({files.plain_name(name) for name in names}) == 5
    assert all(name.startswith(("x=a-b-", "x=A-b-")) for name in names[:3])
    assert max(len(name.encode()) for name in names) <= matrix.MAX_NAME


@pytest.mark.slow
@pytest.mark.parametrize(
    ("axes", "place", "what"),
    [
        ({}, "matrix", "must be a mapping from addresses"),
        ([1], "matrix", "must be a mapping from addresses"),
        ({"seed": []}, "matrix.seed", "has no value to try"),
        ({"seed": 3}, "matrix.seed", "must be a list of values"),
        ({"seed": {"a": 1}}, "matrix.seed", "must be a list of values"),
        ({"seed": [1, 2, 1]}, "matrix.seed[2]", "1 stands here twice"),
        ({"steps.moer.with.x": [1]}, "matrix.steps.moer.with.x", "did you mean 'more'"),
        ({"steps.clean.with.drop.4": ["cat"]}, "matrix.steps.clean.with.drop.4", "sets nothing"),
        ({"name": ["a", "b"]}, "matrix.name", "'name' can't be varied"),
        ({"matrix.seed": [1]}, "matrix.matrix.seed", "'matrix' can't be varied"),
        ({"seed": list(range(10_000))}, "matrix", "has 10000 cells"),
        (
            {f"vars.x{n}": list(range(10)) for n in range(30)},
            "matrix",
            f"has {10**30} cells, and at most 1000 are run",
        ),
        (
            {"steps.more.with.annotations": [1], "steps.1.with.annotations": [0]},
            "matrix.steps.1.with.annotations",
            "leads to the same place",
        ),
        (
            {"steps.clean.with": [{}], "steps.clean.with.drop": [["cat"]]},
            "matrix.steps.clean.with.drop",
            "or one in the other",
        ),
    ],
)
def test_a_bad_matrix_is_told_at_its_place(
    axes: Any, place: str, what: str, tmp_path: Path
) -> None:
    names, problems = _cells(tmp_path, axes)
    assert names == []
    (told,) = problems
    assert told[0] == place
    assert what in told[1]


def test_what_is_set_is_not_varied(tmp_path: Path) -> None:
    _, problems = _cells(tmp_path, {"seed": [1, 2]}, "seed=3")
    assert problems == [
        ("seed=3", "the matrix varies seed, and this would decide it in every cell")
    ]
    assert _cells(tmp_path, {"seed": [1, 2]}, "steps.more.with.annotations=0")[1] == []


def test_a_recipe_without_a_matrix_says_so(tmp_path: Path) -> None:
    problems: list[Problem] = []
    path = write_recipe(tmp_path, STEPS, coco())
    assert matrix.cells(source.load(path), problems) == ()
    assert "has no matrix" in problems[0].what
