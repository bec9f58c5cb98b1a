"""What a run directory says of itself, wherever it is now: no recipe, input or plugin is needed."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coco_recipe import coco_json, yaml_text
from coco_recipe import manifest as manifests
from coco_recipe.asking import reading
from coco_recipe.dataset import Dataset
from coco_recipe.errors import DatasetError, RunError
from coco_recipe.manifest import (
    LOG,
    FailedStep,
    Manifest,
    RunRecord,
    StepRecord,
    Stored,
    claimed,
    claimed_log,
)
from coco_recipe.running.run_folder import RESOLVED, WRITTEN, refusal_of
from coco_recipe.running.store import MANIFEST

PARTS = "instances_"  # what COCO's own files begin with


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """A run by its records.

    Attributes:
        folder: the run directory.
        run: the record of the run.
        steps: the records of the steps that are done, in order.
        notes: what is to be known of the records, in words: a step that failed, a damaged log.
    """

    folder: Path
    run: RunRecord
    steps: tuple[StepRecord, ...]
    notes: tuple[str, ...]

    def recipe(self) -> Any:
        """Return the recipe with all filled in, as mappings and lists.

        Raises:
            RunError: it is gone, or can't be read.
        """
        for name in (RESOLVED, WRITTEN):
            path = self.folder / name
            if path.is_file():
                return yaml_text.parse(path, yaml_text.text_of(path, "recipe"), "recipe").data
        raise RunError(f"{self.folder}: has neither {RESOLVED} nor {WRITTEN}: run the recipe again")

    def versions(self) -> dict[str, str]:
        """Return the versions of coco-recipe and of the libraries of all steps, by name."""
        found = dict(self.run.versions)
        for record in self.steps:
            found |= record.environment
        return found

    def manifest(self, step: str) -> Manifest | None:
        """Return a step's manifest, also one of an earlier version.

        Args:
            step: the step's id.

        Returns:
            The manifest; None where there is none.
        """
        return claimed(self.folder / "steps" / step / MANIFEST)

    def metrics(self) -> dict[str, dict[str, float | None]]:
        """Return the figures of each step that gave metrics, by their names joined with spaces."""
        found = {}
        for record in self.steps:
            for value in self.stored(record.step):
                if value.kind == "metrics":
                    rows = value.form.get("figures", [])
                    found[record.step] = {" ".join(map(str, path)): row for path, row in rows}
        return found

    def data(self) -> dict[str, Dataset]:
        """Return the data sets that were published, by part; else those that the run left.

        With several steps that publish, a part is named with its step, as ``dataset/train``.

        Raises:
            DatasetError: a file can't be read.
        """
        known = {record.step: self.manifest(record.step) for record in self.steps}
        there = {step: manifest for step, manifest in known.items() if manifest}
        published = {step: one for step, one in there.items() if one.published}
        found = {step: dict(self._files(step, one)) for step, one in (published or there).items()}
        found = {step: parts for step, parts in found.items() if parts}
        return {
            f"{step}/{name}" if len(found) > 1 else name: reading.read(path)
            for step, parts in found.items()
            for name, path in parts.items()
        }

    def _files(self, step: str, manifest: Manifest) -> Iterator[tuple[str, Path]]:
        """Yield the COCO files of a step with the names of their parts."""
        stored = {
            name
            for value in _values(manifest)
            if value.kind == "dataset"
            for name in (value.form.get("file"),)
        }
        for name in manifest.files:
            path = self.folder / "steps" / step / name
            wanted = name in stored or (manifest.published and _is_coco(path))
            if wanted and path.is_file():
                yield path.stem.removeprefix(PARTS), path

    def stored(self, step: str) -> tuple[Stored, ...]:
        """Return the outputs of a step that are on disk.

        Args:
            step: the step's id.

        Returns:
            What the manifest has of each, in the order of their ports; empty without a manifest.
        """
        manifest = self.manifest(step)
        return tuple(_values(manifest)) if manifest else ()


def read(folder: Path) -> RecordedRun:
    """Read what a run directory says of itself, also one of an earlier version or a damaged one.

    Args:
        folder: the run directory.

    Returns:
        What is recorded, with notes of what isn't as a whole run leaves it.

    Raises:
        RunError: it is none.
    """
    found = claimed_log(folder)
    if found is None or not found[0].recipe_sha256:
        refusal = refusal_of(folder) or f"; name one that has {LOG}"
        raise RunError(f"{folder}: is not a run directory{refusal}")
    run, records = found
    notes = [
        f"{folder}: step '{record.step}' failed, so the run isn't finished"
        for record in records
        if isinstance(record, FailedStep)
    ]
    if manifests.read_log(folder) is None:
        notes.append(
            f"{folder / LOG} is not as a run of this version wrote it; it may say anything"
        )
    steps = tuple(record for record in records if isinstance(record, StepRecord))
    return RecordedRun(folder, run, steps, tuple(notes))


def _values(manifest: Manifest) -> Iterator[Stored]:
    for value in manifest.outputs.values():
        yield from value if isinstance(value, list) else [value]


def _is_coco(path: Path) -> bool:
    """Say whether a file is a data set in COCO's form; its rows aren't looked at."""
    if path.suffix != ".json" or not path.is_file():
        return False
    try:
        coco_json.decode_top(coco_json.read_bytes(path), path.name)
    except DatasetError:
        return False
    return True
