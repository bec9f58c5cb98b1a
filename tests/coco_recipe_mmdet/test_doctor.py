"""coco-recipe doctor: machines as they can be, and what is said of them; and the one file of pinned versions."""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from builders import REPOSITORY, command
from coco_recipe_doctor import diagnosis, doctor, machine, pins
from coco_recipe_doctor.diagnosis import Check, Verdict
from coco_recipe_doctor.machine import Findings, Machine
from coco_recipe_doctor.pins import Pin

GIB = 2**30
MACHINE = Machine("Linux", 8, 32 * GIB, 8 * GIB, 100 * GIB, "c++", "", (), True, "/fonts/wqy.ttc")
GPU_MACHINE = replace(
    MACHINE, driver=("NVIDIA A100, 81920 MiB, 550.54, 8.0",), nvcc="/usr/local/cuda/bin/nvcc"
)
GPU = {
    "version": "2.13.0+cu128",
    "cuda": "12.8",
    "gpus": [{"name": "NVIDIA A100", "memory_bytes": 80 * GIB, "capability": "8.0"}],
}
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
NO_OPERATORS = {"error": "ModuleNotFoundError: No module named 'mmcv._ext'"}


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


def _line(found: Findings, name: str) -> Check:
    return next(line for line in diagnosis.checks(found) if line.name == name)


def _bare() -> Findings:
    return _found(
        without=tuple(PACKAGES),
        albumentations=None,
        cv2=None,
        torch=None,
        operators=None,
        mmdet=None,
    )


def test_a_machine_with_everything_augments_and_trains_but_not_on_a_gpu() -> None:
    found = _found()
    assert [verdict.ready for verdict in diagnosis.verdicts(found)] == [True, True, False]
    assert _verdict("gpu", found).commands == ()
    assert _line(found, "torch sees").note == "no GPU: NVIDIA's driver doesn't answer (nvidia-smi)"


def test_a_bare_environment_gets_the_commands_in_the_order_that_works() -> None:
    verdict = _verdict("train", _bare())
    assert verdict.commands == (
        "/env/bin/python -m pip install torch==2.13.0 'setuptools>=80,<82' wheel ninja psutil numpy==2.2.6 "
        "opencv-python==4.12.0.88",
        "/env/bin/python -m pip install --no-build-isolation onedl-mmcv==2.3.6",
        "/env/bin/python -m pip install onedl-mmengine==0.10.12 onedl-mmdetection==3.5.1 safetensors==0.8.0",
    )
    assert [reason.partition(":")[0] for reason in verdict.reasons] == [
        "torch",
        "numpy",
        "opencv-python",
        "onedl-mmcv",
        "onedl-mmengine",
        "onedl-mmdetection",
        "safetensors",
    ]
    augment = _verdict("augment", _bare())
    assert len(augment.commands) == 1
    assert augment.commands[0].startswith(
        "/env/bin/python -m pip install albumentations==2.0.8 'numpy>=1.26' "
    )


def test_a_compiler_comes_first_where_there_is_none() -> None:
    here = replace(MACHINE, compiler="")
    assert (
        _verdict("train", replace(_bare(), machine=here)).commands[0]
        == "apt-get install -y g++ python3.11-dev"
    )
    assert (
        "C++ compiler"
        in _verdict("train", replace(_bare(), machine=replace(here, has_apt=False))).commands[0]
    )
    assert _verdict("train", _found(here=here)).ready  # nothing needs to be built


