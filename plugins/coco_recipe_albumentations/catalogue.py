"""Read what the pinned Albumentations offers, without importing it: names, arguments, targets.

``python -m coco_recipe_albumentations.catalogue`` writes catalogue.json again after the library has
changed.
"""

import inspect
import json
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from coco_recipe_albumentations import library

FILE = Path(__file__).with_name("catalogue.json")
# Something to build each transform with, so that it can say what it thinks of itself.
_SAMPLES = {
    "height": 8,
    "width": 8,
    "size": (8, 8),
    "max_size": 8,
    "num_grid_xy": (2, 2),
    "magnitude": 1,
    "font_path": "font.ttf",
    "min_max_height": (4, 8),
    "padding": 1,
    "px": 1,
    "min_zyx": (1, 1, 1),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One transform.

    Attributes:
        arguments: every argument with its default; ``...`` for one that must be given.
        choices: for arguments that take one of some words, these words.
        targets: what it can move, in the library's words (Image, Mask, BBoxes, Keypoints, Volume,
            Mask3D).
        needs: keys that must be given with every image.
        files: arguments that name files to read.
        advice: what it warns of whenever it is made, for instance that another one does the same.
        holds_others: it is made of other transforms.
    """

    arguments: Mapping[str, Any]
    choices: Mapping[str, tuple[Any, ...]]
    targets: tuple[str, ...]
    needs: tuple[str, ...]
    files: tuple[str, ...]
    advice: str
    holds_others: bool


@cache
def load() -> tuple[str, Mapping[str, Entry]]:
    """Return the library's version and its transforms by name."""
    data = json.loads(FILE.read_text("utf-8"))
    return data["version"], {
        name: Entry(
            {
                argument: ... if argument in row["required"] else default
                for argument, default in row["arguments"].items()
            },
            {argument: tuple(words) for argument, words in row["choices"].items()},
            tuple(row["targets"]),
            tuple(row["needs"]),
            tuple(row["files"]),
            row["advice"],
            row["holds_others"],
        )
        for name, row in data["transforms"].items()
    }


def describe() -> dict[str, Any]:
    """Look at the installed library."""
    os.environ.update(library.ENVIRONMENT)
    import albumentations as A

    return {
        "library": "albumentations",
        "version": A.__version__,
        "transforms": {name: _describe(kind) for name, kind in _kinds()},
    }


def _kinds() -> Iterator[tuple[str, type]]:
    """Yield the library's transforms.

    Not those that make tensors, which are there only where torch is.
    """
    import albumentations as A

    base = {
        A.BasicTransform,
        A.BaseCompose,
        A.DualTransform,
        A.ImageOnlyTransform,
        A.Transform3D,
        A.Compose,
        A.ReplayCompose,
    }
    for name, kind in sorted(vars(A).items()):
        if (
            isinstance(kind, type)
            and issubclass(kind, (A.BasicTransform, A.BaseCompose))
            and kind not in base
            and not kind.__module__.startswith("albumentations.pytorch")
        ):
            yield name, kind


def _describe(kind: type) -> dict[str, Any]:
    parameters = {
        name: parameter
        for name, parameter in inspect.signature(kind).parameters.items()
        if name != "strict"
    }
    made, advice = _sample(kind, parameters)
    targets = getattr(kind, "_targets", ())
    targets = targets if isinstance(targets, tuple) else (targets,)
    return {
        "arguments": {name: _plain(parameter.default) for name, parameter in parameters.items()},
        "required": [
            name
            for name, parameter in parameters.items()
            if parameter.default is inspect.Parameter.empty
        ],
        "choices": {
            name: words
            for name, parameter in parameters.items()
            if (words := _words(parameter.annotation))
        },
        "targets": [target.value for target in targets],
        "needs": list(getattr(made, "targets_as_params", None) or []),
        "files": [
            name for name in ("font_path", "reference_images", "read_fn") if name in parameters
        ],
        "advice": advice,
        "holds_others": "transforms" in parameters,
    }


def _sample(kind: type, parameters: Mapping[str, inspect.Parameter]) -> tuple[Any, str]:
    import albumentations as A

    arguments = {name: value for name, value in _SAMPLES.items() if name in parameters}
    if issubclass(kind, A.Transform3D) and "size" in parameters:
        arguments["size"] = (8, 8, 8)
    if "transforms" in parameters:
        arguments["transforms"] = [A.NoOp(), A.NoOp()]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        made = kind(**arguments)
    return made, "; ".join(str(warning.message) for warning in caught)


def _plain(default: Any) -> Any:
    """Return a default as JSON has it; None for one that must be given, and for functions."""
    if default is inspect.Parameter.empty or callable(default):
        return None
    return json.loads(json.dumps(default))


def _words(annotation: str) -> list[str]:
    """Return the words of an annotation ``Literal['a', 'b']``."""
    found = re.fullmatch(r"Literal\[((?:'\w+'(?:, )?)+)\]", str(annotation).replace('"', "'"))
    return re.findall(r"'(\w+)'", found[1]) if found else []


def write() -> None:
    """Write the file, a line for each transform."""
    data = describe()
    rows = ",\n".join(
        f"{json.dumps(name)}: {json.dumps(row, sort_keys=True)}"
        for name, row in data["transforms"].items()
    )
    FILE.write_text(
        f'{{"library": "albumentations", "version": "{data["version"]}", '
        f'"transforms": {{\n{rows}\n}}}}\n',
        "utf-8",
    )


if __name__ == "__main__":
    write()
