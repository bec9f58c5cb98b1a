"""The same recipe gives the same bytes: any number of workers, any engine, any order of the input,
any hash seed.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from builders import command, tree, write_recipe

pytest.importorskip("albumentations")

PIPELINE = [
    {"HorizontalFlip": {"p": 0.5}},
    {"Affine": {"rotate": [-20, 20], "scale": [0.8, 1.2], "p": 0.8}},
    {"RandomBrightnessContrast": {"p": 0.5}},
    {"ElasticTransform": {"alpha": 30, "sigma": 6, "p": 0.3}},
    {"RandomSizedBBoxSafeCrop": {"width": "${image.width}", "height": "${image.height}", "p": 0.5}},
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recipe over four demo images, six copies of each, with polygons on every second box."""
    folder = tmp_path_factory.mktemp("bytes")
    assert command("demo", "demo", "--images", "4", cwd=folder).returncode == 0
    data = json.loads((folder / "demo/annotations.json").read_text("utf-8"))
    for n, row in enumerate(data["annotations"]):
        x, y, w, h = row["bbox"]
        row |= {"id": n + 1} | (
            {"segmentation": [[x, y, x + w, y + h / 2, x + w / 2, y + h]]} if n % 2 else {}
        )
    step = {
        "id": "more",
        "use": "augment",
        "in": "raw",
        "with": {"pipeline": PIPELINE, "copies": 6, "min_visibility": 0.2},
    }
    write_recipe(
        folder, [step], data, inputs={"raw": {"annotations": "raw.json", "images": "demo/images"}}
    )
    return folder


def _run(folder: Path, out: str, *options: str, **environment: str) -> dict[str, Any]:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "coco_recipe.cli",
            "run",
            folder / "recipe.yaml",
            "--out",
            out,
            *options,
        ],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return tree(folder / out)


@pytest.fixture(scope="module")
def expected(folder: Path) -> dict[str, Any]:
    found = _run(folder, "one", "--jobs", "1", PYTHONHASHSEED="0")
    assert sum(name.endswith(".jpg") for name in found) == 24
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("jobs", "engine", "hash_seed"),
    [
        ("2", "local:forkserver", "1"),
        ("4", "local:spawn", "2"),
        ("4", "local:forkserver", "0"),
        ("2", "local:spawn", "0"),
    ],
)
def test_workers_and_hash_seeds_change_nothing(
    folder: Path, expected: dict[str, Any], jobs: str, engine: str, hash_seed: str
) -> None:
    out = f"{jobs}-{engine.replace(':', '-')}-{hash_seed}"
    assert (
        _run(folder, out, "--jobs", jobs, "--engine", engine, PYTHONHASHSEED=hash_seed) == expected
    )


@pytest.mark.slow
def test_a_dask_cluster_gives_the_bytes_of_local_workers(
    folder: Path, expected: dict[str, Any]
) -> None:
    pytest.importorskip("distributed")
    pytest.importorskip("cryptography")
    assert _run(folder, "dask", "--jobs", "2", "--engine", "dask") == expected


@pytest.mark.slow
def test_the_order_of_the_input_changes_no_picture(folder: Path, expected: dict[str, Any]) -> None:
    data = json.loads((folder / "raw.json").read_text("utf-8"))
    data["images"].reverse()
    data["annotations"].reverse()
    (folder / "other").mkdir()
    step = json.loads((folder / "recipe.yaml").read_text("utf-8"))["steps"][0]
    write_recipe(
        folder / "other",
        [step],
        data,
        inputs={"raw": {"annotations": "raw.json", "images": "../demo/images"}},
    )
    found = _run(folder / "other", "out", "--jobs", "2")
    pictures = {name: data for name, data in expected.items() if name.endswith(".jpg")}
    assert {name: data for name, data in found.items() if name.endswith(".jpg")} == pictures
