"""Find a detector's config and the files that it is built on, without running them."""

import ast
import hashlib
import importlib.util
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from coco_recipe import Params, StepProblem
from coco_recipe_mmdet.params import other_environment

PACKAGE = "mmdet::"


def package_folder() -> Path | None:
    """Return the folder of the installed mmdet package, without importing it; None without one."""
    spec = importlib.util.find_spec("mmdet")
    places = list(spec.submodule_search_locations or ()) if spec else []
    return Path(places[0]) if places else None


def locate(config: str) -> Path | None:
    """Return the file of ``mmdet::path/in/the/package.py`` or of a path.

    It is None for one of mmdet's where mmdet isn't installed.

    Raises:
        ValueError: there is no such file; names those with a similar name.
    """
    if not config.startswith(PACKAGE):
        return Path(config)
    folder = package_folder()
    if folder is None:
        return None
    path = folder / ".mim" / "configs" / config.removeprefix(PACKAGE)
    if not path.is_file() or path.suffix != ".py":
        names = {
            found.name: str(found.relative_to(folder / ".mim" / "configs"))
            for found in (folder / ".mim" / "configs").rglob("*.py")
        }
        near = [PACKAGE + names[name] for name in get_close_matches(path.name, names, 3)]
        raise ValueError(
            f"mmdet has no config {config.removeprefix(PACKAGE)}"
            + f"; near are {', '.join(near)}" * bool(near)
        )
    return path


def absolute(config: str | None) -> str | None:
    """Return the config as a process in another folder finds it."""
    return config if config is None or config.startswith(PACKAGE) else str(Path(config).absolute())


def chain(config: str) -> list[Path]:
    """Return the config's file and every file that it is built on, each once.

    Files of mmdet are among them only where it is installed.

    Raises:
        ValueError: a file is missing, isn't Python, or its bases can't be told without running it.
    """
    found: dict[Path, None] = {}
    first = locate(config)
    todo = [first] if first else []
    while todo:
        path = todo.pop()
        if path.resolve() in (seen.resolve() for seen in found):
            continue
        found[path] = None
        todo += reversed(list(_bases(path)))
    return list(found)


def hashes(config: str) -> dict[str, str]:
    """Return the SHA-256 of the config and of its bases by name; of mmdet's by path."""
    return {_shown(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in chain(config)}


def strangers(config: str, trusted: Path) -> list[Path]:
    """Return the files of the chain that lie neither below ``trusted`` nor in the mmdet package."""
    roots = [root.resolve() for root in (trusted, package_folder()) if root]
    return [
        path
        for path in chain(config)
        if not any(path.resolve().is_relative_to(root) for root in roots)
    ]


def problems(params: Params) -> Iterator[StepProblem]:
    """Yield what is wrong with the parameters ``config``, ``trust`` and ``python`` of a step."""
    if params.get("python") and not Path(params["python"]).is_file():
        yield StepProblem(("python",), f"there is no interpreter {params['python']}")
    config = params.get("config")
    if not config:
        return
    try:
        files = strangers(config, Path(params["trust"]))
    except ValueError as error:
        yield StepProblem(("config",), str(error))
        return
    except OSError as error:
        yield StepProblem(("config",), f"{error.filename}: can't be read: {error.strerror}")
        return
    if files:
        yield StepProblem(
            ("config",),
            f"{files[0].resolve()} lies outside the recipe's folder, and a config is code that "
            "will run",
            f"if you trust it, say so: trust: {_common(files)}",
        )


def built_on(params: Params) -> list[Path]:
    """Return the files that ``config`` and ``python`` lead to, but none that the recipe names."""
    config = params.get("config")
    files = chain(config) if config else []
    return (files if not config or config.startswith(PACKAGE) else files[1:]) + other_environment(
        params
    )


def _bases(path: Path) -> Iterator[Path]:
    if path.suffix != ".py":
        raise ValueError(f"{path}: a config is a .py file")
    if not path.is_file():
        raise ValueError(f"there is no config {path}")
    try:
        tree = ast.parse(path.read_text("utf-8"))
    except (SyntaxError, UnicodeDecodeError) as error:
        line = error.lineno if isinstance(error, SyntaxError) else None
        raise ValueError(
            f"{path}{f':{line}' if line else ''}: is not Python: {getattr(error, 'msg', error)}"
        ) from error
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id == "_base_" for t in node.targets
        ):
            try:
                value = ast.literal_eval(node.value)
            except ValueError as error:
                raise ValueError(
                    f"{path}:{node.lineno}: _base_ must be a name or a list of names; what it "
                    "computes can't be known without running it"
                ) from error
            names = [value] if isinstance(value, str) else value
            if not isinstance(names, list | tuple) or not all(
                isinstance(name, str) for name in names
            ):
                raise ValueError(
                    f"{path}:{node.lineno}: _base_ must be a name or a list of names, found "
                    f"{value!r}"
                )
            for name in names:
                base = locate(name) if name.startswith(PACKAGE) else path.parent / name
                if base:
                    yield base
        elif isinstance(node, ast.With):
            yield from _imported(path, node)


def _imported(path: Path, block: ast.With) -> Iterator[Path]:
    """Yield the files that ``with read_base(): from .x import *`` takes in."""
    for node in block.body:
        if not isinstance(node, ast.ImportFrom) or not node.module:
            continue
        parts = node.module.split(".")
        folder = package_folder()
        if node.level:
            yield path.parents[node.level - 1].joinpath(*parts).with_suffix(".py")
        elif parts[0] == "mmdet" and folder:
            yield folder.joinpath(*parts[1:]).with_suffix(".py")


def _shown(path: Path) -> str:
    folder = package_folder()
    if folder and path.resolve().is_relative_to(folder.resolve()):
        return PACKAGE + str(path.resolve().relative_to(folder.resolve())).removeprefix(
            ".mim/configs/"
        )
    return path.name


def _common(files: list[Path]) -> str:
    import os

    return os.path.commonpath([path.resolve().parent for path in files])
