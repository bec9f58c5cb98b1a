"""record: provenance.jsonl, one line for the run and one for each step; and the keys by which results are reused."""

import platform
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec

from coco_recipe import coco_json, files
from coco_recipe.checkpoint import Checkpoint
from coco_recipe.dataset import Dataset
from coco_recipe.errors import DatasetError, Problem, RecipeError, counted
from coco_recipe.plan import PlannedStep
from coco_recipe.recipe import Input
from coco_recipe.source import Source

_DISTRIBUTIONS = {"cv2": "opencv-python-headless", "mmdet": "onedl-mmdetection", "mmcv": "onedl-mmcv",
                  "mmengine": "onedl-mmengine"}


def environment(step: PlannedStep) -> dict[str, str]:
    """Return the versions that a step's bytes may depend on."""
    versions = {"coco-recipe": version("coco-recipe")}
    needs = step.offer.step.needs_for(step.params)
    for name in needs:
        versions[name] = version(_DISTRIBUTIONS.get(name, name))
    if step.offer.step.reads_pixels and needs:
        versions |= {"python": platform.python_version(), "machine": platform.machine(), "cpu": _cpu_features()}
    return versions


def key_parts(step: PlannedStep, inputs: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Return all that a step's result depends on, readable; its digest is the step's key."""
    return {"use": step.offer.step.name, "parameters": step.params, "seed": seed, "inputs": inputs,
            "files": {f"{n}:{path.name}": files.sha256(path) for n, path in enumerate(step.files)},
            "plugin": {"name": Path(step.offer.plugin).name, "version": step.offer.version,
                       "source": step.offer.source_sha256},
            "environment": environment(step)}


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


def read_input(item: Input, source: Source) -> tuple[Any, dict[str, Any]]:
    """Read an input; return its value and the SHA-256 of its file, by kind.

    The bytes that are hashed are those that are decoded.

    Raises:
        RecipeError: the file isn't the one whose hash the recipe has.
        DatasetError: the annotation file is wrong.
    """
    path = source.path.parent / (item.checkpoint or item.annotations)
    if item.checkpoint:
        digest = _expected(item, source, path, files.sha256(path))
        return Checkpoint(path, item.classes, "", item.name), {"checkpoint": digest}
    text = coco_json.read_bytes(path)
    digest = _expected(item, source, path, files.sha256_of(text))
    dataset = coco_json.parse(text, name=str(path), home=item.name,
                              images=source.path.parent / item.images if item.images else None)
    coco_json.check(dataset, str(path))
    return dataset, {"annotations": digest}


def _expected(item: Input, source: Source, path: Path, digest: str) -> str:
    if not digest.startswith(item.sha256):
        raise RecipeError([Problem(source.where(("inputs", item.name, "sha256")),
                                   f"the SHA-256 of {path} is {digest[:len(item.sha256)]}, not {item.sha256}",
                                   "the file was changed or damaged, or is another one: get the right one")])
    return digest


def pixel_digest(dataset: Dataset, known_hashes: dict[str, str]) -> str:
    """Hash every image of an input; return one digest of all, and put each image's hash into ``known_hashes``.

    Raises:
        DatasetError: an image that the file lists is missing.
    """
    hashes, missing = {}, []
    for image in dataset.images:
        path = dataset.path_of(image)
        try:
            hashes[image.file_name] = known_hashes[str(path)] = files.sha256(path)
        except OSError:
            missing.append(image.file_name)
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise DatasetError(f"{len(missing)} of {counted(len(dataset.images), 'image')} {verb} not in "
                           f"{dataset.folders[dataset.home]}: {', '.join(missing[:5])}{', ...' if len(missing) > 5 else ''}")
    return files.digest(hashes)


class Log:
    """Writes provenance.jsonl, line by line, in the order of the recipe; ``run`` is its first line."""

    def __init__(self, path: Path, run: Mapping[str, Any]) -> None:
        self.path, self.lines = path, [run]

    def says(self, records: Sequence[Mapping[str, Any]]) -> bool:
        """Say whether the file has just these records already, of the same run but for the time when it started."""
        try:
            first, *rest = [msgspec.json.decode(line) for line in self.path.read_bytes().splitlines()]
        except (OSError, ValueError):  # gone, empty or no JSON
            return False
        run, *wanted = msgspec.json.decode(msgspec.json.encode([*self.lines, *records]))
        for line in (first, run):
            line.get("clock", {}).pop("started", None)
        return bool(rest == wanted and first == run)

    def add(self, record: Mapping[str, Any]) -> None:
        """Append a step's record; the file is whole after every line."""
        self.lines.append(record)
        files.write_bytes(self.path, b"".join(msgspec.json.encode(line, order="deterministic") + b"\n"
                                              for line in self.lines))


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
    return files.digest(next((line for line in lines if line.startswith(("flags", "Features"))), ""))[:16]
