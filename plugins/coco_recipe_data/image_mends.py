"""Mends of images: their names, sizes, texts and licenses, and what has no picture."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET, Raw
from msgspec.structs import replace

from coco_recipe import (
    TEXTS,
    Annotation,
    Dataset,
    Image,
    StepContext,
    about,
    is_license,
    mended_name,
    plain_name,
    read_header,
    unsafe_name,
    with_extras,
)
from coco_recipe_data.mend_ledger import Ledger


def renamed(dataset: Dataset, mends: Mapping[str, Any], ledger: Ledger) -> tuple[Image, ...]:
    folder = dataset.folders.get(dataset.home)
    there = _files(folder) if "match_case" in mends and folder else {}
    images = []
    owner = dict[str, Image]()
    for image in dataset.images:
        name = mended_name(image.file_name, mends, there)
        if reason := unsafe_name(name):
            raise ValueError(
                f"image {image.id} ({image.file_name!r}): its mended name {name!r} {reason}"
            )
        if name in owner:
            raise ValueError(
                f"image {image.id} ({image.file_name!r}) and image {owner[name].id} "
                f"({owner[name].file_name!r}) would both be {name!r}; use another mend of "
                "file_names"
            )
        owner[name] = image
        if name != image.file_name:
            ledger.note(image, "file_name", image.file_name, name)
        images.append(image if name == image.file_name else replace(image, file_name=name))
    return tuple(images)


def with_pictures(ctx: StepContext, dataset: Dataset) -> Iterator[Image]:
    for image in dataset.images:
        if dataset.path_of(image).is_file():
            yield image
        else:
            ctx.drop(image, "its picture is missing")


def first_of_equals(ctx: StepContext, dataset: Dataset) -> Iterator[Image]:
    """Yield the images but those whose picture is, byte for byte, that of an image before them."""
    sizes = [_bytes_of(dataset.path_of(image)) for image in dataset.images]
    often = Counter(sizes)
    seen = set[str]()
    for image, size in zip(dataset.images, sizes, strict=True):
        digest = ctx.sha256(dataset.path_of(image)) if size and often[size] > 1 else ""
        if digest in seen:
            ctx.drop(image, "its picture is equal to one before it")
            continue
        seen.update([digest] if digest else [])
        yield image


def _bytes_of(path: Path) -> int:
    """Return a file's size; 0 where there is none."""
    return path.stat().st_size if path.is_file() else 0


def rows_of(
    ctx: StepContext, rows: Sequence[Annotation], images: Sequence[Image], why: str
) -> list[Annotation]:
    """Return the rows of images that are left; the others are dropped for ``why``."""
    known = {image.id for image in images}
    for row in rows:
        if row.image_id not in known:
            ctx.drop(row, why)
    return [row for row in rows if row.image_id in known]


def _files(folder: Path) -> dict[str, str]:
    return {
        plain_name(name): name
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        for name in [path.relative_to(folder).as_posix()]
    }


def measured(dataset: Dataset, ledger: Ledger) -> tuple[Image, ...]:
    images = []
    problems = []
    for place, image in enumerate(dataset.images):
        try:
            width, height = read_header(dataset.path_of(image)).shown
        except (ValueError, OSError) as error:
            problems.append(
                f"image {image.id} ({image.file_name!r}): "
                f"{getattr(error, 'strerror', None) or error}"
            )
            continue
        if (image.width, image.height) != (width, height):
            sides = (("width", image.width), ("height", image.height))
            old = [
                None if (side := ledger.was("images", place, *each)) is UNSET else side
                for each in sides
            ]
            ledger.note(image, "size", old, [width, height])
            image = replace(image, width=width, height=height)
        images.append(image)
    if problems:
        told = about(len(problems), "pictures can't be measured")
        more = f"; and {len(problems) - 5} more" if len(problems) > 5 else ""
        raise ValueError(
            f"{told}: {'; '.join(problems[:5])}{more}; get them again, or drop their rows "
            "(those without a file: repair: missing_pictures: drop)"
        )
    return tuple(images)


def with_texts(image: Image, ledger: Ledger) -> Image:
    old = {
        key: msgspec.json.decode(value)
        for key in TEXTS
        if isinstance(value := getattr(image, key, UNSET), Raw)
    }
    new = {
        key: str(value)
        for key, value in old.items()
        if value is not None and not isinstance(value, str)
    }
    for key, text in new.items():
        ledger.note(image, key, old[key], text)
    changed: Image = with_extras(image, new) if new else image
    return changed


def without_license(image: Image, listed: Collection[int | str], ledger: Ledger) -> Image:
    """Leave out a license that is no whole number or not in ``listed``, the ids of ``licenses``."""
    old = None if image.license is UNSET else msgspec.json.decode(image.license)
    if old is None or (is_license(old) and old in listed):
        return image
    ledger.note(image, "license", old, None)
    return replace(image, license=UNSET)
