"""repair: for each finding that names it, a data set with the fault, the repair, and the finding gone."""

import json
import struct
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, write_recipe

from coco_recipe import coco_json
from coco_recipe.checks import row_checks
from coco_recipe.errors import RecipeError, StepError
from coco_recipe.running import stages


def _repaired(
    tmp_path: Path, data: dict[str, Any], images: bool = False, **params: Any
) -> dict[str, Any]:
    step = {"id": "x", "use": "repair", "in": "raw", "with": params}
    inputs = {"raw": {"annotations": "raw.json"} | ({"images": "images"} if images else {})}
    stages.run(
        stages.prepare(write_recipe(tmp_path, [step], data, inputs=inputs)), out=tmp_path / "out"
    )
    result: dict[str, Any] = json.loads((tmp_path / "out/steps/x/dataset.json").read_text("utf-8"))
    return result


def _ledger(tmp_path: Path) -> list[dict[str, Any]]:
    path = tmp_path / "out/steps/x/repaired.jsonl"
    return (
        [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []
    )


def _found(data: dict[str, Any]) -> dict[str, str]:
    dataset = coco_json.parse(json.dumps(data).encode())
    return {finding.kind.name: finding.remedy for finding in row_checks.findings(dataset, "raw")}


def _changed(**keys: Any) -> dict[str, Any]:
    data = coco(names=("cat", "dog"))
    for key, value in keys.items():
        if value is None:
            del data["annotations"][0][key]
        else:
            data["annotations"][0][key] = value
    return data


TRIANGLE = [1, 2, 11, 2, 11, 12]
PAIRS: list[tuple[str, dict[str, Any], dict[str, Any], Any]] = [
    (
        "annotations_without_box",
        _changed(bbox=None, segmentation=[TRIANGLE], area=50),
        {"bbox": "from_segmentation"},
        ("bbox", [1, 2, 10, 10]),
    ),
    ("annotations_without_area", _changed(area=None), {"area": "recompute"}, ("area", 100)),
    (
        "annotations_without_area",
        _changed(area=None, segmentation=[TRIANGLE]),
        {"area": "recompute"},
        ("area", 50),
    ),
    ("areas_not_positive", _changed(area=0), {"area": "recompute"}, ("area", 100)),
    ("area_not_of_box", _changed(area=7), {"area": "recompute"}, ("area", 100)),
    (
        "segmentations_flat",
        _changed(segmentation=TRIANGLE),
        {"segmentations": "flat_to_list"},
        ("segmentation", [TRIANGLE]),
    ),
    (
        "segmentations_of_pairs",
        _changed(segmentation=[[1, 2], [11, 2], [11, 12]]),
        {"segmentations": "pairs_to_list"},
        ("segmentation", [TRIANGLE]),
    ),
    (
        "segmentations_of_pairs",
        _changed(segmentation=[[[1, 2], [11, 2], [11, 12]]]),
        {"segmentations": ["pairs_to_list"]},
        ("segmentation", [TRIANGLE]),
    ),
    (
        "polygons_too_short",
        _changed(segmentation=[TRIANGLE, [1, 2, 3, 4]]),
        {"segmentations": "drop_degenerate"},
        ("segmentation", [TRIANGLE]),
    ),
    (
        "num_keypoints_at_odds",
        _changed(keypoints=[1, 2, 2, 0, 0, 0], num_keypoints=2),
        {"num_keypoints": "recompute"},
        ("num_keypoints", 1),
    ),
    ("unused_categories", coco(names=("cat", "dog", "cow")), {"categories": "drop_unused"}, None),
]


@pytest.mark.parametrize(
    ("kind", "data", "params", "mended"),
    PAIRS,
    ids=[f"{n}-{row[0]}" for n, row in enumerate(PAIRS)],
)
def test_the_remedy_that_a_finding_names_takes_it_away(
    kind: str, data: dict[str, Any], params: dict[str, Any], mended: Any, tmp_path: Path
) -> None:
    ((key, value),) = params.items()
    named = value[0] if isinstance(value, list) else value
    assert _found(data)[kind] == f"repair: {key}: {named}"
    out = _repaired(tmp_path, data, **params)
    assert kind not in _found(out)
    if mended:
        old = data["annotations"][0].get(mended[0])
        assert out["annotations"][0][mended[0]] == mended[1]
        assert _ledger(tmp_path) == [
            {"row": "annotation 1", "key": mended[0], "old": old, "new": mended[1]}
        ]


def test_texts_are_written_as_text(tmp_path: Path) -> None:
    data = coco(2, [])
    data["images"][0]["date_captured"], data["images"][1]["date_captured"] = 0, "today"
    assert _found(data)["texts_of_wrong_type"] == "repair: texts: to_text"
    assert [
        row["date_captured"] for row in _repaired(tmp_path, data, texts="to_text")["images"]
    ] == ["0", "today"]
    assert _ledger(tmp_path) == [
        {"row": "image 1 ('1.jpg')", "key": "date_captured", "old": 0, "new": "0"}
    ]


def test_licenses_that_are_none_go(tmp_path: Path) -> None:
    data = coco(5, [], licenses=[{"id": 2, "name": "MIT"}])
    for row, value in zip(data["images"], ("CC", 2, -1, None, 3), strict=True):
        row["license"] = value
    assert _found(data)["licenses_of_wrong_type"] == "repair: licenses: drop"
    out = _repaired(tmp_path, data, licenses="drop")["images"]
    assert [row.get("license", "none") for row in out] == ["none", 2, "none", None, "none"]
    assert [(line["old"], line["new"]) for line in _ledger(tmp_path)] == [
        ("CC", None),
        (-1, None),
        (3, None),
    ]


def test_rows_that_are_right_stay_as_they_are(tmp_path: Path) -> None:
    data = _changed(
        bbox=[1.25, 2, 9.5, 10],
        area=95.004,
        segmentation=[[1.3, 2, 10.7, 2, 10.7, 12.1, 1.3, 12.1]],
    )
    out = _repaired(
        tmp_path,
        data,
        bbox="from_segmentation",
        area="recompute",
        segmentations=["drop_degenerate", "flat_to_list"],
    )
    assert out["annotations"] == data["annotations"]
    assert _ledger(tmp_path) == []


def test_computed_numbers_carry_no_dust(tmp_path: Path) -> None:
    data = _changed(bbox=[0.1, 0.2, 10.1, 24.825], area=None)
    assert _repaired(tmp_path, data, area="recompute")["annotations"][0]["area"] == 250.73


def test_closing_and_crowds(tmp_path: Path) -> None:
    out = _repaired(
        tmp_path,
        _changed(segmentation=[TRIANGLE]),
        segmentations="close",
        crowd={"categories": ["dog"]},
    )
    assert out["annotations"][0]["segmentation"] == [[*TRIANGLE, 1, 2]]
    assert [row["iscrowd"] for row in out["annotations"]] == [0, 1]


@pytest.mark.parametrize(
    ("name", "mends", "wanted"),
    [
        ("a%20b.jpg", {"unquote": True}, "a b.jpg"),
        ("x\\a.jpg", {"slashes": True}, "x/a.jpg"),
        ("up/7/a.jpg", {"strip_prefix": "up/7/"}, "a.jpg"),
        ("up\\7\\a%20b.jpg", {"unquote": True, "basename": True}, "a b.jpg"),
        ("A.JPG", {"match_case": True}, "a.jpg"),
        ("e\u0301.jpg", {"match_case": True}, "é.jpg"),
    ],
)
def test_file_names_are_mended_in_the_order_that_is_given(
    name: str, mends: dict[str, Any], wanted: str, tmp_path: Path
) -> None:
    (tmp_path / "images" / wanted).parent.mkdir(parents=True)
    (tmp_path / "images" / wanted).write_bytes(b"x")
    data = coco(1, [])
    data["images"][0]["file_name"] = name
    (tmp_path / "raw.json").write_text(json.dumps(data))
    steps = [
        {"id": "r", "use": "repair", "in": "raw", "with": {"file_names": mends}},
        {"id": "d", "use": "export_coco", "in": {"all": "r"}, "with": {"to": "d"}},
    ]
    write_recipe(tmp_path, steps, inputs={"raw": {"annotations": "raw.json", "images": "images"}})
    stages.run(stages.prepare(tmp_path / "recipe.yaml"), out=tmp_path / "out")
    assert (tmp_path / "out/d/all" / wanted).read_bytes() == b"x"
    assert json.loads((tmp_path / "out/steps/r/repaired.jsonl").read_text())["old"] == name


def test_names_that_would_fall_together_are_refused(tmp_path: Path) -> None:
    data = coco(2, [])
    for row, name in zip(data["images"], ("a/1.jpg", "b/1.jpg"), strict=True):
        row["file_name"] = name
    with pytest.raises(
        StepError, match=r"image 2 \('b/1.jpg'\) and image 1 \('a/1.jpg'\) would both be '1.jpg'"
    ):
        _repaired(tmp_path, data, file_names={"basename": True})


def _png(width: int, height: int) -> bytes:
    import zlib

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    rows = zlib.compress(bytes((width * 3 + 1) * height))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", rows)
        + chunk(b"IEND", b"")
    )


