"""The step check_leakage in a recipe: what fails, what is a warning, what is allowed."""

import json
from pathlib import Path
from typing import Any

import pytest
from builders import command, write_recipe

from coco_recipe import FindingsError, RecipeError
from coco_recipe.running import stages

np = pytest.importorskip("numpy")
cv2 = pytest.importorskip("cv2")

import planted  # noqa: E402


def _recipe(folder: Path, **params: Any) -> Path:
    (folder / "images").mkdir(exist_ok=True)
    for n in range(4):
        (folder / f"images/{n}.jpg").write_bytes(planted.encoded(planted.scene(n), 90))
    flipped = planted.encoded(cv2.flip(planted.scene(1), 1))
    (folder / "images/flipped.jpg").write_bytes(flipped)
    names = ["0.jpg", "1.jpg", "2.jpg", "3.jpg", "flipped.jpg"]
    parts = ["train", "train", "train", "val", "val"]
    data = {
        "images": [
            {"id": n, "file_name": name, "width": 160, "height": 120, "part": part}
            for n, (name, part) in enumerate(zip(names, parts, strict=True), 1)
        ],
        "annotations": [],
        "categories": [{"id": 1, "name": "cap"}],
    }
    steps = [
        {
            "id": "parts",
            "use": "split",
            "in": "raw",
            "with": {"by": {"field": "part", "parts": ["train", "val"]}},
        },
        {
            "id": "leaks",
            "use": "check_leakage",
            "in": {"train": "parts.train", "val": "parts.val"},
            "with": params,
        },
    ]
    inputs = {"raw": {"annotations": "raw.json", "images": "images"}}
    findings = {"unused_categories": "ignore"}
    return write_recipe(folder, steps, data, inputs=inputs, findings=findings)


def _run(path: Path, **how: Any) -> Path:
    stages.run(stages.prepare(path), out=path.parent / "out", **how)
    return path.parent / "out/steps/leaks/pairs.jsonl"


def test_a_leak_fails_the_run_and_names_the_pair(tmp_path: Path) -> None:
    path = _recipe(tmp_path)
    with pytest.raises(FindingsError, match=r"flipped\.jpg") as failed:
        _run(path)
    assert "flipped left to right" in str(failed.value)
    assert "leaking_pictures" in str(failed.value)
    done = command("run", path, "--jobs", "0", cwd=tmp_path)
    assert done.returncode == 1
    assert "pairs.jsonl" in done.stdout + done.stderr


@pytest.mark.slow
def test_what_is_allowed_or_does_not_fail_passes(tmp_path: Path) -> None:
    pairs = _run(_recipe(tmp_path, allow=[["flipped.jpg", "1.jpg"]]))
    (first, *others) = map(json.loads, pairs.read_text("utf-8").splitlines())
    assert first["reason"] == "near"
    assert first["allowed"] is True
    assert {pair["reason"] for pair in others} == {"nearest"}
    (tmp_path / "looked_at.jsonl").write_text(json.dumps(first) + "\n\n", "utf-8")
    _run(_recipe(tmp_path, allow_file="looked_at.jsonl"))
    _run(_recipe(tmp_path, fails=["equal", "family"]))
    _run(_recipe(tmp_path, distance=0))
    with pytest.raises(FindingsError, match="pictures_alike"):
        _run(_recipe(tmp_path, fails=["equal"]), strict=True)


@pytest.mark.slow
def test_workers_make_no_difference(tmp_path: Path) -> None:
    texts = [
        _run(_recipe(tmp_path, fails=[]), jobs=jobs, force=True).read_bytes() for jobs in (0, 2)
    ]
    assert texts[0] == texts[1]


def test_a_wrong_file_of_pairs_and_a_single_part_are_told_before(tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text('{"one": {"file_name": 3}}\n', "utf-8")
    with pytest.raises(RecipeError, match=r"bad\.jsonl:1: is no pair"):
        stages.prepare(_recipe(tmp_path, allow_file="bad.jsonl"))
    recipe = json.loads(_recipe(tmp_path).read_text("utf-8"))
    recipe["steps"][1]["in"] = {"train": "parts.train"}
    (tmp_path / "recipe.yaml").write_text(json.dumps(recipe), "utf-8")
    with pytest.raises(RecipeError, match="nothing to compare"):
        _run(tmp_path / "recipe.yaml")
