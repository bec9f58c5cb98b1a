"""The pins, and the files that follow them."""

import re
import subprocess
import tomllib

import pytest
from builders import REPOSITORY
from coco_recipe_doctor import pins
from coco_recipe_doctor.pins import Pin


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
