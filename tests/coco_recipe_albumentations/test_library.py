"""Albumentations is imported without torch, and without SciPy's functions until they are used."""

import subprocess
import sys

import pytest

pytest.importorskip("albumentations")
CODE = """
import sys
import numpy as np
from coco_recipe_albumentations.library import albumentations

A = albumentations()
print("torch" in sys.modules, "scipy.special._ufuncs" in sys.modules)
A.RingingOvershoot(p=1)(image=np.zeros((32, 32, 3), np.uint8))
from scipy import special
print("scipy.special._ufuncs" in sys.modules, special.comb(4, 2))
print(special is sys.modules[special.__name__])
"""


@pytest.mark.slow
def test_what_few_transforms_need_is_imported_when_they_need_it() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", "True", "6.0", "True"]
