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


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.314, "0.31 s"), (2.34, "2.3 s"), (59.7, "1 min 0 s"), (7500, "2 h 05 min")],
)
def test_times_are_told_as_people_say_them(seconds: float, told: str) -> None:
    assert summary.duration(seconds) == told


def test_the_result_of_a_run_is_what_its_last_step_gives_or_was_given() -> None:
    given = Balance(entered={"val": Counts(images=2, annotations=1)})
    assert summary.of_result(StepRecord(step="x", use="x", counts=ROWS)) == [
        "train: 1 image, 2 boxes"
    ]
    assert summary.of_result(StepRecord(step="x", use="x", counts=given)) == [
        "val: 2 images, 1 box"
    ]