def test_sizes_come_from_the_pictures(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    data = coco(2, [])
    for row, (width, height) in zip(data["images"], ((64, 48), (30, 20)), strict=True):
        (tmp_path / "images" / row["file_name"]).write_bytes(_png(width, height))
    out = _repaired(tmp_path, data, images=True, sizes="from_pictures")
    assert [(row["width"], row["height"]) for row in out["images"]] == [(64, 48), (30, 20)]
    assert _ledger(tmp_path) == [
        {"row": "image 2 ('2.jpg')", "key": "size", "old": [64, 48], "new": [30, 20]}
    ]
    (tmp_path / "images/2.jpg").write_bytes(b"nothing")
    with pytest.raises(StepError, match=r"1 picture can't be measured: image 2 \('2.jpg'\)"):
        stages.run(stages.prepare(tmp_path / "recipe.yaml"), out=tmp_path / "out", force=True)


def test_a_repair_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="mends nothing"):
        _repaired(tmp_path, coco())


def test_images_without_a_picture_are_dropped_with_their_rows(tmp_path: Path) -> None:
    data = coco(2, [(1, 1), (2, 1)])
    (tmp_path / "images").mkdir()
    (tmp_path / "images/1.jpg").write_bytes(b"x")
    steps = [
        {"id": "there", "use": "repair", "in": "raw", "with": {"missing_pictures": "drop"}},
        {"id": "d", "use": "export_coco", "in": {"all": "there"}, "with": {"images": "none"}},
    ]
    write_recipe(
        tmp_path, steps, data, inputs={"raw": {"annotations": "raw.json", "images": "images"}}
    )
    done = command("run", "recipe.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (
        "dropped 1 annotation (its image's picture is missing), 1 image (its picture is missing)"
        in done.stderr
    )


