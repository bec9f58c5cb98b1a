"""The example of docs/testing_steps.md runs as it stands there, beside the step that it tests."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from builders import REPOSITORY

STEP = '''"""coco-recipe plugin: step ``drop_small``, which removes small boxes."""
from coco_recipe import Dataset, Port, Step

PARAMS = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "below": {"type": "number", "default": 8, "description": "Least side in pixels."}
    },
}


def drop_small(ctx, *, dataset, below):
    """Remove boxes with a side below a number of pixels."""
    kept = []
    for row in dataset.annotations:
        if min(row.bbox[2:]) < below:
            ctx.drop(row, "small")
        else:
            kept.append(row)
    return {"dataset": dataset.replace(annotations=tuple(kept))}


STEP = Step(
    name="drop_small",
    run=drop_small,
    inputs={"dataset": Port(Dataset)},
    outputs={"dataset": Dataset},
    params=PARAMS,
)
'''


@pytest.mark.slow
def test_the_example_passes_and_fails_where_the_step_is_wrong(tmp_path: Path) -> None:
    page = (REPOSITORY / "docs/testing_steps.md").read_text("utf-8")
    example = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert example
    (tmp_path / "test_example.py").write_text(example[1])
    for step, expected in ((STEP, 0), (STEP.replace("< below", "> below"), 1)):
        (tmp_path / "drop_small.py").write_text(step)
        done = subprocess.run(
            [
                sys.executable,
                "-B",
                "-m",
                "pytest",
                "-q",
                "-p",
                "no:cacheprovider",
                "test_example.py",
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == expected, done.stdout
        assert "2 passed" in done.stdout or "1 failed" in done.stdout
