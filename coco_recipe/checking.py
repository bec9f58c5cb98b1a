"""check: everything that is wrong with an annotation file and its pictures, on its own or for a recipe."""

import importlib.util
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from coco_recipe import coco_json, missing_files, plan, provenance, row_checks, slow_reading
from coco_recipe.coco_json import unsafe_name
from coco_recipe.dataset import Dataset
from coco_recipe.errors import FindingsError, RunError
from coco_recipe.findings import Check, Finding
from coco_recipe.plan import Plan


def of_file(annotations: Path, images: Path | None, checks: Sequence[Check], *, decode: bool = False) -> tuple[Finding, ...]:
    """Return what is wrong with a file; an error is what a reader of COCO files would crash on, misassign or lose.

    Args:
        annotations: the annotation file.
        images: the folder of its pictures; None looks at rows and segmentations only.
        checks: the checks of pictures and masks that are installed.
        decode: read whole pictures, not their headers only.

    Raises:
        DatasetError: the file can't be read at all.
        RunError: pictures are to be checked, and what this needs isn't installed.
    """
    place, text = annotations.name, coco_json.read_bytes(annotations)
    try:
        dataset, of_text = provenance.read_rows(text, str(annotations), place, images, slow_reading.TO_GO_ON)
    except FindingsError:  # rows without an id or a name: no others can be told from them
        try:
            provenance.read_rows(text, str(annotations), place, images)
        except FindingsError as error:
            return tuple(finding for finding in error.findings if isinstance(finding, Finding))
        raise
    found = [*slow_reading.found(dataset.loose, place), *of_text]
    found += [replace(finding, severity="error") if finding.kind.name in row_checks.READERS_REFUSE else finding
              for finding in row_checks.findings(dataset, place)]
    found += of_masks(dataset, place, checks)
    if images is not None:
        found += _of_pictures(dataset, place, checks, decode=decode)
    return tuple(found)


def of_input(planned: Plan, name: str, dataset: Dataset) -> Iterator[Finding]:
    """Yield what is wrong with an input's rows; an error where a step of the recipe can't take them."""
    for finding in _for_recipe(planned, name, row_checks.findings(dataset, name)):
        is_mended = finding.kind.needed and plan.is_mended(planned, name, finding.kind.name)
        yield replace(finding, severity="warning") if is_mended else finding
    for finding in slow_reading.found(dataset.loose, name):
        yield replace(finding, severity="warning", remedy="a step below mends them; its ledger has each value")


def of_content(planned: Plan, name: str, dataset: Dataset, about: str) -> Iterator[Finding]:
    """Yield what the installed checks of pictures or masks find in an input, as the recipe's steps take it."""
    if about == "pictures":
        dataset = _with_pictures(dataset)
    return _for_recipe(planned, name, (finding for check in _usable(planned.checks, about)
                                       for finding in check.run(dataset, name)))


def of_masks(dataset: Dataset, place: str, checks: Sequence[Check]) -> list[Finding]:
    """Return what is wrong with segmentations, as far as checks of them are installed."""
    return [finding for check in _usable(checks, "masks") for finding in check.run(dataset, place)]


def _of_pictures(dataset: Dataset, place: str, checks: Sequence[Check], *, decode: bool) -> list[Finding]:
    usable = _usable(checks, "pictures")
    if not usable:
        raise RunError("checking pictures needs more packages: pip install 'coco-recipe[augment]'; without a folder of "
                       "images, rows are checked")
    missing = missing_files.finding(dataset, place)
    there = _with_pictures(dataset)
    return [*([missing] if missing else []),
            *(finding for check in usable for finding in check.run(there, place, decode=decode))]


def _with_pictures(dataset: Dataset) -> Dataset:
    """Leave out what has no picture: images of an unsafe name or without a file, and rows of none of the others."""
    there = tuple({image.id: image for image in dataset.images
                   if not unsafe_name(image.file_name) and dataset.path_of(image).is_file()}.values())
    known = {image.id for image in there}
    return dataset.replace(images=there, annotations=tuple(row for row in dataset.annotations if row.image_id in known))


def _usable(checks: Sequence[Check], about: str) -> list[Check]:
    return [check for check in checks if check.about == about
            and all(importlib.util.find_spec(name) for name in check.needs)]


def _for_recipe(planned: Plan, name: str, found: Iterable[Finding]) -> Iterator[Finding]:
    for finding in found:
        step = plan.refused_by(planned, name, finding.kind.name)
        remedy = f"{finding.remedy}, above step '{step}', which can't take them" if step else finding.remedy
        yield replace(finding, severity="error" if step else finding.severity, remedy=remedy)
