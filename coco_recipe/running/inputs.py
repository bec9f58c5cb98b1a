"""A recipe's inputs: read, checked against the hashes that the recipe has, and hashed."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec import Raw

from coco_recipe import coco_json, files
from coco_recipe.checks import slow_reading
from coco_recipe.checks.slow_reading import Excuse
from coco_recipe.dataset import Dataset
from coco_recipe.errors import DatasetError, Problem, RecipeError, about
from coco_recipe.known_files import KnownFiles, stamp_of
from coco_recipe.language.recipe import Input
from coco_recipe.language.source import Source
from coco_recipe.running.row_parts import RowParts
from coco_recipe.values.checkpoint import Checkpoint
from coco_recipe.values.kind import ValueKinds

NO_EXCUSE = Excuse()


@dataclass(frozen=True, slots=True)
class Reading:
    """An input as it was read.

    Attributes:
        value: the data set or checkpoint.
        digests: the SHA-256 of its file, by kind.
        files: the same by the file's path.
        checks: of the rows of an annotation file, which have begun.
    """

    value: Any
    digests: dict[str, Any]
    files: dict[str, str]
    checks: RowParts | None = None


def read_input(
    item: Input,
    source: Source,
    kinds: ValueKinds,
    excuse: Excuse = NO_EXCUSE,
    known: KnownFiles | None = None,
) -> Reading:
    """Read an input.

    The bytes that are hashed are those that are decoded.

    Args:
        item: the input.
        source: the recipe's text, for places.
        kinds: the kinds of values that there are.
        excuse: which values of a wrong type the steps that read it take in.
        known: hashes of files that need not be read again; takes in those that are read.

    Raises:
        RecipeError: the file isn't the one whose hash the recipe has.
        DatasetError: the annotation file is wrong.
    """
    path = source.origin.parent / (item.checkpoint or item.annotations)
    known = known or KnownFiles()
    if item.other_kind:
        return _read_other(item, source, kinds, known)
    if item.checkpoint:
        digest = _expected(item, source, path, known.sha256(path))
        value = Checkpoint(path, item.classes, "", item.name)
        return Reading(value, {"checkpoint": digest}, {str(path): digest})
    stamp = stamp_of(path) if path.is_file() else None
    text = coco_json.read_bytes(path)
    images = source.origin.parent / item.images if item.images else None
    digest = ""
    try:
        top = coco_json.decode_top(text, str(path))
        # a copy of this process is made before there is a thread
        checks = RowParts(text, top, str(path), item.name)
        with ThreadPoolExecutor(1) as thread:
            hashing = thread.submit(files.sha256_of, text)
            dataset = read_rows(top, str(path), item.name, images, excuse)
            digest = hashing.result()
    finally:  # that it is another file matters more than what is wrong in it
        digest = _expected(item, source, path, digest or files.sha256_of(text))
        if stamp:
            known.put(path, stamp, digest)
    return Reading(dataset, {"annotations": digest}, {str(path): digest}, checks)


def _read_other(item: Input, source: Source, kinds: ValueKinds, known: KnownFiles) -> Reading:
    """Read an input of a kind that is named by ``kind``."""
    path = source.origin.parent / item.file
    of = source.origin.parent / item.of if item.of else None
    digests = {"file": _expected(item, source, path, known.sha256(path))}
    read = {str(path): digests["file"]}
    if of:
        digests["of"] = read[str(of)] = known.sha256(of)
    load = kinds.named(item.other_kind).load
    assert load is not None, f"BUG: {item.other_kind} can't be an input"
    return Reading(load(path, of, item.name), digests, read)


def read_rows(
    top: Mapping[str, Raw], name: str, home: str, images: Path | None, excuse: Excuse = NO_EXCUSE
) -> Dataset:
    """Make a data set of an annotation file's top-level keys.

    Where the fast reading refuses, by the slow one.

    Raises:
        FindingsError: rows have values of a wrong type that aren't excused; lists all of them.
        DatasetError: the file is wrong in another way.
    """
    try:
        return coco_json.of_top(top, name=name, home=home, images=images)
    except coco_json.MalformedError:
        raise
    except DatasetError:
        read = slow_reading.read(top, name, home, images, excuse)
        if read is None:
            raise
        return read


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
    dataset: Dataset,
    known_hashes: dict[str, str],
    *,
    names_are_mended: bool = False,
    known: KnownFiles | None = None,
) -> str:
    """Hash every image of an input; return one digest of all.

    Args:
        dataset: the input's rows.
        known_hashes: each picture's SHA-256 is put into it, by path.
        names_are_mended: a step mends file names before a picture is opened, so that every file in
            the folder counts.
        known: hashes of files that need not be read again.

    Returns:
        One digest of all.

    Raises:
        DatasetError: images can't be read; names the first five.
    """
    known = known or KnownFiles()
    if names_are_mended:
        folder = dataset.folders[dataset.home]
        for path in files.files_below(folder):
            known_hashes[str(path)] = known.sha256(path)
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
            hashes[image.file_name] = known_hashes[str(path)] = known.sha256(path)
        except OSError as error:
            faults.append(f"image {image.id} ({image.file_name!r}): {error.strerror}")
    if faults:
        told = about(len(faults), "pictures can't be read")
        raise DatasetError(f"{dataset.home}: {told}: {'; '.join(faults[:5])}")
    return files.digest(hashes)
