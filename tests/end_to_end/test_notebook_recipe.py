"""``recipes/notebook_data.yaml`` beside a plain script of what the notebook does, cell by cell, to
the rows.
"""

import json
import random
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from builders import REPOSITORY, command

ORDER = (1, 9, 5, 3, 4, 0, 2, 8, 6, 10, 7)
WIDTH, HEIGHT = 96, 80


def _raw(images: int, seed: int) -> dict[str, Any]:
    """Return rows as the bottle-cap set has them.

    Gaps between image ids, annotation ids that repeat, images with one and with two background
    boxes and nothing else, and images with background among others.
    """
    rng = random.Random(seed)
    ids = sorted(rng.sample(range(1, 3 * images), images))
    contents = [[0], [0, 0], [0, 4], [1], [2, 3, 0, 0]] + [
        [rng.choice(ORDER) for _ in range(rng.randint(1, 3))] for _ in range(images - 5)
    ]
    rng.shuffle(contents)
    rows = [
        {
            "id": 0,
            "image_id": image,
            "category_id": category,
            "iscrowd": 0,
            "area": 200,
            "bbox": [rng.randint(0, WIDTH - 20), rng.randint(0, HEIGHT - 10), 20, 10],
        }
        for image, content in zip(ids, contents, strict=True)
        for category in content
    ]
    for n, row in enumerate(rows):
        row["id"] = n % (len(rows) // 3)
    return {
        "info": {"description": "caps"},
        "license": ["none"],
        "images": [
            {"id": i, "file_name": f"img_{i:04}.jpg", "width": WIDTH, "height": HEIGHT} for i in ids
        ],
        "annotations": rows,
        "categories": [
            {"id": n, "name": "背景" if n == 0 else f"defect {n}", "supercategory": "x"}
            for n in ORDER
        ],
    }


def _notebook(raw: dict[str, Any]) -> tuple[dict[str, list[Any]], list[Any]]:
    """Return the originals by part, and all annotations of originals, as the notebook's cells make
    them.
    """
    of = defaultdict(list)
    for row in raw["annotations"]:
        of[row["image_id"]].append(row["category_id"])
    images = [image for image in raw["images"] if of[image["id"]] != [0]]
    rows = [
        {**row, "id": n}
        for n, row in enumerate(row for row in raw["annotations"] if row["category_id"] != 0)
    ]
    parts: dict[str, list[Any]] = {"train2017": [], "val2017": []}
    for index, image in enumerate(images):
        parts["val2017" if index % 5 == 0 else "train2017"].append(image["id"])
    return parts, rows


def _draw(folder: Path, raw: dict[str, Any]) -> None:
    import cv2
    import numpy as np

    (folder / "images").mkdir(parents=True)
    for image in raw["images"]:
        pixels = np.random.default_rng(image["id"]).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
        cv2.imwrite(str(folder / "images" / image["file_name"]), pixels)
    (folder / "annotations.json").write_text(json.dumps(raw, ensure_ascii=False), "utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_counts_ids_and_split_are_those_of_the_notebook(tmp_path: Path, seed: int) -> None:
    pytest.importorskip("albumentations")
    raw = _raw(23, seed)
    _draw(tmp_path / "data", raw)
    done = command(
        "run",
        REPOSITORY / "recipes/notebook_data.yaml",
        "--out",
        tmp_path / "out",
        "--jobs",
        "1",
        "--set",
        f"vars.root={tmp_path / 'data'}",
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    out = tmp_path / "out/steps/dataset/annotations"
    found = {
        part: json.loads((out / f"instances_{part}.json").read_text("utf-8"))
        for part in ("train2017", "val2017")
    }
    parts, rows = _notebook(raw)
    originals = {
        name: [image["id"] for image in part["images"] if "source" not in image["coco_recipe"]]
        for name, part in found.items()
    }
    assert originals == parts
    assert {name: len(part["images"]) for name, part in found.items()} == {
        name: 2 * len(ids) for name, ids in parts.items()
    }
    for part in found.values():
        assert [category["id"] for category in part["categories"]] == [n for n in ORDER if n]
        assert part["info"] == raw["info"]
    kept = {image for ids in parts.values() for image in ids}
    annotations = {row["id"]: row for part in found.values() for row in part["annotations"]}
    mine = [
        (n, annotations[n]["image_id"], annotations[n]["category_id"], annotations[n]["bbox"])
        for n in range(len(rows))
    ]
    assert mine == [(row["id"], row["image_id"], row["category_id"], row["bbox"]) for row in rows]
    assert {row["image_id"] for row in rows} < kept, (
        "an image with two background boxes stays, empty"
    )
    copies = {image["id"] for part in found.values() for image in part["images"]} - kept
    assert len(copies) == len(kept)
    assert min(copies) > max(kept)
    for row in annotations.values():
        x, y, w, h = row["bbox"]
        assert sorted(zip(*[iter(row["segmentation"][0])] * 2, strict=True)) == sorted(
            [(x, y), (x, round(y + h, 6)), (round(x + w, 6), round(y + h, 6)), (round(x + w, 6), y)]
        )
