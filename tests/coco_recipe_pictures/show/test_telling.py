"""The images to look at are those that tell most, always the same ones."""

from typing import Any

import pytest
from builders import coco
from coco_recipe_pictures.show.telling import Wanted, choose

from coco_recipe import RunError
from coco_recipe.findings import Finding, Kind, Row
from coco_recipe.testing import dataset

ODD = Kind("odd_boxes", "warning", "boxes are odd", "mend them")


def _data() -> dict[str, Any]:
    """Make 30 images of which 7 has the only dog, 8 the smallest box, 9 the largest, 30 none."""
    data = coco(images=30, boxes=[(i, 2 if i == 7 else 1) for i in range(1, 30)])
    data["annotations"][7]["bbox"] = [1, 1, 2, 2]
    data["annotations"][8]["bbox"] = [1, 1, 40, 40]
    data["annotations"] += [
        {**data["annotations"][0], "id": 90 + n, "image_id": 11} for n in (0, 1)
    ]
    return data


def _chosen(wanted: Wanted, findings: tuple[Finding, ...] = ()) -> dict[str, str]:
    found = choose({"raw": dataset(_data())}, findings, wanted)
    return {one.image.file_name: one.why for one in found}


def test_rare_classes_extreme_boxes_and_a_negative_come_first() -> None:
    found = _chosen(Wanted(6))
    assert found["7.jpg"] == "[2]: 1 in all"
    assert found["8.jpg"] == "the smallest box"
    assert found["9.jpg"] == "the largest box"
    assert found["30.jpg"] == "no box"
    assert found["11.jpg"] in ("[1]: 30 in all", "the most boxes")
    assert len(found) == 6


def test_findings_come_before_all() -> None:
    finding = Finding.of(ODD, "raw", [Row("annotation 20", 1, "20.jpg")])
    assert next(iter(_chosen(Wanted(3), (finding,)).items())) == ("20.jpg", "odd_boxes")
    assert _chosen(Wanted(finding="odd_boxes"), (finding,)).keys() == {"20.jpg"}


def test_the_same_images_are_chosen_again_and_no_more_than_there_are() -> None:
    assert _chosen(Wanted(9)) == _chosen(Wanted(9))
    assert len(_chosen(Wanted(99))) == 30


def test_images_are_chosen_by_name_in_the_order_given() -> None:
    assert list(_chosen(Wanted(names=("5.jpg", "3.jpg")))) == ["5.jpg", "3.jpg"]


def test_a_class_leaves_out_images_without_it() -> None:
    assert _chosen(Wanted(category="dog")).keys() == {"7.jpg"}


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (Wanted(names=("55.jpg",)), "did you mean '5.jpg'"),
        (Wanted(category="dogs"), "did you mean 'dog'"),
        (Wanted(finding="odd_boxes"), "nothing was found at all"),
    ],
)
def test_what_isnt_there_is_told(wanted: Wanted, told: str) -> None:
    with pytest.raises(RunError, match=told):
        _chosen(wanted)


def test_rows_of_no_image_and_of_no_class_are_passed_over() -> None:
    data = coco(boxes=[(1, 1), (99, 1), (2, 77)])
    found = choose({"raw": dataset(data)}, (), Wanted())
    assert sorted(one.image.id for one in found) == [1, 2, 3]
    assert sum(len(one.rows) for one in found) == 2
