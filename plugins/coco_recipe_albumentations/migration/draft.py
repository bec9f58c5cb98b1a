"""A transform of an older version while it is rewritten."""

from dataclasses import dataclass, field
from typing import Any

from coco_recipe_albumentations.pipeline.history import UNKNOWN, Version


@dataclass(slots=True)
class Draft:
    """A transform while it is rewritten.

    Attributes:
        name: as it is called now.
        arguments: as they are now.
        changes: what is written in another way.
        lost: what has no equal.
        row: its final form, where a rule makes it whole.
        version: of the library that wrote it.
        first: as it was called in the file.
    """

    name: str
    arguments: dict[str, Any]
    changes: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    row: dict[str, Any] | None = None
    version: Version = UNKNOWN
    first: str = ""

    def __post_init__(self) -> None:
        """Remember the name."""
        self.first = self.name

    def rename(self, old: str, new: str) -> None:
        """Give an argument its new name; one that has the new name already wins."""
        value = self.arguments.pop(old)
        if new not in self.arguments:
            self.arguments[new] = value
            self.changes.append(f"{old} -> {new}")

    def put(self, name: str, value: Any, why: str) -> None:
        """Write an argument that wasn't there, or not with this value.

        Args:
            name: the argument's.
            value: what it gets.
            why: told with the change.
        """
        self.arguments[name] = value
        self.changes.append(f"{name}: {value}, {why}")

    def drop(self, name: str, why: str) -> None:
        """Remove an argument that changes nothing."""
        del self.arguments[name]
        self.changes.append(f"{name} removed ({why})")

    def turn(self, old: str, new: str, value: Any, note: str = "") -> None:
        """Replace an argument by one with another value.

        Args:
            old: the argument that was written.
            new: the one that stands for it.
            value: what that one gets.
            note: told with the change.
        """
        del self.arguments[old]
        self.arguments[new] = value
        self.changes.append(f"{old} -> {new}: {value}{note}")

    def lose(self, name: str, why: str) -> None:
        """Remove an argument that has no equal, and say so."""
        self.lost.append(f"{name}: {self.arguments.pop(name)} {why}")

    def join(self, new: str, low: str, high: str, low_default: Any, high_default: Any) -> None:
        """Make one range of two bounds; a bound without a default takes the value of the other.

        Args:
            new: the range's name.
            low: the name of the lower bound.
            high: the name of the upper bound.
            low_default: what the lower bound was where it wasn't written.
            high_default: what the upper bound was.
        """
        top = self.arguments.pop(high, high_default)
        bottom = self.arguments.pop(low, low_default)
        if bottom is None or bottom is ...:
            bottom = top
        if top is None or top is ...:
            if bottom is not None and bottom is not ...:
                self.lost.append(
                    f"{low}: {bottom} stands without {high}, and there is only {new} now"
                )
            return
        if isinstance(bottom, float) != isinstance(top, float) and new.startswith("hole"):
            self.lost.append(f"{low}: {bottom}, {high}: {top} mix pixels and shares of the image")
            return
        self.arguments[new] = [bottom, top]
        self.changes.append(f"{low}, {high} -> {new}: {[bottom, top]}")


def pair(value: Any, *, around: float = 0.0) -> list[float]:
    """Return a range: one number x means -x to x, both moved by ``around``."""
    low, high = (-value, value) if isinstance(value, (int, float)) else value
    return [round(low + around, 9), round(high + around, 9)] if around else [low, high]
