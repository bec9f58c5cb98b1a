"""Classes are known by name, whatever ids they have, and a row without one is told, too."""

from coco_recipe.asking.row_classes import Classes, counts
from coco_recipe.testing import coco, dataset


def test_classes_of_other_ids_are_the_same_by_name() -> None:
    was, now = coco(names=("cat", "犬")), coco(names=("犬", "cat"))
    before, after = dataset(was), dataset(now)
    classes = Classes({"": before}, {"": after})
    one, other = before.annotations[0], after.annotations[0]
    assert (classes.old("", one), classes.new("", other)) == ("cat", "犬")
    assert not classes.are_alike("", "")
    assert not classes.same("", one, "", other)
    assert classes.same("", one, "", after.annotations[1])
    assert Classes({"": before}, {"": before}).same("", one, "", one)


def test_two_ids_of_one_name_are_one_class() -> None:
    rows = dataset(coco(names=("cat", "cat")))
    classes = Classes({"": rows}, {"": rows})
    assert classes.are_alike("", "")
    assert classes.same("", rows.annotations[0], "", rows.annotations[1])
    assert counts({"": rows}) == {"cat": 2}


def test_a_class_without_a_box_and_a_box_without_a_class_are_counted() -> None:
    data = coco(names=("cat", "dog", "owl"))
    data["annotations"][0]["category_id"] = 9
    del data["annotations"][1]["category_id"]
    found = counts({"a": dataset(data), "b": dataset(coco())})
    assert found == {"cat": 1, "dog": 1, "owl": 0, "(category 9)": 1, "(no class)": 1}
