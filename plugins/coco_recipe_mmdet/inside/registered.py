"""Say which names in a config that is data may be built: those that are registered.

mmengine imports what a ``type`` names and calls it with what stands beside it, so ``type:
os.system`` is a command. Here a name is looked up among the objects that mmdet, mmcv and mmengine
have registered (torch's optimizers are among mmengine's), and nothing is imported for it. Runs in
the job's process.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmengine.registry import Registry

KeyPath = tuple[str, ...]
# keys whose value mmengine looks up in a registry when it is a string, and the registries that they
# are for, if special
_FUNCTIONS = dict.fromkeys(
    ("collate_fn", "worker_init_fn", "auto_wrap_policy", "param_init_fn", "check_fn"), "function"
)
_NAMES = {
    **dict.fromkeys(("type", "constructor", "ema_type", "resize_type", "conv_type"), ""),
    "runner_type": "runner",
    **_FUNCTIONS,
}
_SCOPES = ("_scope_", "default_scope")
_CODE = ("custom_imports", "_base_")
# what these hold is for programs: an inferencer runs the config file that it is given
_OTHER_REGISTRIES = ("runner", "runner constructor", "inferencer", "strategy", "function")
_FILLED_BY = ("dataset", "evaluator", "hooks", "model", "optim", "runner", "visualization")
# types that are no names of a registry, by the key that they stand below: mmcv evaluates that of an
# nms as Python
_NMS = ("nms", "soft_nms")
_WORDS = {
    "nms": _NMS,
    "dqs_cfg": _NMS,
    "_trans": ("conv", "interpolation_conv", "last_conv"),
    "adapt_cfg": ("dilation", "offset"),
    "clip_grad": ("norm", "value"),
}
_LOCAL = (None, "local", "disk", "")
# mmengine's reader of YAML makes the objects that a file names, as that of pickles does
_RUN_WHEN_READ = (".pkl", ".pickle", ".yaml", ".yml")
# keys of what transformers fetches, unless a folder of that name is there
_FETCHED = ("lang_model_name", "language_model")
# registered, and yet they run what they are given, or read it in a way that runs it; mmdet 3.x,
# mmcv 2.x
_UNSAFE = {
    "CameraMotionCompensation": "it evaluates its warp_mode as Python",
    "RFSearchHook": "it evaluates the names of its layers as Python",
    "KnowledgeDistillationSingleStageDetector": "it runs the config file of its teacher",
    "Detectron2Wrapper": "it reads checkpoints in a way that runs what is in them",
    "RefCocoDataset": "it reads a pickle",
    "OpenImagesDataset": "it reads a pickle",
    "CrowdHumanDataset": "it writes a file of a name that it is given",
    "OneDLDataset": "it reads from the network",
}


@dataclass(frozen=True, slots=True)
class Index:
    """What is registered.

    Attributes:
        names: (registry, scope, name) of every registered object, with the object.
        scopes: the names of the packages that have registries.
    """

    names: Mapping[tuple[str, str, str], object]
    scopes: frozenset[str]

    def find(self, name: str, kind: str = "") -> object:
        """Return the registered object of a name, or None.

        Args:
            name: ``Name``, ``scope.Name``, or the full path of a registered object.
            kind: the name of the only registry to look in; empty for all that configs have parts
                of.
        """
        scope, _, rest = name.rpartition(".")
        for (registry, owner, known), found in self.names.items():
            if known == (rest or name) and scope in ("", owner) and _is_for(registry, kind):
                return found
        found = _loaded_object(name) if scope else None
        fits = (
            _is_for(registry, kind)
            for (registry, _, _), known in self.names.items()
            if known is found
        )
        return found if found is not None and any(fits) else None


@cache
def index() -> Index:
    """Load mmdet, and list what mmengine, mmcv and mmdet have registered by then."""
    from mmdet.utils import register_all_modules
    from mmengine.registry import Registry, root

    register_all_modules(init_default_scope=True)
    for part in _FILLED_BY:
        import_module(f"mmengine.{part}")
    names, scopes = {}, set()
    for registry in _below(found for found in vars(root).values() if isinstance(found, Registry)):
        if registry.name not in _OTHER_REGISTRIES:
            registry.import_from_location()
        scopes.add(registry.scope)
        names.update(
            {
                (registry.name, registry.scope, name): found
                for name, found in registry.module_dict.items()
            }
        )
    return Index(names, frozenset(scopes))


def problems(value: object, path: KeyPath) -> Iterator[str]:
    """Yield every name at or below a place of a config that isn't registered, with its key path.

    Args:
        value: what stands there.
        path: the keys that lead there, the last of them the value's own.
    """
    key = path[-1] if path else ""
    if _is_code(value, path):
        yield f"{_shown(path)} is {_short(value)}, which imports or runs code"
        return
    named = isinstance(value, str) and value in index().scopes
    if key in _SCOPES and value is not None and not named:
        what = "which is no package with a registry that is loaded"
        yield f"{_shown(path)} is {_short(value)}, {what}"
    elif (
        key in _NAMES
        and not isinstance(value, Mapping | list | tuple | None)
        and not _resolves(value, path)
    ):
        what = "which is registered neither in mmdet nor in mmcv or mmengine"
        yield f"{_shown(path)} is {_short(value)}, {what}"
    within = isinstance(value, Mapping) and str(value.get("type")).rpartition(".")[2] == "Albu"
    for name, child in _children(value, path):
        albu = (within and name != "type") or (
            not path and name.startswith("albu")
        )  # a variable, built only inside an Albu
        yield from (_of_albumentations if albu else problems)(child, (*path, name))


def hazards(value: object, path: KeyPath) -> Iterator[str]:
    """Yield what a part of a config would run, fetch or overwrite, with its key path.

    Takes it that every name is registered, see ``problems``.
    """
    key = path[-1] if path else ""
    if isinstance(value, str):
        if key == "type" and (reason := _unsafe(value)):
            yield f"{_shown(path)} is {_short(value)}: {reason}"
        if "://" in value and "init_cfg" not in path:
            yield f"{_shown(path)} is {_short(value)}, which is on the network"
        if value.lower().endswith(_RUN_WHEN_READ):
            yield f"{_shown(path)} is {_short(value)}: reading such a file runs what is in it"
        if _is_fetched(key, path) and not Path(value).is_dir():
            yield f"{_shown(path)} is {_short(value)}, which is no folder here, but on the network"
        if re.search(r"(^|_)(out|work|save|dump|tmp|collect|trace|proposals)", key) and _leads_out(
            value
        ):
            yield f"{_shown(path)} is {_short(value)}, outside of the step's folder"
    elif key in ("backend_args", "file_client_args") and isinstance(value, Mapping):
        for name in ("backend", "prefix"):
            if value.get(name) not in _LOCAL:
                what = "which is not this machine's file system"
                yield f"{_shown((*path, name))} is {_short(value[name])}, {what}"
    for name, child in _children(value, path):
        yield from hazards(child, (*path, name))


def lock() -> None:
    """Let mmengine's registries find only what is registered by now, and import nothing more."""
    from mmengine.registry import registry

    known = index()
    registry.get_object_from_string = lambda name: known.find(name)
    registry.import_module = _loaded_module


