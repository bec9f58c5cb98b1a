"""add_segmentation gives a rectangle where there is no segmentation, or none that covers
anything.
"""

import msgspec
import pytest
from coco_recipe_data.add_segmentation import STEP

from coco_recipe.testing import coco, dataset, run_step

BOX = [[1, 2, 11, 2, 11, 12, 1, 12]]
REAL = [[0, 0, 5, 0, 5, 5]]


@pytest.mark.parametrize(("replace", "last"), [(False, REAL), (True, BOX)])
def test_rows_without_a_segmentation_get_a_rectangle(replace: bool, last: list[object]) -> None:
    data = coco(1, [(1, 1)] * 4)
    for row, old in zip(data["annotations"][1:], ([], [[1, 2, 6, 7, 11, 12]], REAL), strict=True):
        row["segmentation"] = old  # none, one on a line, a real one
    outcome = run_step(STEP, dataset=dataset(data), replace_existing=replace)
    found = [msgspec.json.decode(row.segmentation) for row in outcome.value.annotations]
    assert found == [BOX, BOX, BOX, last]
    assert outcome.notes["segmentations_added"] == (4 if replace else 3)


def test_a_row_without_a_box_stays_as_it_is() -> None:
    data = coco(1, [(1, 1)])
    del data["annotations"][0]["bbox"]
    given = dataset(data)
    assert run_step(STEP, dataset=given).value.annotations == given.annotations
