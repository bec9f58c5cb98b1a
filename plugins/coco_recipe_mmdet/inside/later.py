"""Put the import of a library off until something of it is used."""

import contextlib
import importlib
import importlib.util
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any


@contextlib.contextmanager
def put_off(*modules: str) -> Iterator[None]:
    """Give what is imported meanwhile stand-ins for modules, which import them when they are used.

    A transform of lanes that nobody asks for shouldn't cost every training the second that its
    library takes to import. A module that is there already, or isn't installed, is left alone.

    Args:
        modules: their full names, each behind those of the packages that it is in.
    """
    packages = {name.partition(".")[0] for name in modules}
    due = {
        name
        for name in packages
        if name not in sys.modules and importlib.util.find_spec(name) is not None
    }
    stand_ins = {name: _Module(name) for name in modules if name.partition(".")[0] in due}
    for name, stand_in in stand_ins.items():
        parent, _, own = name.rpartition(".")
        if parent:
            setattr(stand_ins[parent], own, stand_in)
    sys.modules |= stand_ins
    try:
        yield
    finally:
        for name, stand_in in stand_ins.items():
            if sys.modules.get(name) is stand_in:
                del sys.modules[name]


class _Module(ModuleType):
    """Stands for a module; a name of it that is taken is a stand-in, too, until it is used."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is not self:
            return getattr(_real(self.__name__), name)
        if name.startswith("__"):  # what looks through all modules asks for their files
            raise AttributeError(name)
        return _Object(self.__name__, name)


class _Object:
    """Stands for a function or class of a module, whose ``name`` it has there."""

    def __init__(self, module: str, name: str) -> None:
        self._module, self._name = module, name

    def _found(self) -> Any:
        return getattr(_real(self._module), self._name)

    def __call__(self, *args: object, **named: object) -> Any:
        return self._found()(*args, **named)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._found(), name)


def _real(name: str) -> ModuleType:
    """Import a module, in place of the stand-ins of its package."""
    package = name.partition(".")[0]
    for one, module in list(sys.modules.items()):
        if isinstance(module, _Module) and one.partition(".")[0] == package:
            del sys.modules[one]
    return importlib.import_module(name)
