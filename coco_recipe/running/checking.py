"""check: what is wrong with an annotation file and its pictures, alone or for a recipe."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from coco_recipe import coco_json, files
from coco_recipe.checks import (
    missing_files,
    repeated_keys,
    row_checks,
    slow_reading,
    trainers,
)
from coco_recipe.coco_json import unsafe_name
from coco_recipe.dataset import Dataset
from coco_recipe.findings import Check, Finding, Row
from coco_recipe.kinds import LEFT_OUT
from coco_recipe.planning import refusals
from coco_recipe.planning.plan import Plan
from coco_recipe.running import inputs, linked, reaching
from coco_recipe.running.inputs import Reading
from coco_recipe.running.mask_parts import MaskParts
from coco_recipe.running.rehearsal import Rehearsal


def of_file(
    annotations: Path,
    images: Path | None,
    checks: Sequence[Check],
    *,
    decode: bool = False,
    follow_links: bool = False,
) -> tuple[Finding, ...]:
    """Return what is wrong with a file.

    An error is what a reader of COCO files would crash on, misassign or lose.

    Args:
        annotations: the annotation file.
        images: the folder of its pictures; None looks at rows and segmentations only.
        checks: the checks of pictures and masks that are installed.
        decode: read whole pictures, not their headers only.
        follow_links: look at pictures that are links out of the folder, too.

    Raises:
        DatasetError: the file can't be read at all.
    """
    return tuple(
        replace(finding, file=str(annotations))
        for finding in _of_file(
            annotations, images, checks, decode=decode, follow_links=follow_links
        )
    )


def _of_file(
    annotations: Path,
    images: Path | None,
    checks: Sequence[Check],
    *,
    decode: bool,
    follow_links: bool,
) -> Iterator[Finding]:
    place, text = annotations.name, coco_json.read_bytes(annotations)
    top = coco_json.decode_top(text, str(annotations))
    of_masks = MaskParts(_usable(checks, "masks"), top, place)
    dataset = inputs.read_rows(top, str(annotations), place, images, slow_reading.TO_GO_ON)
    yield from slow_reading.found(dataset.loose, place)
    yield from repeated_keys.findings(text, top, dataset, place)
    for finding in row_checks.findings(dataset, place):
        yield (
            replace(finding, severity="error")
            if finding.kind.name in row_checks.READERS_REFUSE
            else finding
        )
    skipped = Finding.of(trainers.TRAINERS_SKIP, place, trainers.skipped(dataset))
    if skipped.count:
        yield skipped
    yield from of_masks.findings(dataset)
    if images is not None:
        yield from _of_pictures(dataset, place, checks, decode=decode, follow_links=follow_links)
    yield from left_out(checks, place, ("masks",) if images is None else ("masks", "pictures"))


def of_input(planned: Plan, name: str, reading: Reading) -> Iterator[Finding]:
    """Yield what is wrong with an input's rows.

    A finding is an error where a step of the recipe can't take them.

    Args:
        planned: the plan.
        name: the input's.
        reading: the input as it was read.
    """
    yield from of_rows(planned, name, reading)
    for finding in slow_reading.found(reading.value.loose, name):
        yield replace(
            finding, severity="warning", remedy="a step below mends them; its ledger has each value"
        )


def of_rows(planned: Plan, name: str, reading: Reading) -> Iterator[Finding]:
    """Yield the same, but for values of a wrong type.

    Args:
        planned: the plan.
        name: the input's.
        reading: the input as it was read.
    """
    found = reading.checks.findings(reading.value) if reading.checks else ()
    for finding in _for_recipe(planned, name, found):
        is_mended = finding.kind.needed and refusals.is_mended(planned, name, finding.kind.name)
        yield replace(finding, severity="warning") if is_mended else finding


def of_content(
    planned: Plan, name: str, dataset: Dataset, about: str, ahead: Rehearsal
) -> Iterator[Finding]:
    """Yield what the installed checks find in an input's pictures or masks, as the steps take it.

    A picture is an error only where a step would stop at it.

    Args:
        planned: the plan.
        name: the input's.
        dataset: its rows.
        about: ``pictures`` or ``masks``.
        ahead: tells which pictures come to a step.
    """
    if about == "pictures":
        dataset = _with_pictures(dataset)
    for finding in (
        finding for check in _usable(planned.checks, about) for finding in check.run(dataset, name)
    ):
        yield from (
            _by_picture(planned, name, finding, ahead)
            if finding.pictures
            else _for_recipe(planned, name, [finding])
        )


def left_out(checks: Sequence[Check], place: str, about: Collection[str]) -> Iterator[Finding]:
    """Yield that checks of pictures or masks are left out, for want of packages that they need.

    Args:
        checks: those that are installed.
        place: the file or recipe that is checked.
        about: what would be checked: ``pictures``, ``masks``.
    """
    rows = [Row(check.name) for check in checks if check.about in about and not _is_usable(check)]
    if rows:
        yield Finding.of(LEFT_OUT, place, rows)


def _of_pictures(
    dataset: Dataset, place: str, checks: Sequence[Check], *, decode: bool, follow_links: bool
) -> Iterator[Finding]:
    if missing := missing_files.finding(dataset, place):
        yield missing
    there = _with_pictures(dataset)
    names = [image.file_name for image in there.images]
    folder = there.folders[there.home]
    if not follow_links and (out := linked.finding(names, folder, place)):
        yield replace(out, remedy=f"{out.remedy}; here: --follow-links")
        return  # what they lead to isn't opened
    for check in _usable(checks, "pictures"):
        yield from check.run(there, place, decode=decode)


def _with_pictures(dataset: Dataset) -> Dataset:
    """Leave out images of an unsafe name or without a file, and the rows of these."""
    there = tuple(
        {
            image.id: image
            for image in dataset.images
            if not unsafe_name(image.file_name) and missing_files.is_there(dataset.path_of(image))
        }.values()
    )
    known = {image.id for image in there}
    return dataset.replace(
        images=there, annotations=tuple(row for row in dataset.annotations if row.image_id in known)
    )


def _usable(checks: Sequence[Check], about: str) -> list[Check]:
    return [check for check in checks if check.about == about and _is_usable(check)]


def _is_usable(check: Check) -> bool:
    return all(map(files.is_installed, check.needs))


def _for_recipe(planned: Plan, name: str, found: Iterable[Finding]) -> Iterator[Finding]:
    for finding in found:
        step = next(refusals.refusing(planned, name, finding.kind.name), None)
        remedy = (
            f"{finding.remedy}, above step '{step.id}', which can't take them"
            if step
            else finding.remedy
        )
        yield replace(finding, severity="error" if step else finding.severity, remedy=remedy)


def _by_picture(planned: Plan, name: str, finding: Finding, ahead: Rehearsal) -> Iterator[Finding]:
    """Divide a finding: an error of the pictures at which a step would stop, and what is left."""
    left = frozenset(finding.pictures)
    for step in refusals.refusing(planned, name, finding.kind.name):
        if stopped := reaching.stopped_at(ahead, step, left):
            them = "it" if len(stopped) == 1 else "them"
            told = f"step '{step.id}' would stop at {them}: {finding.remedy}"
            yield replace(finding.of_some(stopped), severity="error", remedy=told)
            left -= stopped
    if left:
        yield finding.of_some(left)
