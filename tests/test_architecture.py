"""Rules of the code base that no linter knows."""

import ast
import importlib
import json
import re
import subprocess
import sys

import pytest
from builders import REPOSITORY

import coco_recipe
from coco_recipe import Package, Step, plugins

CORE, PLUGINS = REPOSITORY / "coco_recipe", REPOSITORY / "plugins"


@pytest.mark.slow
def test_every_module_says_in_its_first_line_what_it_is_for() -> None:
    for path in [*CORE.glob("*.py"), *PLUGINS.rglob("*.py")]:
        assert ast.get_docstring(ast.parse(path.read_text("utf-8"))), path


@pytest.mark.slow
def test_plugins_import_only_the_public_names_of_the_core() -> None:
    for path in PLUGINS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                assert not node.module.startswith("coco_recipe."), f"{path}: {node.module}"


@pytest.mark.slow
def test_the_core_names_no_variable_of_a_package_that_a_plugin_needs() -> None:
    registry = plugins.find()
    offered = [*registry.offers.values()]
    needs = [one for offer in offered for one in _needs(offer.step)]
    needs += [
        one for backend in registry.backends.values() for one in getattr(backend, "needs", ())
    ]
    words = {
        word.upper()
        for one in needs
        for word in re.split(r"[-_.]", f"{one.module}-{one.dist}")
        if len(word) > 2
    }
    assert {"CV2", "OPENCV", "ALBUMENTATIONS", "TORCH"} <= words
    for path in CORE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and re.fullmatch(r"[A-Z][A-Z0-9_]+", str(node.value)):
                assert not words.intersection(str(node.value).split("_")), f"{path}: {node.value}"


def _needs(step: Step) -> tuple[Package, ...]:
    return () if callable(step.needs) else step.needs


def test_only_the_command_line_prints() -> None:
    for path in CORE.glob("*.py"):
        calls = {
            node.func.id
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert path.name == "cli.py" or "print" not in calls, path


@pytest.mark.slow
def test_heavy_libraries_are_imported_where_a_step_runs() -> None:
    """Some modules of plugins begin with such an import: they must not be reached by checking a
    recipe.
    """
    code = """
import sys
from pathlib import Path
from coco_recipe.running import stages
for path in sorted(Path('recipes').glob('*.yaml')):
    try:
        stages.prepare(path)
    except Exception as error:
        assert 'there is no' in str(error), error  # its data or weights
heavy = {'torch', 'mmdet', 'mmengine', 'cv2', 'albumentations', 'numpy', 'dask', 'PIL'}
print(*sorted(heavy & sys.modules.keys()))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


@pytest.mark.slow
def test_to_list_the_commands_loads_neither_steps_nor_rows() -> None:
    """It is what people wait for most often: a line of help costs no step and no check."""
    code = """
import sys
sys.argv = ['coco-recipe', '--help']
from coco_recipe.cli import main
try:
    main()
finally:
    ours = {name for name in sys.modules if name.startswith('coco_recipe')}
    print(*sorted(ours), *sorted(sys.modules.keys() & {'jsonschema', 'yaml', 'rich'}))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    loaded = done.stdout.splitlines()[-1].split()
    assert {"coco_recipe.cli", "coco_recipe_pictures.commands"} <= set(loaded)
    heavy = re.compile(r"coco_recipe\.(steps|dataset|plugins|findings|manifest)|[a-z]+")
    folders = re.compile(r"coco_recipe\.(?!commands|observing)\w+\..*")
    assert [name for name in loaded if heavy.fullmatch(name) or folders.fullmatch(name)] == []
    of_plugins = [name for name in loaded if re.fullmatch(r"coco_recipe_\w+\.\w+", name)]
    assert len(of_plugins) < 10, of_plugins  # a module for each plugin's commands


def test_each_name_that_a_plugin_imports_is_found_where_a_type_checker_sees_it() -> None:
    tree = ast.parse((CORE / "__init__.py").read_text("utf-8"))
    seen = {
        one.asname or one.name: (node.module, one.name)
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for one in node.names
    }
    assert sorted(seen) == sorted(coco_recipe.__all__) == sorted(dir(coco_recipe))
    for name, (module, there) in seen.items():
        found = importlib.import_module(str(module))
        assert getattr(coco_recipe, name) is getattr(found, there), name


@pytest.mark.slow
@pytest.mark.parametrize("what", ["recipe", "manifest", "provenance"])
def test_the_schemas_are_current(what: str) -> None:
    """Written by ``coco-recipe schema WHAT > schemas/WHAT.schema.json``."""
    done = subprocess.run(
        [sys.executable, "-m", "coco_recipe.cli", "schema", what],
        capture_output=True,
        text=True,
        check=True,
    )
    kept = (REPOSITORY / f"schemas/{what}.schema.json").read_text("utf-8")
    assert json.loads(kept) == json.loads(done.stdout)


def test_what_any_trainer_needs_names_no_trainer() -> None:
    for path in (PLUGINS / "coco_recipe_jobs").rglob("*.py"):
        text = path.read_text("utf-8").lower()
        assert [word for word in ("mmdet", "mmengine", "mmcv") if word in text] == [], path
