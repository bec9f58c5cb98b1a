"""execute: a step's books, and what it gives that it hasn't declared."""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from coco_recipe import (
    Dataset,
    Port,
    Step,
    StepContext,
    StepError,
)
from coco_recipe.testing import Bench, dataset, run_step


def _step(run: Any, **more: Any) -> Step:
    settings = {"inputs": {"dataset": Port(Dataset)}, "outputs": {"dataset": Dataset}} | more
    return Step(name="try", run=run, **settings)


def test_rows_that_were_made_and_dropped_are_in_the_books() -> None:
    def double(ctx: StepContext, *, dataset: Dataset) -> Mapping[str, Any]:
        boxes = dataset.annotations
        ctx.make(images=3, annotations=2)
        for row in dataset.images[:1]:
            ctx.drop(row, "the first")
        copies = (
            replace(row, id=row.id + 10, file_name=f"copy-{row.file_name}")
            for row in dataset.images
        )
        rows = (replace(row, id=row.id + 10, image_id=row.image_id + 10) for row in boxes)
        images = (*dataset.images[1:], *copies)
        annotations = (*(replace(row, image_id=2) for row in boxes), *rows)
        return {"dataset": dataset.replace(images=images, annotations=annotations)}

    record = run_step(_step(double), dataset=dataset()).record
    assert (record.counts.made.images, record.counts.made.annotations) == (3, 2)
    assert [(line.kind, line.reason, line.count) for line in record.dropped] == [
        ("image", "the first", 1)
    ]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, r"gave the outputs \[\], declared are \['dataset'\]"),
        ({"dataset": 3}, "output 'dataset' is a int"),
        ({"dataset": (dataset(),)}, "must be one value"),
    ],
)
def test_an_output_that_is_not_the_declared_one_is_refused(given: Any, told: str) -> None:
    def give(ctx: StepContext, *, dataset: Dataset) -> Mapping[str, Any]:
        for row in (*dataset.images, *dataset.annotations):
            ctx.drop(row, "all")
        return given

    with pytest.raises(StepError, match=told):
        run_step(_step(give), dataset=dataset())


def test_files_are_hashed_and_an_earlier_result_is_seen(tmp_path: Path) -> None:
    def keep(ctx: StepContext, *, dataset: Dataset) -> Mapping[str, Any]:
        before = (ctx.earlier / "n.txt").read_text() if ctx.earlier else ""
        (ctx.workdir / "n.txt").write_text(before + "x")
        return {"dataset": dataset}

    for expected in ("x", "xx"):
        outcome = run_step(_step(keep), Bench(tmp_path), dataset=dataset())
        assert outcome.folder
        assert (outcome.folder / "n.txt").read_text() == expected
        assert outcome.record.files.count == 1


@pytest.mark.parametrize("is_bad", [False, True])
def test_a_step_that_goes_to_another_folder_leaves_the_run_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_bad: bool
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def go(ctx: StepContext, *, dataset: Dataset) -> Mapping[str, Any]:
        os.chdir(tmp_path)
        if is_bad:
            raise ValueError("it is bad")
        return {"dataset": dataset}

    with contextlib.suppress(StepError):
        run_step(_step(go), dataset=dataset())
    assert Path.cwd() == tmp_path / "here"
