import json
from pathlib import Path
from typing import Any

import pytest
from builders import coco, recorded, write_recipe

from coco_recipe.errors import FindingsError, RecipeError, StepError
from coco_recipe.running import stages


def _result(
    tmp_path: Path,
    steps: list[dict[str, Any]],
    data: dict[str, Any] | None = None,
    port: str = "dataset",
    **top: Any,
) -> Any:
    """Run steps on a data set; return what the last one wrote."""
    stages.run(
        stages.prepare(write_recipe(tmp_path, steps, data or coco(), **top)), out=tmp_path / "out"
    )
    return json.loads((tmp_path / f"out/steps/{steps[-1]['id']}/{port}.json").read_text("utf-8"))


def _note(tmp_path: Path, step: str, key: str) -> Any:
    return recorded(tmp_path / f"out/steps/{step}").notes[key]


def _step(use: str, **params: Any) -> dict[str, Any]:
    return {"id": "x", "use": use, "in": "raw", "with": params}


@pytest.mark.parametrize(
    ("left", "never", "images"),
    [
        ("keep", "keep", [1, 2, 3]),
        ("drop", "keep", [1, 3]),
        ("keep", "drop", [1, 2]),
        ("drop", "drop", [1]),
    ],
)
def test_filter_categories_tells_emptied_images_from_negatives(
    left: str, never: str, images: list[int], tmp_path: Path
) -> None:
    data = _result(
        tmp_path,
        [
            _step(
                "filter_categories",
                drop=["dog"],
                images_left_empty=left,
                images_never_annotated=never,
            )
        ],
    )
    assert [row["id"] for row in data["images"]] == images
    assert [row["name"] for row in data["categories"]] == ["cat"]


def test_filter_categories_keeps_by_id(tmp_path: Path) -> None:
    data = _result(tmp_path, [_step("filter_categories", keep=[2])])
    assert [row["category_id"] for row in data["annotations"]] == [2]


EDGY = coco(1, [(1, 1)] * 4)
for _row, _box in zip(
    EDGY["annotations"],
    ([1, 2, 10, 10], [-4, 2, 10, 10], [60, 40, 10, 10], [5, 5, 0, 3]),
    strict=True,
):
    _row["bbox"] = _box


def test_filter_annotations_refuses_bad_boxes_by_default(tmp_path: Path) -> None:
    with pytest.raises(
        FindingsError,
        match=r"3 rows can't be taken by the step: annotation 2 on image 1 \('1.jpg'\): reaches out",
    ):
        _result(tmp_path, [_step("filter_annotations")], EDGY)


def test_filter_annotations_clips_and_drops_and_counts(tmp_path: Path) -> None:
    data = _result(
        tmp_path, [_step("filter_annotations", past_the_edge="clip", no_area="drop")], EDGY
    )
    assert [(row["bbox"], row["area"]) for row in data["annotations"]] == [
        ([1, 2, 10, 10], 100),
        ([0, 2, 6, 10], 60),
        ([60, 40, 4, 8], 32),
    ]
    assert _note(tmp_path, "x", "clipped_boxes") == 2


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        ({"min_side_px": 5}, [1, 3]),
        ({"min_area_px": 60}, [1, 3]),
        ({"max_area_px": 60}, [2]),
        ({"max_aspect_ratio": 3}, [1, 3]),
        ({"crowd": "drop"}, [1, 2]),
    ],
)
def test_filter_annotations_by_rule(rule: dict[str, Any], kept: list[int], tmp_path: Path) -> None:
    data = coco(1, [(1, 1)] * 3)
    data["annotations"][1]["bbox"] = [1, 1, 4, 13]
    data["annotations"][2]["iscrowd"] = 1
    assert [
        row["id"]
        for row in _result(tmp_path, [_step("filter_annotations", **rule)], data)["annotations"]
    ] == kept


def test_map_categories_joins_renames_and_orders(tmp_path: Path) -> None:
    data = _result(
        tmp_path,
        [_step("map_categories", map={"cat": "pet", "dog": "pet"}, order=["cow", "pet"])],
        coco(3, [(1, 1), (2, 2), (3, 3)], ["cat", "dog", "cow"]),
    )
    assert [(row["id"], row["name"]) for row in data["categories"]] == [(3, "cow"), (1, "pet")]
    assert [row["category_id"] for row in data["annotations"]] == [1, 1, 3]