@pytest.mark.parametrize(
    ("found", "commands"),
    [
        (
            _found(operators=NO_OPERATORS, mmdet=NO_OPERATORS),
            [
                "install torch==2.13.0",
                "install --force-reinstall --no-deps --no-cache-dir --no-build-isolation onedl-mmcv==2.3.6",
            ],
        ),
        (
            _found(
                without=("onedl-mmengine",),
                operators={"error": "ModuleNotFoundError: No module named 'mmengine'"},
                mmdet={"error": "ModuleNotFoundError: No module named 'mmengine'"},
            ),
            ["install onedl-mmengine==0.10.12"],
        ),
        (
            _found(
                packages={"mmdet": "3.3.0"},
                mmdet={"error": "AssertionError: MMCV==2.3.6 is used but incompatible"},
            ),
            ["uninstall -y mmdet onedl-mmdetection", "install onedl-mmdetection==3.5.1"],
        ),
        (
            _found(packages={"mmcv": "2.1.0"}),
            [
                "uninstall -y mmcv onedl-mmcv",
                "install torch==2.13.0",
                "install --no-build-isolation onedl-mmcv==2.3.6",
            ],
        ),
        (
            _found(packages={"opencv-python": "4.11.0.86"}),
            [
                "uninstall -y opencv-python opencv-python-headless",
                "install opencv-python-headless==4.12.0.88",
                "install opencv-python==4.12.0.88",
            ],
        ),
        (
            _found(mmdet={"error": "ModuleNotFoundError: No module named 'shapely'"}),
            ["uninstall -y onedl-mmdetection", "install onedl-mmdetection==3.5.1"],
        ),
        (
            _found(
                torch={"error": "crashes the interpreter (SIGSEGV)"},
                operators={"error": "crashes the interpreter (SIGSEGV)"},
            ),
            ["uninstall -y torch", "install torch==2.13.0", "install --force-reinstall"],
        ),
        (
            _found(packages={"torch": "2.8.0"}),
            ["install torch==2.13.0", "install --force-reinstall"],
        ),
    ],
    ids=[
        "no operators",
        "a package is missing",
        "mmdet beside its fork",
        "mmcv beside its fork",
        "cv2 twice",
        "mmdet lacks a package",
        "torch crashes",
        "torch that runs what it reads",
    ],
)
def test_each_fault_has_its_remedy(found: Findings, commands: list[str]) -> None:
    verdict = _verdict("train", found)
    assert not verdict.ready
    assert verdict.reasons
    given = [text.removeprefix("/env/bin/python -m pip ") for text in verdict.commands]
    assert [got[: len(want)] for got, want in zip(given, commands, strict=True)] == commands


def test_a_torch_that_breaks_albumentations_is_what_is_mended() -> None:
    broken = {"error": "crashes the interpreter (SIGABRT)"}
    verdict = _verdict("augment", _found(torch=broken, albumentations=broken))
    assert [text.partition("pip ")[2] for text in verdict.commands] == [
        "uninstall -y torch",
        "install torch==2.13.0",
    ]


def test_opencv_twice_in_one_version_is_well_and_in_two_is_not() -> None:
    assert not any(line.name == "cv2 twice" for line in diagnosis.checks(_found()))
    twice = _line(_found(packages={"opencv-python": "4.11.0.86"}), "cv2 twice")
    assert twice.found == "opencv-python 4.11.0.86, opencv-python-headless 4.12.0.88"
    assert twice.stops == ("augment", "train", "gpu")


def test_another_version_that_works_is_noted_and_does_not_stop() -> None:
    found = _found(packages={"torch": "2.12.1", "numpy": "2.1.0", "onedl-mmdetection": "3.5.0"})
    assert _verdict("train", found).ready
    assert (_line(found, "torch").status, _line(found, "torch").note) == (
        "note",
        "tested with 2.13.0",
    )


def test_another_albumentations_stops() -> None:
    verdict = _verdict("augment", _found(packages={"albumentations": "1.4.0"}))
    assert (verdict.ready, verdict.reasons) == (False, ("albumentations: 1.4.0 isn't ==2.0.8",))
    assert verdict.commands == ("/env/bin/python -m pip install albumentations==2.0.8",)


def test_a_gpu_that_torch_and_the_operators_use_is_enough() -> None:
    found = _found(here=GPU_MACHINE, torch=GPU)
    assert all(verdict.ready for verdict in diagnosis.verdicts(found))
    assert _line(found, "torch sees").found == "NVIDIA A100, 80.0 GiB, capability 8.0"


def test_a_gpu_wants_a_torch_and_operators_that_are_built_for_it() -> None:
    no_cuda = _verdict("gpu", _found(here=GPU_MACHINE))
    assert no_cuda.reasons == ("torch sees: torch 2.13.0+cpu is built without CUDA",)
    assert no_cuda.commands[0] == "/env/bin/python -m pip uninstall -y torch"
    assert no_cuda.commands[-1].startswith(
        "FORCE_CUDA=1 /env/bin/python -m pip install --force-reinstall"
    )
    on_cpu = _verdict(
        "gpu",
        _found(
            here=GPU_MACHINE, torch=GPU, operators={"version": "2.3.6", "gpu_error": "not compiled"}
        ),
    )
    assert on_cpu.reasons == ("mmcv's operators: not compiled",)
    assert "FORCE_CUDA=1" in on_cpu.commands[-1]
    assert _verdict("train", _found(here=GPU_MACHINE)).ready


