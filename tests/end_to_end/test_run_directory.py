"""docs/run_directory.md names every file that a run leaves, and every key of its records."""

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pages
import pytest
import shapes
from builders import REPOSITORY, write_recipe
from coco_recipe_pictures.augment import copying, records

import coco_recipe
from coco_recipe import manifest
from coco_recipe.publishing import publisher as publish
from coco_recipe.record_schema import described

PAGE = (REPOSITORY / "docs/run_directory.md").read_text("utf-8")
STRUCTS = [
    struct
    for module in (manifest, publish)
    for struct in vars(module).values()
    if inspect.isclass(struct) and issubclass(struct, msgspec.Struct)
]
PAD = {"PadIfNeeded": {"min_height": 120, "min_width": 120, "border_mode": 4, "p": 1}}
STEPS: list[dict[str, Any]] = [
    {"id": "mended", "use": "repair", "in": "raw", "with": {"area": "recompute"}},
    {"id": "new_ids", "use": "reindex", "in": "mended"},
    {"id": "discs", "use": "filter_categories", "in": "new_ids", "with": {"drop": ["square"]}},
    {
        "id": "more",
        "use": "augment",
        "in": "discs",
        "with": {"pipeline": [PAD], "repeated": "label", "min_visibility": 0.9},
    },
    {"id": "both", "use": "merge", "in": {"datasets": ["discs", "more"]}},
    {"id": "parts", "use": "split", "in": "both", "with": {"every": 3}},
    {"id": "unread", "use": "split", "in": "new_ids", "with": {"every": 2}},
    {
        "id": "published",
        "use": "export_coco",
        "in": {"train": "parts.train", "val": "parts.val"},
        "with": {"to": "dataset"},
    },
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a step for each kind of file that needs no training."""
    folder = shapes.draw(tmp_path_factory.mktemp("run"), 6, 3, side=64)
    data = json.loads((folder / "annotations.json").read_text())
    for row in data["annotations"]:
        row["area"] = 1
    recipe = write_recipe(
        folder, STEPS, data, inputs={"raw": {"annotations": "raw.json", "images": "images"}}
    )
    return coco_recipe.run(recipe, out=folder / "out", jobs=1, progress=True).folder


def _section(title: str) -> str:
    """Return what stands below a title, to the next one."""
    found = re.search(rf"^##+ {re.escape(title)}\n(.*?)(?=^##|\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert found, f"there is no section {title}"
    return found[1]


def _told_keys(text: str) -> set[str]:
    """Return the keys that the tables of a text, and the words below them, name."""
    return set(re.findall(r"`(\w+)`", text))


def _lines(run: Path, name: str) -> Iterator[dict[str, Any]]:
    found = [path for path in run.glob(f"steps/*/{name}") if path.stat().st_size]
    assert found, f"the run has no {name}"
    for path in found:
        yield from map(json.loads, path.read_text("utf-8").splitlines())


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: struct.__name__)
def test_each_struct_has_its_table_and_each_key_its_words(struct: type[msgspec.Struct]) -> None:
    assert f"<!-- keys of {struct.__name__} -->" in PAGE
    assert tuple(described(struct)) == struct.__struct_encode_fields__
    assert all(described(struct).values())


def test_each_file_of_a_run_is_told(run: Path) -> None:
    names = {path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()}
    assert {
        "recipe.yaml",
        ".lock",
        "steps/more/repeated.jsonl",
        "steps/unread/val.json",
        "dataset/.coco-recipe.json",
        "steps/published/placed.jsonl",
    } <= names
    assert [name for name in sorted(names) if not pages.tells(PAGE, name)] == []


def test_a_file_that_the_page_lacks_is_not_told() -> None:
    for name in ("steps/x/other.jsonl", "steps/x/job.yaml", "steps/x/checkpoints/best_N.pth"):
        assert not pages.tells(PAGE, name), name


@pytest.mark.parametrize(
    "name", ["dropped.jsonl", "repaired.jsonl", "placed.jsonl", "repeated.jsonl", "augmented.jsonl"]
)
def test_each_key_of_a_line_is_told(run: Path, name: str) -> None:
    keys = {key for line in _lines(run, name) for key in line}
    assert keys
    assert keys <= _told_keys(_section(name))


def test_each_key_of_ids_is_told(run: Path) -> None:
    told = _told_keys(_section("ids.json"))
    of_reindex = json.loads((run / "steps/new_ids/ids.json").read_text())
    of_merge = json.loads((run / "steps/both/ids.json").read_text())
    assert {key for table in of_reindex.values() for key in table} | of_reindex.keys() <= told
    assert {key for row in of_merge["datasets"] for key in row} | of_merge.keys() <= told


@pytest.mark.parametrize("struct", [records.Record, copying.Made, copying.Left])
def test_each_key_of_a_copys_record_is_told(struct: type[msgspec.Struct]) -> None:
    assert set(struct.__struct_encode_fields__) <= _told_keys(_section("augmented.jsonl"))


def test_each_key_of_a_repeated_rows_record_is_told() -> None:
    fields = records.Repeated.__struct_encode_fields__
    assert set(fields) <= _told_keys(_section("repeated.jsonl"))


def test_each_kind_of_value_on_disk_is_told(run: Path) -> None:
    outputs = [
        form
        for line in run.glob("steps/*/manifest.json")
        for form in json.loads(line.read_text())["outputs"].values()
    ]
    assert {key for form in outputs for key in form} <= _told_keys(_section("manifest.json"))
    assert len(outputs) >= 3
