"""Find plugins and collect their steps: entry points, isolated; ``--plugin`` files, fatal."""

import hashlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from coco_recipe import failure, hookspecs, installed
from coco_recipe.checks import row_checks, slow_reading
from coco_recipe.crops import DrawCrop
from coco_recipe.dataset import Dataset
from coco_recipe.errors import PluginError
from coco_recipe.findings import Check, Kind
from coco_recipe.json_types import Schema
from coco_recipe.kinds import CORE_KINDS
from coco_recipe.linting import core_rules
from coco_recipe.linting.rule import Rule
from coco_recipe.observing.observers import Named
from coco_recipe.observing.trackers import Tracker
from coco_recipe.steps import Backend, Package, Port, Step
from coco_recipe.values import shipped as shipped_values
from coco_recipe.values.kind import ValueKinds

FILE_MODULE = "coco_recipe_plugin_"
_SOUND_SCHEMAS = set[str]()  # as text: a process that looks for plugins again checks each once


@dataclass(frozen=True, slots=True)
class Offer:
    """A step with the plugin that it comes from."""

    step: Step
    plugin: str
    version: str


@dataclass(slots=True)
class Registry:
    """What the plugins offer.

    Attributes:
        offers: the steps by name.
        broken: the installed plugins that can't be used, each with its error.
        kinds: the kinds of findings by name.
        checks: the checks of pictures and masks.
        rules: the rules of lint.
        observers: what is told of a run.
        reporters: what makes the reporters of a run.
        trackers: observers that a run may ask for, by name.
        sheets: what draws images of a data set for a notebook.
        crops: what draws an image, or an annotation with what is around it.
        values: the kinds of values.
        backends: what steps of any plugin can work with, by name.
        kinds_by: the plugins that offer kinds of findings, by the kind's name.
        backends_by: the plugins that offer backends, by the backend's name.
    """

    offers: dict[str, Offer]
    broken: dict[str, str]
    kinds: dict[str, Kind]
    checks: tuple[Check, ...] = ()
    rules: tuple[Rule, ...] = core_rules.RULES
    observers: tuple[Named, ...] = ()
    reporters: tuple[Named, ...] = ()
    trackers: dict[str, Tracker] = field(default_factory=dict)
    sheets: tuple[Callable[[Dataset, int], bytes], ...] = ()
    crops: tuple[DrawCrop, ...] = ()
    values: ValueKinds = shipped_values.KINDS
    backends: dict[str, Backend] = field(default_factory=dict)
    kinds_by: dict[str, str] = field(default_factory=dict)
    backends_by: dict[str, str] = field(default_factory=dict)

    def schemas(self) -> dict[str, Schema]:
        """Return the schema of each step's parameters, by its name."""
        return {name: offer.step.params for name, offer in self.offers.items()}


def find(files: Sequence[Path] = ()) -> Registry:
    """Load every installed plugin and the given plugin files.

    Raises:
        PluginError: a plugin file is broken, or two plugins offer one name.
    """
    kinds = CORE_KINDS | row_checks.KINDS | slow_reading.KINDS
    kinds |= {rule.kind.name: rule.kind for rule in core_rules.RULES}
    registry = Registry({}, {}, kinds)
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    for plugin in installed.plugins(hookspecs.GROUP):
        value = plugin.entry.value
        label = plugin.distribution or value
        try:
            _register(registry, manager, plugin.entry.load(), label, plugin.version)
        except (
            Exception,
            SystemExit,
        ) as error:  # a broken stranger must not stop a recipe that doesn't use it
            registry.broken[f"{label} ({value})"] = _reason(error)
    for path in files:
        try:
            _register(registry, manager, load_file(path), str(path), "")
        except (Exception, SystemExit) as error:
            raise PluginError(f"{path}: {_reason(error)}") from error
    return registry


def loaded_files() -> tuple[str, ...]:
    """Return the paths of the plugin files that this process has loaded; workers load them, too."""
    return tuple(
        str(module.__file__)
        for name, module in list(sys.modules.items())
        if name.startswith(FILE_MODULE)
    )


