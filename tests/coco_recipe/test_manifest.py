"""Manifests and records: typed, decoded once a run, readable when an earlier version wrote them."""

import json
import os
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from builders import coco, command, write_recipe
from jsonschema import Draft202012Validator

import coco_recipe
from coco_recipe import manifest, record_schema, seals
from coco_recipe.language.schemas import shipped
from coco_recipe.running.store import Store

pytestmark = pytest.mark.filterwarnings("ignore:(?s).*(unused_categories|cut_off_pictures)")
STEPS = [
    {"id": "cats", "use": "filter_categories", "in": "raw", "with": {"keep": ["cat"]}},
    {"id": "parts", "use": "split", "in": "cats", "with": {"every": 2}},
    {
        "id": "d",
        "use": "export_coco",
        "in": {"train": "parts.train", "val": "parts.val"},
        "with": {"to": "dataset"},
    },
]
# what the first version didn't write
LATER = {"plugin", "plugin_version", "environment", "findings", "notes", "dropped", "outputs"}


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A recipe of three steps; its pictures are there, and class 'cow' has no box."""
    data = coco(6, ((1, 1), (2, 1), (3, 2), (5, 1)), ("cat", "dog", "cow"))
    (tmp_path / "images").mkdir()
    for row in data["images"]:
        (tmp_path / "images" / row["file_name"]).write_bytes(b"\xff\xd8 picture %d" % row["id"])
    return write_recipe(
        tmp_path, STEPS, data, inputs={"raw": {"annotations": "raw.json", "images": "images"}}
    )


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts how often the manifest of each step is decoded."""
    found: Counter[str] = Counter()
    read = manifest.read

    def counting(path: Path) -> manifest.Manifest | None:
        found[path.parent.name] += 1
        return read(path)

    monkeypatch.setattr(manifest, "read", counting)
    return found


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a finished run, which tests leave as it is."""
    folder = tmp_path_factory.mktemp("finished")
    steps = [*STEPS[:2], {**STEPS[2], "with": {"images": "none"}}]
    data = coco(6, ((1, 1), (2, 1), (3, 2), (5, 1)), ("cat", "dog"))
    coco_recipe.run(write_recipe(folder, steps, data), out=folder / "out", jobs=1)
    return folder / "out"


def _rewrite(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a manifest, and give it the digest that a run would have given it."""
    data = json.loads(path.read_text("utf-8"))
    change(data)
    data["record"]["clock"]["digest"] = ""
    digest = seals.digest_of(json.dumps(data).encode())
    data["record"]["clock"]["digest"] = digest
    path.write_text(json.dumps(data), "utf-8")


def test_a_run_decodes_each_manifest_at_most_once(
    recipe: Path, tmp_path: Path, decoded: Counter[str]
) -> None:
    out = tmp_path / "out"
    coco_recipe.run(recipe, out=out, jobs=1)
    assert not decoded, "what a run commits it knows"
    coco_recipe.run(recipe, out=out, jobs=1)
    assert decoded == {"cats": 1, "parts": 1, "d": 1}, "all are reused"
    decoded.clear()
    again = coco_recipe.run(recipe, out=out, jobs=1, set={"steps.parts.with.every": 3})
    assert set(again.ran) == {"cats", "parts", "d"}
    kept = {f".{name}.old": 1 for name in again.ran}
    assert decoded == {"cats": 2, "parts": 2, "d": 2} | kept, "once more where a result is kept"


