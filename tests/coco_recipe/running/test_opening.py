"""An input is the one whose hash the recipe has."""

import os
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from builders import coco, write_recipe

from coco_recipe import events, files
from coco_recipe.errors import RecipeError
from coco_recipe.running import opening, stages


def _run(path: Path, folder: Path, **options: Any) -> tuple[stages.RunResult, dict[str, str]]:
    reasons: dict[str, str] = {}

    def note(event: events.Event) -> None:
        if isinstance(event, events.StepStarted):
            reasons[event.step] = event.reason

    return stages.run(stages.prepare(path), out=folder, observers=[note], **options), reasons


CLEAN = {"id": "clean", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}}


@pytest.mark.slow
def test_an_input_is_the_one_whose_hash_the_recipe_has_or_is_refused(tmp_path: Path) -> None:
    (tmp_path / "w.pth").write_bytes(b"weights")
    write_recipe(tmp_path, [CLEAN], coco())
    for name, key in (("raw.json", "annotations"), ("w.pth", "checkpoint")):
        given = {
            "raw": {"annotations": "raw.json"},
            "more": {key: name, "sha256": files.sha256(tmp_path / name)},
        }
        _run(write_recipe(tmp_path, [CLEAN], inputs=given), tmp_path / "out")
        given["more"]["sha256"] = given["more"]["sha256"][:8]
        path = write_recipe(tmp_path, [CLEAN], inputs=given)
        _run(path, tmp_path / "out")
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes() + b" ")
        with pytest.raises(
            RecipeError,
            match=rf"recipe.yaml:1:\d+: inputs.more.sha256: the SHA-256 of .*{name} is \w{{8}}, "
            r"not",
        ):
            _run(path, tmp_path / "out")


def test_files_of_weights_are_hashed_side_by_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    weights = {name: {"checkpoint": f"{name}.pth"} for name in ("first", "second")}
    for name in weights:
        (tmp_path / f"{name}.pth").write_bytes(name.encode())
    write_recipe(tmp_path, [CLEAN], coco())
    path = write_recipe(tmp_path, [CLEAN], inputs={"raw": {"annotations": "raw.json"}, **weights})
    own, both = files.sha256, threading.Barrier(2)
    hashed: list[str] = []

    def sha256(place: Any) -> str:
        if Path(place).suffix == ".pth":
            hashed.append(Path(place).name)
            both.wait(20)  # breaks where one is hashed after the other
        return own(place)

    monkeypatch.setattr(files, "sha256", sha256)
    found = opening.opened(stages.prepare(path), with_pixels=False)
    assert sorted(hashed) == ["first.pth", "second.pth"]
    assert found.digests["second"] == {"checkpoint": files.sha256_of(b"second")}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only a process has a priority")
@pytest.mark.parametrize("before", [0, 12, 18, 19])
def test_a_thread_that_hashes_is_less_urgent_than_its_process(before: int) -> None:
    main = os.getpriority(os.PRIO_PROCESS, 0)
    if before < main:
        pytest.skip(f"this process itself is at {main}")
    found: list[int] = []

    def hash_() -> None:
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, before)
        opening._step_aside()
        found.append(os.getpriority(os.PRIO_PROCESS, thread))

    worker = threading.Thread(target=hash_)
    worker.start()
    worker.join()
    assert found == [min(19, before + 5)]
    assert os.getpriority(os.PRIO_PROCESS, 0) == main
