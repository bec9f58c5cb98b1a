"""A run with nothing to do reads no input that is untouched, and says what it said before."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from builders import coco, write_recipe
from projects import project_in

from coco_recipe import events, known_files
from coco_recipe.running import inputs, stages
from coco_recipe.running.stages import RunResult


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of the test's own, and files that count as old at once."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(known_files, "YOUNG_NS", 0)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of files that are read: inputs decoded, and any hashed."""
    found: list[str] = []
    decode, sha256 = inputs.read_rows, known_files.files.sha256

    def decoding(top: Any, name: str, *more: Any) -> Any:
        found.append(Path(name).name)
        return decode(top, name, *more)

    def hashing(path: str) -> str:
        found.append(Path(path).name)
        return sha256(path)

    monkeypatch.setattr(inputs, "read_rows", decoding)
    monkeypatch.setattr(known_files.files, "sha256", hashing)
    return found


def _run(folder: Path, **options: Any) -> tuple[RunResult, list[str]]:
    """Run; return the result, and the findings that were told."""
    told: list[object] = []
    path = folder / "recipe.yaml"
    made = stages.run(
        stages.prepare(path), out=folder / "runs/test", observers=[told.append], **options
    )
    return made, [str(event.finding) for event in told if isinstance(event, events.Found)]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A recipe with a finding, run twice: the second run knew the published files, too."""
    folder = project_in(tmp_path)
    data = json.loads((folder / "raw.json").read_text())
    data["categories"].append({"id": 9, "name": "nothing"})
    (folder / "raw.json").write_text(json.dumps(data))
    for _ in range(2):
        _, told = _run(folder)
        assert "unused_categories" in "".join(told)
    return folder


def test_nothing_is_read_and_the_findings_are_told_again(project: Path, read: list[str]) -> None:
    before = _run(project, rehash=True)[1]
    assert {"raw.json", "1.jpg", "2.jpg", "3.jpg"} <= {*read}
    read.clear()
    made, told = _run(project)
    assert (made.ran, told, read) == ((), before, [])


def test_a_finding_may_show_a_number_of_any_length(project: Path, read: list[str]) -> None:
    data = json.loads((project / "raw.json").read_text())
    data["annotations"][0]["bbox"][0] = 10**30
    (project / "raw.json").write_text(json.dumps(data))
    before = _run(project)[1]
    assert "boxes_outside" in "".join(before)
    _run(project)  # of the files that are published now
    read.clear()
    assert (_run(project)[1], read) == (before, [])


def test_what_is_made_again_is_made_of_rows(project: Path, read: list[str]) -> None:
    made, _ = _run(project, force=True)
    assert made.ran == ("d",)
    assert "raw.json" in read


def _same_times(path: Path, text: bytes) -> None:
    before = path.stat()
    path.write_bytes(text)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize(
    ("change", "ran"),
    [
        (lambda folder: _same_times(folder / "images/2.jpg", b"\xff\xd8 picture 9"), ("d",)),
        (
            lambda folder: _same_times(
                folder / "raw.json", (folder / "raw.json").read_bytes().replace(b'"cat"', b'"cow"')
            ),
            ("d",),
        ),
        (lambda folder: (folder / "images/new.jpg").write_bytes(b"not named"), ()),
        (lambda folder: os.utime(folder / "raw.json"), ()),
    ],
    ids=["picture", "rows", "unnamed", "touched"],
)
def test_what_has_changed_is_seen(
    change: Callable[[Path], Any], ran: tuple[str, ...], project: Path
) -> None:
    change(project)
    assert _run(project)[0].ran == ran
    assert _run(project)[0].ran == ()


def test_a_choice_of_the_recipe_is_seen(project: Path) -> None:
    recipe = json.loads((project / "recipe.yaml").read_text())
    recipe["findings"] = {"unused_categories": "ignore"}
    (project / "recipe.yaml").write_text(json.dumps(recipe))
    assert "unused_categories" not in "".join(_run(project)[1])


@pytest.mark.slow
def test_every_file_counts_where_names_are_mended(tmp_path: Path, read: list[str]) -> None:
    folder = tmp_path / "mended"
    (folder / "images").mkdir(parents=True)
    data = coco()
    for row in data["images"]:
        (folder / "images" / row["file_name"].upper()).write_bytes(b"\xff\xd8 %d" % row["id"])
    mend = {"id": "m", "use": "repair", "in": "raw", "with": {"file_names": {"match_case": True}}}
    publish = {"id": "d", "use": "export_coco", "in": {"all": "m"}, "with": {"to": "dataset"}}
    given = {"raw": {"annotations": "raw.json", "images": "images"}}
    write_recipe(folder, [mend, publish], data, inputs=given)
    for _ in range(2):
        _run(folder)
    read.clear()
    assert (_run(folder)[0].ran, read) == ((), [])
    (folder / "images/new.jpg").write_bytes(b"new")
    assert _run(folder)[0].ran == ("m", "d")
