"""What a plugin's author reads is whole: arguments, results and errors of all that is offered."""

import ast
import dataclasses
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

import coco_recipe
from coco_recipe import plugins, testing

SECTION = re.compile(
    r"^(Args|Attributes|Returns|Yields|Raises):\n((?:[ ]{4}.*\n|\n)+)", re.MULTILINE
)
ENTRY = re.compile(r"^ {4}\*{0,2}(\w+): \S", re.MULTILINE)
# a function without arguments may say in its first sentence what it returns
TOLD = re.compile(r"(Return|Yield|Count|Make|Say|Tell|Report)\b")


def gaps(function: Callable[..., Any]) -> list[str]:
    """Return what the docstring of a function leaves out: its arguments, its result, its errors."""
    function = inspect.unwrap(function)
    page = (inspect.getdoc(function) or "") + "\n"
    sections = dict(SECTION.findall(page))
    signature = inspect.signature(function)
    names = [name for name in signature.parameters if name not in ("self", "cls")]
    told = ENTRY.findall(sections.get("Args", ""))
    found = [f"{name} isn't told of" for name in names if name not in told]
    found += [f"{name} is no argument" for name in told if name not in names]
    gives = signature.return_annotation not in (None, "None", inspect.Signature.empty)
    if gives and not sections.keys() & {"Returns", "Yields"}:
        found += ["has no Returns"] if names or not TOLD.match(page) else []
    if "Raises" not in sections and _raises(function):
        found += ["has no Raises"]
    return found if page.strip() else ["has no docstring"]


def _raises(function: Callable[..., Any]) -> bool:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    return any(isinstance(node, ast.Raise) and node.exc for node in ast.walk(tree))


def gaps_of_class(kind: type) -> Iterator[str]:
    """Yield what the docstrings of a class leave out: its attributes, and those of its methods."""
    page = (inspect.getdoc(kind) or "") + "\n"
    told = ENTRY.findall(dict(SECTION.findall(page)).get("Attributes", ""))
    for name in _fields(kind):
        if name not in told and not name.startswith("_"):
            yield f"{name} isn't told of"
    for name, value in vars(kind).items():
        if name.startswith("_"):
            continue
        if isinstance(value, property):
            if not inspect.getdoc(value.fget):
                yield f"{name} has no docstring"
        elif inspect.isfunction(function := getattr(value, "__func__", value)):
            yield from (f"{name}: {gap}" for gap in gaps(function))


def _fields(kind: type) -> list[str]:
    """Return the names of the fields that the class itself adds."""
    if issubclass(kind, msgspec.Struct):
        return [name for name in kind.__struct_fields__ if name in inspect.get_annotations(kind)]
    if dataclasses.is_dataclass(kind):
        own = inspect.get_annotations(kind)
        return [one.name for one in dataclasses.fields(kind) if one.name in own]
    return []


@pytest.mark.parametrize("name", sorted(plugins.find().offers))
def test_the_page_of_a_step_is_whole(name: str) -> None:
    assert gaps(plugins.find().offers[name].step.run) == []


def test_all_that_a_plugin_may_import_says_what_it_takes_gives_and_raises() -> None:
    found = []
    for module in (coco_recipe, testing):
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isclass(value) and value.__module__.startswith("coco_recipe"):
                found += [f"{name}: {gap}" for gap in gaps_of_class(value)]
            elif inspect.isfunction(value) and not name.endswith("_option"):  # an option of click
                found += [f"{name}: {gap}" for gap in gaps(value)]
    assert found == []


def _whole(box: list[float]) -> float:
    """Measure a box.

    Args:
        box: in pixels.

    Returns:
        Square pixels.

    Raises:
        ValueError: a side is missing.
    """
    if len(box) < 4:
        raise ValueError
    return box[2] * box[3]


def _gappy(box: list[float], side: int) -> float:
    """Measure a box.

    Args:
        box: in pixels.
        edge: which one.
    """
    if not side:
        raise ValueError
    return box[side]


def test_a_gap_is_seen() -> None:
    assert gaps(_whole) == []
    assert gaps(_gappy) == [
        "side isn't told of",
        "edge is no argument",
        "has no Returns",
        "has no Raises",
    ]
    assert gaps(lambda: None) == ["has no docstring"]

    @dataclasses.dataclass
    class Box:
        """A box."""

        width: float

        @property
        def height(self) -> float:
            return self.width

        def area(self) -> float:
            return self.width**2

    assert list(gaps_of_class(Box)) == [
        "width isn't told of",
        "height has no docstring",
        "area: has no docstring",
    ]
