"""Findings of rows: one data set with the fault for each kind, the message that it gives, and none
for a sound one.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, write_recipe
from checked_rows import EXPORT, changed_data

from coco_recipe import coco_json
from coco_recipe.checks import row_checks
from coco_recipe.checks.passing_rows import PassingRows
from coco_recipe.checks.row_checks import RowCheck
from coco_recipe.checks.rows import Rows
from coco_recipe.findings import Finding
from coco_recipe.testing import dataset


def _found(data: dict[str, Any]) -> dict[str, Finding]:
    dataset = coco_json.parse(json.dumps(data).encode())
    return {finding.kind.name: finding for finding in row_checks.findings(dataset, "raw")}


def _with_points(points: list[Any], names: list[str] | None, **more: Any) -> dict[str, Any]:
    data = changed_data(annotations__keypoints=points, **more)
    if names is not None:
        data["categories"][0]["keypoints"] = names
    return data


def _repeat(table: str, key: str) -> dict[str, Any]:
    data = coco()
    data[table][1][key] = data[table][0][key]
    return data


def _corners() -> dict[str, Any]:
    data = coco(1, [(1, 1)] * 3)
    for row, box in zip(
        data["annotations"], ([30, 20, 60, 40], [5, 5, 20, 20], [40, 30, 64, 48]), strict=True
    ):
        row |= {"bbox": box, "area": (box[2] - box[0]) * (box[3] - box[1])}
    return data


SHORT = [[1, 2, 11, 2]]
# kind, data, text of the finding after "raw: "
CASES: list[tuple[str, dict[str, Any], str]] = [
    (
        "repeated_image_ids",
        _repeat("images", "id"),
        "2 images have an id that another has: image 1 ('1.jpg'); image 1 ('2.jpg')",
    ),
    (
        "repeated_file_names",
        _repeat("images", "file_name"),
        "2 images have the file name of another: image 1 ('1.jpg'); image 2",
    ),
    (
        "repeated_category_ids",
        _repeat("categories", "id"),
        "2 categories have an id that another has: category 1 ('cat')",
    ),
    (
        "repeated_category_names",
        _repeat("categories", "name"),
        "2 categories have the name of another",
    ),
    (
        "empty_category_names",
        changed_data(categories__name=" "),
        "1 category has an empty name: category 1 (' ')",
    ),
    (
        "unsafe_file_names",
        changed_data(images__file_name="../secret.jpg"),
        "1 image has a file name that can't be used below a folder: image 1 "
        "('../secret.jpg'): leads out of the folder",
    ),
    (
        "dangling_image_ids",
        changed_data(annotations__image_id=9),
        "1 annotation points to an image that is not in the file: annotation 1: image 9",
    ),
    (
        "dangling_category_ids",
        changed_data(annotations__category_id=9),
        "1 annotation points to a category that is not in the file: annotation 1: category 9",
    ),
    (
        "no_categories",
        {**coco(), "categories": []},
        "2 annotations have a category id, and the file has no category: annotation 1: category 1",
    ),
    (
        "annotations_without_category",
        changed_data(annotations__category_id=None),
        "1 annotation has no category id: annotation 1",
    ),
    (
        "repeated_annotation_ids",
        _repeat("annotations", "id"),
        "2 annotations have an id that another has: annotation 1; annotation 1",
    ),
    (
        "annotations_without_box",
        changed_data(annotations__bbox=None),
        "1 annotation has no bbox: annotation 1",
    ),
    (
        "annotations_without_area",
        changed_data(annotations__area=None),
        "1 annotation has no area: annotation 1",
    ),
    (
        "annotations_without_crowd_flag",
        changed_data(annotations__iscrowd=None),
        "1 annotation has no iscrowd, at which COCOeval of pycocotools stops: annotation 1",
    ),
    (
        "images_without_size",
        changed_data(images__width=0),
        "1 image has no width and height above 0: image 1 ('1.jpg'): 0 x 48",
    ),
    (
        "images_without_size",
        changed_data(images__height=None),
        "1 image has no width and height above 0: image 1 ('1.jpg'): 64 x missing",
    ),
    (
        "segmentations_of_no_area",
        changed_data(annotations__segmentation=[[3, 3, 3, 9, 3, 5.5, 3, 3]]),
        "1 segmentation has no area: annotation 1: [[3, 3, 3, 9, 3, 5.5, 3, 3]]",
    ),
    (
        "segmentations_of_no_area",
        changed_data(annotations__segmentation=[[], [4, 4, 9, 9]]),
        "1 segmentation has no area: annotation 1: [[], [4, 4, 9, 9]]",
    ),
    (
        "segmentations_of_no_area",
        changed_data(annotations__segmentation={"size": [48, 64], "counts": [3072, 0]}),
        "1 segmentation has no area: annotation 1: ",
    ),
    (
        "boxes_of_no_area",
        changed_data(annotations__bbox=[1, 2, 0, 3]),
        "1 box has a width or height of 0 or less: annotation 1: [1, 2, 0, 3]",
    ),
    (
        "boxes_outside",
        changed_data(annotations__bbox=[70, 2, 10, 10]),
        "1 box lies outside of its image: annotation 1: [70",
    ),
    (
        "boxes_past_the_edge",
        changed_data(annotations__bbox=[60, 2, 10, 10]),
        "1 box reaches out of its image: annotation 1",
    ),
    (
        "boxes_normalised",
        coco(1, [(1, 1)])
        | {
            "annotations": [
                {
                    "id": 1,
                    "image_id": 1,
                    "category_id": 1,
                    "bbox": [0.1, 0.2, 0.5, 0.4],
                    "area": 0.2,
                    "iscrowd": 0,
                }
            ]
        },
        "1 box lies in 0..1, by place, sides or both, and images are larger: they look normalised: "
        "annotation 1: [0.1, 0.2, 0.5, 0.4]",
    ),
    (
        "masks_of_another_size",
        changed_data(annotations__segmentation={"size": [64, 48], "counts": [0, 3072]}),
        "1 run-length mask has a size other than its image's: annotation 1: 48x64 px in 64x48 px",
    ),
    ("boxes_as_corners", _corners(), "3 boxes look like x1 y1 x2 y2: as corners they fit"),
    (
        "areas_not_positive",
        changed_data(annotations__area=-1),
        "1 area is 0 or less, and trainers skip such rows: annotation 1: -1",
    ),
    (
        "area_not_of_box",
        changed_data(annotations__area=50),
        "1 area is at odds with its box, without a segmentation: annotation 1: {'area': "
        "50, 'w * h': 100}",
    ),
    (
        "segmentations_flat",
        changed_data(annotations__segmentation=[1, 2, 11, 2, 11, 12]),
        "1 segmentation is a flat list of numbers, where COCO has a list of polygons: "
        "annotation 1: [1, 2, 11, 2, 11, 12]",
    ),
    (
        "segmentations_of_pairs",
        changed_data(annotations__segmentation=[[[1, 2], [11, 2], [11, 12]]]),
        "1 segmentation is pairs of numbers, where COCO has flat polygons",
    ),
    (
        "segmentations_of_texts",
        changed_data(annotations__segmentation=[["1", "2", "11", "2", "11", "12"]]),
        '1 segmentation has numbers in quotes: annotation 1: [["1", "2", "11", "2", "11", "12"]]',
    ),
    (
        "segmentations_of_unknown_form",
        changed_data(annotations__segmentation=[["1", "two"]]),
        "1 segmentation is neither polygons nor a run-length mask",
    ),
    (
        "segmentations_of_unknown_form",
        changed_data(annotations__segmentation={"counts": [1]}),
        "1 segmentation is neither polygons nor a run-length mask",
    ),
    (
        "polygons_too_short",
        changed_data(annotations__segmentation=SHORT),
        "1 polygon has an odd number of coordinates or fewer than 6: annotation 1: 4 numbers",
    ),
    (
        "polygons_too_short",
        changed_data(annotations__segmentation=[list(range(21))]),
        "1 polygon has an odd number of coordinates or fewer than 6: annotation 1: 21 numbers",
    ),
    (
        "segmentations_of_unknown_form",
        changed_data(annotations__segmentation=[[*range(40), None, 3]]),
        "1 segmentation is neither polygons nor a run-length mask: annotation 1: [[0, 1, 2",
    ),
    (
        "segmentations_of_unknown_form",
        changed_data(annotations__segmentation=[[*range(40), [3]]]),
        "1 segmentation is neither polygons nor a run-length mask: annotation 1: [[0, 1, 2",
    ),
    (
        "segmentations_of_unknown_form",
        changed_data(annotations__segmentation=[[1, 2, 9, 2, 9, 10**400], [3]]),
        "1 segmentation is neither polygons nor a run-length mask: annotation 1: [[1, 2, 9",
    ),
    (
        "segmentations_of_texts",
        changed_data(annotations__segmentation=[[*range(40), "40", 3]]),
        "1 segmentation has numbers in quotes: annotation 1: [[0, 1, 2",
    ),
    (
        "polygons_of_huge_numbers",
        changed_data(annotations__segmentation=[[1, 2, 1e9, 2, 11, 12]]),
        "1 polygon has a vertex over 1,000,000 px away, which is in no picture: annotation 1: 1",
    ),
    (
        "crowd_flags",
        changed_data(annotations__iscrowd=2),
        "1 iscrowd is neither 0 nor 1: annotation 1: 2",
    ),
    (
        "keypoints_of_wrong_number",
        _with_points([1, 2, 0, 2] * 3, ["a", "b", "c"]),
        "1 list of keypoints is not three numbers (x, y, flag) for each name of its "
        "category: annotation 1: 12 numbers for 3 "
        "keypoints",
    ),
    (
        "keypoints_of_wrong_number",
        _with_points([1, 2, 0, 2], None),
        "1 list of keypoints is not three numbers",
    ),
    (
        "keypoints_far_outside",
        _with_points([9e5, 2, 0, 1, 2e6, 1], ["a", "b"]),
        "1 annotation has a labelled keypoint far outside of its picture: annotation 1: "
        "[1, 2000000",
    ),
    (
        "segmentations_of_unknown_form",
        changed_data(annotations__segmentation=[[*range(300), 10**450, *range(301)]]),
        "1 segmentation is neither polygons nor a run-length mask: annotation 1: [[0, 1, 2",
    ),
    (
        "keypoints_of_wrong_type",
        _with_points([1, 10**500, 1], ["a"]),
        "1 list of keypoints is something other than numbers",
    ),
    (
        "keypoint_flags",
        _with_points([1, 2, 3], ["a"]),
        "1 keypoint has a flag other than 0, 1 and 2: annotation 1: [3]",
    ),
    (
        "num_keypoints_at_odds",
        _with_points([1, 2, 2], ["a"], annotations__num_keypoints=3),
        "1 num_keypoints is not the number of labelled keypoints: annotation 1: "
        "{'num_keypoints': 3, 'labelled': 1}",
    ),
    (
        "categories_alike",
        coco(names=("Cat ", "cat")),
        "1 category has the name of another but for case",
    ),
    (
        "categories_alike",
        coco(names=("ｃａｔ", "cat")),
        "1 category has the name of another but for case",
    ),
    (
        "categories_alike",
        coco(names=("ca\u200bt", "cat")),
        "1 category has the name of another but for case",
    ),
    (
        "categories_alike",
        coco(names=("b\xe9", "be\u0301")),
        "1 category has the name of another but for case, blanks or "
        "Unicode form: category 2 ('be\u0301'): 'be\\u0301', category 1 has 'b\\xe9'",
    ),
    (
        "file_names_alike",
        changed_data(images__file_name="2.JPG"),
        "1 file name is another's but for case or Unicode form",
    ),
    (
        "texts_of_wrong_type",
        changed_data(images__date_captured=0),
        "1 key of images (date_captured, coco_url, flickr_url) is no text: image 1 "
        "('1.jpg'): {'date_captured': 0}",
    ),
    (
        "image_ids_out_of_range",
        coco(1, []) | {"images": [{"id": -1, "file_name": "a.jpg", "width": 4, "height": 4}]},
        "1 image has an id below 0 or of over 63 bits, which readers can't load: image -1 "
        "('a.jpg')",
    ),
    (
        "annotation_ids_out_of_range",
        changed_data(annotations__id=2**64),
        "1 annotation has an id below 0 or of over 63 bits",
    ),
    (
        "category_ids_out_of_range",
        coco(1, []) | {"categories": [{"id": -1, "name": "cat"}]},
        "1 category has an id below 0 or of over 63 bits, which readers can't load: "
        "category -1 ('cat')",
    ),
    (
        "licenses_of_wrong_type",
        changed_data(images__license="CC"),
        "1 image has a license that is no whole number from 0 up, of at most 64 bits, "
        "which hotcoco can't load: image 1 "
        "('1.jpg'): CC",
    ),
    (
        "licenses_of_wrong_type",
        changed_data(images__license=2**64),
        "1 image has a license that is no whole number",
    ),
    (
        "sizes_too_large",
        changed_data(images__height=2**32),
        "1 image has a width or height of over 4294967295 px, which hotcoco can't load: "
        "image 1 ('1.jpg'): height is 4294967296",
    ),
    (
        "keys_of_wrong_type",
        changed_data(annotations__score="high"),
        "1 key (score, obb, is_group_of and others) is of a type that hotcoco can't load: "
        'annotation 1: score is "high"',
    ),
    (
        "keys_of_wrong_type",
        changed_data(images__neg_category_ids=[3, None]),
        "1 key (score, obb, is_group_of and others) is of a type that hotcoco can't load: "
        "image 1 ('1.jpg'): "
        "neg_category_ids[1] is null",
    ),
    (
        "keypoints_of_wrong_type",
        _with_points([1, 2, None], ["a"]),
        "1 list of keypoints is something other than numbers, which hotcoco can't load: "
        "annotation 1: keypoints[2] is null",
    ),
    (
        "num_keypoints_of_wrong_type",
        changed_data(annotations__num_keypoints=0.5),
        "1 annotation has a num_keypoints that is no whole number from 0 to 4294967295, "
        "which hotcoco can't load: annotation 1: "
        "num_keypoints is 0.5",
    ),
    (
        "category_keypoints_of_wrong_type",
        changed_data(categories__keypoints="head"),
        "1 category has keypoints or a skeleton of a type that hotcoco can't load: "
        "category 1 ('cat'): keypoints is \"head\"",
    ),
    (
        "category_keypoints_of_wrong_type",
        changed_data(categories__skeleton=[[1, 2], [2, 3, 4]]),
        "1 category has keypoints or a skeleton of a type that hotcoco can't load: "
        "category 1 ('cat'): skeleton[1] is [2,3,4]",
    ),
    (
        "masks_with_wrong_runs",
        changed_data(annotations__segmentation={"size": [48, 64], "counts": "über"}),
        "1 run-length mask has counts that don't sum to height * width, or can't be read: "
        "annotation 1: the letter 'ü' can't",
    ),
    (
        "masks_with_wrong_runs",
        changed_data(annotations__segmentation={"size": [48, 64], "counts": [3000, -28, 100]}),
        "1 run-length mask has counts that don't sum to height * width, or can't be read: "
        "annotation 1: a run of a mask of "
        "48x64 is below 0: -28",
    ),
    (
        "masks_with_wrong_runs",
        changed_data(annotations__segmentation={"size": [48, 64], "counts": [0.0, 3072.0]}),
        "1 run-length mask has counts that don't sum to height * width, or can't be read: "
        "annotation 1: the run 0.0 isn't "
        "written as a whole number",
    ),
    (
        "num_keypoints_at_odds",
        changed_data(annotations__num_keypoints=2),
        "1 num_keypoints is not the number of labelled keypoints: annotation 1: "
        "{'num_keypoints': 2, 'labelled': 0}",
    ),
    (
        "unused_categories",
        coco(names=("cat", "dog", "cow")),
        "1 category has no box: category 3 ('cow')",
    ),
]


@pytest.mark.parametrize(
    ("kind", "data", "text"), CASES, ids=[f"{n}-{case[0]}" for n, case in enumerate(CASES)]
)
def test_each_kind_is_found_with_number_rows_and_value(
    kind: str, data: dict[str, Any], text: str
) -> None:
    finding = _found(data)[kind]
    assert str(finding).startswith(f"raw: {text}")
    assert finding.remedy


def test_every_kind_has_a_case() -> None:
    assert {case[0] for case in CASES} == set(row_checks.KINDS)


@pytest.mark.parametrize(
    "data",
    [
        coco(),
        coco(3, []),
        changed_data(annotations__segmentation=[]),
        changed_data(annotations__segmentation=[[1, 2, 11, 2, 11, 12]]),
        changed_data(
            annotations__segmentation={"size": [48, 64], "counts": "b1:V100000000000000000^_2"}
        ),
        changed_data(annotations__num_keypoints=0),
        changed_data(
            annotations__score=3,
            images__license=2**64 - 1,
            categories__skeleton=[[1, 2]],
            categories__isthing=1,
        ),
        _with_points([1.5, 2, 2], ["a"], annotations__num_keypoints=1.0),
        _with_points([], ["a"], annotations__num_keypoints=0),
        changed_data(annotations__bbox=[-0.5, 0, 10.2, 10], annotations__area=102),
        _with_points([1, 2, 2], ["a"], annotations__num_keypoints=1),
        coco(names=("瓶盖", "瓶")),
        changed_data(annotations__bbox=[54, 38, 10, 10]),
    ],
    ids=str,
)
def test_a_sound_data_set_has_none(data: dict[str, Any]) -> None:
    assert set(_found(data)) <= {"unused_categories"}


@pytest.mark.parametrize(
    ("boxes", "told"),
    [
        ([[10, 10, 20, 20], [0.1, 0.2, 0.5, 0.4], [30, 5, 9, 9]], [2]),  # some rows
        ([[0.5, 0.25, 20, 20], [0.1, 0.75, 30, 12]], [1, 2]),  # places only
        ([[10, 10, 0.5, 0.25], [20.5, 7, 0.1, 0.75]], [1, 2]),  # sides only
        ([[0.5, 0.25, 20, 20], [10, 20, 30, 12]], []),  # a box in the corner
        ([[0, 0, 20, 20], [0, 1, 30, 12]], []),  # all in the corner, whole
        ([[10, 10, 0.5, 7], [20, 20, 9, 9]], []),  # a thin one
        ([[0, 0, 1, 1], [20, 20, 9, 9]], []),  # one pixel
    ],
)
def test_boxes_are_normalised_in_part(boxes: list[list[float]], told: list[int]) -> None:
    data = coco(1, [(1, 1)] * len(boxes))
    for row, box in zip(data["annotations"], boxes, strict=True):
        row |= {"bbox": box, "area": box[2] * box[3]}
    found = _found(data).get("boxes_normalised")
    assert [int(row.name.split()[1]) for row in (found.first if found else ())] == told


def test_all_wrong_rows_are_counted_and_only_the_first_shown() -> None:
    data = coco(1, [(1, 1)] * 50)
    for row in data["annotations"]:
        row["bbox"] = [1, 1, -1, 1]
    finding = _found(data)["boxes_of_no_area"]
    assert (finding.count, len(finding.first)) == (50, 5)
    assert "; and 45 more (boxes_of_no_area)\n    hint: repair: bbox: from_segmentation" in str(
        finding
    )


NUMBERED = {"id": "n", "use": "reindex", "in": "raw"}


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        ([EXPORT], 1),
        ([NUMBERED, EXPORT | {"in": {"all": "n"}}], 0),
        ([NUMBERED], 0),
        ([NUMBERED | {"with": {"annotations": None}}, EXPORT | {"in": {"all": "n"}}], 1),
    ],
)
def test_repeated_annotation_ids_stop_a_run_only_where_an_export_would_lose_rows(
    steps: list[Any], code: int, tmp_path: Path
) -> None:
    write_recipe(tmp_path, steps, _repeat("annotations", "id"))
    for verb in ("plan", "run"):
        done = command(verb, "recipe.yaml", cwd=tmp_path)
        assert done.returncode == code, done.stderr
        assert "2 annotations have an id that another has: annotation 1" in done.stderr
        if code:
            assert (
                "hint: reindex numbers them anew, above step 'd', which can't take them"
                in done.stderr
            )
    assert (tmp_path / "runs/test/steps/d").exists() is (code == 0 and steps[-1]["id"] == "d")


def test_findings_are_written_to_the_runs_record(tmp_path: Path) -> None:
    write_recipe(tmp_path, [NUMBERED], _repeat("annotations", "id"))
    command("run", "recipe.yaml", cwd=tmp_path)
    line = json.loads((tmp_path / "runs/test/provenance.jsonl").read_text().splitlines()[0])
    (finding,) = line["findings"]
    assert (finding["kind"], finding["place"], finding["count"]) == (
        "repeated_annotation_ids",
        "raw",
        2,
    )


def test_what_steps_rely_on_cannot_be_made_a_warning(tmp_path: Path) -> None:
    write_recipe(
        tmp_path,
        [NUMBERED],
        changed_data(annotations__image_id=9),
        findings={"dangling_image_ids": "ignore"},
    )
    done = command("run", "recipe.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert "findings.dangling_image_ids: steps rely on such data being right" in done.stderr


def test_check_judges_a_file_as_its_readers_do(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(_repeat("annotations", "id")))
    done = command("check", "a.json", cwd=tmp_path)
    assert done.returncode == 1
    assert "error: a.json: 2 annotations have an id that another has" in done.stdout
    assert done.stdout.endswith("1 error, 0 warnings\n")
    found = json.loads(command("check", "a.json", "--format", "json", cwd=tmp_path).stdout)
    assert [(one["kind"], one["severity"]) for one in found] == [
        ("repeated_annotation_ids", "error")
    ]
    assert (
        "::error file=a.json::a.json: 2 annotations"
        in command("check", "a.json", "--format=github", cwd=tmp_path).stdout
    )
    (tmp_path / "b.json").write_text(json.dumps(coco()))
    done = command("check", "b.json", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "0 errors, 0 warnings\n")


def test_check_takes_a_recipe(tmp_path: Path) -> None:
    write_recipe(tmp_path, [EXPORT], _repeat("annotations", "id"))
    done = command("check", "recipe.yaml", cwd=tmp_path)
    assert done.returncode == 1
    assert "above step 'd'" in done.stdout
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("name", "file", "hint"),
    [
        ("a%20b.jpg", "a b.jpg", "repair: file_names: {unquote: true}"),
        ("sub\\a.jpg", "sub/a.jpg", "repair: file_names: {slashes: true}"),
        ("upload/7/a.jpg", "a.jpg", "repair: file_names: {strip_prefix: upload/7/}"),
        ("A.JPG", "a.jpg", "repair: file_names: {match_case: true}"),
        ("é.jpg", "e\u0301.jpg", "repair: file_names: {match_case: true}"),
        ("x.jpg", "a.jpg", "put them there, or drop their rows: repair: missing_pictures: drop"),
    ],
)
def test_missing_pictures_are_counted_with_the_file_that_was_meant(
    name: str, file: str, hint: str, tmp_path: Path
) -> None:
    (tmp_path / "images" / file).parent.mkdir(parents=True)
    (tmp_path / "images" / file).write_bytes(b"x")
    data = coco(1, [])
    data["images"][0]["file_name"] = name
    step = {"id": "d", "use": "export_coco", "in": {"all": "raw"}}
    write_recipe(
        tmp_path, [step], data, inputs={"raw": {"annotations": "raw.json", "images": "images"}}
    )
    done = command("run", "recipe.yaml", cwd=tmp_path)
    assert done.returncode == 1
    assert "1 picture is not in the folder of images: image 1" in done.stderr
    assert f"hint: {hint}" in done.stderr
    assert (f"there is {file!r}" in done.stderr) is (name != "x.jpg")


def test_keys_that_hotcoco_cannot_load_stop_an_export_and_nothing_else(tmp_path: Path) -> None:
    data = changed_data(annotations__score="x", annotations__num_keypoints=-2, images__width=2**33)
    data["annotations"][1]["segmentation"] = {"size": [48, 64], "counts": "abc"}
    kinds = (
        "keys_of_wrong_type",
        "num_keypoints_of_wrong_type",
        "sizes_too_large",
        "masks_with_wrong_runs",
    )
    for steps, code in (([EXPORT], 1), ([NUMBERED], 0)):
        write_recipe(tmp_path, steps, data)
        done = command("run", "recipe.yaml", cwd=tmp_path)
        assert done.returncode == code, done.stderr
        assert all(f"({kind})" in done.stderr for kind in kinds)
        assert ("above step 'd', which can't take them" in done.stderr) is (code == 1)


def test_file_names_that_differ_by_blanks_are_alike() -> None:
    data = coco(2, [])
    data["images"][0]["file_name"], data["images"][1]["file_name"] = "a b.png", "a  b.png"
    assert _found(data)["file_names_alike"].count == 1


def test_pairs_are_told_as_such_and_not_as_of_no_area() -> None:
    found = _found(changed_data(annotations__segmentation=[[1, 2], [11, 2], [11, 12]]))
    assert [kind for kind in found if kind.startswith("segmentations")] == [
        "segmentations_of_pairs"
    ]


class _Asked(Exception):
    """Somebody asked for the survey."""


class _WithoutSurvey(Rows):
    @property
    def survey(self) -> Any:
        raise _Asked


@pytest.mark.parametrize("check", row_checks.CHECKS, ids=lambda check: check.kind.name)
def test_good_rows_are_checked_in_passing_or_without_a_survey(check: RowCheck) -> None:
    rows = dataset(changed_data(annotations__keypoints=[1, 2, 2], annotations__num_keypoints=1))
    if check.kind.name in row_checks.IN_PASSING:
        list(check.find(PassingRows(rows.replace(annotations=()), [rows.annotations])))
    else:
        list(check.find(_WithoutSurvey(rows)))
