"""A probe prints one line of JSON, whatever a library prints or raises."""

import json
import subprocess
import sys

import pytest
from coco_recipe_doctor import machine, probe


def _printed(name: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-P", str(machine.PROBE), name], capture_output=True, check=True
    )
    [line] = done.stdout.splitlines()
    found: dict[str, object] = json.loads(line)
    return found


@pytest.mark.slow
def test_the_versions_are_those_of_this_interpreter() -> None:
    found = _printed("versions")
    assert found["python"] == sys.version.split()[0]
    packages = found["packages"]
    assert isinstance(packages, dict)
    import msgspec

    assert packages["msgspec"] == msgspec.__version__


def test_a_probe_that_there_is_none_of_is_an_error() -> None:
    assert str(_printed("tensorflow")["error"]).startswith("KeyError")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cv2"])
def test_a_library_that_works_has_its_version(name: str) -> None:
    module = pytest.importorskip(name)
    assert _printed(name) == {"version": module.__version__}
    assert name in probe.PROBES
