"""The modules that a module's code may run, and the libraries that these import.

Followed are the packages of this project and of plugins, and modules that no installed
distribution has, as a file beside a script. What an installed distribution has is a library: its
version stands for it. Nothing is imported. A name that is imported from a package is followed to
the module that defines it: the package's ``__init__`` counts only where it defines the name, or
does more than import and define.
"""

import importlib.machinery
import importlib.util
import sys
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from coco_recipe.keys import libraries
from coco_recipe.keys.syntax import Code, Import, code_of

_EXTENSIONS = (".py", *importlib.machinery.EXTENSION_SUFFIXES)


@dataclass(frozen=True, slots=True)
class Closure:
    """What modules may run.

    Attributes:
        digests: of each module's code by its name, and of each file of data that one names.
        libraries: the top-level packages of others that they import.
    """

    digests: dict[str, str]
    libraries: frozenset[str]


def of(modules: Iterable[str], apart: Collection[str] = ()) -> Closure:
    """Follow modules to all that they may run.

    A file of data counts if a string in a module's code is its name, seen from the module's own
    folder. A Python file that is named so counts as a module: it may be run in another process.

    Args:
        modules: their names.
        apart: names of modules that are left out, with what only they import.

    Raises:
        OSError: a module's file can't be read.
        SyntaxError: it is not Python.
    """
    walk = _Walk(apart)
    for module in modules:
        walk.follow(Import(module))
    walk.run()
    return Closure(dict(sorted(walk.digests.items())), frozenset(walk.libraries))


class _Walk:
    """One way through the imports."""

    def __init__(self, apart: Collection[str]) -> None:
        self.apart = apart
        self.digests: dict[str, str] = {}
        self.libraries: set[str] = set()
        self._seen: set[str] = set()
        self._todo: list[tuple[str, Path]] = []
        self._places: dict[str, Path | None] = {}
        self._is_ours: dict[str, bool] = {}
        self._followed: set[Import] = set()
        self._codes: dict[tuple[Path, str], Code] = {}

    def run(self) -> None:
        """Go on until nothing new is imported."""
        while self._todo:
            module, path = self._todo.pop()
            code = self._code(path, module)
            self.digests[_label(module, path)] = code.digest
            for one in code.imports:
                self.follow(one)
            self._beside(module, path, code)

    def follow(self, one: Import) -> None:
        """Take in what an import brings, once."""
        if one in self._followed:
            return
        self._followed.add(one)
        top = one.module.partition(".")[0]
        if top in sys.stdlib_module_names or not top:
            return
        if not self._ours(top):
            self.libraries.add(top)
            return
        path = self._place(one.module)
        if path is None:
            return
        code = self._code(path, one.module) if path.suffix == ".py" else None
        if not one.name or code is None:
            if one.name and path.is_dir():
                self.follow(Import(f"{one.module}.{one.name}"))
            else:
                self._take(one.module, path)
            return
        stands_for = code.bound.get(one.name)
        if path.name != "__init__.py":
            self._take(one.module, path)
        elif stands_for in (None, one):
            within = f"{one.module}.{one.name}"
            place = self._place(within)
            self._take(within if place else one.module, place or path)
        if stands_for not in (None, one):
            self.follow(stands_for)

    def _take(self, module: str, path: Path) -> None:
        """Put a module on the way, and the packages above it that do something when imported."""
        if module in self._seen or module in self.apart or path.is_dir():
            return
        self._seen.add(module)
        self._todo.append((module, path))
        above = module.rpartition(".")[0]
        while above:
            place = self._place(above)
            if place and place.name == "__init__.py" and self._code(place, above).acts:
                self._take(above, place)
            above = above.rpartition(".")[0]

    def _beside(self, module: str, path: Path, code: Code) -> None:
        for name in code.names:
            file = path.parent / name
            if file == path or not file.is_file():
                continue
            package = module if path.name == "__init__.py" else module.rpartition(".")[0]
            label = f"{package or path.parent.name}/{name}"
            if file.suffix == ".py":
                self._take(".".join(filter(None, [package, file.stem])), file)
            else:
                self.digests[label] = code_of(file, label).digest

    def _code(self, path: Path, module: str) -> Code:
        """Return what is known of a module, which is looked at once on a way."""
        if (path, module) not in self._codes:
            self._codes[path, module] = code_of(path, module)
        return self._codes[path, module]

    def _ours(self, top: str) -> bool:
        if top not in self._is_ours:
            names = libraries.distributions_of(top)
            is_plugin = any(name in libraries.plugins() for name in names)
            self._is_ours[top] = top == "coco_recipe" or is_plugin or self._is_loose(top, names)
        return self._is_ours[top]

    def _is_loose(self, top: str, names: tuple[str, ...]) -> bool:
        """Say whether a module is of no distribution, and there."""
        return not names and self._place(top) is not None

    def _place(self, module: str) -> Path | None:
        """Return a module's file, the folder of a package without one, or None."""
        if module not in self._places:
            self._places[module] = _located(module)
        return self._places[module]


def _located(module: str) -> Path | None:
    loaded = getattr(sys.modules.get(module), "__file__", None)
    if loaded:
        return Path(loaded)
    above, _, name = module.rpartition(".")
    if not above:
        return next(_top(module), None)
    for folder in _folders(above):
        for file in (folder / name / "__init__.py", *(folder / f"{name}{e}" for e in _EXTENSIONS)):
            if file.is_file():
                return file
        if (folder / name).is_dir():
            return folder / name
    return None


def _folders(package: str) -> Iterator[Path]:
    """Yield the folders in which a package's modules are."""
    place = _located(package)
    if place and place.is_dir():
        yield place
    elif place and place.name == "__init__.py":
        yield place.parent


def _top(module: str) -> Iterator[Path]:
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return
    if spec and spec.has_location and spec.origin:
        yield Path(spec.origin)
    elif spec:
        yield from map(Path, spec.submodule_search_locations or ())


def _label(module: str, path: Path) -> str:
    """Name a module; one that was loaded from a path by its file, wherever that lies."""
    is_itself = path.stem == "__init__" or path.name.partition(".")[0] == module.rpartition(".")[2]
    return module if is_itself else path.name
