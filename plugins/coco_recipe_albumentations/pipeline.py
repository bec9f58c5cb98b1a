"""Build Albumentations pipelines from the forms that recipes have them in, and refuse what would be ignored."""

import difflib
import json
import os
import warnings
from pathlib import Path
from typing import Any

import yaml


def build(form: Any) -> list[Any]:
    """Return the transforms of a pipeline.

    Args:
        form: a short list (``- HorizontalFlip: {p: 0.5}``), Albumentations' own dict, or the path of a file that
            ``albumentations.save`` wrote (JSON or YAML).

    Raises:
        ValueError: an unknown transform, an unknown or impossible argument, or a file that is no pipeline; names it.
    """
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"  # it would ask the package index at import
    form = _read(Path(form)) if isinstance(form, str) else form
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a misspelt argument is a warning, and the transform runs with its defaults
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        if isinstance(form, dict):
            top = form.get("transform", form)
            if not isinstance(top, dict) or "__class_fullname__" not in top:
                raise ValueError("pipeline: is not in Albumentations' form: no 'transform' with a '__class_fullname__'")
            rows = top["transforms"] if top["__class_fullname__"].endswith("Compose") else [top]
            return [_from_dict(row, f"pipeline.transforms[{i}]") for i, row in enumerate(rows)]
        return [_from_short(row, f"pipeline[{i}]") for i, row in enumerate(form)]


def _read(path: Path) -> Any:
    text = path.read_text("utf-8")
    try:
        return json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError) as error:
        raise ValueError(f"{path}: is not a pipeline: {error}") from error


def _from_dict(row: dict[str, Any], where: str) -> Any:
    name = str(row.get("__class_fullname__", "")).rpartition(".")[2]
    arguments = {key: value for key, value in row.items() if key not in ("__class_fullname__", "id")}
    return _make(name, arguments, where, _from_dict)


def _from_short(row: Any, where: str) -> Any:
    if isinstance(row, str):
        return _make(row, {}, where, _from_short)
    if not isinstance(row, dict) or len(row) != 1:
        raise ValueError(f"{where}: expected one transform, as 'HorizontalFlip: {{p: 0.5}}', found {row!r}")
    name, arguments = next(iter(row.items()))
    return _make(name, arguments or {}, where, _from_short)


def _make(name: str, arguments: dict[str, Any], where: str, child: Any) -> Any:
    import albumentations as A

    if not isinstance(arguments, dict):
        raise ValueError(f"{where}: the arguments of {name} must be a mapping, found {arguments!r}")
    kinds = (A.BasicTransform, A.BaseCompose)
    made = getattr(A, name, None)
    if not isinstance(made, type) or not issubclass(made, kinds) or name == "Lambda":
        known = [n for n in dir(A) if isinstance(getattr(A, n), type) and issubclass(getattr(A, n), kinds)]
        close = difflib.get_close_matches(name, known, n=1)
        raise ValueError(f"{where}: Albumentations {A.__version__} has no transform '{name}'"
                         + (f"; did you mean '{close[0]}'?" if close else ""))
    if "transforms" in arguments:
        inner = [child(row, f"{where}.{name}.transforms[{i}]") for i, row in enumerate(arguments["transforms"])]
        arguments = {**arguments, "transforms": inner}
    try:
        return made(**arguments)
    except (UserWarning, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{where}: {name}: {reason}") from error