@pytest.mark.parametrize(
    ("name", "mend"),
    [
        ("../x/1.jpg", {"basename": True}),
        ("/data/1.jpg", {"basename": True}),
        ("/data/1.jpg", {"strip_prefix": "/data/"}),
    ],
)
def test_names_that_lead_out_of_the_folder_come_in_by_a_mend(
    name: str, mend: dict[str, Any], tmp_path: Path
) -> None:
    data = coco(1, [(1, 1)])
    data["images"][0]["file_name"] = name
    (tmp_path / "images").mkdir()
    (tmp_path / "images/1.jpg").write_bytes(b"x")
    steps = [
        {"id": "named", "use": "repair", "in": "raw", "with": {"file_names": mend}},
        {"id": "d", "use": "export_coco", "in": {"all": "named"}, "with": {"images": "none"}},
    ]
    write_recipe(
        tmp_path, steps, data, inputs={"raw": {"annotations": "raw.json", "images": "images"}}
    )
    done = command("run", "recipe.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    published = json.loads(
        next((tmp_path / "runs/test/steps/d").rglob("instances_all.json")).read_text()
    )
    assert [image["file_name"] for image in published["images"]] == ["1.jpg"]
    (line,) = (tmp_path / "runs/test/steps/named/repaired.jsonl").read_text().splitlines()
    assert (json.loads(line)["old"], json.loads(line)["new"]) == (name, "1.jpg")
