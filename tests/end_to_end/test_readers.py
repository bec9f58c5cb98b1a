"""What is published loads in pycocotools, mmdet's CocoDataset and hotcoco, with every row; or is
refused with a remedy.
"""

import contextlib
import io
import json
import random
from pathlib import Path
from typing import Any

import pytest
from builders import DATA, coco, real_data, times, write_recipe

from coco_recipe.errors import DatasetError, StepError
from coco_recipe.running import checking, stages

SETS = times(500)


def _files() -> list[Path]:
    return [
        path
        for folder in ("car_damage", "lpbf_defects", "odd_json", "field_cases")
        for path in sorted((DATA / folder).rglob("*.json"))
        if "old.json" not in path.name
    ]


def _export(folder: Path, annotations: Path) -> Path | None:
    """Export a file as it is; return what was written, None where it was refused with a remedy."""
    (folder / "raw.json").write_bytes(annotations.read_bytes())
    path = write_recipe(
        folder,
        [{"id": "d", "use": "export_coco", "in": {"all": "raw"}, "with": {"images": "none"}}],
    )
    try:
        stages.run(stages.prepare(path), out=folder / "out")
    except (DatasetError, StepError):
        return None
    return folder / "out/steps/d/annotations/instances_all.json"


def _by_pycocotools(path: Path) -> tuple[int, int]:
    from pycocotools.coco import COCO

    with contextlib.redirect_stdout(io.StringIO()):
        found = COCO(str(path))
    return len(found.imgs), len(found.anns)


def _by_hotcoco(path: Path, scratch: Path) -> tuple[int, int]:
    """Load by hotcoco: the file itself, or a copy without ``info`` and ``licenses`` where it can't
    read these.
    """
    hotcoco = pytest.importorskip("hotcoco")
    try:
        found = hotcoco.COCO(str(path))
    except ValueError:
        data = json.loads(path.read_text("utf-8"))
        lean = {key: value for key, value in data.items() if key not in ("info", "licenses")}
        assert lean.keys() < data.keys()
        (scratch / "hot.json").write_text(json.dumps(lean), "utf-8")
        found = hotcoco.COCO(str(scratch / "hot.json"))
    assert [error["code"] for error in found.healthcheck()["errors"]] == []
    return len(found.imgs), len(found.anns)


def _by_mmdet(path: Path) -> tuple[int, int]:
    """Load by mmdet; count the annotations that it takes."""
    datasets = pytest.importorskip("mmdet.datasets")
    data = json.loads(path.read_text("utf-8"))
    with contextlib.redirect_stdout(io.StringIO()):
        found = datasets.CocoDataset(
            ann_file=str(path),
            data_prefix={"img": ""},
            pipeline=[],
            metainfo={"classes": tuple(row["name"] for row in data["categories"])},
            filter_cfg={"filter_empty_gt": False, "min_size": 0},
            serialize_data=False,
        )
    return len(found), sum(len(row["instances"]) for row in found.data_list)


def _mmdet_takes(path: Path) -> int:
    """Count the annotations that mmdet is documented to take: area, sides of 1 px, some of it in
    the image.
    """
    data = json.loads(path.read_text("utf-8"))
    sizes = {row["id"]: (row["width"], row["height"]) for row in data["images"]}

    def taken(row: dict[str, Any]) -> bool:
        (x, y, w, h), (width, height) = row["bbox"], sizes[row["image_id"]]
        inside = max(0, min(x + w, width) - max(x, 0)) * max(0, min(y + h, height) - max(y, 0))
        return row["area"] > 0 and w >= 1 and h >= 1 and inside > 0 and not row.get("ignore", False)

    return sum(map(taken, data["annotations"]))


def _loads_everywhere(path: Path, scratch: Path) -> None:
    data = json.loads(path.read_text("utf-8"))
    expected = len(data["images"]), len(data["annotations"])
    assert _by_pycocotools(path) == expected
    assert _by_hotcoco(path, scratch) == expected
    assert _by_mmdet(path) == (expected[0], _mmdet_takes(path))


@pytest.mark.slow
@pytest.mark.parametrize("file", _files(), ids=lambda file: str(file.relative_to(DATA)))
def test_a_shared_file_is_published_as_readers_load_it_or_refused(
    file: Path, tmp_path: Path
) -> None:
    try:
        found = checking.of_file(file, None, ())
    except DatasetError:
        assert _export(tmp_path, file) is None
        return
    exported = _export(tmp_path, file)
    assert (exported is not None) is not any(finding.severity == "error" for finding in found)
    if exported:
        _loads_everywhere(exported, tmp_path)


def test_the_shared_files_are_there() -> None:
    real_data("odd_json")
    assert len(_files()) > 50


