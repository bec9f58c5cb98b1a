"""What checks ask of a data set together: sizes, names of rows, and what a fast look notices."""

from rows_found import changed

from coco_recipe.checks.rows import Rows, of_category, of_image, repeated
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


def test_values_that_repeat() -> None:
    assert repeated("abcab") == {"a", "b"}
    assert repeated(range(5)) == set()
