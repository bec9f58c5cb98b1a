"""A library whose import is put off is there when something of it is used."""

import subprocess
import sys
from pathlib import Path

import pytest
from coco_recipe_mmdet.inside import later


def test_a_module_is_imported_when_something_of_it_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "far_away").mkdir()
    (tmp_path / "far_away/__init__.py").write_text("from . import parts\n__version__ = '1.2'\n")
    (tmp_path / "far_away/parts.py").write_text(
        "class Line(list):\n    @classmethod\n    def of(cls, *n):\n        return cls(n)\n"
    )
    (tmp_path / "uses_it.py").write_text(
        "import far_away\nimport far_away.parts as parts\nfrom far_away.parts import Line\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    names = ("far_away", "far_away.parts")
    with later.put_off(*names, "no_such_library"):
        import uses_it  # type: ignore[import-not-found]
    assert not {*names, "no_such_library"} & set(sys.modules)
    assert uses_it.Line([1, 2]) == [1, 2]
    assert uses_it.Line.of(3) == uses_it.parts.Line([3]) == [3]
    assert uses_it.far_away.__version__ == "1.2"
    real = sys.modules["far_away.parts"]
    assert type(uses_it.Line([1])) is vars(real)["Line"]
    with later.put_off(*names):  # what is there stays
        assert sys.modules["far_away.parts"] is real
    for name in (*names, "uses_it"):
        del sys.modules[name]


@pytest.mark.slow
def test_mmdet_is_registered_without_the_libraries_that_are_seldom_used() -> None:
    pytest.importorskip("mmdet")
    code = """
import sys
from coco_recipe_jobs.job import Job
from coco_recipe_mmdet.inside import stack
stack.begin(Job(device="cpu"))
assert not {"imgaug", "albumentations"} & set(sys.modules)
from mmdet.registry import TRANSFORMS
flip = {"type": "HorizontalFlip", "p": 1.0}
albu = TRANSFORMS.build({"type": "Albu", "transforms": [flip]})
assert type(albu.aug).__module__.startswith("albumentations."), type(albu.aug)
lanes = [{"name": "HorizontalFlip", "parameters": {"p": 1.0}, "p": 1.0}]
resize = {"name": "Resize", "parameters": {"size": {"height": 8, "width": 9}}, "p": 1.0}
lane = TRANSFORMS.build({"type": "ImageAug", "pipeline": [resize, *lanes]})
assert type(lane.pipeline).__module__.startswith("imgaug."), type(lane.pipeline)
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
