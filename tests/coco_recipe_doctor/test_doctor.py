"""coco-recipe doctor: machines as they can be, and what is said of them; and the one file of pinned versions."""

import functools
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from builders import command
from coco_recipe_doctor import diagnosis, doctor
from coco_recipe_doctor.diagnosis import Verdict
from coco_recipe_doctor.machine import Findings, Machine

GIB = 2**30


MACHINE = Machine("Linux", 8, 32 * GIB, 8 * GIB, 100 * GIB, "c++", "", (), True, "/fonts/wqy.ttc")


PACKAGES = {
    "albumentations": "2.0.8",
    "numpy": "2.2.6",
    "opencv-python": "4.12.0.88",
    "opencv-python-headless": "4.12.0.88",
    "pillow": "12.0.0",
    "torch": "2.13.0+cpu",
    "setuptools": "81.0.0",
    "wheel": "0.45",
    "ninja": "1.11",
    "psutil": "7.0",
    "onedl-mmcv": "2.3.6",
    "onedl-mmengine": "0.10.12",
    "onedl-mmdetection": "3.5.1",
    "safetensors": "0.8.0",
}


PROBES: dict[str, dict[str, Any]] = {
    "versions": {"python": "3.11.7", "headers": True},
    "albumentations": {"version": "2.0.8"},
    "cv2": {"version": "4.12.0"},
    "torch": {"version": "2.13.0+cpu", "cuda": None, "gpus": []},
    "operators": {"version": "2.3.6", "gpu_error": ""},
    "mmdet": {"version": "3.5.1"},
}


def _found(
    *,
    without: tuple[str, ...] = (),
    packages: Mapping[str, str] = {},
    here: Machine = MACHINE,
    **probes: dict[str, Any] | None,
) -> Findings:
    """Return a machine on which all is well, but for what a test changes; a probe of None did not run."""
    answers = {name: answer for name, answer in (PROBES | probes).items() if answer is not None}
    there = {name: version for name, version in PACKAGES.items() if name not in without}
    return Findings("/env/bin/python", here, there | packages, answers)


def _verdict(goal: str, found: Findings) -> Verdict:
    return next(verdict for verdict in diagnosis.verdicts(found) if verdict.goal == goal)


def _bare() -> Findings:
    return _found(
        without=tuple(PACKAGES),
        albumentations=None,
        cv2=None,
        torch=None,
        operators=None,
        mmdet=None,
    )


def test_the_text_shows_every_line_and_the_commands() -> None:
    found = _bare()
    text = doctor.as_text(diagnosis.checks(found), diagnosis.verdicts(found))
    for line in diagnosis.checks(found):
        assert line.name in text
    for verdict in diagnosis.verdicts(found):
        for line in verdict.commands:
            assert f"        {line}" in text.splitlines()
    assert re.search(r"^  train\? +no$", text, re.MULTILINE)


def test_the_json_has_the_same_answers() -> None:
    found = _bare()
    answer = json.loads(json.dumps(doctor.as_json(found, diagnosis.verdicts(found))))
    assert answer["verdicts"]["train"]["ready"] is False
    assert answer["verdicts"]["train"]["commands"] == list(_verdict("train", found).commands)
    assert {"status": "stops", "name": "torch"}.items() <= next(
        line for line in answer["checks"] if line["name"] == "torch"
    ).items()


def test_an_interpreter_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    done = command("doctor", "--python", tmp_path / "python", cwd=tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert str(tmp_path / "python") in done.stderr


@pytest.mark.slow
def test_the_command_looks_at_this_machine_and_its_exit_status_answers_what_was_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("albumentations")
    monkeypatch.setattr(doctor, "look", functools.cache(doctor.look))  # it takes seconds
    done = command("doctor", "--for", "augment", "--format", "json", cwd=tmp_path)
    answer = json.loads(done.stdout)
    assert done.returncode == (0 if answer["verdicts"]["augment"]["ready"] else 1), done.stderr
    assert answer["probes"]["albumentations"]["version"] == "2.0.8"
    asked = command("doctor", "--for", "gpu", cwd=tmp_path)
    assert asked.returncode == (0 if answer["verdicts"]["gpu"]["ready"] else 1)
    assert "Can this machine" in asked.stdout
