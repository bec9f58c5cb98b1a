"""Rows that only the slow reading understands come in through a repair; what it doesn't mend stops
the run.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, recorded, write_recipe

from coco_recipe.errors import FindingsError, StepError
from coco_recipe.findings import Finding
from coco_recipe.running import checking, stages
from coco_recipe.testing import draw

ALL = {
    "ids": "to_int",
    "sizes": "to_numbers",
    "bbox": "to_numbers",
    "area": "to_numbers",
    "crowd": "to_numbers",
    "segmentations": "to_numbers",
}
TRIANGLE = [1, 2, 11, 2, 11, 12]


def _changed(table: str = "annotations", **keys: Any) -> dict[str, Any]:
    data = coco(3, [(1, 1), (2, 2), (1, 2)])
    data[table][0] |= keys
    return data


def _run(
    folder: Path,
    data: dict[str, Any],
    *repairs: dict[str, Any],
    more: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """Put the repairs one behind the other; return what comes out of the last step."""
    steps: list[dict[str, Any]] = []
    for n, params in enumerate(repairs):
        steps.append(
            {"id": f"r{n}", "use": "repair", "in": f"r{n - 1}" if n else "raw", "with": params}
        )
    steps += more
    stages.run(stages.prepare(write_recipe(folder, steps, data)), out=folder / "out")
    result: dict[str, Any] = json.loads(
        (folder / f"out/steps/{steps[-1]['id']}/dataset.json").read_text("utf-8")
    )
    return result


def _ledger(folder: Path, step: str = "r0") -> list[tuple[str, str, Any, Any]]:
    path = folder / f"out/steps/{step}/repaired.jsonl"
    lines = (
        [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []
    )
    return [(line["row"], line["key"], line["old"], line["new"]) for line in lines]


def _stopped(folder: Path, data: dict[str, Any], *repairs: dict[str, Any]) -> list[Finding]:
    with pytest.raises(FindingsError) as error:
        _run(folder, data, *repairs)
    return [finding for finding in error.value.findings if isinstance(finding, Finding)]


# table, what stands in the file, the parameter of repair, what it becomes
MENDED: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ("annotations", {"area": "12"}, {"area": "to_numbers"}, {"area": 12}),
    ("annotations", {"area": " 12.50 "}, {"area": "to_numbers"}, {"area": 12.5}),
    ("annotations", {"area": "1e3"}, {"area": "to_numbers"}, {"area": 1000.0}),
    ("annotations", {"bbox": ["1", "2", "3", "4"]}, {"bbox": "to_numbers"}, {"bbox": [1, 2, 3, 4]}),
    ("annotations", {"bbox": [1, "2", 3.5, "4"]}, {"bbox": "to_numbers"}, {"bbox": [1, 2, 3.5, 4]}),
    ("annotations", {"bbox": "[1, 2, 3, 4]"}, {"bbox": "to_numbers"}, {"bbox": [1, 2, 3, 4]}),
    ("annotations", {"category_id": "2"}, {"ids": "to_int"}, {"category_id": 2}),
    ("annotations", {"image_id": "2.0"}, {"ids": "to_int"}, {"image_id": 2}),
    ("annotations", {"id": "9223372036854775807"}, {"ids": "to_int"}, {"id": 9223372036854775807}),
    ("annotations", {"iscrowd": None}, {"crowd": "to_numbers"}, {"iscrowd": 0}),
    ("annotations", {"iscrowd": "1"}, {"crowd": "to_numbers"}, {"iscrowd": 1}),
    (
        "annotations",
        {"segmentation": [[str(n) for n in TRIANGLE]]},
        {"segmentations": "to_numbers"},
        {"segmentation": [TRIANGLE]},
    ),
    (
        "annotations",
        {"segmentation": json.dumps([TRIANGLE])},
        {"segmentations": "to_numbers"},
        {"segmentation": [TRIANGLE]},
    ),
    (
        "annotations",
        {"segmentation": {"size": ["48", 64], "counts": ["3072"]}},
        {"segmentations": "to_numbers"},
        {"segmentation": {"size": [48, 64], "counts": [3072]}},
    ),
    (
        "annotations",
        {"segmentation": [str(n) for n in TRIANGLE]},
        {"segmentations": ["to_numbers", "flat_to_list"]},
        {"segmentation": [TRIANGLE]},
    ),
    (
        "images",
        {"width": "64", "height": "48.0"},
        {"sizes": "to_numbers"},
        {"width": 64, "height": 48},
    ),
    ("images", {"id": " 1 "}, {"ids": "to_int"}, {"id": 1}),
    ("categories", {"id": "1"}, {"ids": "to_int"}, {"id": 1}),
    # made anew, whatever stood there
    ("annotations", {"area": "much"}, {"area": "recompute"}, {"area": 100}),
    ("annotations", {"area": None}, {"area": "recompute"}, {"area": 100}),
    ("annotations", {"area": "100"}, {"area": "recompute"}, {"area": 100}),
    (
        "annotations",
        {"bbox": [], "segmentation": [TRIANGLE]},
        {"bbox": "from_segmentation"},
        {"bbox": [1, 2, 10, 10]},
    ),
]


@pytest.mark.parametrize(
    ("table", "change", "params", "wanted"), MENDED, ids=[str(row[1:3]) for row in MENDED]
)
def test_a_repair_takes_in_what_it_mends_and_counts_each_value(
    table: str,
    change: dict[str, Any],
    params: dict[str, Any],
    wanted: dict[str, Any],
    tmp_path: Path,
) -> None:
    data = _changed(table, **change)
    row = _run(tmp_path, data, params)[table][0]
    assert row == data[table][0] | wanted
    assert {type(value) for value in wanted.values()} == {type(row[key]) for key in wanted}
    lines = _ledger(tmp_path)
    for key, value in wanted.items():
        mine = [(old, new) for _, name, old, new in lines if name == key]
        assert (mine[0][0], mine[-1][1]) == (change[key], value)


@pytest.mark.parametrize(
    ("table", "change", "params", "wanted"), MENDED, ids=[str(row[1:3]) for row in MENDED]
)
def test_without_the_repair_the_finding_names_it(
    table: str,
    change: dict[str, Any],
    params: dict[str, Any],
    wanted: dict[str, Any],
    tmp_path: Path,
) -> None:
    data = _changed(table, **change)
    (tmp_path / "raw.json").write_text(json.dumps(data))
    found = checking.of_file(tmp_path / "raw.json", None, ())
    ((key, value),) = params.items()
    assert any(
        f"repair: {key}: {value[0] if isinstance(value, list) else value}" in finding.remedy
        for finding in found
        if finding.severity == "error"
    ) or change == {"area": "100"}


def test_rows_that_are_right_stay_as_they_are_to_the_byte(tmp_path: Path) -> None:
    data = _changed(area="100")
    data["annotations"][1] |= {
        "area": 100.50,
        "id": 900100581929,
        "x": [1.0, {"a": "1"}],
        "bbox": [1.0, 2, 1e2, 4],
    }
    text = json.dumps(data).replace("100.5,", "100.50,")
    write_recipe(
        tmp_path, [{"id": "r0", "use": "repair", "in": "raw", "with": {"area": "to_numbers"}}]
    )
    (tmp_path / "raw.json").write_text(text)
    stages.run(stages.prepare(tmp_path / "recipe.yaml"), out=tmp_path / "out")
    out = json.loads((tmp_path / "out/steps/r0/dataset.json").read_text())
    assert out["annotations"][1:] == data["annotations"][1:]
    assert '"x":[1.0,{"a":"1"}]' in (tmp_path / "out/steps/r0/dataset.json").read_text().replace(
        " ", ""
    )


NOT_MENDED: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("annotations", {"area": "abc"}, {"area": "to_numbers"}, "annotation 1: {'area': 'abc'}"),
    ("annotations", {"area": "1,5"}, {"area": "to_numbers"}, "annotation 1: {'area': '1,5'}"),
    ("annotations", {"area": True}, {"area": "to_numbers"}, "annotation 1: {'area': True}"),
    ("annotations", {"area": "nan"}, {"area": "to_numbers"}, "annotation 1: {'area': 'nan'}"),
    ("annotations", {"area": {}}, {"area": "to_numbers"}, "annotation 1: {'area': {}}"),
    ("annotations", {"id": None}, {"ids": "to_int"}, "annotations[0]: id is null"),
    ("annotations", {"id": 1.5}, {"ids": "to_int"}, "annotations[0]: {'id': 1.5}"),
    (
        "annotations",
        {"category_id": "1.5"},
        {"ids": "to_int"},
        "annotation 1: {'category_id': '1.5'}",
    ),
    ("annotations", {"image_id": True}, {"ids": "to_int"}, "annotation 1: {'image_id': True}"),
    (
        "annotations",
        {"image_id": "99999999999999999999"},
        {"ids": "to_int"},
        "annotation 1: {'image_id': '9999",
    ),
    (
        "annotations",
        {"bbox": ["1", "2", "3", "x"]},
        {"bbox": "to_numbers"},
        "annotation 1: {'bbox': ['1', '2', '3', 'x']}",
    ),
    ("annotations", {"bbox": []}, {"bbox": "to_numbers"}, "annotation 1: {'bbox': []}"),
    (
        "annotations",
        {"bbox": ["1", "2", "3", "4"]},
        {"area": "to_numbers"},
        "annotation 1: {'bbox': ['1'",
    ),
    ("annotations", {"iscrowd": "no"}, {"crowd": "to_numbers"}, "annotation 1: {'iscrowd': 'no'}"),
    (
        "annotations",
        {"iscrowd": None},
        {"crowd": {"categories": ["cat"]}},
        "annotation 1: iscrowd is null",
    ),
    ("images", {"width": "64.5"}, {"sizes": "to_numbers"}, "image 1 ('1.jpg'): {'width': '64.5'}"),
    ("images", {"file_name": 3}, ALL, "image 1: {'file_name': 3}"),
    ("categories", {"name": 3}, ALL, "category 1: {'name': 3}"),
]


@pytest.mark.parametrize(
    ("table", "change", "params", "text"), NOT_MENDED, ids=[str(row[1:3]) for row in NOT_MENDED]
)
def test_what_the_repair_does_not_mend_is_still_an_error(
    table: str, change: dict[str, Any], params: dict[str, Any], text: str, tmp_path: Path
) -> None:
    (finding,) = _stopped(tmp_path, _changed(table, **change), params)
    assert text in str(finding)
    assert not (tmp_path / "out/steps/r0").exists()


def test_all_rows_that_are_not_mended_are_counted_and_no_other(tmp_path: Path) -> None:
    data = coco(1, [(1, 1)] * 20)
    for n, row in enumerate(data["annotations"]):
        row["area"] = "100" if n < 8 else "wide"
        row["iscrowd"] = "0"
    area, crowd = sorted(
        _stopped(tmp_path, data, {"area": "to_numbers"}), key=lambda finding: finding.kind.name
    )
    assert (area.kind.name, area.count, crowd.kind.name, crowd.count) == (
        "areas_of_wrong_type",
        12,
        "crowd_flags_of_wrong_type",
        20,
    )


def test_ids_in_quotes_meet_the_numbers_that_name_them(tmp_path: Path) -> None:
    data = coco(3, [(1, 1), (2, 2)])
    for row in data["images"]:
        row["id"] = str(row["id"])
    data["categories"][1]["id"] = "2"
    out = _run(tmp_path, data, {"ids": "to_int"})
    assert [row["id"] for row in out["images"]] == [1, 2, 3]
    assert out["annotations"] == coco(3, [(1, 1), (2, 2)])["annotations"]
    assert _ledger(tmp_path)[0] == ("image 1 ('1.jpg')", "id", "1", 1)
    assert recorded(tmp_path / "out/steps/r0").notes["repaired"] == {"id": 4}


@pytest.mark.parametrize(
    ("table", "kind"), [("images", "repeated_image_ids"), ("categories", "repeated_category_ids")]
)
def test_ids_that_fall_together_as_numbers_stop_the_run(
    table: str, kind: str, tmp_path: Path
) -> None:
    data = coco(3, [(1, 1)])
    data[table][1]["id"] = "1"
    (finding,) = [
        one for one in _stopped(tmp_path, data, {"ids": "to_int"}) if one.severity == "error"
    ]
    assert (finding.kind.name, finding.count) == (kind, 2)


def test_what_dangles_as_a_number_stops_the_run(tmp_path: Path) -> None:
    (finding,) = [
        one
        for one in _stopped(tmp_path, _changed(image_id="9"), {"ids": "to_int"})
        if one.severity == "error"
    ]
    assert finding.kind.name == "dangling_image_ids"


def test_several_repairs_each_mend_their_part(tmp_path: Path) -> None:
    data = _changed(area="100", bbox=["1", "2", "10", "10"], category_id="2")
    out = _run(
        tmp_path,
        data,
        {"area": "to_numbers"},
        {"ids": "to_int"},
        {"bbox": "to_numbers", "categories": "drop_unused"},
    )
    assert out["annotations"][0] == _changed(category_id=2)["annotations"][0]
    assert [key for step in ("r0", "r1", "r2") for _, key, *_ in _ledger(tmp_path, step)] == [
        "area",
        "category_id",
        "bbox",
    ]


@pytest.mark.parametrize(
    "more",
    [
        [{"id": "m", "use": "reindex", "in": "raw"}],  # a second reader without a repair
        [{"id": "m", "use": "reindex", "in": "r0"}],
    ],
)
def test_a_reader_that_a_value_reaches_unmended_stops_the_run(
    more: list[dict[str, Any]], tmp_path: Path
) -> None:
    with pytest.raises(FindingsError, match="box is not four numbers"):
        _run(tmp_path, _changed(bbox=["1", "2", "3", "4"]), {"area": "to_numbers"}, more=more)
    if more[0]["in"] == "raw":
        with pytest.raises(FindingsError, match="box is not four numbers"):
            _run(tmp_path, _changed(bbox=["1", "2", "3", "4"]), {"bbox": "to_numbers"}, more=more)


def test_a_value_for_which_nothing_can_be_made_is_not_lost(tmp_path: Path) -> None:
    with pytest.raises(
        StepError,
        match=r"1 value of a wrong type can't be made anew: annotation 1: \{'bbox': \[\]\}",
    ):
        _run(tmp_path, _changed(bbox=[]), {"bbox": "from_segmentation"})


@pytest.mark.slow
def test_mended_values_are_shown_and_recorded_as_a_warning(tmp_path: Path) -> None:
    write_recipe(
        tmp_path,
        [{"id": "r0", "use": "repair", "in": "raw", "with": {"area": "to_numbers"}}],
        _changed(area="7"),
    )
    for verb in ("check", "plan", "run"):
        done = command(verb, "recipe.yaml", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert (
            "raw: 1 area is not numeric: annotation 1: {'area': '7'}" in done.stdout + done.stderr
        )
    line = json.loads((tmp_path / "runs/test/provenance.jsonl").read_text().splitlines()[0])
    assert ("areas_of_wrong_type", "warning") in {
        (one["kind"], one["severity"]) for one in line["findings"]
    }
    done = command("run", "recipe.yaml", cwd=tmp_path)
    assert "unchanged" in done.stderr + done.stdout or done.returncode == 0


def test_sizes_of_a_wrong_type_come_from_the_pictures(tmp_path: Path) -> None:
    data = coco(1, [])
    draw(tmp_path / "images", {"images": [data["images"][0] | {"width": 30, "height": 20}]})
    data["images"][0] |= {"width": None, "height": "tall"}
    steps = [{"id": "r0", "use": "repair", "in": "raw", "with": {"sizes": "from_pictures"}}]
    write_recipe(
        tmp_path, steps, data, inputs={"raw": {"annotations": "raw.json", "images": "images"}}
    )
    stages.run(stages.prepare(tmp_path / "recipe.yaml"), out=tmp_path / "out")
    (image,) = json.loads((tmp_path / "out/steps/r0/dataset.json").read_text())["images"]
    assert (image["width"], image["height"]) == (30, 20)
    assert _ledger(tmp_path) == [("image 1 ('1.jpg')", "size", [None, "tall"], [30, 20])]