def _random_set(rng: random.Random) -> dict[str, Any]:
    """Draw a data set in which now and then something is odd."""
    odd = rng.random() < 0.6
    images = [
        {
            "id": n,
            "file_name": f"{n}.jpg",
            "width": rng.randint(20, 200),
            "height": rng.randint(20, 200),
        }
        for n in range(1, rng.randint(2, 6))
    ]
    categories: list[dict[str, Any]] = [
        {"id": n, "name": f"c{n}"} for n in range(rng.randint(0, 1), rng.randint(2, 5))
    ]
    rows: list[dict[str, Any]] = []
    for n in range(rng.randint(0, 8)):
        image = rng.choice(images)
        x, y, w, h = (
            rng.choice((rng.randint(0, 60), round(rng.uniform(0, 60), 3))) for _ in range(4)
        )
        rows.append(
            {
                "id": n,
                "image_id": image["id"],
                "category_id": rng.choice(categories)["id"],
                "bbox": [x, y, w, h],
                "area": w * h,
                "iscrowd": 0,
                "segmentation": rng.choice(([], [[x, y, x + w, y, x + w, y + h]])),
            }
        )
    for row in rows if odd else ():
        key, value = rng.choice(_ODD)
        if rng.random() < 0.2:
            row.pop(key, None)
            if value is not None:
                row[key] = value
    if odd and rng.random() < 0.1:
        images[-1]["license"] = rng.choice((1, 0, None, -1, "CC", 1.0, 1.5, True))
    if odd and rng.random() < 0.1:
        images[0][rng.choice(("width", "height"))] = rng.choice((0, 1))
    return {
        "images": images,
        "annotations": rows,
        "categories": categories if not odd or rng.random() > 0.05 else [],
    }


_ODD: list[tuple[str, Any]] = [
    ("id", 0),
    ("id", -1),
    ("id", 2**63),
    ("id", 2**64 - 1),
    ("id", 2**64),
    ("category_id", 9),
    ("category_id", None),
    ("bbox", None),
    ("bbox", []),
    ("bbox", [1, 2, 0, 3]),
    ("bbox", [-5, -5, 400, 400]),
    ("area", None),
    ("area", 0),
    ("area", -3),
    ("iscrowd", None),
    ("iscrowd", True),
    ("segmentation", None),
    ("segmentation", [1, 2, 3, 4, 5, 6]),
    ("segmentation", [[[1, 2], [3, 4], [5, 6]]]),
    ("segmentation", [[]]),
    ("segmentation", [[1, 2]]),
    ("segmentation", {"size": [5, 5], "counts": [25]}),
    ("segmentation", "x"),
    ("segmentation", {}),
    ("keypoints", [1, 2, 2]),
    ("keypoints", []),
    ("image_id", 99),
]


@pytest.mark.slow
@pytest.mark.soak
def test_random_data_sets_are_published_as_readers_load_them_or_refused(tmp_path: Path) -> None:
    rng, published = random.Random(7), 0
    for n in range(SETS):
        folder = tmp_path / str(n)
        folder.mkdir()
        (folder / "drawn.json").write_text(json.dumps(_random_set(rng)))
        if exported := _export(folder, folder / "drawn.json"):
            _loads_everywhere(exported, folder)
            published += 1
    assert SETS // 4 < published < SETS


@pytest.mark.slow
@pytest.mark.parametrize("is_filled", [True, False])
def test_boxes_without_iscrowd_are_evaluated_once_it_is_filled_in(
    is_filled: bool, tmp_path: Path
) -> None:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    data = coco(2, [(1, 1), (2, 2)])
    for row in data["annotations"]:
        del row["iscrowd"]
    (tmp_path / "raw.json").write_text(json.dumps(data))
    steps: list[dict[str, Any]] = [
        {"id": "d", "use": "export_coco", "in": {"all": "raw"}, "with": {"images": "none"}}
    ]
    if is_filled:
        steps[0]["in"] = {"all": "r"}
        steps.insert(0, {"id": "r", "use": "repair", "in": "raw", "with": {"crowd": "fill"}})
    stages.run(stages.prepare(write_recipe(tmp_path, steps)), out=tmp_path / "out")
    keys = ("image_id", "category_id", "bbox")
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(tmp_path / "out/steps/d/annotations/instances_all.json"))
        rows = [{key: row[key] for key in keys} | {"score": 1.0} for row in data["annotations"]]
        judged = COCOeval(truth, truth.loadRes(rows), "bbox")
        with contextlib.nullcontext() if is_filled else pytest.raises(KeyError, match="iscrowd"):
            judged.evaluate()
            judged.accumulate()
            judged.summarize()
    assert not is_filled or judged.stats[0] > 0.99
