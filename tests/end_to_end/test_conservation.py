"""Properties of whole recipes over random data sets."""

import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from builders import coco, write_recipe
from hypothesis import given, settings
from hypothesis import strategies as st

from coco_recipe import coco_json
from coco_recipe.running import stages


@st.composite
def datasets(draw: st.DrawFn) -> dict[str, Any]:
    """Draw COCO JSON with negatives, repeated annotation ids and odd names."""
    images = draw(st.integers(1, 12))
    boxes = draw(st.lists(st.tuples(st.integers(1, images), st.integers(1, 3)), max_size=30))
    data = coco(images, boxes, ["no", "猫", "a, b"])
    for row in data["annotations"]:
        row["id"] = draw(st.integers(0, 5))
        row["note"] = draw(st.text(max_size=5))
    return data


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(datasets(), st.sampled_from(["hash", "shuffle", "stratified"]))
def test_a_split_and_merged_data_set_is_the_same_data_set(
    tmp_path_factory: pytest.TempPathFactory, data: dict[str, Any], method: str
) -> None:
    steps = [
        {"id": "numbered", "use": "reindex", "in": "raw"},
        {
            "id": "parts",
            "use": "split",
            "in": "numbered",
            "with": {"fractions": {"a": 0.6, "b": 0.4}, "method": method, "min_per_part": 0},
        },
        {"id": "again", "use": "merge", "in": ["parts.a", "parts.b"]},
    ]
    with tempfile.TemporaryDirectory(dir=tmp_path_factory.getbasetemp()) as name:
        folder = Path(name)
        stages.run(stages.prepare(write_recipe(folder, steps, data)), out=folder / "out")
        out = json.loads((folder / "out/steps/again/dataset.json").read_text("utf-8"))

    def content(rows: dict[str, Any]) -> Counter[tuple[Any, ...]]:
        names = {row["id"]: row["name"] for row in rows["categories"]}
        files = {row["id"]: row["file_name"] for row in rows["images"]}
        return Counter(
            (files[row["image_id"]], names[row["category_id"]], tuple(row["bbox"]), row["note"])
            for row in rows["annotations"]
        )

    assert content(out) == content(data)
    assert sorted(row["file_name"] for row in out["images"]) == sorted(
        row["file_name"] for row in data["images"]
    )
    assert len({row["id"] for row in out["annotations"]}) == len(data["annotations"])


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(datasets())
def test_what_is_read_is_written(data: dict[str, Any]) -> None:
    text = b"".join(coco_json.encode(coco_json.parse(json.dumps(data).encode())))
    assert json.loads(text) == data
