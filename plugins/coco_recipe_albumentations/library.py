"""Albumentations, imported without what it doesn't need here."""

import importlib.util
import os
import sys
from typing import Any

ENVIRONMENT = {"NO_ALBUMENTATIONS_UPDATE": "1"}  # don't ask the package index for updates


def albumentations() -> Any:
    """Return the package.

    It would ask the package index for updates, import torch for transforms that make tensors (1.3 s
    in each process), and SciPy's functions for one transform (0.2 s), which are put off until then.
    """
    os.environ.update(ENVIRONMENT)
    if not {"albumentations", "torch"} & sys.modules.keys():
        _put_off("scipy", "special")
        sys.modules["torch"] = None  # type: ignore[assignment]  # as if it were not installed
        try:
            import albumentations
        finally:
            del sys.modules["torch"]
    import albumentations

    return albumentations


def _put_off(package: str, name: str) -> None:
    """Let a module of a package be imported when something in it is asked for."""
    full = f"{package}.{name}"
    if full in sys.modules or importlib.util.find_spec(package) is None:
        return
    spec = importlib.util.find_spec(full)
    if spec is None or spec.loader is None:
        return
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[full] = module
    spec.loader.exec_module(module)
    setattr(sys.modules[package], name, module)
