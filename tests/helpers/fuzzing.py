"""Recipes and annotation files that are nearly sound: of parts that fit, and of mutated bytes."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from builders import coco
from hypothesis import strategies as st

from coco_recipe import plugins
from coco_recipe.errors import CocoRecipeError
from coco_recipe.running import checking, refusal, stages

SECONDS = 2.0  # of CPU time
EXPORT = {"id": "out", "use": "export_coco", "in": {"all": "raw"}, "with": {"images": "none"}}
USES = ("reindex", "split", "filter_categories", "filter_annotations", "map_categories", "repair")
ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    0.5,
    1e308,
    2**63,
    "",
    "x",
    "${a}",
    "${env:HOME}",
    "../x",
    "a\0b",
    "\u202e",
    "no",
    [],
    {},
    [[]],
    {"": None},
)
odd = st.sampled_from(ODD) | st.text(max_size=8) | st.integers() | st.floats()
nested = st.recursive(
    odd,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
STEP_KEYS = ("drop", "keep", "map", "every", "by", "fractions", "group_by", "folds", "boxes")
steps = st.fixed_dictionaries(
    {"id": st.sampled_from("abc") | nested, "use": st.sampled_from(USES) | nested},
    optional={
        "in": st.sampled_from(["raw", "a", "a.x", ["raw"], {"dataset": "raw"}]) | nested,
        "with": st.dictionaries(st.sampled_from(STEP_KEYS), nested, max_size=3) | nested,
        "wth": nested,
    },
)
recipes = st.fixed_dictionaries(
    {
        "coco_recipe": st.just(1) | nested,
        "name": st.just("test") | nested,
        "inputs": st.just({"raw": {"annotations": "raw.json"}})
        | st.dictionaries(
            st.sampled_from(["raw", "x"]),
            st.dictionaries(
                st.sampled_from(["annotations", "images", "kind", "file", "follow_links"]), nested
            ),
        )
        | nested,
        "steps": st.lists(steps, max_size=4) | nested,
    },
    optional={"vars": nested, "seed": nested, "findings": nested, "description": nested},
)


@st.composite
def mutated(draw: st.DrawFn, text: bytes) -> bytes:
    """Return bytes with some of them changed, repeated, left out or put elsewhere."""
    data = bytearray(text)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        end = min(len(data), at + draw(st.integers(0, 30)))
        match draw(st.integers(0, 4)):
            case 0:
                data[at:end] = b""
            case 1:
                data[at:at] = data[at:end]
            case 2:
                data[at:end] = draw(st.binary(max_size=8))
            case 3:
                place = draw(st.integers(0, len(data)))
                data[place:place] = data[at:end]
            case 4:
                part = st.sampled_from(
                    [b"{", b"[", b'"', b":", b"&a ", b"*a", b"!!x ", b"\xff", b"<<"]
                )
                data[at:at] = draw(part) * draw(st.integers(1, 40))
    return bytes(data)


@st.composite
def coco_files(draw: st.DrawFn) -> bytes:
    """Return an annotation file some of whose values are odd."""
    data = coco(2)
    for _ in range(draw(st.integers(1, 5))):
        table = draw(st.sampled_from(["images", "annotations", "categories"]))
        row = draw(st.sampled_from(data[table])) if data[table] else {}
        if not isinstance(row, dict):
            continue
        keys = (*row, "segmentation", "keypoints", "new", "coco_recipe")
        row[draw(st.sampled_from(keys))] = draw(nested)
        if draw(st.integers(0, 9)) == 0:
            data[table] = draw(nested)
            break
    return json.dumps(data).encode("utf-8", "surrogatepass")


SOUND_RECIPE = json.dumps(
    {
        "coco_recipe": 1,
        "name": "test",
        "vars": {"a": "x"},
        "inputs": {"raw": {"annotations": "raw.json"}},
        "steps": [
            {"id": "a", "use": "split", "in": "raw", "with": {"fractions": {"x": 0.5, "y": 0.5}}},
            {"id": "b", "use": "filter_categories", "in": "a.x", "with": {"keep": ["cat"]}},
            EXPORT,
        ],
    },
    indent=1,
).encode()
SOUND_FILE = json.dumps(coco(3, [(1, 1), (2, 2), (3, 1)])).encode()
_registry = plugins.find()


def tries_recipe(folder: Path, text: bytes) -> None:
    """Plan a recipe and hold it against its rows: only our own errors, and soon."""
    (folder / "recipe.yaml").write_bytes(text)
    _soon(lambda: refusal.hold_against_rows(stages.prepare(folder / "recipe.yaml")), text)


def tries_file(folder: Path, text: bytes) -> None:
    """Check an annotation file, and open it for a recipe: only our own errors, and soon."""
    (folder / "raw.json").write_bytes(text)
    (folder / "recipe.yaml").write_bytes(SOUND_RECIPE)
    _soon(lambda: checking.of_file(folder / "raw.json", None, _registry.checks), text)
    _soon(lambda: refusal.hold_against_rows(stages.prepare(folder / "recipe.yaml")), text)


def _soon(work: Callable[[], object], text: bytes) -> None:
    began = time.process_time()
    try:
        work()
    except CocoRecipeError as error:
        told = str(error)
        if not told:
            raise AssertionError("an error must say something") from error
    seconds = time.process_time() - began
    assert seconds < SECONDS, f"took {seconds:.1f} s of {text!r}"
