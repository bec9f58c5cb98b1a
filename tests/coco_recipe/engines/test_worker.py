"""What a worker raises arrives with its traceback; a plugin's functions are there."""

from collections.abc import Callable
from pathlib import Path

import pytest
from builders import coco, process, recorded, write_recipe
from raising import raise_kind

from coco_recipe.engines import engine
from coco_recipe.errors import StepError


def _hands_a_function(_: int) -> Callable[[], None]:
    return lambda: None


@pytest.mark.parametrize(
    ("kind", "error", "text"),
    [
        ("ValueError", ValueError, "it is bad"),
        ("OSError", FileNotFoundError, "gone: 'a.jpg'"),
        ("Local", StepError, "Local: hidden"),
        ("Odd", StepError, "Odd: ab"),
        ("SystemExit", StepError, "SystemExit: 0"),
        ("KeyboardInterrupt", StepError, "KeyboardInterrupt"),
        ("MemoryError", MemoryError, "full"),
        ("RecursionError", RecursionError, "maximum recursion"),
    ],
)
def test_what_a_worker_raises_arrives_with_its_traceback(
    kind: str, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text) as caught:
        list(engine.local(2).map(raise_kind, [kind]))
    assert "in raise_kind" in str(caught.value.__cause__)


@pytest.mark.slow
def test_a_result_that_cannot_be_sent_is_an_error() -> None:
    with pytest.raises(Exception, match=r"[Cc]an't (get|pickle) local object"):
        list(engine.local(2).map(_hands_a_function, range(3)))


PLUGIN = '''
from dataclasses import dataclass
from coco_recipe import (
    Dataset,
    Port,
    Step,
    hookimpl,
)

@dataclass(frozen=True)
class Row:
    number: int

def twice(row):
    return Row(2 * row.number)

def check(ctx, *, dataset):
    """Have rows made by workers."""
    ctx.note("rows", [row.number for row in ctx.map(twice, map(Row, range(5)))])
    return {"dataset": dataset}

@hookimpl
def coco_recipe_steps():
    yield Step(name="check", run=check, inputs={"dataset": Port(Dataset)},
               outputs={"dataset": Dataset})
'''


@pytest.mark.slow
@pytest.mark.parametrize("name", ["local", "local:spawn", "dask"])
def test_a_plugin_file_has_its_functions_and_records_in_workers(name: str, tmp_path: Path) -> None:
    if name == "dask":
        pytest.importorskip("distributed")
        pytest.importorskip("cryptography")
    (tmp_path / "mine.py").write_text(PLUGIN)
    path = write_recipe(tmp_path, [{"id": "x", "use": "check", "in": "raw"}], coco())
    done = process(
        "run", path, "--plugin", "mine.py", "--jobs", "2", "--engine", name, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert recorded(tmp_path / "runs/test/steps/x").notes["rows"] == [0, 2, 4, 6, 8]
