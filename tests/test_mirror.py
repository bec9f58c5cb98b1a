"""Each module has a test file of its name: ``coco_recipe/x.py`` has ``tests/coco_recipe/test_x.py``."""

import ast
from pathlib import Path

import pytest
from builders import REPOSITORY

ROOTS = (REPOSITORY, REPOSITORY / "plugins")
EXEMPT: dict[str, str] = {}


def _modules() -> list[str]:
    """Return all modules that do something, as ``coco_recipe/testing/bench.py``."""
    return sorted(
        path.relative_to(root).as_posix()
        for root in ROOTS
        for package in root.glob("coco_recipe*")
        for path in package.rglob("*.py")
        if path.name not in ("__init__.py", "__main__.py")
    )


def _test_of(module: str) -> Path:
    path = Path(module)
    return REPOSITORY / "tests" / path.with_name(f"test_{path.name}")


@pytest.mark.parametrize("module", _modules())
def test_a_module_has_a_test_file_of_its_name(module: str) -> None:
    if module in EXEMPT:
        assert not _test_of(module).exists(), f"{module} has tests now: take it off the list"
        return
    test = _test_of(module)
    assert test.is_file(), f"write {test.relative_to(REPOSITORY)}, or say in EXEMPT why not"
    names = {
        node.name
        for node in ast.walk(ast.parse(test.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }
    assert names, f"{test.relative_to(REPOSITORY)} has no test"


def test_few_modules_have_none() -> None:
    assert {*EXEMPT} <= {*_modules()}, "a module on the list is gone"
    assert len(EXEMPT) <= 0.1 * len(_modules())