def test_a_manifest_that_was_replaced_is_read_anew(recipe: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    coco_recipe.run(recipe, out=out, jobs=1)
    store = Store(out)
    before = store.manifest("parts")
    assert before
    assert store.manifest("parts") is before
    done = command("run", recipe, "--out", out, "--set", "steps.parts.with.every=3", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    after = store.manifest("parts")
    assert after
    assert (before.record.parameters["every"], after.record.parameters["every"]) == (2, 3)
    (out / "steps/parts/manifest.json").unlink()
    assert store.manifest("parts") is None


@pytest.mark.slow
def test_what_a_manifest_of_an_earlier_version_lacks_has_defaults(
    recipe: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    coco_recipe.run(recipe, out=out, jobs=1)

    def age(data: dict[str, Any]) -> None:
        record = data["record"]
        for key in LATER:
            record.pop(key)
        record["counts"].pop("made")
        record["clock"].pop("this_run")
        record["of_a_later_version"] = data["of_a_later_version"] = [1]

    for path in out.glob("steps/*/manifest.json"):
        _rewrite(path, age)
    result = coco_recipe.run(recipe, out=out, jobs=1)
    assert result.reused == ("cats", "parts", "d")
    assert [image.id for image in result["parts.val"].images] == [1, 3, 5]


@pytest.mark.slow
def test_a_log_of_another_run_is_written_anew(recipe: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    coco_recipe.run(recipe, out=out, jobs=1)
    before = (out / "provenance.jsonl").read_bytes()
    coco_recipe.run(recipe, out=out, jobs=1)
    assert (out / "provenance.jsonl").read_bytes() == before
    found = manifest.read_log(out)
    assert found
    run, records = found
    assert len(records) == 3
    other = manifest.log_of(msgspec.structs.replace(run, seed=run.seed + 1), records)
    (out / "provenance.jsonl").write_bytes(other)
    coco_recipe.run(recipe, out=out, jobs=1)
    again = manifest.read_run(out)
    assert again
    assert again.seed == run.seed


@pytest.mark.parametrize("at", range(0, 2000, 61))
def test_a_manifest_or_log_of_which_any_byte_has_changed_is_none(
    finished: Path, tmp_path: Path, at: int
) -> None:
    for name, read in (
        ("steps/d/manifest.json", lambda path: manifest.read(path)),
        ("provenance.jsonl", lambda path: manifest.read_log(path.parent)),
    ):
        text = bytearray((finished / name).read_bytes())
        path = tmp_path / Path(name).name
        path.write_bytes(text)
        assert read(path) is not None
        text[at % len(text)] ^= 1 << at % 7
        path.write_bytes(text)
        assert read(path) is None


def test_a_clock_that_was_changed_is_a_change(finished: Path, tmp_path: Path) -> None:
    text = (finished / "steps/d/manifest.json").read_text()
    changed = re.sub(r'"seconds": [0-9.]+', '"seconds": 99.5', text)
    assert changed != text
    (tmp_path / "manifest.json").write_text(changed)
    assert manifest.read(tmp_path / "manifest.json") is None


@pytest.mark.slow
@pytest.mark.parametrize("text", ["", "[]", "{}", '{"key": 3, "parts": {}, "files": {}}', '{"key'])
def test_a_manifest_that_is_none_is_as_none(recipe: Path, tmp_path: Path, text: str) -> None:
    out = tmp_path / "out"
    coco_recipe.run(recipe, out=out, jobs=1)
    (out / "steps/d/manifest.json").write_text(text)
    assert Store(out).manifest("d") is None
    assert "d" in coco_recipe.run(recipe, out=out, jobs=1).ran
    assert Store(out).manifest("d")


def test_what_a_run_writes_is_by_the_schemas(recipe: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    coco_recipe.run(recipe, out=out, jobs=1)
    of_manifest, of_line = (Draft202012Validator(shipped(name)) for name in record_schema.NAMES)
    for path in out.glob("steps/*/manifest.json"):
        data = json.loads(path.read_text("utf-8"))
        of_manifest.validate(data)
        for key in data["record"].keys() | {"unknown"}:
            lacking = {k: v for k, v in data["record"].items() if k != key}
            assert of_manifest.is_valid(data | {"record": lacking}) is (key == "unknown")
    lines = (out / "provenance.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == 4
    for line in lines:
        of_line.validate(json.loads(line))
        assert not of_line.is_valid({**json.loads(line), "clock": None})


def test_the_line_of_a_failed_step_is_by_the_schema(recipe: Path, tmp_path: Path) -> None:
    fails = [{"id": "few", "use": "filter_categories", "in": "raw", "with": {"keep": ["cow"]}}]
    other = write_recipe(tmp_path, fails, findings={"no_boxes_left": "error"})
    with pytest.raises(coco_recipe.FindingsError):
        coco_recipe.run(other, out=tmp_path / "failed", jobs=1)
    line = json.loads((tmp_path / "failed/provenance.jsonl").read_text("utf-8").splitlines()[-1])
    assert line.keys() == {"step", "use", "failed"}
    Draft202012Validator(shipped("provenance")).validate(line)


def test_a_plan_shows_the_rows_of_steps_that_are_done(recipe: Path, tmp_path: Path) -> None:
    options = (recipe, "--out", tmp_path / "out")
    assert command("run", *options, cwd=tmp_path).returncode == 0
    shown = command("plan", *options, cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "      reuse: unchanged\n" in shown.stdout
    line = next(line for line in shown.stdout.splitlines() if line.startswith("cats"))
    assert line.split()[1::2] == ["6", "3", "3"] or line.split()[1:3] == ["6", "3"]


def test_values_without_rows_are_passed_over() -> None:
    rows = manifest.Counts(4, 1, {"cat": 1})
    found = manifest.data_sets(
        {
            "checkpoints": [manifest.Counts(), manifest.Counts()],
            "parts": [rows, manifest.Counts(0, 0, {})],
            "best": manifest.Counts(),
            "rest": rows,
        }
    )
    assert [(port, str(one)) for port, one in found] == [
        ("parts", "4 images, 1 box"),
        ("parts", "0 images, 0 boxes"),
        ("rest", "4 images, 1 box"),
    ]


@pytest.mark.parametrize("kind", ["FIFO", "device", "folder"])
def test_a_record_that_is_no_regular_file_is_none_and_is_not_waited_for(
    kind: str, tmp_path: Path
) -> None:
    for path in (tmp_path / manifest.LOG, tmp_path / "manifest.json"):
        if kind == "FIFO":
            os.mkfifo(path)
        elif kind == "device":
            path.symlink_to("/dev/zero")
        else:
            path.mkdir()
    assert manifest.read(tmp_path / "manifest.json") is None
    assert manifest.claimed(tmp_path / "manifest.json") is None
    assert manifest.read_log(tmp_path) is None
    assert manifest.claimed_log(tmp_path) is None
    assert manifest.claimed_run(tmp_path) is None
