"""Pipelines in every form: checked without the library, built by it, and written in one form."""

import subprocess
import sys
from pathlib import Path

import pytest
from coco_recipe_pictures import pipeline_file

from coco_recipe.language import source

pytestmark = pytest.mark.filterwarnings("ignore:Got processor")
np = pytest.importorskip("numpy")
pytest.importorskip("albumentations")
from pipeline_texts import saved  # noqa: E402


@pytest.mark.slow
def test_checking_a_pipeline_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from coco_recipe_albumentations.pipeline.read import Pipeline; form = "
        "sys.argv[1]\n"
        "assert not Pipeline.of(form).problems and not Pipeline.of(form).needs_size\n"
        "print(sorted({'albumentations', 'cv2', 'numpy', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(saved(tmp_path))],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("form", ["list", "nested"])
def test_a_pipeline_has_tuples_of_python_where_a_recipe_has_none(form: str, tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    limit = "!!python/tuple [3, 5]" if form == "list" else "!!python/tuple\n    - 3\n    - 5"
    path.write_text(f"- Blur:\n    blur_limit: {limit}\n", "utf-8")
    assert pipeline_file.load(path).form == [{"Blur": {"blur_limit": [3, 5]}}]
    assert "has the tag tag:yaml.org,2002:python/tuple" in source.load(path).problems[0].what
