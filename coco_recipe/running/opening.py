"""Open a recipe's inputs: read them, foresee what comes of them, hash and check them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from coco_recipe import files
from coco_recipe.checks import equal_pictures, missing_files
from coco_recipe.errors import FindingsError
from coco_recipe.findings import Finding, judged
from coco_recipe.kinds import LINKED_OUT
from coco_recipe.language.recipe import Input
from coco_recipe.manifest import FindingRecord
from coco_recipe.planning import foresight, refusals
from coco_recipe.planning.plan import Plan, Reference
from coco_recipe.running import checking, emptiness, linked, reaching
from coco_recipe.running.inputs import pixel_digest, read_input
from coco_recipe.running.rehearsal import Rehearsal
from coco_recipe.values.facts import Facts


@dataclass(frozen=True, slots=True)
class Opened:
    """The inputs of a recipe, sound as far as its steps rely on them.

    Attributes:
        values: the inputs' values by reference; a run takes out what nobody needs any more.
        digests: SHA-256 of each input's files by kind; its images only if they were hashed.
        known_hashes: SHA-256 of the files that were hashed, by path.
        facts: what is known of each input and output before the run.
        findings: what was found, with the recipe's severities.
        recorded: what was found in the inputs, as the run records it.
    """

    values: dict[Reference, Any]
    digests: Mapping[str, Any]
    known_hashes: dict[str, str]
    facts: Mapping[Reference, Facts]
    findings: tuple[Finding, ...]
    recorded: tuple[FindingRecord, ...]


def opened(planned: Plan, *, with_pixels: bool) -> Opened:
    """Open the inputs of a plan.

    Args:
        planned: the plan.
        with_pixels: look for the pictures and hash them, too, where a step reads them.

    Raises:
        RecipeError: steps can't go together with the rows; with every problem.
        FindingsError: the rows are wrong where steps rely on them; with all that was found.
        DatasetError: an input can't be read.
    """
    inputs = _Inputs(planned)
    inputs.read()
    ahead = Rehearsal.ahead(planned, inputs.values)
    inputs.look_into("masks", ahead)
    facts: dict[Reference, Facts] = {}
    reviewed: list[Finding] = []
    if inputs.are_sound():  # facts are of rows on which steps can rely
        known = {ref: planned.kinds.of(value).facts(value) for ref, value in inputs.values.items()}
        facts = foresight.foresee(planned, known, ahead.values_of)
        reviewed = [*foresight.review(planned, facts), *emptiness.of_plan(planned)]
        inputs.found += reaching.stopping_rows(planned, ahead, inputs.found)
    reads_pixels = any(step.step.reads_pixels for step in planned.steps)
    leads_out = reads_pixels and inputs.look_for_links()
    if with_pixels and reads_pixels and not leads_out:
        inputs.look_for_pictures(ahead)
        inputs.look_into("pictures", ahead)
        if inputs.are_sound():  # what is wrong above costs no hashing
            inputs.hash_pictures()
            inputs.compare_pictures()
    findings = judged([*inputs.found, *reviewed], planned.recipe.findings)
    if not inputs.are_sound():
        raise FindingsError(findings)
    recorded = tuple(finding.record() for finding in inputs.found)
    return Opened(inputs.values, inputs.digests, inputs.known_hashes, facts, findings, recorded)


@dataclass(slots=True)
class _Inputs:
    """The inputs while they are opened, and what has been found in them so far."""

    plan: Plan
    values: dict[Reference, Any] = field(default_factory=dict)
    digests: dict[str, Any] = field(default_factory=dict)
    known_hashes: dict[str, str] = field(default_factory=dict)
    found: list[Finding] = field(default_factory=list)

    def are_sound(self) -> bool:
        """Report whether nothing was found on whose absence steps rely, whatever is chosen."""
        return not any(one.kind.needed and one.severity == "error" for one in self.found)

    def read(self) -> None:
        """Read every input, and hash its file.

        Raises:
            FindingsError: rows can't be read; with what else is wrong, here and in other inputs.
        """
        unread: list[object] = []
        for item in self.plan.recipe.inputs:
            try:
                excuse = refusals.excuse(self.plan, item.name)
                reading = read_input(item, self.plan.recipe.source, self.plan.kinds, excuse)
            except FindingsError as error:
                unread += error.findings
                self._add(item, self._beside(item))
                continue
            self.values[item.name, ""] = reading.value
            self.digests[item.name] = reading.digests
            self.found += reading.findings
            if item.annotations:
                self._add(item, checking.of_input(self.plan, item.name, reading.value))
        if unread:
            raise FindingsError([*unread, *judged(self.found, self.plan.recipe.findings)])

    def look_into(self, about: Literal["pictures", "masks"], ahead: Rehearsal) -> None:
        """Look into the pictures or the masks of inputs, where a step asks for it."""
        if not any(about in step.step.checks for step in self.plan.steps):
            return
        for item in self.plan.recipe.inputs:
            if item.annotations and (item.images or about == "masks"):
                rows = self.values[item.name, ""]
                self._add(item, checking.of_content(self.plan, item.name, rows, about, ahead))

    def look_for_links(self) -> bool:
        """Find the pictures that lead out of their folder, and that the recipe doesn't follow.

        Report whether there are any: none of the pictures is then opened.

        Where names are mended, any file of the folder may be opened.
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
            found = linked.finding(names, folder, item.name, roots)
            self._add(item, [found] if found else [])
        return any(one.kind is LINKED_OUT for one in self.found)

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
            self.digests[item.name]["images"] = pixel_digest(
                self.values[item.name, ""],
                self.known_hashes,
                names_are_mended=self._names_are_mended(item),
            )

    def compare_pictures(self) -> None:
        """Find the pictures that inputs have in common."""
        named = {item.name: self.values[item.name, ""] for item in self._with_images()}
        finding = equal_pictures.finding(named, self.known_hashes) if len(named) > 1 else None
        self.found += [finding] if finding else []

    def _with_images(self) -> list[Input]:
        return [item for item in self.plan.recipe.inputs if item.images]

    def _names_are_mended(self, item: Input) -> bool:
        """Report whether a step mends file names or drops missing pictures before one is opened."""
        return refusals.is_mended(self.plan, item.name, missing_files.MISSING.name)

    def _beside(self, item: Input) -> Iterator[Finding]:
        """Yield what is wrong with the other rows of an input, of which some can't be read."""
        excuse = replace(refusals.excuse(self.plan, item.name), leaves_out=True)
        reading = read_input(item, self.plan.recipe.source, self.plan.kinds, excuse)
        yield from reading.findings
        yield from checking.of_rows(self.plan, item.name, reading.value)

    def _add(self, item: Input, found: Iterable[Finding]) -> None:
        """Take findings of an input, which name its annotation file."""
        path = str(self.plan.recipe.folder / item.annotations)
        self.found += [replace(finding, file=path) for finding in found]
