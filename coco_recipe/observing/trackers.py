"""Observers that are used only where a run asks for them by name, as ``--observe mlflow``."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from coco_recipe.errors import RunError, did_you_mean
from coco_recipe.events import Observer
from coco_recipe.steps import Package


@dataclass(frozen=True, slots=True)
class Tracker:
    """An observer that is asked for by name.

    Attributes:
        name: the name, in ``--observe NAME[=WHERE]``.
        make: makes the observer of a run, given what stands behind ``=``; empty where nothing does.
        needs: the packages that it imports.
    """

    name: str
    make: Callable[[str], Observer]
    needs: tuple[Package, ...] = ()


def asked_for(wanted: Sequence[str], known: Mapping[str, Tracker]) -> list[Observer]:
    """Return the observers that a run asks for.

    Args:
        wanted: ``NAME`` or ``NAME=WHERE``.
        known: the trackers by name.

    Raises:
        RunError: there is no such tracker, or a package that it needs isn't installed.
    """
    found = []
    for text in wanted:
        name, _, where = text.partition("=")
        tracker = known.get(name)
        if tracker is None:
            raise RunError(f"--observe {text}: no plugin has it; {did_you_mean(name, list(known))}")
        for package in tracker.needs:
            if find_spec(package.module) is None:
                raise RunError(
                    f"--observe {name} needs the package '{package.module}', which isn't "
                    f"installed: {package.remedy()}"
                )
        found.append(tracker.make(where))
    return found