def test_reindex_mends_repeated_ids_and_keeps_the_map(tmp_path: Path) -> None:
    data = coco(3, [(1, 1), (1, 2), (3, 2)])
    for row in data["annotations"]:
        row["id"] = 7
    out = _result(tmp_path, [_step("reindex", images=0, categories=0)], data)
    assert [(row["id"], row["image_id"], row["category_id"]) for row in out["annotations"]] == [
        (1, 0, 0),
        (2, 0, 1),
        (3, 2, 1),
    ]
    ids = json.loads((tmp_path / "out/steps/x/ids.json").read_text())
    assert ids["annotations"] == {"base": 1, "old": [7, 7, 7]}
    assert ids["images"] == {"base": 0, "old": [1, 2, 3]}


def test_reindex_leaves_categories_alone_unless_asked_and_says_how_many_ids_change(
    tmp_path: Path,
) -> None:
    data = coco(2, [(1, 1), (2, 2)])
    for row, new in zip(data["categories"], (7, 3), strict=True):
        row["id"] = new
    for row in data["annotations"]:
        row["category_id"] = 7
    data["images"][1]["id"] = data["annotations"][1]["image_id"] = 9
    out = _result(tmp_path, [_step("reindex")], data)
    assert [row["id"] for row in out["categories"]] == [7, 3]
    assert _note(tmp_path, "x", "ids_changed") == {"images": 1, "annotations": 0}
    assert _note(tmp_path, "x", "summary") == "new ids: 1 of 2 images, 0 of 2 annotations"


def test_reindex_and_map_categories_take_tables_that_name_rows_along(tmp_path: Path) -> None:
    data = coco(
        1, [(1, 2)], tracks=[{"id": 1, "category_id": 2, "image_id": 1, "annotation_id": 1}]
    )
    out = _result(tmp_path, [_step("reindex", images=0, annotations=0, categories=0)], data)
    assert out["tracks"] == [{"id": 1, "category_id": 1, "image_id": 0, "annotation_id": 0}]
    out = _result(tmp_path, [_step("map_categories", map={"dog": "cat"})], data)
    assert out["tracks"][0]["category_id"] == 1


def _two(tmp_path: Path, second: dict[str, Any], **params: Any) -> Any:
    (tmp_path / "other.json").write_text(json.dumps(second))
    inputs = {"raw": {"annotations": "raw.json"}, "other": {"annotations": "other.json"}}
    return _result(
        tmp_path,
        [{"id": "x", "use": "merge", "in": ["raw", "other"], "with": params}],
        inputs=inputs,
    )


def test_merge_joins_categories_by_name_and_loses_nothing(tmp_path: Path) -> None:
    second = coco(2, [(1, 1), (2, 2)], ["dog", "cow"])
    for row in second["images"]:
        row["file_name"] = "b" + row["file_name"]
    data = _two(tmp_path, second)
    names = {row["id"]: row["name"] for row in data["categories"]}
    files = {row["id"]: row["file_name"] for row in data["images"]}
    assert len(files) == 5
    assert len({row["id"] for row in data["annotations"]}) == 4
    assert [(files[row["image_id"]], names[row["category_id"]]) for row in data["annotations"]] == [
        ("1.jpg", "cat"),
        ("2.jpg", "dog"),
        ("b1.jpg", "dog"),
        ("b2.jpg", "cow"),
    ]


def test_merge_refuses_names_that_collide_by_case_or_unicode_form(tmp_path: Path) -> None:
    second = coco(1, [])
    second["images"][0]["file_name"] = "1.JPG"
    with pytest.raises(StepError, match=r"1 file name collides: 1.JPG \(raw and other\)"):
        _two(tmp_path, second)


def test_merge_renames_by_rule_and_keeps_the_root(tmp_path: Path) -> None:
    data = _two(tmp_path, coco(1, []), same_file_name="rename")
    assert data["images"][3]["file_name"] == "1_2.jpg"
    assert data["images"][3]["coco_recipe"]["root"] == "other/1.jpg"


