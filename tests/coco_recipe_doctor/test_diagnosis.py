"""What was found on a machine leads to verdicts and commands."""

from dataclasses import replace

import pytest
from coco_recipe_doctor import diagnosis
from coco_recipe_doctor.diagnosis import Check
from coco_recipe_doctor.machine import Findings
from seen_machines import GIB, MACHINE, bare, seen, verdict_of

GPU_MACHINE = replace(
    MACHINE, driver=("NVIDIA A100, 81920 MiB, 550.54, 8.0",), nvcc="/usr/local/cuda/bin/nvcc"
)


GPU = {
    "version": "2.13.0+cu128",
    "cuda": "12.8",
    "gpus": [{"name": "NVIDIA A100", "memory_bytes": 80 * GIB, "capability": "8.0"}],
}


NO_OPERATORS = {"error": "ModuleNotFoundError: No module named 'mmcv._ext'"}


def _line(found: Findings, name: str) -> Check:
    return next(line for line in diagnosis.checks(found) if line.name == name)


def test_a_machine_with_everything_augments_and_trains_but_not_on_a_gpu() -> None:
    found = seen()
    assert [verdict.ready for verdict in diagnosis.verdicts(found)] == [True, True, False]
    assert verdict_of("gpu", found).commands == ()
    assert _line(found, "torch sees").note == "no GPU: NVIDIA's driver doesn't answer (nvidia-smi)"


