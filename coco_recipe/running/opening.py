"""Open a recipe's inputs: read them, foresee what comes of them, hash and check them."""

import contextlib
import os
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from coco_recipe import files
from coco_recipe.checks import equal_pictures, missing_files
from coco_recipe.checks.slow_reading import Excuse
from coco_recipe.errors import CocoRecipeError, FindingsError, RecipeError, together
from coco_recipe.findings import Finding, judged
from coco_recipe.known_files import KnownFiles
from coco_recipe.language.recipe import Input
from coco_recipe.manifest import FindingRecord
from coco_recipe.planning import foresight, refusals
from coco_recipe.planning.plan import Plan, Reference
from coco_recipe.running import checking, experiment, linked, reaching
from coco_recipe.running.ahead import Ahead
from coco_recipe.running.inputs import Reading, pixel_digest, read_input
from coco_recipe.running.rehearsal import Rehearsal
from coco_recipe.values.facts import Facts

_LESS_URGENT = 5  # of the 19 by which a thread can be less urgent


@dataclass(frozen=True, slots=True)
class Opened:
    """The inputs of a recipe, sound as far as its steps rely on them.

    Attributes:
        values: the inputs' values by reference; a run takes out what nobody needs any more.
        digests: SHA-256 of each input's files by kind; its images only if they were hashed.
        known_hashes: SHA-256 of files that were hashed, by path; a run adds those of its steps.
        pictures_of: SHA-256 of the inputs' pictures, by input and path.
        files: SHA-256 of the inputs' own files, by path.
        facts: what is known of each input and output before the run.
        findings: what was found, with the recipe's severities.
        recorded: all that was found, as the run records it: without the recipe's choice.
        errors: what keeps steps from relying on them; the values are then only to be looked at.
    """

    values: dict[Reference, Any]
    digests: Mapping[str, Any]
    known_hashes: dict[str, str]
    pictures_of: Mapping[str, Mapping[str, str]]
    files: Mapping[str, str]
    facts: Mapping[Reference, Facts]
    findings: tuple[Finding, ...]
    recorded: tuple[FindingRecord, ...]
    errors: tuple[CocoRecipeError, ...] = ()

    def refuse_errors(self) -> None:
        """Raise what keeps steps from relying on the inputs, in one error; nothing if none does."""
        if self.errors:
            raise together(self.errors)


def opened(
    planned: Plan,
    *,
    with_pixels: bool,
    known: KnownFiles | None = None,
    ahead: Ahead | None = None,
) -> Opened:
    """Open the inputs of a plan.

    Args:
        planned: the plan.
        with_pixels: look for the pictures and hash them, too, where a step reads them.
        known: hashes of files that need not be read again; takes in those that are read.
        ahead: works steps while the rows are checked; None where nobody would take the results.

    Raises:
        RecipeError: steps can't go together with the rows; with every problem.
        FindingsError: the rows are wrong where steps rely on them; with all that was found.
        DatasetError: an input can't be read.
    """
    found = looked_into(planned, with_pixels=with_pixels, known=known, ahead=ahead)
    found.refuse_errors()
    return found


def looked_into(
    planned: Plan,
    *,
    with_pixels: bool,
    known: KnownFiles | None = None,
    ahead: Ahead | None = None,
) -> Opened:
    """Open the inputs of a plan as far as it goes, and say what is wrong with them.

    Args:
        planned: as of `opened`.
        with_pixels: likewise.
        known: likewise.
        ahead: likewise.

    Raises:
        DatasetError: a picture can't be read.
    """
    inputs = _Inputs(planned, known or KnownFiles(), ahead)
    inputs.look(with_pixels=with_pixels)
    errors = tuple(inputs.errors())
    if with_pixels and inputs.are_opened() and not errors:  # what is wrong costs no hashing
        inputs.hash_pictures()
        inputs.compare_pictures()
    recorded = tuple(finding.record() for finding in (*inputs.found, *inputs.reviewed))
    return Opened(
        inputs.partly_read | inputs.values if errors else inputs.values,
        inputs.digests,
        inputs.known_hashes,
        inputs.pictures_of,
        inputs.files,
        inputs.facts,
        inputs.judged(),
        recorded,
        errors,
    )


