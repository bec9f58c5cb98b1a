"""Rules of the code base that no linter knows."""

import ast
import json
import subprocess
import sys

from builders import REPOSITORY

CORE, PLUGINS = REPOSITORY / "coco_recipe", REPOSITORY / "plugins"


def test_every_module_says_in_its_first_line_what_it_is_for() -> None:
    for path in [*CORE.glob("*.py"), *PLUGINS.rglob("*.py")]:
        assert ast.get_docstring(ast.parse(path.read_text("utf-8"))), path


def test_plugins_import_only_the_public_names_of_the_core() -> None:
    for path in PLUGINS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                assert not node.module.startswith("coco_recipe."), f"{path}: {node.module}"


def test_only_the_command_line_prints() -> None:
    for path in CORE.glob("*.py"):
        calls = {node.func.id for node in ast.walk(ast.parse(path.read_text("utf-8")))
                 if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
        assert path.name == "cli.py" or "print" not in calls, path


def test_heavy_libraries_are_imported_where_a_step_runs() -> None:
    heavy = {"torch", "mmdet", "cv2", "albumentations", "numpy"}
    for path in [*CORE.glob("*.py"), *PLUGINS.rglob("*.py")]:
        for node in ast.parse(path.read_text("utf-8")).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [
                node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not heavy & {name.partition(".")[0] for name in names}, path


def test_the_schema_for_editors_is_current() -> None:
    done = subprocess.run([sys.executable, "-m", "coco_recipe.cli", "schema"], capture_output=True, text=True, check=True)
    assert json.loads((REPOSITORY / "schemas/recipe.schema.json").read_text("utf-8")) == json.loads(done.stdout)
