import pytest

from coco_recipe.manifest import Balance, Clock, Counts, Dropped, FileSet, StepRecord
from coco_recipe.observing import summary

ROWS = Balance(out={"train": Counts(images=1, annotations=2), "model": Counts()})


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (StepRecord(step="x", use="x", counts=ROWS), "train: 1 image, 2 boxes"),
        (StepRecord(step="x", use="x", files=FileSet(count=3)), "3 files"),
        (
            StepRecord(
                step="x",
                use="x",
                counts=ROWS,
                notes={"summary": "half of it"},
                clock=Clock(this_run={"reused": 4}),
                dropped=(Dropped("image", "too dark", 1), Dropped("annotation", "cut", 2)),
            ),
            "train: 1 image, 2 boxes; half of it; reused: 4; "
            "dropped 1 image (too dark), 2 annotations (cut)",
        ),
        (
            StepRecord(
                step="x",
                use="x",
                counts=ROWS,
                notes={"table": {"head": ["a", "b"], "rows": [["cat", "1"]]}},
            ),
            "0 files\n  a    b\n  cat  1",
        ),
    ],
)
def test_what_a_step_did_is_told_in_a_few_words(record: StepRecord, text: str) -> None:
    assert summary.of_step(record) == text
