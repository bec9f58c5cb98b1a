"""What `plan` says of ten recipes is what their runs leave: exactly, or between the bounds."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, recorded, write_recipe

from coco_recipe.testing import draw

pytest.importorskip("albumentations")

FLIP = [{"HorizontalFlip": {"p": 0.5}}]
CUT = [{"Affine": {"translate_percent": [-0.6, 0.6], "p": 1}}]
DARK = [{"RandomBrightnessContrast": {"p": 1}}]
# what publishing adds to the data
BESIDE = (".coco-recipe.json", "README.md", "dataset_card.json")


def _augment(above: str, pipeline: Any, **params: Any) -> dict[str, Any]:
    given = {"pipeline": pipeline, "format": "png", **params}
    return {"id": "more", "use": "augment", "in": above, "with": given}


def _step(id_: str, use: str, above: Any, **params: Any) -> dict[str, Any]:
    return {"id": id_, "use": use, "in": above, "with": params}


SPLIT = _step("parts", "split", "raw", fractions={"train": 0.5, "val": 0.5}, method="shuffle")
MERGE = _step("all", "merge", {"datasets": ["raw", "more"]})
RECIPES: dict[str, tuple[list[dict[str, Any]], set[str]]] = {
    # steps, and those whose figures must be exact
    "filtered": (
        [_step("a", "filter_categories", "raw", drop=["dog"], images_left_empty="drop")],
        {"a"},
    ),
    "renamed": ([_step("a", "map_categories", "raw", map={"cat": "pet", "dog": "pet"})], {"a"}),
    "divided": ([SPLIT, _step("a", "reindex", "parts.val")], {"parts", "a"}),
    "flipped": ([_augment("raw", FLIP, copies=2), MERGE], {"more", "all"}),
    "recoloured": (
        [SPLIT, _augment("parts.train", DARK), _step("a", "add_segmentation", "more")],
        {"parts", "more", "a"},
    ),
    "cut off": ([_augment("raw", CUT, copies=3, min_visibility=0.6), MERGE], set()),
    "given up": ([_augment("raw", CUT, accept={"max_lost": 0}, max_tries=1), MERGE], set()),
    "balanced": ([_augment("raw", FLIP, balance={"boxes": 5}), MERGE], {"more", "all"}),
    "chosen, and filtered below": (
        [
            _augment("raw", CUT, where={"categories": ["dog"]}),
            _step("a", "filter_categories", "more", drop=["cat"], images_left_empty="drop"),
            _step("b", "map_categories", "a", map={"dog": "hound"}),
            _step("parts", "split", "b", fractions={"train": 0.5, "val": 0.5}, min_per_part=0),
        ],
        set(),
    ),
    "cut into tiles": (
        [
            _step("tiles", "tile", "raw", slice_width=32, slice_height=32, format="png"),
            _step("a", "filter_annotations", "tiles", min_area_px=60),
        ],
        set(),
    ),
    "augmented twice, published": (
        [
            _augment("raw", FLIP),
            {**_augment("more", CUT), "id": "again"},
            _step("out", "export_coco", {"train": "again", "val": "more"}, to="dataset"),
        ],
        {"more"},
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_planned_figures_are_those_of_the_run(tmp_path: Path, name: str) -> None:
    steps, exact = RECIPES[name]
    data = coco(6, [(1, 1), (1, 2), (2, 2), (3, 1), (4, 1), (4, 1), (5, 2)], ending="png")
    draw(tmp_path / "images", data)
    recipe = write_recipe(
        tmp_path,
        steps,
        data,
        inputs={"raw": {"annotations": "raw.json", "images": "images"}},
    )
    planned = command("plan", recipe, "--format", "json", cwd=tmp_path)
    assert planned.returncode == 0, planned.stderr
    assert not (tmp_path / "runs").exists()
    done = command("run", recipe, "--jobs", "0", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for row in json.loads(planned.stdout):
        assert row["runs"], row
        folder = tmp_path / "runs/test/steps" / row["step"]
        counts = recorded(folder).counts.out
        assert row["expected"].keys() == counts.keys()
        for port, found in counts.items():
            told = row["expected"][port]
            assert not isinstance(found, list)
            figures = {"images": found.images, "boxes": found.annotations}
            figures |= {f"classes.{k}": n for k, n in (found.categories or {}).items()}
            if (folder / f"{port}.json").is_file():
                figures["negatives"] = _negatives(folder / f"{port}.json")
            for key, n in figures.items():
                span = told["classes"][key[8:]] if key.startswith("classes.") else told[key]
                assert _holds(span, n), (row["step"], port, key, span, n)
            if row["step"] in exact:
                assert all(span["least"] == span["most"] for span in _spans(told)), row["step"]
        if row["use"] in ("augment", "tile", "export_coco"):
            files = [path for path in folder.rglob("*") if path.name != "manifest.json"]
            placed = (tmp_path / "runs/test/dataset").rglob("*.*")
            written = [*placed] if row["step"] == "out" else files
            own = [path for path in written if path.is_file() and path.name not in BESIDE]
            assert _holds(row["files"], len(own)), (row["files"], own)


def _negatives(path: Path) -> int:
    data = json.loads(path.read_text("utf-8"))
    with_boxes = {row["image_id"] for row in data["annotations"]}
    return sum(image["id"] not in with_boxes for image in data["images"])


def _spans(told: dict[str, Any]) -> Iterator[dict[str, int]]:
    yield from (told[key] for key in ("images", "boxes", "negatives"))
    yield from told["classes"].values()


def _holds(span: dict[str, Any], n: int | None) -> bool:
    assert n is not None, "a data set has been counted"
    return bool(span["least"] <= n and (span["most"] is None or n <= span["most"]))
