"""What an earlier run found in inputs that are untouched since, so that none must be read again.

It is kept beside the hashes of files in the user's cache, and stands only for the same recipe, the
same code that opens and checks inputs, and files that the system says are untouched.
"""

import dataclasses
from collections.abc import Iterator
from functools import partial
from typing import Any

import msgspec

from coco_recipe import files
from coco_recipe.checks import missing_files
from coco_recipe.findings import Finding, Kind
from coco_recipe.keys import closure, libraries
from coco_recipe.known_files import KnownFiles
from coco_recipe.language import environment
from coco_recipe.language.recipe import Input
from coco_recipe.manifest import Digests, FindingRecord, Severity
from coco_recipe.planning import refusals
from coco_recipe.planning.plan import Plan
from coco_recipe.running.opening import Opened


class Told(msgspec.Struct, frozen=True):
    """A finding with what its record leaves out; the file with ``${env:NAME}`` as it is written."""

    record: FindingRecord
    file: str
    usual: Severity
    remedy: str
    needed: bool


class Remembered(msgspec.Struct, frozen=True):
    """What opening the inputs gave.

    Attributes:
        key: digest of all but files that the findings depend on.
        digests: SHA-256 of each input's files by kind.
        names: names of the pictures that were hashed, by input.
        findings: what was found, with the recipe's severities.
        recorded: all that was found, as the run records it: without the recipe's choice.
    """

    key: str
    digests: dict[str, Digests]
    names: dict[str, tuple[str, ...]]
    findings: tuple[Told, ...]
    recorded: tuple[FindingRecord, ...]


def find(planned: Plan, known: KnownFiles) -> Opened | None:
    """Return what opening the inputs would give, but for values and facts; None if it isn't known.

    Args:
        planned: the plan.
        known: hashes of untouched files, with what an earlier run kept.
    """
    try:
        kept = msgspec.json.decode(known.note, type=Remembered)
    except (ValueError, msgspec.DecodeError):
        return None
    inputs = planned.recipe.inputs
    if kept.key != _key(planned) or any(
        _digests(planned, item, kept, known) is None for item in inputs
    ):
        return None
    try:
        findings = tuple(map(_finding, kept.findings))
    except KeyError:  # a variable that named a file isn't set
        return None
    return Opened({}, kept.digests, {}, {}, {}, {}, findings, kept.recorded)


def keep(planned: Plan, known: KnownFiles, opened: Opened) -> None:
    """Keep what opening the inputs gave, for the next run."""
    names = {
        item.name: tuple(
            path.removeprefix(f"{planned.recipe.folder / str(item.images)}/")
            for path in opened.pictures_of.get(item.name, ())
        )
        for item in planned.recipe.inputs
    }
    in_text = planned.recipe.source.hidden.in_text
    findings = tuple(
        Told(one.record(), in_text(one.file), one.kind.severity, one.kind.remedy, one.kind.needed)
        for one in opened.findings
    )
    kept = Remembered(_key(planned), dict(opened.digests), names, findings, opened.recorded)
    known.note = msgspec.json.encode(kept)  # takes numbers of over 64 bits, which rows may have


def _digests(planned: Plan, item: Input, kept: Remembered, known: KnownFiles) -> Digests | None:
    """Return an input's hashes; None where a file isn't as it was then."""
    before, folder = kept.digests.get(item.name, {}), planned.recipe.folder
    named = {
        "annotations": item.annotations,
        "checkpoint": item.checkpoint,
        "file": item.file,
        "of": item.of,
    }
    if any(
        known.untouched(folder / name) != before.get(kind) for kind, name in named.items() if name
    ):
        return None
    if "images" not in before:
        return before
    pictures = folder / str(item.images)
    names = kept.names[item.name]
    every_file_counts = refusals.is_mended(planned, item.name, missing_files.MISSING.name)
    if every_file_counts and {*files.names_below(pictures)} != {*names}:
        return None
    hashes = {name: known.untouched(f"{pictures}/{name}") for name in names}
    return before if files.digest(hashes) == before["images"] else None


def _key(planned: Plan) -> str:
    """Digest what findings depend on beside the files of inputs: recipe, code, libraries."""
    modules = {
        "coco_recipe.running.opening",
        *(home for step in planned.steps for home in _homes(step.step)),
        *(home for check in planned.checks for home in _homes(check)),
    }
    found = closure.of(sorted(modules))
    needed = sorted(package for check in planned.checks for package in check.needs)
    return files.digest(
        [
            planned.recipe.source.data,
            str(planned.recipe.folder),
            found.digests,
            libraries.versions(sorted(found.libraries)),
            {name: files.is_installed(name) for name in needed},
            [[step.offer.plugin, step.offer.version] for step in planned.steps],
        ]
    )


def _homes(of: Any) -> Iterator[str]:
    """Yield the modules of the functions that a step or a check has."""
    for field in dataclasses.fields(of):
        function = getattr(of, field.name)
        while isinstance(function, partial):
            function = function.func
        module = getattr(function, "__module__", None)
        if callable(function) and module:
            yield module


def _finding(told: Told) -> Finding:
    made = Finding.from_record(told.record)
    kind = Kind(told.record.kind, told.usual, told.record.what, told.remedy, told.needed)
    return dataclasses.replace(made, kind=kind, file=environment.expanded(told.file))
