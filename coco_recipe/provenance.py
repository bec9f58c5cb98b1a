"""record: provenance.jsonl, one line for the run and one for each step; and the keys by which results are reused."""

import os
import platform
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec

from coco_recipe import coco_json, files
from coco_recipe.checkpoint import Checkpoint
from coco_recipe.checks import repeated_keys, slow_reading
from coco_recipe.checks.slow_reading import Excuse
from coco_recipe.dataset import Dataset
from coco_recipe.errors import DatasetError, Problem, RecipeError, about
from coco_recipe.findings import Finding
from coco_recipe.manifest import FailedStep, RunRecord, StepRecord, read_run
from coco_recipe.plan import PlannedStep
from coco_recipe.recipe import Input
from coco_recipe.source import Source
from coco_recipe.values import ValueKinds

NO_EXCUSE = Excuse()
_DISTRIBUTIONS = {
    "cv2": "opencv-python-headless",
    "mmdet": "onedl-mmdetection",
    "mmcv": "onedl-mmcv",
    "mmengine": "onedl-mmengine",
}


def environment(step: PlannedStep) -> dict[str, str]:
    """Return the versions that a step's bytes may depend on."""
    versions = {"coco-recipe": version("coco-recipe")}
    needs = step.offer.step.needs_for(step.params)
    for name in needs:
        versions[name] = version(_DISTRIBUTIONS.get(name, name))
    if step.offer.step.reads_pixels and needs:
        versions |= {
            "python": platform.python_version(),
            "machine": platform.machine(),
            "cpu": _cpu_features(),
        }
    return versions


