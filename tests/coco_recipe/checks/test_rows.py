"""What checks ask of a data set together: sizes, names of rows, and what a fast look notices."""

from collections.abc import Mapping
from typing import Any

import pytest
from builders import coco
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET
from rows_found import changed

from coco_recipe.checks import rows as module
from coco_recipe.checks.rows import Rows, of_category, of_image, repeated, text_of
from coco_recipe.checks.segmentation_form import form
from coco_recipe.testing import dataset


def test_a_size_is_known_only_where_both_sides_are_above_0() -> None:
    data = changed("images", {"width": None}, {"height": -3}, {})
    assert Rows(dataset(data)).sizes == {1: None, 2: None, 3: (64, 48)}


def test_rows_are_named_with_their_picture() -> None:
    rows = Rows(dataset())
    assert rows.of(rows.annotations[1], 7).name == "annotation 2"
    assert rows.of(rows.annotations[1]).file_name == "2.jpg"
    assert of_image(rows.images[0]).name == "image 1 ('1.jpg')"
    assert of_category(rows.categories[0]).name == "category 1 ('cat')"


def test_one_pass_notices_boxes_and_segmentations_to_look_at() -> None:
    data = changed(
        "annotations",
        {"bbox": [60, 2, 10, 10], "area": 5},
        {"bbox": [1, 2, 0, 10], "segmentation": {"size": [1, 1], "counts": [1]}},
    )
    survey = Rows(dataset(data)).survey
    assert survey.boxes == 2
    assert [row.id for row, _, _ in survey.outside] == [1]
    assert [row.id for row in survey.no_area] == [2]
    assert [row.id for row in survey.odd] == [2]
    assert 1 in [row.id for row in survey.at_odds]
    assert survey.has_large_side


SEGMENTATIONS: list[Any] = [
    [[1, 2, 11, 2, 11, 12, 1, 12]],
    [[1.5, 2, 11, 2, 11, 12, 1, 12] * 20],
    [[1, 2, 11, 2, 11, 12], [20, 20, 30, 20, 30, 30]],
    [],
    [[]],
    [1, 2, 11, 2, 11, 12],
    [[1, 2], [11, 2], [11, 12]],
    [[1, 2, 3], 4],
    [[1.25, 2, 11, 2, 11, 12] * 9, 4],
    [[1e-7, 2, 11, 2, 11, 12]],
    [[1, 2, 11, 2, 11, 12, 10**320, 12] * 3],
    [["1", 2, 11, 2, 11, 12]],
    {"size": [48, 64], "counts": [3072]},
    {"size": [48, 64], "counts": "b"},
    None,
]
NUMBERS = st.sampled_from([-9, 0, 0.4, 1, 1.5, 30, 70])
ROWS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "bbox": st.lists(NUMBERS, min_size=4, max_size=4),
            "area": NUMBERS,
            "iscrowd": st.sampled_from([0, 1, 2]),
            "category_id": st.sampled_from([1, 2, 7]),
            "segmentation": st.sampled_from(SEGMENTATIONS),
        },
    ),
    max_size=8,
)


def _rows(listed: list[Mapping[str, Any]]) -> Rows:
    data = coco(images=3)
    data["annotations"] = [{"id": n, "image_id": 1 + n % 3, **row} for n, row in enumerate(listed)]
    return Rows(dataset(data))


@pytest.mark.slow
@given(listed=ROWS)
def test_rows_of_a_batch_are_noticed_as_one_by_one(listed: list[Mapping[str, Any]]) -> None:
    rows = _rows(listed)
    together = rows.survey
    wrong = [
        row for row in rows.annotations if row.segmentation is not UNSET and form(text_of(row))
    ]
    assert all(row in together.odd for row in wrong)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BATCH", 1)
        assert _rows(listed).survey == together


@pytest.mark.slow
@given(listed=ROWS)
def test_what_is_told_of_all_rows_holds_for_each(listed: list[Mapping[str, Any]]) -> None:
    rows = _rows(listed)
    assert rows.ids == [row.id for row in rows.annotations]
    assert rows.areas == [row.area for row in rows.annotations]
    assert rows.image_ids == {row.image_id for row in rows.annotations}
    assert rows.category_ids == {row.category_id for row in rows.annotations}
    assert rows.crowd_flags == {row.iscrowd for row in rows.annotations}
    assert rows.have_boxes == all(row.bbox is not UNSET for row in rows.annotations)
    assert rows.have_areas == all(row.area is not UNSET for row in rows.annotations)


def test_a_key_that_some_rows_have_is_known() -> None:
    rows = Rows(dataset(changed("annotations", {}, {"num_keypoints": 0})))
    assert rows.have("annotations", "num_keypoints")
    assert not rows.have("images", "num_keypoints")


def test_values_that_repeat() -> None:
    assert repeated("abcab") == {"a", "b"}
    assert repeated(range(5)) == set()