def load_files(paths: Sequence[str]) -> None:
    """Load the plugin files that this process hasn't loaded and that are still there."""
    for path in paths:
        if path not in loaded_files() and Path(path).is_file():
            load_file(Path(path))


def load_file(path: Path) -> ModuleType:
    """Import a plugin file under a name that depends on its path.

    Its text is run, never bytecode that Python has kept: that goes by the second of a change.

    Raises:
        PluginError: it is not there, or not a Python file.
    """
    if not path.is_file():
        raise PluginError("there is no such plugin file")
    name = f"{FILE_MODULE}{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    if spec is None or spec.loader is None:
        raise PluginError("is not a Python file (*.py)")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        exec(compile(path.read_bytes(), str(path.resolve()), "exec"), vars(module))
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _register(
    registry: Registry, manager: pluggy.PluginManager, module: Any, label: str, version: str
) -> None:
    """Take all that a plugin offers to recipes, or nothing.

    The manager has no plugin before and after.
    """
    try:
        manager.register(module)
        _take(registry, manager, module, label, version)
    finally:
        if manager.is_registered(module):
            manager.unregister(module)


def _take(
    registry: Registry, manager: pluggy.PluginManager, module: Any, label: str, version: str
) -> None:
    if unknown := [
        name
        for name in vars(module)
        if name.startswith("coco_recipe_")
        and not hasattr(hookspecs, name)
        and hasattr(vars(module)[name], f"{hookspecs.PROJECT}_impl")
    ]:
        raise PluginError(
            f"'{unknown[0]}' is not a hook; the hooks are coco_recipe_steps, "
            "coco_recipe_values, coco_recipe_findings, coco_recipe_checks, coco_recipe_rules, "
            "coco_recipe_backends, coco_recipe_commands, coco_recipe_observers, "
            "coco_recipe_reporters, coco_recipe_sheets, coco_recipe_crops and coco_recipe_trackers"
        )
    manager.check_pending()
    if not manager.get_hookcallers(module):
        raise PluginError("implements no hook; mark coco_recipe_steps with @hookimpl")
    values = registry.values
    for value_kind in _all(manager.hook.coco_recipe_values()):
        values = values.with_kind(value_kind, label)
    steps = list(_all(manager.hook.coco_recipe_steps()))
    if others := [step for step in steps if not isinstance(step, Step)]:
        raise PluginError(f"coco_recipe_steps yields {type(others[0]).__name__}, expected Step")
    offers = {step.name: Offer(step, label, version) for step in steps}
    checks = tuple(_all(manager.hook.coco_recipe_checks()))
    rules = tuple(_all(manager.hook.coco_recipe_rules()))
    if others := [rule for rule in rules if not isinstance(rule, Rule)]:
        raise PluginError(f"coco_recipe_rules yields {type(others[0]).__name__}, expected Rule")
    kinds = {
        kind.name: kind
        for kind in [
            *_all(manager.hook.coco_recipe_findings()),
            *(kind for check in checks for kind in check.kinds),
            *(rule.kind for rule in rules),
        ]
    }
    observers = tuple(
        Named.of(observer, label) for observer in _all(manager.hook.coco_recipe_observers())
    )
    reporters = tuple(Named.of(make, label) for make in _all(manager.hook.coco_recipe_reporters()))
    sheets = tuple(_all(manager.hook.coco_recipe_sheets()))
    crops = tuple(_all(manager.hook.coco_recipe_crops()))
    for hook, drawing in (("sheets", sheets), ("crops", crops)):
        if not all(map(callable, drawing)):
            raise PluginError(f"coco_recipe_{hook} yields what can't be called")
    for hook, named in (("observers", observers), ("reporters", reporters)):
        if uncallable := [one.name for one in named if not callable(one.observe)]:
            raise PluginError(f"coco_recipe_{hook} yields {uncallable[0]}, which can't be called")
    backends = {backend.name: backend for backend in _all(manager.hook.coco_recipe_backends())}
    if twice := sorted(backends.keys() & registry.backends.keys()):
        raise PluginError(f"offers backend '{twice[0]}', which another plugin offers too")
    for offer in offers.values():
        check_step(offer.step)
        if other := registry.offers.get(offer.step.name):
            raise PluginError(
                f"offers step '{offer.step.name}', which {other.plugin} offers too; remove "
                "one of them"
            )
    registry.offers.update(offers)
    registry.kinds.update(kinds)
    registry.checks += checks
    registry.rules += rules
    registry.observers += observers
    registry.reporters += reporters
    registry.trackers |= {one.name: one for one in _all(manager.hook.coco_recipe_trackers())}
    registry.sheets += sheets
    registry.crops += crops
    registry.values = values
    registry.backends.update(backends)
    registry.kinds_by |= dict.fromkeys(kinds, label)
    registry.backends_by |= dict.fromkeys(backends, label)


