import json
from pathlib import Path
from typing import Any

import pytest
from builders import coco, real_data

from coco_recipe import coco_json
from coco_recipe.checks import row_checks
from coco_recipe.errors import DatasetError

# every file of odd_json: empty where it goes through unchanged, else what the error says
ODD = {
    "azureml_data_labeling_EXCERPT": "",
    "coco2017_tinycoco_rle_crowd": "",
    "datumaro_captions_val": "",
    "datumaro_instances_val": "",
    "datumaro_panoptic_val": r"\$\.annotations\[0\].*panoptic",
    "datumaro_person_keypoints_val": "",
    "labelme_official_labelme2coco": "",
    "mapillary_panoptic_2020": r"\$\.images\[0\]\.id: Expected int, got str",
    "mmdet_coco_sample": "",
    "mmdet_objects365_unsorted_sample": "",
    "mmpose_aic": "",
    "mmpose_ap10k": "",
    "mmpose_crowdpose": "",
    "mmpose_freihand": "",
    "mmpose_halpe": "",
    "mmpose_mpii_trb": "",
    "mmpose_posetrack18": "",
    "ochuman_native_nested_not_coco": r"\$: not a COCO file: no key 'annotations'",
    "publaynet_samples": "",
    "pycocotools_captions_val2014_fakecap_results": r"\$: .*results file",
    "pycocotools_instances_val2014_fakebbox100_results": r"\$: .*results file",
    "roboflow_car_valid": "",
    "roboflow_datumaro_val": "",
    "roboflow_lpbf_valid_segm": "",
    "sahi_terrain2_coco": "",
    "taco_unofficial_crowdsourced_annotations": r":1:1405256: is not JSON.*NaN and "
    r"Infinity are not JSON",
    "via_native_not_coco": r"\$: not a COCO file: no key 'images'",
}


def test_the_table_of_outcomes_names_every_odd_file() -> None:
    assert {path.stem for path in real_data("odd_json").glob("*.json")} == set(ODD)


@pytest.mark.slow
@pytest.mark.parametrize("name", ODD)
def test_an_odd_file_goes_through_unchanged_or_is_refused_at_its_place(
    name: str, tmp_path: Path
) -> None:
    path = real_data("odd_json") / f"{name}.json"
    if ODD[name]:
        with pytest.raises(DatasetError, match=ODD[name]):
            coco_json.load(path)
    else:
        coco_json.write(coco_json.load(path), tmp_path / "out.json")
        assert json.loads((tmp_path / "out.json").read_text("utf-8")) == json.loads(
            path.read_text("utf-8")
        )


def test_a_dangling_category_is_read_but_refused_as_input_of_a_run() -> None:
    dataset = coco_json.load(real_data("odd_json") / "mmdet_objects365_unsorted_sample.json")
    found = {finding.kind.name: finding for finding in row_checks.findings(dataset, "sample.json")}
    assert found["dangling_category_ids"].kind.needed
    assert str(found["dangling_category_ids"]).startswith(
        "sample.json: 1 annotation points to a category that is not in the file: "
        "annotation 6: category 3"
    )


def test_unknown_keys_with_odd_names_survive() -> None:
    data = coco()
    data["images"][1] |= {"class": 1, "a b": {"x": [1, 2]}, "_id": None, "id2": 1e-5}
    assert (
        json.loads(b"".join(coco_json.encode(coco_json.parse(json.dumps(data).encode())))) == data
    )


def _broken(path: str, value: Any) -> bytes:
    data = coco()
    target: Any = data
    *parents, last = path.split(".")
    for part in parents:
        target = target[int(part)] if part.isdigit() else target[part]
    target[last] = value
    return json.dumps(data).encode()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            _broken("images.0.id", "1"),
            r"\$\.images\[0\]\.id: Expected int, got str; COCO ids are whole numbers",
        ),
        (_broken("images.0.id", 1.5), r"\$\.images\[0\]\.id"),
        (
            _broken("annotations.0.bbox", []),
            r"\$\.annotations\[0\]\.bbox: Expected array of length 4",
        ),
        (_broken("annotations.1.bbox", [1, 2, "3", 4]), r"\$\.annotations\[1\]\.bbox\[2\]"),
        (_broken("annotations.1.bbox", [1, 2, float("nan"), 4]), "NaN and Infinity are not JSON"),
        (b"", "is empty"),
        (b"null", "expected an object"),
        (b'{"images": []} x', "is not JSON"),
        (b"\x1f\x8b123", "gunzip"),
        ("{}".encode("utf-16"), "UTF-16"),
        (b"[" * 100_000, "found a list|is not JSON"),
    ],
)
def test_a_wrong_file_is_refused_at_its_place(text: bytes, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        coco_json.parse(text, name="x.json")


@pytest.mark.parametrize("key", ['a"b', "a\\b", "a\nb"])
def test_a_key_that_cannot_be_kept_is_named(key: str) -> None:
    data = coco(1, [(1, 1)])
    data["annotations"][0][key] = 1
    with pytest.raises(DatasetError, match=r"\$\.annotations: the key .* can't be kept; rename it"):
        coco_json.parse(json.dumps(data).encode())
