"""The names that a plugin author imports."""

from coco_recipe.checkpoint import Checkpoint
from coco_recipe.coco_json import unsafe_name, with_extras, write
from coco_recipe.dataset import Annotation, Category, Dataset, Image, Origin, extras
from coco_recipe.errors import DatasetError, did_you_mean, show_path
from coco_recipe.files import link_or_copy, sha256
from coco_recipe.findings import Finding, Kind, Row
from coco_recipe.headers import CutOffError, Header, header_of, read_header
from coco_recipe.hookspecs import hookimpl
from coco_recipe.steps import Complaint, Facts, Misfit, OpenPorts, Port, Step, StepContext, facts_of

__all__ = [
    "Annotation", "Category", "Checkpoint", "Complaint", "CutOffError", "Dataset", "DatasetError",
    "Facts", "Finding", "Header", "Image", "Kind", "Misfit", "OpenPorts", "Origin", "Port", "Row",
    "Step", "StepContext", "did_you_mean", "extras", "facts_of", "header_of", "hookimpl",
    "link_or_copy", "read_header", "sha256", "show_path", "unsafe_name", "with_extras", "write",
]
