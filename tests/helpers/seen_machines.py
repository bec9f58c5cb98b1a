"""What the doctor may see of a machine."""

from collections.abc import Mapping
from typing import Any

from coco_recipe_doctor import diagnosis
from coco_recipe_doctor.diagnosis import Verdict
from coco_recipe_doctor.machine import Findings, Machine

GIB = 2**30


MACHINE = Machine("Linux", 8, 32 * GIB, 8 * GIB, 100 * GIB, "c++", "", (), True, "/fonts/wqy.ttc")


PACKAGES = {
    "albumentations": "2.0.8",
    "jinja2": "3.1.6",
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


def seen(
    *,
    without: tuple[str, ...] = (),
    packages: Mapping[str, str] = {},
    here: Machine = MACHINE,
    **probes: dict[str, Any] | None,
) -> Findings:
    """Return a machine on which all is well, but for what a test changes; a probe of None did not
    run.
    """
    answers = {name: answer for name, answer in (PROBES | probes).items() if answer is not None}
    there = {name: version for name, version in PACKAGES.items() if name not in without}
    return Findings("/env/bin/python", here, there | packages, answers)


def verdict_of(goal: str, found: Findings) -> Verdict:
    return next(verdict for verdict in diagnosis.verdicts(found) if verdict.goal == goal)


def bare() -> Findings:
    return seen(
        without=tuple(PACKAGES),
        albumentations=None,
        cv2=None,
        torch=None,
        operators=None,
        mmdet=None,
    )
