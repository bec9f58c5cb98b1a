"""Albumentations, imported without what it doesn't need here."""

import os
import sys
from typing import Any

ENVIRONMENT = {"NO_ALBUMENTATIONS_UPDATE": "1"}  # don't ask the package index for updates


def albumentations() -> Any:
    """Return the package.

    It would ask the package index for updates, and import torch for transforms that make tensors:
    1.3 s in each process.
    """
    os.environ.update(ENVIRONMENT)
    if not {"albumentations", "torch"} & sys.modules.keys():
        sys.modules["torch"] = None  # type: ignore[assignment]  # as if it were not installed
        try:
            import albumentations
        finally:
            del sys.modules["torch"]
    import albumentations

    return albumentations