def _all(results: list[Iterator[Any]]) -> Iterator[Any]:
    for result in results:
        yield from result


def check_step(step: Step) -> None:
    """Refuse a step whose function, ports and schema don't fit together.

    Raises:
        PluginError: says what doesn't fit.
    """
    if not isinstance(step, Step):
        raise PluginError(f"coco_recipe_steps yields {type(step).__name__}, expected Step")
    ports = set(step.input_names())
    for name in ports:
        if not isinstance(step.input(name), Port):
            raise PluginError(f"step '{step.name}': every input must be a Port")
        _check_kind(f"step '{step.name}': input '{name}'", step.input(name))
    for name, port in () if callable(step.outputs) else step.outputs_for({}).items():
        _check_kind(f"step '{step.name}': output '{name}'", port)
    if not callable(step.needs) and not all(isinstance(one, Package) for one in step.needs):
        raise PluginError(f"step '{step.name}': what it needs must be Packages: Package('cv2')")
    _check_schema(step)
    signature = inspect.signature(step.run).parameters
    keywords = {
        name
        for name, parameter in signature.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }
    expected = ports | set(step.params.get("properties", {}))
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in signature.values()):
        keywords |= expected - ports  # many parameters may come as **params
    if keywords != expected:
        odd = ", ".join(sorted(keywords ^ expected))
        raise PluginError(
            f"step '{step.name}': the keywords of its function and its ports and "
            f"parameters differ: {odd}"
        )


def _check_kind(what: str, port: Port) -> None:
    if not isinstance(port.kind, type):
        raise PluginError(f"{what}: its kind must be a class, as Dataset, not {port.kind!r}")


def _check_schema(step: Step) -> None:
    text = repr(step.params)
    if text in _SOUND_SCHEMAS:
        return
    from jsonschema import Draft7Validator, SchemaError

    try:
        Draft7Validator.check_schema(step.params)
    except SchemaError as error:
        raise PluginError(
            f"step '{step.name}': its params are not a JSON Schema: {error.message}"
        ) from error
    if far := [ref for ref in _references(step.params) if not ref.startswith("#")]:
        raise PluginError(
            f"step '{step.name}': its params have a $ref to {far[0]!r}, which isn't in the schema; "
            "nothing is fetched"
        )
    if step.params.get("type") != "object":
        raise PluginError(f"step '{step.name}': its params must be a JSON Schema of type object")
    _SOUND_SCHEMAS.add(text)


def _references(schema: Any) -> Iterator[str]:
    """Yield every ``$ref`` of a schema."""
    if isinstance(schema, dict):
        if isinstance(ref := schema.get("$ref"), str):
            yield ref
        schema = list(schema.values())
    if isinstance(schema, (list, tuple)):
        for child in schema:
            yield from _references(child)


def _reason(error: BaseException) -> str:
    if isinstance(error, PluginError):
        return str(error)
    if isinstance(error, SyntaxError):
        return f"SyntaxError at line {error.lineno}: {error.msg}"
    return f"{type(error).__name__}: {failure.words(error)}".removesuffix(": ")
