"""Make one copy of one picture, in a worker: decode, carry, judge, encode, write."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from coco_recipe import gone_if_failed, is_refusal, told, writing
from coco_recipe_pictures import pictures
from coco_recipe_pictures.geometry.judging import Left, judged

if TYPE_CHECKING:
    from coco_recipe_pictures.backend import Builder, Carrier
    from coco_recipe_pictures.geometry.instance import Instance, Moved


@dataclass(frozen=True, slots=True)
class Settings:
    """What is the same for every copy of a step.

    Attributes:
        pipeline: what builds the transforms.
        limits: ``min_visibility``, ``min_area_px``, ``min_side_px`` of what is left of an
            annotation.
        accept: rules for a whole copy.
        max_tries: tries before a copy is given up.
        unchanged: ``keep``, ``skip`` or ``retry`` a copy in which no transform fired.
        suffix: ``.jpg`` or ``.png``.
        quality: JPEG quality.
        exif: EXIF policy of `pictures.decode`.
        max_pixels: largest source, in pixels.
        quarantine: a bad picture is listed and left out; else it is an error.
    """

    pipeline: "Builder"
    limits: Mapping[str, float]
    accept: Mapping[str, Any]
    max_tries: int
    unchanged: str
    suffix: str
    quality: int
    exif: str
    max_pixels: int
    quarantine: bool

    def decisive(self) -> dict[str, Any]:
        """Return all that a good copy depends on, except the pipeline.

        The pipeline has a canonical form of its own.
        """
        return {
            each.name: getattr(self, each.name)
            for each in fields(self)
            if each.name not in ("pipeline", "quarantine")
        }


@dataclass(frozen=True, slots=True)
class Job:
    """One copy to make.

    Attributes:
        source: the picture's file, with the hash that it must have.
        sha256: SHA-256 of that file.
        target: the file to write.
        size: (width, height) that the data set says.
        instances: geometry of its annotations, in their order.
        seed: the text that, with the number of a try, the try's seed is made of.
        parts: geometry of the parts of annotations, in their order (see `parts`).
        is_turned: some boxes are turned about their middle.
    """

    source: Path
    sha256: str
    target: Path
    size: tuple[int, int]
    instances: "tuple[Instance, ...]"
    seed: str
    parts: "tuple[Instance, ...]" = ()
    is_turned: bool = False

    def __str__(self) -> str:
        return str(self.source)


class Made(msgspec.Struct, frozen=True):
    """What became of a job; ``skipped`` or ``bad`` says why there is no file.

    ``key`` is the seed of the try that was taken, as text: it has 64 bits, which not every JSON
    reader keeps. ``mirrored`` says that left and right have traded places; ``left`` is of the
    annotations, ``parts`` of their parts, in order; ``matrix`` is the pipeline's, where turned
    boxes ask for it.
    """

    width: int = 0
    height: int = 0
    sha256: str = ""
    key: str = ""
    number_of_try: int = 0
    applied: tuple[tuple[str, dict[str, Any]], ...] = ()
    left: tuple[Left, ...] = ()
    skipped: str = ""
    bad: str = ""
    mirrored: bool = False
    parts: tuple[Left, ...] = ()
    matrix: tuple[float, ...] | None = None


def make(settings: Settings, job: Job) -> Made:
    """Make one copy and write its file.

    Raises:
        ValueError: the picture is bad and not to be quarantined, has changed since it was hashed,
            or the pipeline fails on it; names the file.
    """
    try:
        picture = decode(settings, job)
    except (ValueError, OSError) as error:
        if is_refusal(error):  # the machine is at fault, not the picture
            raise
        if settings.quarantine:
            return Made(bad=str(error))
        way_on = "" if ";" in str(error) else "; get it again, or bad_images: quarantine"
        raise ValueError(f"{job.source}: {error}{way_on}") from error
    made, content = attempt(settings, job, picture)
    if content:
        partial = job.target.with_name(f".{job.target.name}.partial")
        with writing(job.target, len(content)), gone_if_failed(partial):
            partial.write_bytes(content)
            # what stood there may be a hard link to an earlier run's file
            os.replace(partial, job.target)
    return made


def decode(settings: Settings, job: Job) -> "pictures.Picture":
    """Read the job's picture and check that it is the one that was hashed.

    Args:
        settings: the step's.
        job: says which picture.

    Returns:
        uint8 (H, W, 3), RGB.

    Raises:
        ValueError: the picture is bad, or has changed since it was hashed.
    """
    data = pictures.read(job.source)
    if hashlib.sha256(data).hexdigest() != job.sha256:
        raise ValueError("has changed while the run was at work; run again")
    return pictures.decode(data, size=job.size, exif=settings.exif, max_pixels=settings.max_pixels)


def attempt(settings: Settings, job: Job, picture: "pictures.Picture") -> tuple[Made, bytes]:
    """Try until a copy is accepted.

    Return what became of it, and the bytes of its file (none if given up).
    """
    *refused, (made, carried) = tries(settings, job, picture)
    if not made.skipped:
        content = pictures.encode(carried, settings.suffix, settings.quality)
        return msgspec.structs.replace(made, sha256=hashlib.sha256(content).hexdigest()), content
    if settings.unchanged == "skip" and not made.applied:
        return made, b""
    reasons = Counter([*(one.skipped for one, _ in refused), made.skipped])
    why = "; ".join(f"{n} x {reason}" for reason, n in reasons.items())
    return Made(
        number_of_try=settings.max_tries,
        skipped=f"none of {settings.max_tries} tries was accepted: {why}",
    ), b""


def tries(settings: Settings, job: Job, picture: "pictures.Picture") -> Iterator[tuple[Made, Any]]:
    """Yield the tries up to the one that is taken, or the last.

    Only the last has its picture, the others None.

    Args:
        settings: the step's.
        job: the copy to make.
        picture: its source, uint8 (H, W, 3), RGB.

    Raises:
        ValueError: as of `one_try`.
    """
    for number in range(1, settings.max_tries + 1):
        made, carried = one_try(settings, job, picture, number)
        ends = (
            not made.skipped
            or number == settings.max_tries
            or (settings.unchanged == "skip" and not made.applied)
        )
        yield made, carried if ends else None
        if ends:
            return


def one_try(
    settings: Settings, job: Job, picture: "pictures.Picture", number: int
) -> tuple[Made, "pictures.Picture"]:
    """Carry the picture and its annotations through the pipeline once.

    ``skipped`` says why the try isn't taken.

    Args:
        settings: the step's.
        job: the copy to make.
        picture: its source, uint8 (H, W, 3), RGB.
        number: of the try, from 1.

    Raises:
        ValueError: the pipeline fails; names the file and what the library said.
    """
    key = seed_of(job.seed, number)
    try:
        carrier = _carrier(settings.pipeline, job.size if settings.pipeline.needs_size else None)
        carried = carrier(picture, (*job.instances, *job.parts), key, with_matrix=job.is_turned)
    except Exception as error:
        raise ValueError(f"{job.source}: the pipeline failed: {told(error)}") from error
    count = len(job.instances)
    whose = [n if moved.of is None else moved.of for n, moved in enumerate(carried.moved)]
    left = tuple(
        judged(moved, settings.limits)
        for n, moved in zip(whose, carried.moved, strict=True)
        if n < count
    )
    parts = tuple(
        _part(moved, n - count) for n, moved in zip(whose, carried.moved, strict=True) if n >= count
    )
    height, width = carried.picture.shape[:2]
    reason = _unaccepted(left, settings.accept)
    if not carried.applied and settings.unchanged != "keep":
        reason = "no transform fired"
    made = Made(
        width,
        height,
        "",
        str(key),
        number,
        carried.applied,
        left,
        reason,
        mirrored=carried.mirrored,
        parts=parts,
        matrix=carried.matrix,
    )
    return made, carried.picture


def seed_of(text: str, number: int) -> int:
    """Return the 64-bit seed of a try.

    It depends on nothing but the recipe's seed, the step, the image, the copy and the try.
    """
    return int.from_bytes(hashlib.sha256(f"{text}/{number}".encode()).digest()[:8], "big")


@lru_cache(maxsize=64)
def _carrier(pipeline: "Builder", size: tuple[int, int] | None) -> "Carrier":
    """Build the pipeline once a process; once a picture size where it has sizes in it."""
    import cv2

    cv2.setNumThreads(0)
    return pipeline.carrier(size)


def _part(moved: "Moved", number: int) -> Left:
    """Return what is left of a part.

    No limit is for parts. One that a border shows again is of part ``number``.
    """
    left = judged(moved, {"min_visibility": 0.0, "min_area_px": 0.0, "min_side_px": 0.0})
    return left if moved.of is None else msgspec.structs.replace(left, of=number)


def _unaccepted(left: Sequence[Left], accept: Mapping[str, Any]) -> str:
    """Report which rule a copy breaks.

    The rules are about annotations, so a picture without any breaks none.
    """
    low, high = accept.get("no_visibility_between", (1, 1))
    kept = sum(not one.reason for one in left)
    if any(low < one.visibility < high for one in left):
        return f"an annotation is between {low:g} and {high:g} visible"
    if left and kept < accept.get("min_annotations", 0):
        return f"fewer than {accept['min_annotations']} annotations are left"
    if len(left) - kept > accept.get("max_lost", len(left)):
        return f"more than {accept['max_lost']} annotations are lost"
    return ""
