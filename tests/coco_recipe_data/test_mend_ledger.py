"""The ledger of repair: a line for each value, old and new, and their number by key."""

import json
from collections.abc import Mapping
from typing import Any

from coco_recipe_data.mend_ledger import Ledger
from msgspec import UNSET

from coco_recipe import (
    Dataset,
    Loose,
    Port,
    Step,
    StepContext,
)
from coco_recipe.testing import Bench, dataset, run_step


def _step(ledger: Ledger) -> Step:
    def write(ctx: StepContext, *, dataset: Dataset) -> Mapping[str, Any]:
        """Write the ledger."""
        ledger.write(ctx)
        return {}

    port = Port(Dataset, reads_only=True)
    return Step(name="write", run=write, inputs={"dataset": port}, outputs={})


def test_each_value_has_its_line_in_order(tmp_path: Any) -> None:
    data, ledger = dataset(), Ledger()
    ledger.note(data.annotations[1], "area", UNSET, 100)
    ledger.note(data.images[0], "file_name", "a/1.jpg", "1.jpg")
    ledger.add("annotation 7", "area", 3, 4)
    outcome = run_step(_step(ledger), Bench(tmp_path), dataset=data)
    assert outcome.folder
    lines = (outcome.folder / "repaired.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"row": "annotation 2", "key": "area", "old": None, "new": 100},
        {"row": "image 1 ('1.jpg')", "key": "file_name", "old": "a/1.jpg", "new": "1.jpg"},
        {"row": "annotation 7", "key": "area", "old": 3, "new": 4},
    ]
    assert outcome.notes["repaired"] == {"area": 2, "file_name": 1}
    assert outcome.notes["summary"] == "mended 2 area, 1 file_name"


def test_nothing_mended_writes_no_file_and_says_so(tmp_path: Any) -> None:
    outcome = run_step(_step(Ledger()), Bench(tmp_path), dataset=dataset())
    assert outcome.folder
    assert not (outcome.folder / "repaired.jsonl").exists()
    assert outcome.notes["summary"] == "mended no value"


def test_what_stood_in_the_file_is_known_where_the_row_lacks_it() -> None:
    loose = Loose("areas_of_wrong_type", "annotations", 0, "annotation 1", "", "area", "12", 12)
    ledger = Ledger({("annotations", 0, "area"): loose})
    assert ledger.was("annotations", 0, "area", UNSET) == "12"
    assert ledger.was("annotations", 0, "area", 5) == 5
    assert ledger.was("annotations", 1, "area", UNSET) is UNSET