def _below(registries: "Iterable[Registry]") -> "Iterator[Registry]":
    for registry in registries:
        yield registry
        yield from _below(registry.children.values())


def _is_code(value: object, path: KeyPath) -> bool:
    """Return whether a place names modules to import, or files to run; it may be below the key."""
    if not any(key in _CODE for key in path):
        return False
    return bool(value.get("imports") if isinstance(value, Mapping) else value) and value is not True


def _is_fetched(key: str, path: KeyPath) -> bool:
    return key in _FETCHED or (key == "name" and path[-2:-1] == _FETCHED[1:])


def _is_for(registry: str, kind: str) -> bool:
    return registry == kind if kind else registry not in _OTHER_REGISTRIES


def _resolves(value: object, path: KeyPath) -> bool:
    key, parent = path[-1], path[-2] if len(path) > 1 else ""
    if not isinstance(value, str):
        return False
    if key == "type":
        for part, words in _WORDS.items():
            if part in parent and (words is _NMS or value in words):
                return value in words
    if key == "type" and parent == "roi_layer":  # mmdet looks it up in mmcv's operators
        return isinstance(vars(sys.modules["mmcv.ops"]).get(value), type)
    kind = _FUNCTIONS.get(parent, "") if key == "type" else _NAMES[key]
    return index().find(value, kind) is not None


def _of_albumentations(value: object, path: KeyPath) -> Iterator[str]:
    """Yield every type below mmdet's ``Albu`` that isn't a transform of Albumentations."""
    if path[-1] == "type" and not _is_transform(value):
        yield f"{_shown(path)} is {_short(value)}, which is no transform of Albumentations"
    for name, child in _children(value, path):
        yield from _of_albumentations(child, (*path, name))


def _is_transform(name: object) -> bool:
    library = sys.modules.get("albumentations")
    found = vars(library).get(name) if library and isinstance(name, str) else None
    bases = tuple(
        vars(library)[base]
        for base in ("BasicTransform", "BaseCompose", "BboxParams", "KeypointParams")
        if library and base in vars(library)
    )
    return isinstance(found, type) and issubclass(found, bases)


def _unsafe(name: str) -> str:
    kinds = getattr(index().find(name), "__mro__", ())
    return next((_UNSAFE[kind.__name__] for kind in kinds if kind.__name__ in _UNSAFE), "")


def _children(value: object, path: KeyPath) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        yield from ((str(key), child) for key, child in value.items())
    elif isinstance(value, list | tuple | set):
        yield from ((str(n), child) for n, child in enumerate(value))


def _loaded_object(path: str) -> object:
    """Follow a dotted path through loaded modules as mmengine would; None where it ends."""
    name, *parts = path.split(".")
    while parts and (module := sys.modules.get(name)) is not None:
        found = vars(module).get(parts[0])  # not getattr: a module may import in its __getattr__
        if found is not None and not isinstance(found, ModuleType):
            return found if len(parts) == 1 else None
        name = f"{name}.{parts.pop(0)}"
    return None


def _loaded_module(name: str) -> ModuleType:
    if name not in sys.modules:
        raise ImportError(f"{name} isn't loaded, and a config that is data imports nothing")
    return sys.modules[name]


def _leads_out(path: str) -> bool:
    return path.startswith(("/", "~", "\\")) or ".." in re.split(r"[/\\]", path)


def _shown(path: KeyPath) -> str:
    return ".".join(path)


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else shown[:77] + "..."