def key_parts(step: PlannedStep, inputs: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Return all that a step's result depends on, readable; its digest is the step's key."""
    return {
        "use": step.offer.step.name,
        "parameters": step.params,
        "seed": seed,
        "inputs": inputs,
        "files": {f"{n}:{path.name}": files.sha256(path) for n, path in enumerate(step.files)},
        "plugin": {
            "name": Path(step.offer.plugin).name,
            "version": step.offer.version,
            "source": step.offer.source_sha256,
        },
        "environment": environment(step),
    }


def why(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Say in what two sets of key parts differ."""
    for part, value in new.items():
        before = old.get(part)
        if before == value:
            continue
        if part in ("parameters", "environment", "inputs", "plugin") and isinstance(before, dict):
            keys = [k for k in [*value, *before] if before.get(k) != value.get(k)]
            if part == "parameters":
                return f"parameter {keys[0]} changed: {_short(before.get(keys[0]))} -> {_short(value.get(keys[0]))}"
            what = {"inputs": "input", "environment": "version of", "plugin": "plugin's"}[part]
            return f"{what} {keys[0]} changed"
        return f"{part} changed"
    return "its result was not kept"


@dataclass(frozen=True, slots=True)
class Reading:
    """An input as it was read.

    Attributes:
        value: the data set or checkpoint.
        digests: the SHA-256 of its file, by kind.
        findings: what only the file's text tells.
    """

    value: Any
    digests: dict[str, Any]
    findings: tuple[Finding, ...] = ()


def read_input(
    item: Input, source: Source, kinds: ValueKinds, excuse: Excuse = NO_EXCUSE
) -> Reading:
    """Read an input.

    The bytes that are hashed are those that are decoded. ``excuse`` says which values of a wrong
    type the steps that read it take in.

    Raises:
        RecipeError: the file isn't the one whose hash the recipe has.
        DatasetError: the annotation file is wrong.
    """
    path = source.origin.parent / (item.checkpoint or item.annotations)
    if item.other_kind:
        return _read_other(item, source, kinds)
    if item.checkpoint:
        digest = _expected(item, source, path, files.sha256(path))
        return Reading(Checkpoint(path, item.classes, "", item.name), {"checkpoint": digest})
    text = coco_json.read_bytes(path)
    images = source.origin.parent / item.images if item.images else None
    with ThreadPoolExecutor(1) as thread:
        hashing = thread.submit(files.sha256_of, text)
        try:
            dataset, found = read_rows(text, str(path), item.name, images, excuse)
        finally:  # that it is another file matters more than what is wrong in it
            digest = _expected(item, source, path, hashing.result())
    return Reading(dataset, {"annotations": digest}, found)


def _read_other(item: Input, source: Source, kinds: ValueKinds) -> Reading:
    """Read an input of a kind that is named by ``kind``."""
    path = source.origin.parent / item.file
    of = source.origin.parent / item.of if item.of else None
    digests = {"file": _expected(item, source, path, files.sha256(path))}
    if of:
        digests["of"] = files.sha256(of)
    load = kinds.named(item.other_kind).load
    assert load is not None, f"BUG: {item.other_kind} can't be an input"
    return Reading(load(path, of, item.name), digests)


def read_rows(
    text: bytes, name: str, home: str, images: Path | None, excuse: Excuse = NO_EXCUSE
) -> tuple[Dataset, tuple[Finding, ...]]:
    """Make a data set of an annotation file's bytes; where the fast reading refuses, by the slow one.

    Returns:
        The data set, and the findings that only the text tells: repeated keys.

    Raises:
        FindingsError: rows have values of a wrong type that aren't excused; lists all of them.
        DatasetError: the file is wrong in another way.
    """
    text = text.removeprefix(b"\xef\xbb\xbf")
    top = coco_json.decode_top(text, name)
    try:
        dataset = coco_json.of_top(top, name=name, home=home, images=images)
    except DatasetError:
        read = slow_reading.read(top, name, home, images, excuse)
        if read is None:
            raise
        dataset = read
    return dataset, tuple(
        replace(one, file=name) for one in repeated_keys.findings(text, top, dataset, home or name)
    )


def _expected(item: Input, source: Source, path: Path, digest: str) -> str:
    if not digest.startswith(item.sha256):
        raise RecipeError(
            [
                Problem(
                    source.where(("inputs", item.name, "sha256")),
                    f"the SHA-256 of {path} is {digest[: len(item.sha256)]}, not {item.sha256}",
                    "the file was changed or damaged, or is another one: get the right one",
                )
            ]
        )
    return digest


def pixel_digest(
    dataset: Dataset, known_hashes: dict[str, str], *, names_are_mended: bool = False
) -> str:
    """Hash every image of an input; return one digest of all, and put each image's hash into ``known_hashes``.

    Where a step mends the file names before a picture is opened (``names_are_mended``), every file in the folder counts.

    Raises:
        DatasetError: images can't be read; names the first five.
    """
    if names_are_mended:
        folder = dataset.folders[dataset.home]
        for path in files.files_below(folder):
            known_hashes[str(path)] = files.sha256(path)
        return files.digest(
            {
                str(path.relative_to(folder)): known_hashes[str(path)]
                for path in files.files_below(folder)
            }
        )
    hashes, faults = {}, []
    for image in dataset.images:
        path = dataset.path_of(image)
        try:
            hashes[image.file_name] = known_hashes[str(path)] = files.sha256(path)
        except OSError as error:
            faults.append(f"image {image.id} ({image.file_name!r}): {error.strerror}")
    if faults:
        told = about(len(faults), "pictures can't be read")
        raise DatasetError(f"{dataset.home}: {told}: {'; '.join(faults[:5])}")
    return files.digest(hashes)


def recorded_places(folder: Path) -> list[Path]:
    """Return where the recipe's file was whose run directory this is: seen from there (both may have moved), and by path.

    Empty where the folder is no run directory.
    """
    run = read_run(folder)
    places = []
    if run and run.clock.recipe_from_run:
        places.append(Path(os.path.abspath(folder / run.clock.recipe_from_run)))
    if run and run.clock.recipe:
        places.append(Path(run.clock.recipe))
    return places


def other_recipe(folder: Path, source: Source, resolved_sha256: str) -> str:
    """Return the file of the recipe whose run directory this is; empty if it is this one's, or nobody's.

    A recipe is the same if its file is the one recorded, by path or by path relative to the run directory (both may
    have moved together), or its text is the recorded one, but for comments.
    """
    run = read_run(folder)
    path = source.origin.resolve()
    if (
        run is None
        or str(path) == run.clock.recipe
        or run.recipe_sha256 == resolved_sha256
        or run.clock.recipe_from_run == os.path.relpath(path, folder.resolve())
    ):
        return ""
    return run.clock.recipe


class Log:
    """Writes provenance.jsonl, line by line, in the order of the recipe; ``run`` is its first line."""

    def __init__(self, path: Path, run: RunRecord) -> None:
        self.path = path
        self.run = run
        self.lines = [_line(run)]

    def says(self, records: Sequence[StepRecord]) -> bool:
        """Say whether the file has just these records already, of the same run.

        The time when it started may be another, and so may keys that earlier versions didn't write.
        """
        try:
            first, *rest = self.path.read_bytes().splitlines()
            run = msgspec.json.decode(first, type=RunRecord)
            found = [_line(msgspec.json.decode(line, type=StepRecord)) for line in rest]
        except (OSError, ValueError):  # gone, empty or no JSON
            return False
        clock = msgspec.structs.replace(run.clock, started=self.run.clock.started)
        same_run = _line(msgspec.structs.replace(run, clock=clock)) == _line(self.run)
        return same_run and found == [_line(record) for record in records]

    def begin(self) -> None:
        """Write the run's own line where there is no log yet, so that it is known whose run directory this is."""
        if not self.path.exists():
            files.write_bytes(self.path, self.lines[0])

    def add(self, record: StepRecord | FailedStep) -> None:
        """Append a step's record; the file is whole after every line."""
        self.lines.append(_line(record))
        files.write_bytes(self.path, b"".join(self.lines))


def _line(record: RunRecord | StepRecord | FailedStep) -> bytes:
    return msgspec.json.encode(record, order="sorted") + b"\n"


def version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _cpu_features() -> str:
    """Digest the CPU's instruction sets: OpenCV picks its code by them, and single pixels differ."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return files.digest(
        next((line for line in lines if line.startswith(("flags", "Features"))), "")
    )[:16]