def test_a_bare_environment_gets_the_commands_in_the_order_that_works() -> None:
    verdict = verdict_of("train", bare())
    assert verdict.commands == (
        "/env/bin/python -m pip install torch==2.13.0 'setuptools>=80,<82' wheel ninja "
        "psutil numpy==2.2.6 "
        "opencv-python==4.12.0.88",
        "/env/bin/python -m pip install --no-build-isolation onedl-mmcv==2.3.6",
        "/env/bin/python -m pip install onedl-mmengine==0.10.12 onedl-mmdetection==3.5.1 "
        "safetensors==0.8.0",
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
    augment = verdict_of("augment", bare())
    assert len(augment.commands) == 1
    assert augment.commands[0].startswith(
        "/env/bin/python -m pip install albumentations==2.0.8 'jinja2<4,>=3.1' "
    )


def test_a_compiler_comes_first_where_there_is_none() -> None:
    here = replace(MACHINE, compiler="")
    assert (
        verdict_of("train", replace(bare(), machine=here)).commands[0]
        == "apt-get install -y g++ python3.11-dev"
    )
    assert (
        "C++ compiler"
        in verdict_of("train", replace(bare(), machine=replace(here, has_apt=False))).commands[0]
    )
    assert verdict_of("train", seen(here=here)).ready  # nothing needs to be built


@pytest.mark.parametrize(
    ("found", "commands"),
    [
        (
            seen(operators=NO_OPERATORS, mmdet=NO_OPERATORS),
            [
                "install torch==2.13.0",
                "install --force-reinstall --no-deps --no-cache-dir --no-build-isolation "
                "onedl-mmcv==2.3.6",
            ],
        ),
        (
            seen(
                without=("onedl-mmengine",),
                operators={"error": "ModuleNotFoundError: No module named 'mmengine'"},
                mmdet={"error": "ModuleNotFoundError: No module named 'mmengine'"},
            ),
            ["install onedl-mmengine==0.10.12"],
        ),
        (
            seen(
                packages={"mmdet": "3.3.0"},
                mmdet={"error": "AssertionError: MMCV==2.3.6 is used but incompatible"},
            ),
            ["uninstall -y mmdet onedl-mmdetection", "install onedl-mmdetection==3.5.1"],
        ),
        (
            seen(packages={"mmcv": "2.1.0"}),
            [
                "uninstall -y mmcv onedl-mmcv",
                "install torch==2.13.0",
                "install --no-build-isolation onedl-mmcv==2.3.6",
            ],
        ),
        (
            seen(packages={"opencv-python": "4.11.0.86"}),
            [
                "uninstall -y opencv-python opencv-python-headless",
                "install opencv-python-headless==4.12.0.88",
                "install opencv-python==4.12.0.88",
            ],
        ),
        (
            seen(mmdet={"error": "ModuleNotFoundError: No module named 'shapely'"}),
            ["uninstall -y onedl-mmdetection", "install onedl-mmdetection==3.5.1"],
        ),
        (
            seen(
                torch={"error": "crashes the interpreter (SIGSEGV)"},
                operators={"error": "crashes the interpreter (SIGSEGV)"},
            ),
            ["uninstall -y torch", "install torch==2.13.0", "install --force-reinstall"],
        ),
        (
            seen(packages={"torch": "2.8.0"}),
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
    verdict = verdict_of("train", found)
    assert not verdict.ready
    assert verdict.reasons
    given = [text.removeprefix("/env/bin/python -m pip ") for text in verdict.commands]
    assert [got[: len(want)] for got, want in zip(given, commands, strict=True)] == commands


def test_a_torch_that_breaks_albumentations_is_what_is_mended() -> None:
    broken = {"error": "crashes the interpreter (SIGABRT)"}
    verdict = verdict_of("augment", seen(torch=broken, albumentations=broken))
    assert [text.partition("pip ")[2] for text in verdict.commands] == [
        "uninstall -y torch",
        "install torch==2.13.0",
    ]


def test_opencv_twice_in_one_version_is_well_and_in_two_is_not() -> None:
    assert not any(line.name == "cv2 twice" for line in diagnosis.checks(seen()))
    twice = _line(seen(packages={"opencv-python": "4.11.0.86"}), "cv2 twice")
    assert twice.found == "opencv-python 4.11.0.86, opencv-python-headless 4.12.0.88"
    assert twice.stops == ("augment", "train", "gpu")


def test_another_version_that_works_is_noted_and_does_not_stop() -> None:
    found = seen(packages={"torch": "2.12.1", "numpy": "2.1.0", "onedl-mmdetection": "3.5.0"})
    assert verdict_of("train", found).ready
    assert (_line(found, "torch").status, _line(found, "torch").note) == (
        "note",
        "tested with 2.13.0",
    )


def test_another_albumentations_stops() -> None:
    verdict = verdict_of("augment", seen(packages={"albumentations": "1.4.0"}))
    assert (verdict.ready, verdict.reasons) == (False, ("albumentations: 1.4.0 isn't ==2.0.8",))
    assert verdict.commands == ("/env/bin/python -m pip install albumentations==2.0.8",)


def test_a_gpu_that_torch_and_the_operators_use_is_enough() -> None:
    found = seen(here=GPU_MACHINE, torch=GPU)
    assert all(verdict.ready for verdict in diagnosis.verdicts(found))
    assert _line(found, "torch sees").found == "NVIDIA A100, 80.0 GiB, capability 8.0"


def test_a_gpu_wants_a_torch_and_operators_that_are_built_for_it() -> None:
    no_cuda = verdict_of("gpu", seen(here=GPU_MACHINE))
    assert no_cuda.reasons == ("torch sees: torch 2.13.0+cpu is built without CUDA",)
    assert no_cuda.commands[0] == "/env/bin/python -m pip uninstall -y torch"
    assert no_cuda.commands[-1].startswith(
        "FORCE_CUDA=1 /env/bin/python -m pip install --force-reinstall"
    )
    on_cpu = verdict_of(
        "gpu",
        seen(
            here=GPU_MACHINE, torch=GPU, operators={"version": "2.3.6", "gpu_error": "not compiled"}
        ),
    )
    assert on_cpu.reasons == ("mmcv's operators: not compiled",)
    assert "FORCE_CUDA=1" in on_cpu.commands[-1]
    assert verdict_of("train", seen(here=GPU_MACHINE)).ready


def test_small_shared_memory_little_disk_and_a_missing_font_are_noted() -> None:
    found = seen(
        here=replace(MACHINE, shared_memory=64 * 2**20, disk_free=GIB, font="", memory=GIB)
    )
    notes = {line.name for line in diagnosis.checks(found) if line.status == "note"}
    assert notes == {"/dev/shm", "free disk", "font with Chinese", "memory"}
    assert verdict_of("train", found).ready


def test_what_is_worked_around_in_mmdet_is_told_and_stops_nothing() -> None:
    line = _line(seen(), "SSD")
    assert (line.status, line.found) == ("ok", diagnosis.SSD)
    assert not any(line.name == "SSD" for line in diagnosis.checks(bare()))
