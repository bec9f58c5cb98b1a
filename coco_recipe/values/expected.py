"""What a step is expected to give: numbers that are known before the run, or bounds of them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

ExpectedByPort: TypeAlias = Mapping[str, Any]
"""What comes to a step by port: `Expected`, or a tuple of them where a port takes many."""


@dataclass(frozen=True, slots=True)
class Span:
    """A number that is known, or that lies between two bounds.

    Attributes:
        least: the smallest that it can be.
        most: the largest that it can be; None where nobody knows.
    """

    least: int = 0
    most: int | None = None

    @classmethod
    def exact(cls, number: int) -> "Span":
        """Return a number that is known.

        Args:
            number: of rows.

        Returns:
            The span whose least and most are this number.
        """
        return cls(number, number)

    @property
    def is_exact(self) -> bool:
        """Whether the number is known."""
        return self.least == self.most

    def __contains__(self, number: int) -> bool:
        return self.least <= number and (self.most is None or number <= self.most)

    def __add__(self, other: "Span") -> "Span":
        known = self.most is not None and other.most is not None
        return Span(
            self.least + other.least,
            (self.most or 0) + (other.most or 0) if known else None,
        )

    def times(self, number: int) -> "Span":
        """Return so many times this number.

        Args:
            number: the factor.

        Returns:
            The span with both ends multiplied; an open end stays open.
        """
        return Span(self.least * number, None if self.most is None else self.most * number)

    def or_fewer(self) -> "Span":
        """Return the same where some, unknown how many, may be gone."""
        return Span(0, self.most)

    def or_more(self) -> "Span":
        """Return the same where some, unknown how many, may be added."""
        return Span(self.least, None)


@dataclass(frozen=True, slots=True)
class Expected:
    """What one value is expected to have; by default nothing is known of it.

    Attributes:
        images: number of images.
        boxes: number of annotations.
        negatives: number of images without an annotation.
        classes: number of annotations by category name, in the order of the categories; None where
            the names aren't known.
        others: numbers of other things by what they are, as the ``checkpoints`` of a training.
    """

    images: Span = Span()
    boxes: Span = Span()
    negatives: Span = Span()
    classes: Mapping[str, Span] | None = None
    others: Mapping[str, Span] = field(default_factory=dict)

    def of_each(self, change: Callable[[Span], Span]) -> "Expected":
        """Return the same with every number changed.

        Args:
            change: makes the new number of an old one.

        Returns:
            The changed numbers; classes that aren't known stay unknown.
        """
        return Expected(
            change(self.images),
            change(self.boxes),
            change(self.negatives),
            None if self.classes is None else {k: change(n) for k, n in self.classes.items()},
            {name: change(n) for name, n in self.others.items()},
        )

    def times(self, number: int) -> "Expected":
        """Return what so many copies of each image have.

        Args:
            number: of the copies.

        Returns:
            Every number, times ``number``.
        """
        return self.of_each(lambda span: span.times(number))

    def of_fewer_boxes(self) -> "Expected":
        """Return what is left where some boxes, unknown which, are gone; images stay."""
        return replace(
            self,
            boxes=self.boxes.or_fewer(),
            negatives=Span(self.negatives.least, self.images.most),
            classes=None
            if self.classes is None
            else {name: n.or_fewer() for name, n in self.classes.items()},
        )

    def of_fewer_images(self) -> "Expected":
        """Return what is left where some images, unknown which, are gone with their boxes."""
        return self.of_each(Span.or_fewer)


def joined(parts: Iterable[Expected]) -> Expected:
    """Add up what data sets have together; classes of one name are one.

    Args:
        parts: what is expected of each.

    Returns:
        The sums; classes are None where one part's aren't known.
    """
    none = Span.exact(0)
    total = Expected(none, none, none, {})
    for part in parts:
        names = None
        if total.classes is not None and part.classes is not None:
            names = {
                name: total.classes.get(name, none) + part.classes.get(name, none)
                for name in [*total.classes, *part.classes]
            }
        total = Expected(
            total.images + part.images,
            total.boxes + part.boxes,
            total.negatives + part.negatives,
            names,
            {
                name: total.others.get(name, none) + part.others.get(name, none)
                for name in [*total.others, *part.others]
            },
        )
    return total


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a step says of its work before the run.

    Attributes:
        out: what each output will have, by port; of one that is left out, nothing is known.
        uses: how much of what comes in the step will work on, by what it is, as ``images``.
        files: how many files it will write or publish, beside the record that every step has.
    """

    out: Mapping[str, Expected] = field(default_factory=dict)
    uses: Mapping[str, Span] = field(default_factory=dict)
    files: Span = Span()
