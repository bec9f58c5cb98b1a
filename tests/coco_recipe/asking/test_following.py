"""A row is followed through every kind of step to where it is, or to where it was dropped."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, write_recipe

from coco_recipe.asking.why import why
from coco_recipe.testing import draw

STEPS: list[dict[str, Any]] = [
    {
        "id": "clean",
        "use": "filter_categories",
        "in": "raw",
        "with": {"drop": ["cow"], "images_left_empty": "drop"},
    },
    {"id": "numbered", "use": "reindex", "in": "clean"},
    {
        "id": "parts",
        "use": "split",
        "in": "numbered",
        "with": {"fractions": {"train": 0.6, "val": 0.4}, "method": "shuffle"},
    },
    {"id": "other", "use": "reindex", "in": "second"},
    {"id": "joined", "use": "merge", "in": {"datasets": ["parts.train", "other"]}},
    {
        "id": "out",
        "use": "export_coco",
        "in": {"train": "joined", "val": "parts.val"},
        "with": {"to": "published"},
    },
]


def _data(seed: int, prefix: str) -> dict[str, Any]:
    """Make rows whose ids repeat and whose boxes tell them apart."""
    drawn = random.Random(seed)
    data = coco(
        images=30,
        boxes=[(drawn.randint(1, 30), drawn.randint(1, 3)) for _ in range(90)],
        names=("cat", "dog", "cow"),
        ending="png",
    )
    for n, row in enumerate(data["annotations"]):
        row["id"] = drawn.randint(1, 25)
        row["bbox"] = [1, seed, 10 + n / 10, 10]
        row["area"] = row["bbox"][2] * 10
    for image in data["images"]:
        image["file_name"] = prefix + image["file_name"]
    return data


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run a recipe that drops, renumbers, divides, joins and publishes."""
    folder = tmp_path_factory.mktemp("followed")
    inputs = {}
    for seed, name in ((1, "raw"), (2, "second")):
        data = _data(seed, name[0])
        (folder / f"{name}.json").write_text(json.dumps(data), "utf-8")
        draw(folder / f"{name}-images", data)
        inputs[name] = {"annotations": f"{name}.json", "images": f"{name}-images"}
    write_recipe(folder, STEPS, inputs=inputs)
    done = command("run", "recipe.yaml", "--jobs", "1", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "runs" / "test"


def _raw(run: Path, name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((run.parents[1] / f"{name}.json").read_text("utf-8"))
    return data


def _published(run: Path, part: str) -> dict[str, Any]:
    path = run / "published" / "annotations" / f"instances_{part}.json"
    data: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return data


@pytest.mark.slow
@pytest.mark.parametrize("part", ["train", "val"])
def test_every_published_row_goes_back_to_its_own_raw_row(run: Path, part: str) -> None:
    data = _published(run, part)
    names = {image["id"]: image["file_name"] for image in data["images"]}
    for row in random.Random(3).sample(data["annotations"], 12):
        found = [
            track
            for track in why(run, annotation=row["id"], at="out").tracks
            if track.events[-1].port == part
        ]
        assert len(found) == 1
        box = " ".join(f"{side:g}" for side in row["bbox"])
        assert found[0].events[0].what.endswith(f"box {box}")
        assert found[0].file_name == names[row["image_id"]]


@pytest.mark.slow
def test_every_raw_row_ends_where_it_is_published_or_was_dropped(run: Path) -> None:
    published = {
        (part, tuple(row["bbox"])): row["id"]
        for part in ("train", "val")
        for row in _published(run, part)["annotations"]
    }
    rows = _raw(run, "raw")["annotations"]
    for row_id in sorted({row["id"] for row in rows}):
        tracks = why(run, annotation=row_id, at="raw").tracks
        own = [row for row in rows if row["id"] == row_id]
        assert len(tracks) == len(own)
        for row in own:
            box = " ".join(f"{side:g}" for side in row["bbox"])
            (track,) = (track for track in tracks if track.events[0].what.endswith(f"box {box}"))
            last = track.events[-1]
            if row["category_id"] == 3:
                assert last.what == "dropped: category 'cow' is dropped"
                assert last.id is None
            else:
                assert published[last.port, tuple(row["bbox"])] == last.id


def test_an_image_is_followed_by_its_name(run: Path) -> None:
    for image in _published(run, "train")["images"][:3]:
        tracks = why(run, image=image["file_name"]).tracks
        assert [track.events[-1].id for track in tracks] == [image["id"]]
    kept = {i["file_name"] for part in ("train", "val") for i in _published(run, part)["images"]}
    gone = next(i for i in _raw(run, "raw")["images"] if i["file_name"] not in kept)
    (track,) = why(run, image=gone["file_name"]).tracks
    assert track.events[-1].what.startswith("dropped: ")
    assert track.events[-1].step == "clean"


@pytest.mark.slow
def test_copies_are_followed_with_what_made_them(tmp_path: Path) -> None:
    pytest.importorskip("albumentations")
    data = coco(images=4, boxes=[(i, 1) for i in range(1, 5)], ending="png")
    data["annotations"][3]["bbox"] = [50, 2, 10, 10]
    draw(tmp_path / "images", data)
    steps = [
        {
            "id": "more",
            "use": "augment",
            "in": "raw",
            "with": {
                "copies": 2,
                "pipeline": [{"Crop": {"x_min": 0, "y_min": 0, "x_max": 40, "y_max": 40}}],
            },
        },
        {"id": "all", "use": "merge", "in": {"datasets": ["raw", "more"]}},
        {"id": "out", "use": "export_coco", "in": {"train": "all"}, "with": {"to": "published"}},
    ]
    inputs = {"raw": {"annotations": "raw.json", "images": "images"}}
    write_recipe(tmp_path, steps, data, inputs=inputs)
    done = command("run", "recipe.yaml", "--jobs", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    run = tmp_path / "runs" / "test"
    copied = [track for track in why(run, annotation=1, at="raw").tracks if len(track.events) == 4]
    assert [track.file_name for track in copied] == ["1.more-1.jpg", "1.more-2.jpg"]
    assert "on 1.more-1.jpg: Crop(" in copied[0].events[1].what
    names = {i["id"]: i["file_name"] for i in _published(run, "train")["images"]}
    for row in _published(run, "train")["annotations"]:
        (track,) = why(run, annotation=row["id"], at="out").tracks
        assert track.file_name == names[row["image_id"]]
    fell_out = [track.events[-1] for track in why(run, annotation=4, at="raw").tracks]
    assert [event.step for event in fell_out] == ["more", "more", "out"]
    assert all("0% visible" in event.what for event in fell_out[:2])
    (image,) = why(run, image="2.more-2.jpg").tracks
    assert [event.step for event in image.events] == ["raw", "more", "all", "out"]
