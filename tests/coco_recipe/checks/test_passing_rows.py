"""Rows that pass are surveyed as rows that stay, wherever the parts end."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows_found import changed

from coco_recipe.checks import row_checks
from coco_recipe.checks.passing_rows import NotKeptError, PassingRows
from coco_recipe.dataset import Dataset
from coco_recipe.findings import Finding
from coco_recipe.testing import dataset

WRONG = [
    {"bbox": [1, 2, 0, 10]},
    {"bbox": [60, 2, 30, 10], "area": 7},
    {"bbox": [90, 2, 3, 10]},
    {"segmentation": [1, 2, 11, 2, 11, 12]},
    {"segmentation": {"size": [1, 1], "counts": [1]}},
    {"segmentation": [[1, 1, 2, 2, 3, 3]]},
    {"segmentation": [[1, 1, 2]]},
    {"area": 3},
    {"iscrowd": 0},
    {"category_id": 1},
    *[{}] * 2,
]


def _in_parts(rows: Dataset, ends: list[int]) -> PassingRows:
    borders = [0, *sorted(end % (len(rows.annotations) + 1) for end in ends), None]
    parts = (rows.annotations[start:end] for start, end in pairwise(borders))
    return PassingRows(rows.replace(annotations=()), parts)


def _found(findings: object) -> list[str]:
    assert isinstance(findings, list)
    return [str(one) for one in findings if isinstance(one, Finding)]


@pytest.mark.slow
@given(st.permutations(WRONG), st.lists(st.integers(0, 99), max_size=4))
def test_findings_are_those_of_the_whole(changes: list[dict[str, object]], ends: list[int]) -> None:
    data = changed("annotations")
    row = data["annotations"][0]
    data["annotations"] = [{**row, **change, "id": n} for n, change in enumerate(changes, 1)]
    rows = dataset(data)
    whole = list(row_checks.findings(rows, "raw", row_checks.IN_PASSING))
    assert {"boxes_of_no_area", "boxes_past_the_edge", "boxes_outside"} <= {
        one.kind.name for one in whole
    }
    passing = list(row_checks.findings_of(_in_parts(rows, ends), "raw", row_checks.IN_PASSING))
    assert _found(passing) == _found(whole)


@pytest.mark.parametrize(
    "box",
    [
        pytest.param([0.1, 0.2, 0.3, 0.4], id="shares"),
        pytest.param([30, 20, 60, 45], id="corners"),
    ],
)
def test_what_needs_all_boxes_at_once_is_not_known(box: list[float]) -> None:
    rows = dataset(changed("annotations", {"bbox": box}, {"bbox": box}))
    with pytest.raises(NotKeptError):
        list(row_checks.findings_of(_in_parts(rows, [1]), "raw", row_checks.IN_PASSING))


def test_the_rows_themselves_are_not_there() -> None:
    rows = _in_parts(dataset(changed("annotations")), [1])
    with pytest.raises(NotKeptError):
        list(row_checks.findings_of(rows, "raw", {"repeated_annotation_ids"}))
