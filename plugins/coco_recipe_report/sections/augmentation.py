"""Augmentations: sources beside their copies, how often transforms fired, what fell out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from coco_recipe_report.drawing.pictures import Camera, Picture
from coco_recipe_report.seen.collected import Collected
from coco_recipe_report.seen.copies import BINS, Copies, Fired


@dataclass(frozen=True, slots=True)
class Rate:
    """How often a transform fired, as a share of the copies.

    Attributes:
        fired: the transform.
        share: of the copies.
        low: the lower end of what p lets expect, by two standard errors.
        high: the upper end.
        is_odd: the share lies outside, and nothing but chance should decide.
    """

    fired: Fired
    share: float
    low: float
    high: float
    is_odd: bool


@dataclass(frozen=True, slots=True)
class Augmentation:
    """What one augmentation did.

    Attributes:
        copies: what it recorded.
        rates: of each transform.
        bins: visibility in bins: from, to, kept, fell out, and both as shares of the fullest bin.
        sheet: sources with their copies.
    """

    copies: Copies
    rates: Sequence[Rate]
    bins: Sequence[tuple[int, int, int, int, float, float]]
    sheet: Sequence[tuple[Picture, Sequence[Picture]]]


def gather(seen: Collected, camera: Camera) -> list[Augmentation]:
    """Return the augmentations of a run."""
    return [_augmentation(one, camera) for one in seen.copies.values()]


def _augmentation(copies: Copies, camera: Camera) -> Augmentation:
    most = max([*copies.kept, *copies.fell_out]) or 1
    return Augmentation(
        copies,
        [_rate(one, copies) for one in copies.fired],
        [
            (100 * n // BINS, 100 * (n + 1) // BINS, kept, out, kept / most, out / most)
            for n, (kept, out) in enumerate(zip(copies.kept, copies.fell_out, strict=True))
        ],
        [
            (camera.take(source), [camera.take(one) for one in made])
            for source, made in copies.sheet
        ],
    )


def _rate(one: Fired, copies: Copies) -> Rate:
    """Return a rate, with the normal approximation of what p lets expect."""
    number = max(copies.copies, 1)
    share = one.fired / number
    chance = min(one.expected, 1.0)
    error = 2 * math.sqrt(chance * (1 - chance) / number)
    low, high = max(0.0, one.expected - error), one.expected + error
    is_free = one.is_exact and not copies.tried_again and not copies.given_up
    return Rate(one, share, low, high, is_free and not low - 1e-9 <= share <= high + 1e-9)
