"""What stands around a step's folder, looked at before and after the code of a plugin runs.

Seen is what any process did there in the meantime, in any language. What is written elsewhere on
the machine isn't.
"""

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from coco_recipe import files
from coco_recipe.findings import Finding, Row
from coco_recipe.kinds import OUTSIDE
from coco_recipe.known_files import Stamp, stamp_of
from coco_recipe.manifest import LOG

RECORDS = (LOG, "recipe.yaml", "recipe.resolved.yaml")
Look = dict[str, Stamp]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Places that a step must leave alone.

    Attributes:
        run_dir: the run directory.
        relied_on: files and folders of inputs and of published results; what stands there must not
            change.
        beside: folders whose own files are looked at, but not those below: the recipe's, and the
            current one.
    """

    run_dir: Path
    relied_on: Collection[Path] = ()
    beside: Collection[Path] = ()

    def look(self, own: Collection[Path]) -> Look:
        """Return what the system says of each file there, but for the step's own folders."""
        above = tuple(os.path.join(path.absolute(), "") for path in own)
        return {name: stamp for name in self._names(above) if (stamp := _stamp(name))}

    def _names(self, own: tuple[str, ...]) -> Iterator[str]:
        for place in (self.run_dir, *self.relied_on):
            if place.is_dir():
                top = str(place)
                names = (os.path.join(top, name) for name in files.names_below(place))
                yield from (name for name in names if not name.startswith(own))
            else:
                yield str(place)
        for place in self.beside:
            yield from (entry.path for entry in os.scandir(place) if entry.is_file())

    def broken(self, before: Look, after: Look) -> list[str]:
        """Return the files that the run relies on and that were changed, removed or added."""
        steps = os.path.join(self.run_dir, "steps", "")
        records = {os.path.join(self.run_dir, name) for name in RECORDS}
        tops = tuple(str(place) for place in self.relied_on)
        return [
            name
            for name in _differing(before, after)
            if name.startswith(steps)
            or name in records
            or (name in before and any(_is_in(name, top) for top in tops))
        ]

    def finding(self, step_id: str, before: Look, after: Look) -> list[Finding]:
        """Return a finding of the other files that appeared or changed; none where none did."""
        rest = sorted({*_differing(before, after)} - {*self.broken(before, after)})
        return [Finding.of(OUTSIDE, step_id, [Row(name) for name in rest])] if rest else []


def _is_in(name: str, top: str) -> bool:
    return name == top or name.startswith(os.path.join(top, ""))


def _differing(before: Look, after: Look) -> list[str]:
    names = before.keys() | after.keys()
    return sorted(name for name in names if before.get(name) != after.get(name))


def _stamp(name: str) -> Stamp | None:
    try:
        return stamp_of(name)
    except OSError:  # it went while we looked, or is a link to nothing
        return None