WAYS: list[dict[str, Any]] = [
    {"every": 5},
    {"folds": 4},
    {"fractions": {"a": 0.5, "b": 0.3, "c": 0.2}},
    {"fractions": {"a": 0.5, "b": 0.5}, "method": "shuffle"},
    {"fractions": {"a": 0.7, "b": 0.3}, "method": "stratified"},
]


@pytest.mark.parametrize("params", WAYS, ids=str)
def test_split_keeps_every_image_exactly_once_and_families_together(
    params: dict[str, Any], tmp_path: Path
) -> None:
    data = coco(40, [(i, 1 + i % 2) for i in range(1, 41)])
    for n, row in enumerate(data["images"]):
        if n % 2:
            row["coco_recipe"] = {
                "root": f"raw/{n}.jpg",
                "source": f"raw/{n}.jpg",
                "step": "more",
                "copy": 1,
            }
    _result(
        tmp_path,
        [_step("split", **params)],
        data,
        port=next(
            iter(
                {"every": ["train"], "folds": ["fold_1"]}.get(
                    next(iter(params)), params.get("fractions")
                )
            )
        ),
    )
    parts = [
        json.loads(path.read_text())
        for path in (tmp_path / "out/steps/x").glob("*.json")
        if path.stem != "manifest"
    ]
    side = {row["id"]: n for n, part in enumerate(parts) for row in part["images"]}
    assert sorted(side) == list(range(1, 41))
    assert sum(len(part["images"]) for part in parts) == 40
    assert sum(len(part["annotations"]) for part in parts) == 40
    assert all(side[n] == side[n + 1] for n in range(1, 41, 2))


def test_split_by_hash_moves_no_image_when_one_is_added(tmp_path: Path) -> None:
    params = {"fractions": {"a": 0.5, "b": 0.5}}
    before = {
        row["id"]
        for row in _result(tmp_path, [_step("split", **params)], coco(60, []), "a")["images"]
    }
    after = {
        row["id"]
        for row in _result(tmp_path, [_step("split", **params)], coco(61, []), "a")["images"]
    }
    assert after - {61} == before
    assert 15 < len(before) < 45


def test_split_by_shuffle_has_exact_shares(tmp_path: Path) -> None:
    params = {"fractions": {"a": 0.75, "b": 0.25}, "method": "shuffle"}
    assert len(_result(tmp_path, [_step("split", **params)], coco(40, []), "a")["images"]) == 30


def test_split_groups_by_pattern(tmp_path: Path) -> None:
    data = coco(20, [])
    for n, row in enumerate(data["images"]):
        row["file_name"] = f"video{n // 5}_{n}.jpg"
    params = {"every": 2, "group_by": {"pattern": "^(video.*)_"}}
    names = {
        row["file_name"][:6]
        for row in _result(tmp_path, [_step("split", **params)], data, "val")["images"]
    }
    assert names == {"video0", "video2"}


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"fractions": {"a": 0.5, "b": 0.6}}, "add up to 1.1"),
        ({"every": 2, "folds": 3}, "must have one of"),
        ({"every": 2, "group_by": {"pattern": "("}}, "regular expression|regex"),
    ],
)
def test_a_split_that_makes_no_sense_is_refused_before_the_run(
    params: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(RecipeError, match=message):
        stages.prepare(write_recipe(tmp_path, [_step("split", **params)], coco()))


def test_add_segmentation_gives_rectangles_where_there_is_nothing(tmp_path: Path) -> None:
    data = coco(1, [(1, 1), (1, 1), (1, 1), (1, 1)])
    data["annotations"][1]["segmentation"] = []
    data["annotations"][2]["segmentation"] = [[1, 2, 6, 7, 11, 12]]  # on one line
    data["annotations"][3]["segmentation"] = [[0, 0, 5, 0, 5, 5]]
    rows = _result(tmp_path, [_step("add_segmentation")], data)["annotations"]
    assert [row["segmentation"] for row in rows] == [[[1, 2, 11, 2, 11, 12, 1, 12]]] * 3 + [
        [[0, 0, 5, 0, 5, 5]]
    ]