def test_small_shared_memory_little_disk_and_a_missing_font_are_noted() -> None:
    found = _found(
        here=replace(MACHINE, shared_memory=64 * 2**20, disk_free=GIB, font="", memory=GIB)
    )
    notes = {line.name for line in diagnosis.checks(found) if line.status == "note"}
    assert notes == {"/dev/shm", "free disk", "font with Chinese", "memory"}
    assert _verdict("train", found).ready


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


@pytest.mark.parametrize(
    ("version", "spec", "fits"),
    [
        ("2.13.0+cpu", "==2.13.0", True),
        ("2.13", "==2.13.0", True),
        ("2.13.1", "==2.13.0", False),
        ("81.0.0", ">=80,<82", True),
        ("82.0", ">=80,<82", False),
        ("9.0", ">=10.1", False),
        ("10.1.0", ">=10.1", True),
        ("1.0rc1", "!=1.0", False),
        ("anything", "", True),
    ],
)
def test_versions_are_compared_by_number(version: str, spec: str, fits: bool) -> None:
    assert Pin("package", spec).fits(version) is fits


def test_the_extra_the_makefile_and_doctor_follow_one_file() -> None:
    stack = [str(pin) for pin in pins.training_stack()]
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
    assert project["project"]["optional-dependencies"]["train"] == stack
    assert "coco_recipe_doctor" in project["tool"]["setuptools"]["package-data"]
    makefile = (REPOSITORY / "Makefile").read_text("utf-8")
    assert "STACK := plugins/coco_recipe_doctor/training_stack.txt" in makefile
    assert not re.search(r"(torch|onedl-\w+|numpy|opencv\S*)\s*[=<>]=", makefile)


def test_what_make_installs_first_is_what_stands_above_the_operators() -> None:
    stack = REPOSITORY / "plugins/coco_recipe_doctor/training_stack.txt"
    done = subprocess.run(
        ["sed", "/^onedl-mmcv/,$d", str(stack)], capture_output=True, text=True, check=True
    )
    first = [line for line in done.stdout.splitlines() if not line.startswith("#")]
    assert first == [str(pin) for pin in pins.training_stack()][: len(first)]
    assert pins.training_stack()[len(first)].name == pins.BUILT


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("import os; os.abort()", r"crashes the interpreter \(SIGABRT\)"),
        ("import time; time.sleep(60)", "no answer within 3 s"),
        (
            "raise ImportError('libcudart.so.13: cannot open')",
            "ImportError: libcudart.so.13: cannot open",
        ),
        ("import sys; sys.exit(0)", "SystemExit"),
        ("import os; os._exit(7)", "exit status 7"),
        ("print('hello')", "AttributeError"),
    ],
    ids=["abort", "hang", "library", "exit", "hard exit", "something else"],
)
def test_a_broken_library_is_told_and_takes_nothing_down(
    body: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("cv2", "numpy"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(body if name == "cv2" else "")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert re.search(reason, machine.probe(sys.executable, "cv2", 3)["error"])


def test_an_interpreter_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    done = command("doctor", "--python", tmp_path / "python", cwd=tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert str(tmp_path / "python") in done.stderr


def test_the_command_looks_at_this_machine_and_its_exit_status_answers_what_was_asked(
    tmp_path: Path,
) -> None:
    pytest.importorskip("albumentations")
    done = command("doctor", "--for", "augment", "--format", "json", cwd=tmp_path)
    answer = json.loads(done.stdout)
    assert done.returncode == (0 if answer["verdicts"]["augment"]["ready"] else 1), done.stderr
    assert answer["probes"]["albumentations"]["version"] == "2.0.8"
    asked = command("doctor", "--for", "gpu", cwd=tmp_path)
    assert asked.returncode == (0 if answer["verdicts"]["gpu"]["ready"] else 1)
    assert "Can this machine" in asked.stdout
