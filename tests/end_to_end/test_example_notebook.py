"""The example notebook is executed, cell by cell, in a kernel of its own."""

import json
from pathlib import Path

import pytest
from builders import REPOSITORY

NOTEBOOK = REPOSITORY / "examples/bottle_caps.ipynb"


@pytest.mark.slow
def test_every_cell_runs_and_shows_what_it_should(tmp_path: Path) -> None:
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("albumentations")
    pytest.importorskip("pandas")
    book = nbformat.read(NOTEBOOK, as_version=4)
    run = nbclient.NotebookClient(
        book, timeout=120, resources={"metadata": {"path": str(tmp_path)}}, kernel_name="python3"
    )
    run.execute()
    shown = [
        output["data"].get("text/html") or output["data"].get("text/plain", "")
        for cell in book.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "execute_result"
    ]
    assert "11 classes" in shown[1]
    assert "data:image/jpeg;base64," in shown[1]
    assert "distinct ids" in shown[3]
    assert "filter_categories" in shown[4]
    assert "no pictures" not in "".join(shown)
    published = json.loads(
        (tmp_path / "runs/caps/dataset/annotations/instances_train.json").read_text()
    )
    assert all("segmentation" in row for row in published["annotations"])


def test_it_is_kept_without_outputs() -> None:
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)
