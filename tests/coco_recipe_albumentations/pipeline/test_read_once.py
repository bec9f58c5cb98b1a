"""A run reads a step's pipeline once: its text is read and its transforms are parsed one time."""

import json
import pickle
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from augmenting import Bench

from coco_recipe import yaml_text
from coco_recipe.running import stages

pytest.importorskip("albumentations")

from coco_recipe_albumentations.pipeline import checks, forms
from coco_recipe_albumentations.pipeline import read as pipeline
from coco_recipe_albumentations.pipeline.read import Pipeline

ROWS: list[Any] = [
    {"HorizontalFlip": {"p": 1}},
    {"Rotate": {"limit": 20, "border_mode": 4, "p": 1}},
    {
        "OneOf": {
            "transforms": [
                {"Blur": {"p": 0.5}},
                {"Resize": {"width": "${image.width}", "height": "${image.height // 2}", "p": 1}},
            ],
            "p": 1,
        }
    },
]
_watched: dict[str, Counter[str]] = {}


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    """Count how often watched files are opened; such a hook can't be taken away again."""
    if event == "open" and (counts := _watched.get(str(arguments[0]))) is not None:
        counts["file opened"] += 1


sys.addaudithook(_hear)


@pytest.fixture
def counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """Count what is done to a pipeline, which may be the file ``p.*`` of the test's folder."""
    found: Counter[str] = Counter()

    def count(owner: Any, name: str, title: str) -> None:
        real = getattr(owner, name)

        def counting(*arguments: Any, **options: Any) -> Any:
            if not isinstance(arguments[0], Path) or arguments[0].stem == "p":
                found[title] += 1
            return real(*arguments, **options)

        monkeypatch.setattr(owner, name, counting)

    count(yaml_text, "parse", "text read")
    count(pipeline, "parse", "parsed")
    count(checks, "check", "checked")
    _watched.update({str(tmp_path / name): found for name in ("p.yaml", "p.json")})
    yield found
    _watched.clear()


def _bench(folder: Path) -> Bench:
    bench = Bench(folder)
    (folder / "p.yaml").write_text(yaml_text.dump(ROWS), "utf-8")
    (folder / "p.json").write_text(json.dumps(ROWS), "utf-8")
    return bench


@pytest.mark.parametrize("borders", ["label", "fill"])
@pytest.mark.parametrize("value", [ROWS, "p.yaml", "p.json"], ids=["recipe", "yaml", "json"])
def test_a_run_reads_a_pipeline_once(
    value: Any, borders: str, tmp_path: Path, counts: Counter[str]
) -> None:
    bench = _bench(tmp_path)
    counts.clear()
    assert len(bench.run(value, repeated=borders, copies=2)["images"]) == 4
    files = int(isinstance(value, str))
    assert counts == Counter(
        {
            "parsed": 1,
            "text read": files,
            "checked": 1 + (borders == "fill"),  # with plain borders it is another one
            "file opened": 2 * files,
        }
    )  # the other time its bytes are hashed for the step's key


def test_two_steps_are_two_readings(tmp_path: Path, counts: Counter[str]) -> None:
    bench = _bench(tmp_path)
    step = {"use": "augment", "in": "raw", "with": {"pipeline": "p.yaml", "repeated": "label"}}
    (tmp_path / "recipe.yaml").write_text(
        yaml_text.dump(
            {
                "coco_recipe": 1,
                "name": "x",
                "inputs": {"raw": {"annotations": "raw.json", "images": "images"}},
                "steps": [step | {"id": "a"}, step | {"id": "b"}],
            }
        ),
        "utf-8",
    )
    (tmp_path / "raw.json").write_text(json.dumps(bench.data), "utf-8")
    counts.clear()
    stages.run(stages.prepare(tmp_path / "recipe.yaml"), out=bench.out)
    assert (counts["parsed"], counts["text read"], counts["checked"]) == (2, 2, 2)


def test_what_was_checked_is_what_runs(tmp_path: Path) -> None:
    """A file that is changed between the two changes no result that has the key of the old one."""
    bench = _bench(tmp_path)
    (tmp_path / "p.yaml").write_text("[{HorizontalFlip: {p: 1}}]", "utf-8")
    bench.run("p.yaml")
    first = [
        row["bbox"]
        for row in json.loads((bench.step / "dataset.json").read_text("utf-8"))["annotations"]
    ]
    planned = stages.prepare(tmp_path / "recipe.yaml")
    (tmp_path / "p.yaml").write_text("[{VerticalFlip: {p: 1}}]", "utf-8")
    stages.run(planned, out=tmp_path / "other")
    again = json.loads((tmp_path / "other/steps/more/dataset.json").read_text("utf-8"))[
        "annotations"
    ]
    assert [row["bbox"] for row in again] == first


def test_a_worker_builds_what_it_is_sent_without_reading_it_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = Pipeline.of(ROWS)
    builder, other = read.builder, read.with_plain_borders.builder
    sent = pickle.loads(pickle.dumps(builder))
    monkeypatch.delattr(forms, "parse")
    monkeypatch.delattr(pipeline, "parse")
    assert sent == builder
    assert hash(sent) == hash(builder)
    assert [type(one).__name__ for one in sent.build((64, 48))] == [
        "HorizontalFlip",
        "Rotate",
        "OneOf",
    ]
    assert sent != other
    assert sent.needs_size