def wrong_with(planned: Plan) -> tuple[CocoRecipeError, ...]:
    """Return what would keep the inputs of a plan from being opened.

    No picture is opened or hashed for it: who has mistyped a word shouldn't wait for that.
    """
    inputs = _Inputs(planned, KnownFiles())
    inputs.look(with_pixels=True, into_pictures=False)
    return tuple(inputs.errors())


@dataclass(slots=True)
class _Inputs:
    """The inputs while they are opened, and what has been found in them so far.

    Attributes:
        plan: the recipe's plan.
        known: hashes of files that need not be read again.
        ahead: works steps while the rows are checked.
        values: those that could be read, by reference.
        partly_read: those of which some values can't be read, without these.
        files: SHA-256 of their own files, by path.
        pictures_of: SHA-256 of their pictures, by input and path.
        unsound: names of inputs on whose rows steps can't rely.
        linked: names of those whose pictures lead out of their folder, which nobody opens.
        found: what was found in the inputs.
        reviewed: what steps find worth knowing.
        unread: why inputs can't be read, but for what rows are wrong.
        unread_rows: the rows for which inputs can't be read.
        problems: what is wrong with the recipe, beside its inputs.
        rehearsal: gives rows before the run, once inputs are looked into.
    """

    plan: Plan
    known: KnownFiles
    ahead: Ahead | None = None
    files: dict[str, str] = field(default_factory=dict)
    pictures_of: dict[str, dict[str, str]] = field(default_factory=dict)
    values: dict[Reference, Any] = field(default_factory=dict)
    partly_read: dict[Reference, Any] = field(default_factory=dict)
    digests: dict[str, Any] = field(default_factory=dict)
    known_hashes: dict[str, str] = field(default_factory=dict)
    facts: Mapping[Reference, Facts] = field(default_factory=dict)
    unsound: set[str] = field(default_factory=set)
    linked: set[str] = field(default_factory=set)
    found: list[Finding] = field(default_factory=list)
    reviewed: list[Finding] = field(default_factory=list)
    unread: list[CocoRecipeError] = field(default_factory=list)
    unread_rows: list[object] = field(default_factory=list)
    problems: list[CocoRecipeError] = field(default_factory=list)
    rehearsal: Rehearsal | None = None

    def look(self, *, with_pixels: bool, into_pictures: bool = True) -> None:
        """Read the inputs, foresee what comes of them, and look for what is wrong.

        Args:
            with_pixels: look for the pictures, too, where a step reads them.
            into_pictures: read the headers of those that are there.
        """
        self.read()
        sound = {ref: value for ref, value in self.values.items() if ref[0] not in self.unsound}
        unknown = {(item.name, ""): None for item in self.plan.recipe.inputs}
        self.rehearsal = ahead = Rehearsal.ahead(self.plan, unknown | sound)
        self.look_into("masks", ahead)
        self.foresee(ahead)
        if self.are_opened():
            self.look_for_links()
        if with_pixels and self.are_opened():
            self.look_for_pictures(ahead)
            if into_pictures:
                self.look_into("pictures", ahead)

    def are_opened(self) -> bool:
        """Report whether a step opens pictures."""
        return any(step.reads_pixels for step in self.plan.steps)

    def errors(self) -> list[CocoRecipeError]:
        """Return what keeps the inputs from being opened."""
        errors = [*self.problems, *self.unread]
        findings = self.judged()
        if self.unread_rows or any(map(_is_relied_on, self.found)):
            errors.append(FindingsError([*self.unread_rows, *findings]))
        elif errors and (stopping := [one for one in findings if one.severity == "error"]):
            errors.append(FindingsError(stopping))
        return errors

    def judged(self) -> tuple[Finding, ...]:
        """Return what was found, with the recipe's severities."""
        return judged([*self.found, *self.reviewed], self.plan.recipe.findings)

    def read(self) -> None:
        """Read every input, hash its file, and look at its rows.

        Files of weights are large, and are hashed side by side, while the libraries of their steps
        are imported.
        """
        with ThreadPoolExecutor(initializer=_step_aside) as pool:
            self._take(
                {
                    item.name: pool.submit(self._reading, item, self._excuse(item))
                    for item in self.plan.recipe.inputs
                    if item.checkpoint
                }
            )

    def _take(self, begun: Mapping[str, Future[Reading]]) -> None:
        """Take in every input; those that have begun to be read are waited for."""
        read: list[tuple[Input, Reading]] = []
        for item in self.plan.recipe.inputs:
            try:
                known = begun.get(item.name)
                reading = known.result() if known else self._reading(item, self._excuse(item))
            except FindingsError as error:
                self.unread_rows += error.findings
                self._add(item, self._beside(item))
            except CocoRecipeError as error:
                self.unread.append(error)
            else:
                self.values[item.name, ""] = reading.value
                self.digests[item.name] = reading.digests
                self.files |= reading.files
                read.append((item, reading))
        if self.ahead and not self.unread and not self.unread_rows:
            self.ahead.work(
                self.plan, self.values, lambda: any(_is_checked(reading) for _, reading in read)
            )
        for item, reading in read:
            if item.annotations:
                self._add(item, checking.of_input(self.plan, item.name, reading))
        if self.ahead and self.unsound:
            self.ahead.forget()

    def foresee(self, ahead: Rehearsal) -> None:
        """Let steps say what comes of the inputs; nothing is known of those that aren't sound."""
        facts: dict[Reference, Facts] = {}
        for item in self.plan.recipe.inputs:
            ref, kind = (item.name, ""), self.plan.kinds.named(item.kind)
            is_known = ref in self.values and item.name not in self.unsound
            facts[ref] = kind.facts(self.values[ref]) if is_known else kind.unknown
        try:
            self.facts = foresight.foresee(self.plan, facts, ahead.known_before)
        except RecipeError as error:
            self.problems.append(error)
        else:
            if not self.unsound:
                self.reviewed += foresight.review(self.plan, self.facts)
                self.reviewed += experiment.told_by_recipe(self.plan, self.facts)
        self.found += reaching.stopping_rows(self.plan, ahead, self.found)

    def look_into(self, about: Literal["pictures", "masks"], ahead: Rehearsal) -> None:
        """Look into the pictures or the masks of inputs, where a step asks for it."""
        if not any(about in step.step.checks for step in self.plan.steps):
            return
        for item in self.plan.recipe.inputs:
            rows = self.values.get((item.name, ""))
            opens = bool(item.images) and item.name not in self.linked
            if rows and item.annotations and (opens or about == "masks"):
                self._add(item, checking.of_content(self.plan, item.name, rows, about, ahead))

    def look_for_links(self) -> None:
        """Find the pictures that lead out of their folder, and that the recipe doesn't follow.

        None of such an input's pictures is opened. Where names are mended, any file counts.
        """
        for item in self._with_images():
            if item.follow_links is True:
                continue
            dataset = self.values[item.name, ""]
            folder = dataset.folders[dataset.home]
            names = [image.file_name for image in dataset.images]
            if self._names_are_mended(item):
                names = [str(path.relative_to(folder)) for path in files.files_below(folder)]
            roots = [self.plan.recipe.folder / root for root in item.follow_links or ()]
            if found := linked.finding(names, folder, item.name, roots):
                self._add(item, [found])
                self.linked.add(item.name)

    def look_for_pictures(self, ahead: Rehearsal) -> None:
        """Find the pictures that folders lack, by the names with which steps open them."""
        for item in self._with_images():
            dataset = self.values[item.name, ""]
            images = dataset.images
            if self._names_are_mended(item):
                images = reaching.opened(self.plan, item.name, ahead)
            folder = dataset.folders[dataset.home]
            missing = missing_files.of_images(images, folder, item.name)
            self._add(item, [missing] if missing else [])

    def hash_pictures(self) -> None:
        """Hash every picture of every input."""
        for item in self._with_images():
            found = self.pictures_of[item.name] = {}
            self.digests[item.name]["images"] = pixel_digest(
                self.values[item.name, ""],
                found,
                names_are_mended=self._names_are_mended(item),
                known=self.known,
            )
            self.known_hashes |= found

    def compare_pictures(self) -> None:
        """Find the pictures that inputs have in common."""
        named = {item.name: self.values[item.name, ""] for item in self._with_images()}
        finding = equal_pictures.finding(named, self.known_hashes) if len(named) > 1 else None
        self.found += [finding] if finding else []
        if equal_pictures.are_repeated(self.known_hashes):
            self.reviewed += self._equal_across_parts()

    def _equal_across_parts(self) -> Iterator[Finding]:
        """Yield the pictures that are on two sides of a split, as far as its rows are known."""
        planned = experiment.Planned(self.plan, self.facts, self.rehearsal)
        for one, other in planned.opposed():
            learnt = planned.rows_behind(one.ref) or ()
            measured = planned.rows_behind(other.ref) or ()
            if rows := equal_pictures.in_both(learnt, measured, self.known_hashes):
                place = f"{one.name}, {other.name}"
                yield Finding.of(equal_pictures.ACROSS_PARTS, place, rows)

    def _with_images(self) -> list[Input]:
        """Return the inputs that could be read and have pictures."""
        inputs = self.plan.recipe.inputs
        return [item for item in inputs if item.images and (item.name, "") in self.values]

    def _names_are_mended(self, item: Input) -> bool:
        """Report whether a step mends file names or drops missing pictures before one is opened."""
        return refusals.is_mended(self.plan, item.name, missing_files.MISSING.name)

    def _reading(self, item: Input, excuse: Excuse) -> Reading:
        return read_input(item, self.plan.recipe.source, self.plan.kinds, excuse, self.known)

    def _excuse(self, item: Input) -> Excuse:
        return refusals.excuse(self.plan, item.name)

    def _beside(self, item: Input) -> Iterator[Finding]:
        """Yield what is wrong with the other rows of an input, of which some can't be read."""
        reading = self._reading(item, replace(self._excuse(item), leaves_out=True))
        self.partly_read[item.name, ""] = reading.value
        yield from checking.of_rows(self.plan, item.name, reading)

    def _add(self, item: Input, found: Iterable[Finding]) -> None:
        """Take findings of an input, which name its annotation file."""
        path = str(self.plan.recipe.folder / item.annotations)
        named = [replace(finding, file=path) for finding in found]
        self.found += named
        if any(map(_is_relied_on, named)):
            self.unsound.add(item.name)


def _step_aside() -> None:
    """Make a thread less urgent than the one that imports what the steps need."""
    if sys.platform == "linux":  # elsewhere only a whole process can be
        thread = threading.get_native_id()
        now = os.getpriority(os.PRIO_PROCESS, thread)
        with contextlib.suppress(OSError):  # a sandbox forbids it
            os.setpriority(os.PRIO_PROCESS, thread, min(19, now + _LESS_URGENT))


def _is_checked(reading: Reading) -> bool:
    """Report whether a copy of this process is at work on an input's rows."""
    return reading.checks is not None and reading.checks.are_at_work


def _is_relied_on(finding: Finding) -> bool:
    """Report whether steps rely on the absence of what was found, whatever the recipe chooses."""
    return finding.kind.needed and finding.severity == "error"
