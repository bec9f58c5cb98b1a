"""Facts: what is known of a value before the run."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

FactsByPort: TypeAlias = Mapping[str, Any]
"""Facts of a step's inputs by port: `Facts`, or a tuple of them where a port takes many."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a value before the run; None for what isn't.

    A plugin's own kind of values may have facts of its own: a frozen dataclass that is built on
    this one, each of its fields with a default.

    Attributes:
        classes: the names of a data set's categories in order, or of the classes that a checkpoint
            answers with.
        smallest: (least width, least height) over the images, in pixels.
        largest: (greatest width, greatest height) over the images, in pixels.
        fields: keys that the images may have; none has another.
        annotation_fields: keys that the annotations may have; none has another.
        keypoints: names of keypoints that the categories may have; none has another.
        labels: the labels of checkpoints or predictions in order, one for each.
        images: how many images a data set has.
        file: of a checkpoint that is there before the run.
        bytes: about how many bytes the file of a checkpoint has, or will have.
    """

    classes: tuple[str, ...] | None = None
    smallest: tuple[int, int] | None = None
    largest: tuple[int, int] | None = None
    fields: tuple[str, ...] | None = None
    keypoints: tuple[str, ...] | None = None
    labels: tuple[str, ...] | None = None
    annotation_fields: tuple[str, ...] | None = None
    images: int | None = None
    file: Path | None = None
    bytes: int | None = None

    def of_fewer_images(self) -> "Facts":
        """Return what is still known where some of the images, unknown which, have gone."""
        of_one_size = self.smallest == self.largest
        return replace(self, images=None) if of_one_size else self.of_other_images()

    def of_other_images(self) -> "Facts":
        """Return what is still known where images of other sizes stand for them."""
        return replace(self, smallest=None, largest=None, images=None)

    def pixels(self) -> int | None:
        """Return about how many pixels all images have; None where that isn't known."""
        if self.images is None or not self.smallest or not self.largest:
            return None
        areas = [side[0] * side[1] for side in (self.smallest, self.largest)]
        return self.images * math.isqrt(max(0, areas[0] * areas[1]))
