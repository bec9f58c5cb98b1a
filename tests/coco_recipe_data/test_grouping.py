"""Images that must stay together: families and named groups, joined where they share an image."""

import re
from pathlib import Path

import pytest
from coco_recipe_data.grouping import field_of, groups_of

from coco_recipe.testing import coco, dataset


def _data(videos: list[object], roots: dict[int, str] | None = None) -> dict[str, object]:
    data = coco(len(videos), [])
    for number, (row, video) in enumerate(zip(data["images"], videos, strict=True), 1):
        if video is not None:
            row["video"] = video
        if number in (roots or {}):
            row["coco_recipe"] = {"root": roots[number], "source": roots[number]}
    return data


def test_without_a_group_families_stay_together() -> None:
    data = dataset(_data(["a", "b", "a"], {2: "raw/1.jpg"}))
    assert list(groups_of(data, None).values()) == [[1, 2], [3]]


def test_a_field_joins_families_that_share_a_group() -> None:
    data = dataset(_data(["a", "b", "a", "c"], {2: "raw/1.jpg"}))
    assert list(groups_of(data, {"field": "video"}).values()) == [[1, 2, 3], [4]]


def test_the_name_of_a_group_does_not_depend_on_the_order_of_rows() -> None:
    data = dataset(_data(["a", "b", "a", "b"]))
    turned = data.replace(images=data.images[::-1])
    groups, others = (groups_of(one, {"field": "video"}) for one in (data, turned))
    assert {name: sorted(ids) for name, ids in others.items()} == groups


def test_a_pattern_and_a_file_name_groups(tmp_path: Path) -> None:
    data = dataset(_data([None] * 3))
    assert list(groups_of(data, {"pattern": "(?<=.)[.]"}).values()) == [[1, 2, 3]]
    assert list(groups_of(data, {"pattern": "^([12]|3)"}).values()) == [[1], [2], [3]]
    (tmp_path / "groups.txt").write_text("1.jpg x\n2.jpg y\n3.jpg x\n")
    found = groups_of(data, {"file": str(tmp_path / "groups.txt")})
    assert list(found.values()) == [[1, 3], [2]]


@pytest.mark.parametrize(
    ("videos", "group_by", "told"),
    [
        (["a", None], {"field": "video"}, "1 image has no field 'video': 2.jpg"),
        (["a", "b"], {"pattern": "^1"}, r"1 image has a name that doesn't match '^1': 2.jpg"),
    ],
)
def test_images_that_nothing_is_said_of_are_named(
    videos: list[object], group_by: dict[str, str], told: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        groups_of(dataset(_data(videos)), group_by)


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff1.jpg x\r\n\r\n2.jpg y\r\n3.jpg x\r\n",
        "1.jpg\tx\n2.jpg  y \n3.jpg x\n3.jpg x\nno_group\n",
    ],
)
def test_a_file_of_groups_is_read_as_editors_and_tables_write_it(text: str, tmp_path: Path) -> None:
    (tmp_path / "groups.txt").write_bytes(text.encode())
    found = groups_of(dataset(_data([None] * 3)), {"file": str(tmp_path / "groups.txt")})
    assert list(found.values()) == [[1, 3], [2]]


def test_a_file_in_two_groups_is_refused(tmp_path: Path) -> None:
    (tmp_path / "groups.txt").write_text("1.jpg x\n2.jpg y\n1.jpg y\n")
    with pytest.raises(ValueError, match=r"line 3: '1\.jpg' is in group 'y', and above in 'x'"):
        groups_of(dataset(_data([None] * 2)), {"file": str(tmp_path / "groups.txt")})


@pytest.mark.parametrize(
    ("value", "text"), [(7, "7"), (7.0, "7"), (7.5, "7.5"), ("x", "x"), (None, None)]
)
def test_a_field_is_compared_as_text(value: object, text: str | None) -> None:
    (image,) = dataset(_data([value])).images
    assert field_of(image, "video") == text
    assert field_of(image, "width") == "64"
    assert field_of(image, "license") is None
