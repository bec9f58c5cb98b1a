"""Which steps can't take a kind of finding, and which values of a wrong type all of them take
in.
"""

from pathlib import Path
from typing import Any

import pytest
from builders import coco, write_recipe

from coco_recipe.planning import refusals
from coco_recipe.running import stages

TO_NUMBERS = {"id": "r", "use": "repair", "in": "raw", "with": {"area": "to_numbers"}}
FEW = {"id": "few", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}}


def _plan(folder: Path, *steps: dict[str, Any]) -> Any:
    return stages.prepare(write_recipe(folder, steps, coco()))


@pytest.mark.parametrize(
    ("steps", "is_taken"),
    [
        ((TO_NUMBERS,), True),
        ((FEW,), False),
        ((TO_NUMBERS, FEW), False),  # the filter reads the raw file, too
        ((TO_NUMBERS, {**FEW, "in": "r"}), True),
    ],
)
def test_a_value_is_taken_in_where_every_reader_takes_it(
    steps: tuple[dict[str, Any], ...], is_taken: bool, tmp_path: Path
) -> None:
    excuse = refusals.excuse(_plan(tmp_path, *steps), "raw")
    assert ("areas_of_wrong_type" in excuse.mended | excuse.understood) is is_taken


def test_rows_flow_to_the_steps_below_until_one_mends_them(tmp_path: Path) -> None:
    mend = {"id": "ids", "use": "reindex", "in": "raw"}
    out = {"id": "out", "use": "export_coco", "in": {"all": "raw"}, "with": {"images": "none"}}
    planned = _plan(tmp_path, mend, out)
    kind = "repeated_annotation_ids"
    assert [step.id for step in refusals.refusing(planned, "raw", kind)] == ["out"]
    assert not refusals.is_mended(planned, "raw", kind)
    mended = _plan(tmp_path, mend, {**out, "in": {"all": "ids"}})
    assert not [*refusals.refusing(mended, "raw", kind)]
    assert refusals.is_mended(mended, "raw", kind)
