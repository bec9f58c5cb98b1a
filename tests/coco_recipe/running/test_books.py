"""A step's outputs are what it declared, and its books close."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from builders import coco, recorded, write_recipe

from coco_recipe import StepError
from coco_recipe.running import stages

PLUGIN = '''"""A step whose outputs and books are as the test says."""
from coco_recipe import (
    Dataset,
    Port,
    Step,
    hookimpl,
)


def odd(ctx, *, dataset, how):
    """Give back what comes in, or something else."""
    fewer = dataset.replace(annotations=dataset.annotations[1:])
    if how == "drops":
        ctx.drop(dataset.annotations[0], "not wanted")
        return {"dataset": fewer}
    if how == "makes":
        ctx.make(annotations=1)
        return {"dataset": dataset}
    return {
        "loses": {"dataset": fewer},
        "none": None,
        "another port": {"data": dataset},
        "another kind": {"dataset": [1]},
        "several": {"dataset": (dataset,)},
    }[how]


@hookimpl
def coco_recipe_steps():
    yield Step(
        name="odd",
        run=odd,
        params={"type": "object", "properties": {"how": {"type": "string"}}},
        inputs={"dataset": Port(Dataset)},
        outputs={"dataset": Dataset},
    )
'''


@pytest.fixture
def run(tmp_path: Path) -> Callable[[str], Any]:
    (tmp_path / "odd_books.py").write_text(PLUGIN)

    def run(how: str) -> Any:
        step = {"id": "x", "use": "odd", "in": "raw", "with": {"how": how}}
        path = write_recipe(tmp_path, [step], coco())
        planned = stages.prepare(path, plugin_files=[tmp_path / "odd_books.py"])
        return stages.run(planned, out=tmp_path / "out")

    return run


@pytest.mark.parametrize(
    ("how", "problem"),
    [
        ("loses", "the books don't close: 2 annotations in + 0 made is not 1 out + 0 dropped"),
        ("makes", "the books don't close: 2 annotations in + 1 made is not 2 out + 0 dropped"),
        ("none", "gave the outputs NoneType, declared are ['dataset']"),
        ("another port", "gave the outputs ['data'], declared are ['dataset']"),
        ("another kind", "output 'dataset' is a list, declared is Dataset"),
        ("several", "output 'dataset' must be one value"),
    ],
)
def test_what_is_not_as_declared_is_refused_and_not_committed(
    how: str, problem: str, run: Callable[[str], Any], tmp_path: Path
) -> None:
    with pytest.raises(StepError) as raised:
        run(how)
    assert str(raised.value).startswith(f"step 'x' (odd): {problem}")
    assert not (tmp_path / "out/steps/x").exists()


def test_the_record_has_the_rows_that_came_were_dropped_and_went(
    run: Callable[[str], Any], tmp_path: Path
) -> None:
    run("drops")
    record = recorded(tmp_path / "out/steps/x")
    (entered,) = record.counts.entered.values()
    (out,) = record.counts.out.values()
    assert (entered.annotations, out.annotations) == (2, 1)  # type: ignore[union-attr]
    assert [(row.kind, row.reason, row.count) for row in record.dropped] == [
        ("annotation", "not wanted", 1)
    ]
