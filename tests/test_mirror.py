"""Each module has a test file of its name: ``coco_recipe/x.py`` has
``tests/coco_recipe/test_x.py``.

That of a module in a folder of its package, ``coco_recipe_mmdet/inside/x.py``, may stand in a
folder of that name or beside the package's other tests.
"""

import ast
from pathlib import Path

import pytest
from builders import REPOSITORY

ROOTS = (REPOSITORY, REPOSITORY / "plugins")
EXEMPT = {
    "coco_recipe/asking/row_figures.py": "records: test_row_changes.py",
    "coco_recipe/commands/pictures.py": "preview and replay: test_forecast.py, test_reopening.py",
    "coco_recipe/running/loop.py": "the loop over steps: test_stages.py",
    "coco_recipe/running/session.py": "a record: test_stages.py",
    "coco_recipe/running/work.py": "a record: test_stages.py",
    "coco_recipe/values/checkpoint.py": "a record",
    "coco_recipe/values/facts.py": "a record: test_foresight.py",
    "coco_recipe_albumentations/backend.py": "joins modules: pictures' test_backend.py",
    "coco_recipe_albumentations/migration/draft.py": "a record: test_rewrite.py",
    "coco_recipe_albumentations/pipeline/history.py": "a list of names: test_migrate.py",
    "coco_recipe_mmdet/inside/job_batch_norm.py": "in the child: test_recompute_batch_norm.py",
    "coco_recipe_mmdet/inside/job_init.py": "in the child: test_init_weights.py",
    "coco_recipe_mmdet/inside/job_preflight.py": "in the child: test_preflights.py",
    "coco_recipe_pictures/augment/before.py": "what augment checks: test_refusals.py, test_step.py",
    "coco_recipe_pictures/augment/work.py": "a record: test_step.py",
    "coco_recipe_pictures/checks/offered_checks.py": "a list",
    "coco_recipe_pictures/demo/bottles.py": "draws: test_write.py",
    "coco_recipe_pictures/demo/caps.py": "draws: test_write.py",
    "coco_recipe_pictures/demo/scene.py": "draws: test_write.py",
    "coco_recipe_pictures/geometry/left.py": "of augment and tile: test_step.py, test_tile.py",
    "coco_recipe_pictures/geometry/move.py": "a record: test_carrier.py",
    "coco_recipe_pictures/geometry/placed.py": "of tile: test_tile.py",
    "coco_recipe_pictures/pipelines.py": "picks the backend: test_backend.py",
}


def _modules() -> list[str]:
    """Return all modules that do something, as ``coco_recipe/testing/bench.py``."""
    return sorted(
        path.relative_to(root).as_posix()
        for root in ROOTS
        for package in root.glob("coco_recipe*")
        for path in package.rglob("*.py")
        if path.name not in ("__init__.py", "__main__.py") and _does_something(path)
    )


def _does_something(path: Path) -> bool:
    """Say whether a module has a function with a body: constants, records and protocols have
    none.
    """
    functions = (
        node
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef)
    )
    return any(
        not (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))
        for function in functions
        for line in function.body
    )


def _test_of(module: str) -> Path:
    path = Path(module)
    exact = REPOSITORY / "tests" / path.with_name(f"test_{path.name}")
    beside = REPOSITORY / "tests" / path.parts[0] / f"test_{path.name}"
    return beside if beside.exists() else exact


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


@pytest.mark.slow
def test_few_modules_have_none() -> None:
    assert {*EXEMPT} <= {*_modules()}, "a module on the list is gone"
    assert len(EXEMPT) <= 0.1 * len(_modules())
