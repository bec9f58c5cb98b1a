"""The names that a plugin author imports, and ``run``, the Python API.

``from coco_recipe import events`` gives what an observer sees, ``yaml_text`` the reader of recipes
for other files. Each name is loaded when it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coco_recipe import patterns, regular
    from coco_recipe.api import load, open_run, run, run_matrix
    from coco_recipe.asking.recorded_run import RecordedRun
    from coco_recipe.asking.recorded_run import read as recorded_run
    from coco_recipe.asking.row_changes import changes as row_changes
    from coco_recipe.asking.run_facts import run_facts, run_hashes, run_values
    from coco_recipe.asking.source import find as find_data
    from coco_recipe.asking.stats import of_datasets as stats_of
    from coco_recipe.checks.file_names import mended_name
    from coco_recipe.checks.loose_values import segmentation as numbers_of_segmentation
    from coco_recipe.checks.missing_files import told as missing_pictures
    from coco_recipe.checks.names import TEXTS, as_seen, is_license
    from coco_recipe.checks.row_checks import (
        BEFORE_EXPORT,
        POLYGONS_TOO_SHORT,
        READERS_REFUSE,
        SEGMENTATIONS_OF_NO_AREA,
    )
    from coco_recipe.checks.row_checks import findings as row_findings
    from coco_recipe.checks.rows import FAR_SIDES, NO_PLACE_PX, SHORT
    from coco_recipe.checks.trainers import TRAINERS_SKIP
    from coco_recipe.checks.trainers import skipped as trainers_skip
    from coco_recipe.coco_json import unsafe_name, write
    from coco_recipe.commands.options import MOVED as moved_option
    from coco_recipe.commands.options import PLUGIN as plugin_option
    from coco_recipe.commands.options import SET as set_option
    from coco_recipe.crops import Crop
    from coco_recipe.dataset import Annotation, Category, Dataset, Image, Loose, Origin, extras
    from coco_recipe.errors import (
        CocoRecipeError,
        DatasetError,
        FindingsError,
        HeldError,
        PluginError,
        Problem,
        RecipeError,
        RunError,
        StepError,
        about,
        counted,
        did_you_mean,
        show_path,
    )
    from coco_recipe.extra_keys import with_extras
    from coco_recipe.failure import told
    from coco_recipe.files import (
        digest,
        free_name,
        gone_if_failed,
        is_installed,
        link_or_copy,
        place,
        plain_name,
        sha256,
        write_bytes,
    )
    from coco_recipe.findings import Check, Finding, Kind, Row
    from coco_recipe.geometry import body_parts
    from coco_recipe.geometry.framing import framed
    from coco_recipe.geometry.rounding import tidy
    from coco_recipe.geometry.segmentation import (
        checked_runs,
        has_area,
        is_flat,
        polygon_area,
        runs_of,
        segmentation_area,
        segmentation_box,
    )
    from coco_recipe.geometry.turned_box import TurnedBox, turned_box
    from coco_recipe.headers.header import CutOffError, Header
    from coco_recipe.headers.reading import header_of, read_header
    from coco_recipe.hookspecs import hookimpl
    from coco_recipe.json_types import Params, Schema
    from coco_recipe.language.environment import with_names, with_values
    from coco_recipe.linting.rule import Experiment, Part, Rule, StepInExperiment
    from coco_recipe.manifest import StepRecord
    from coco_recipe.observing.reporters import Flow, RunFacts, Stopped
    from coco_recipe.observing.table import width_of
    from coco_recipe.observing.trackers import Tracker
    from coco_recipe.result import Cell
    from coco_recipe.seals import open_line, open_page, seal_line, seal_page
    from coco_recipe.step_context import StepContext
    from coco_recipe.steps import (
        Backend,
        OpenPorts,
        Package,
        Port,
        Step,
        StepProblem,
        StepProblems,
    )
    from coco_recipe.system_errors import is_refusal, writing
    from coco_recipe.values.checkpoint import Checkpoint
    from coco_recipe.values.dataset_value import facts_of
    from coco_recipe.values.expected import Expected, ExpectedByPort, Forecast, Span, joined
    from coco_recipe.values.facts import Facts, FactsByPort
    from coco_recipe.values.kind import ValueKind
    from coco_recipe.values.metrics import Figure, Metrics
    from coco_recipe.values.predictions import Prediction, Predictions, write_predictions

__all__ = [
    "BEFORE_EXPORT",
    "FAR_SIDES",
    "NO_PLACE_PX",
    "POLYGONS_TOO_SHORT",
    "READERS_REFUSE",
    "SEGMENTATIONS_OF_NO_AREA",
    "SHORT",
    "TEXTS",
    "TRAINERS_SKIP",
    "Annotation",
    "Backend",
    "Category",
    "Cell",
    "Check",
    "Checkpoint",
    "CocoRecipeError",
    "Crop",
    "CutOffError",
    "Dataset",
    "DatasetError",
    "Expected",
    "ExpectedByPort",
    "Experiment",
    "Facts",
    "FactsByPort",
    "Figure",
    "Finding",
    "FindingsError",
    "Flow",
    "Forecast",
    "Header",
    "HeldError",
    "Image",
    "Kind",
    "Loose",
    "Metrics",
    "OpenPorts",
    "Origin",
    "Package",
    "Params",
    "Part",
    "PluginError",
    "Port",
    "Prediction",
    "Predictions",
    "Problem",
    "RecipeError",
    "RecordedRun",
    "Row",
    "Rule",
    "RunError",
    "RunFacts",
    "Schema",
    "Span",
    "Step",
    "StepContext",
    "StepError",
    "StepInExperiment",
    "StepProblem",
    "StepProblems",
    "StepRecord",
    "Stopped",
    "Tracker",
    "TurnedBox",
    "ValueKind",
    "about",
    "as_seen",
    "body_parts",
    "checked_runs",
    "counted",
    "did_you_mean",
    "digest",
    "extras",
    "facts_of",
    "find_data",
    "framed",
    "free_name",
    "gone_if_failed",
    "has_area",
    "header_of",
    "hookimpl",
    "is_flat",
    "is_installed",
    "is_license",
    "is_refusal",
    "joined",
    "link_or_copy",
    "load",
    "mended_name",
    "missing_pictures",
    "moved_option",
    "numbers_of_segmentation",
    "open_line",
    "open_page",
    "open_run",
    "patterns",
    "place",
    "plain_name",
    "plugin_option",
    "polygon_area",
    "read_header",
    "recorded_run",
    "regular",
    "row_changes",
    "row_findings",
    "run",
    "run_facts",
    "run_hashes",
    "run_matrix",
    "run_values",
    "runs_of",
    "seal_line",
    "seal_page",
    "segmentation_area",
    "segmentation_box",
    "set_option",
    "sha256",
    "show_path",
    "stats_of",
    "tidy",
    "told",
    "trainers_skip",
    "turned_box",
    "unsafe_name",
    "width_of",
    "with_extras",
    "with_names",
    "with_values",
    "write",
    "write_bytes",
    "write_predictions",
    "writing",
]

# the names of each module; new=old where one has another name there, new= for the module itself
_NAMES = {
    "api": "load open_run run run_matrix",
    "asking.recorded_run": "RecordedRun recorded_run=read",
    "asking.row_changes": "row_changes=changes",
    "asking.run_facts": "run_facts run_hashes run_values",
    "asking.source": "find_data=find",
    "asking.stats": "stats_of=of_datasets",
    "checks.file_names": "mended_name",
    "checks.loose_values": "numbers_of_segmentation=segmentation",
    "checks.missing_files": "missing_pictures=told",
    "checks.names": "TEXTS as_seen is_license",
    "checks.row_checks": "BEFORE_EXPORT POLYGONS_TOO_SHORT READERS_REFUSE SEGMENTATIONS_OF_NO_AREA "
    "row_findings=findings",
    "checks.rows": "FAR_SIDES NO_PLACE_PX SHORT",
    "checks.trainers": "TRAINERS_SKIP trainers_skip=skipped",
    "coco_json": "unsafe_name write",
    "commands.options": "moved_option=MOVED plugin_option=PLUGIN set_option=SET",
    "crops": "Crop",
    "dataset": "Annotation Category Dataset Image Loose Origin extras",
    "errors": "CocoRecipeError DatasetError FindingsError HeldError PluginError Problem "
    "RecipeError RunError StepError about counted did_you_mean show_path",
    "extra_keys": "with_extras",
    "failure": "told",
    "files": "digest free_name gone_if_failed is_installed link_or_copy place plain_name sha256 "
    "write_bytes",
    "findings": "Check Finding Kind Row",
    "geometry.body_parts": "body_parts=",
    "geometry.framing": "framed",
    "geometry.rounding": "tidy",
    "geometry.segmentation": "checked_runs has_area is_flat polygon_area runs_of "
    "segmentation_area segmentation_box",
    "geometry.turned_box": "TurnedBox turned_box",
    "headers.header": "CutOffError Header",
    "headers.reading": "header_of read_header",
    "hookspecs": "hookimpl",
    "json_types": "Params Schema",
    "language.environment": "with_names with_values",
    "linting.rule": "Experiment Part Rule StepInExperiment",
    "manifest": "StepRecord",
    "observing.reporters": "Flow RunFacts Stopped",
    "observing.table": "width_of",
    "observing.trackers": "Tracker",
    "patterns": "patterns=",
    "regular": "regular=",
    "result": "Cell",
    "seals": "open_line open_page seal_line seal_page",
    "step_context": "StepContext",
    "steps": "Backend OpenPorts Package Port Step StepProblem StepProblems",
    "system_errors": "is_refusal writing",
    "values.checkpoint": "Checkpoint",
    "values.dataset_value": "facts_of",
    "values.expected": "Expected ExpectedByPort Forecast Span joined",
    "values.facts": "Facts FactsByPort",
    "values.kind": "ValueKind",
    "values.metrics": "Figure Metrics",
    "values.predictions": "Prediction Predictions write_predictions",
}
_PLACES = {
    new: (f"coco_recipe.{module}", old if is_other else new)
    for module, names in _NAMES.items()
    for new, is_other, old in (name.partition("=") for name in names.split())
}


def __getattr__(name: str) -> Any:
    """Load a name when it is asked for: who only lists commands needs none."""
    if name not in _PLACES:
        raise AttributeError(f"module 'coco_recipe' has no attribute '{name}'")
    module, there = _PLACES[name]
    found = import_module(module)
    globals()[name] = value = getattr(found, there) if there else found
    return value


def __dir__() -> list[str]:
    return __all__
