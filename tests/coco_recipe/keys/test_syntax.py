"""What changes a module's digest, and what doesn't."""

from pathlib import Path

import pytest

from coco_recipe.keys.syntax import Import, code_of, parse

CODE = '''
"""Say what it is for."""
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from package import helper as help_
import library.part

if TYPE_CHECKING:
    from elsewhere import Y

FACTOR = 2

@dataclass
class Row:
    """A row."""
    width: int
    height: int = 1

def area(rows: Sequence[Row], *, scale: float = 1.0) -> float:
    """Return an area."""
    size: float = sum(row.width * row.height for row in rows)  # in pixels
    return help_(size) * scale * FACTOR * library.part.X
'''


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  # in pixels", "  # in millimetres\n\n"),
        ('"""Return an area."""', '"""Return what it covers."""'),
        ('"""A row."""', ""),
        ('"""Say what it is for."""', ""),
        ("sum(row.width", "sum(\n        row.width"),
        (" -> float", ""),
        ("rows: Sequence[Row]", 'rows: "Sequence[Row]"'),
        ("scale: float = 1.0", "scale = 1.0"),
        ("size: float = ", "size = "),
        ("FACTOR = 2", "FACTOR: int = 2"),
        ("from elsewhere import Y", "import elsewhere"),
        ("from collections.abc import Sequence", "from typing import Sequence"),
    ],
)
def test_what_changes_nothing_is_not_in_the_digest(old: str, new: str) -> None:
    changed = CODE.replace(old, new)
    assert changed != CODE
    assert parse(changed, "m").digest == parse(CODE, "m").digest
    assert parse(changed, "m").imports == parse(CODE, "m").imports


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("FACTOR = 2", "FACTOR = 2.0"),
        ("FACTOR = 2", "FACTOR = '2'"),
        ("scale: float = 1.0", "scale: float = 2.0"),
        ("    width: int\n    height: int = 1\n", "    height: int\n    width: int = 1\n"),
        ("    width: int\n", "    width: float\n"),
        ("@dataclass\n", ""),
        ("helper as help_", "other as help_"),
        ("row.width * row.height", "row.width + row.height"),
    ],
)
def test_what_changes_the_outcome_is_in_the_digest(old: str, new: str) -> None:
    changed = CODE.replace(old, new)
    assert changed != CODE
    assert parse(changed, "m").digest != parse(CODE, "m").digest


def test_imports_are_absolute_and_those_of_annotations_are_left_out() -> None:
    found = parse(CODE + "def f():\n    from ..up import a\n    import_module('late')\n", "p.q.m")
    assert set(found.imports) == {
        Import("dataclasses", "dataclass"),
        Import("typing", "TYPE_CHECKING"),
        Import("package", "helper"),
        Import("library.part"),
        Import("library"),
        Import("p.up", "a"),
        Import("late"),
    }
    assert found.bound["help_"] == Import("package", "helper")
    assert parse("from .up import a", "p.q", is_package=True).imports == (Import("p.q.up", "a"),)


@pytest.mark.parametrize(
    ("text", "acts"),
    [
        ('"""Text."""\nfrom a import b\nX = 1\n__all__ = ["b"]\ndef f(): pass\n', False),
        ("import os\nos.environ['X'] = '1'\n", True),
        ("from a import b\nb.set_up()\n", True),
    ],
)
def test_a_module_that_does_something_at_its_import_is_known(text: str, acts: bool) -> None:
    assert parse(text, "p", is_package=True).acts is acts


def test_what_is_kept_of_a_module_is_of_its_present_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    file = tmp_path / "m.py"
    file.write_text("X = 1\n")
    first = code_of(file, "p.m")
    (kept,) = (tmp_path / "cache").rglob("*.json")
    file.write_text("X = 22\n")
    second = code_of(file, "p.m")
    assert first.digest == parse("X = 1", "p.m").digest
    assert second.digest == parse("X = 22", "p.m").digest
    kept.write_bytes(b"{}")
    file.write_text("X = 333\n")
    assert code_of(file, "p.m").digest == parse("X = 333", "p.m").digest
