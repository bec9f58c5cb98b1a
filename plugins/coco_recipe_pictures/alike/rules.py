"""The rule of lint about pictures that show the same in two parts."""

import importlib.util
import itertools
from collections.abc import Iterator

from coco_recipe import Dataset, Experiment, Finding, Kind, Rule
from coco_recipe_pictures.alike import pairs
from coco_recipe_pictures.alike.check_leakage import row_of
from coco_recipe_pictures.alike.leak_params import DISTANCE

NEAR = Kind(
    "near_duplicates_across_parts",
    "warning",
    "pictures of one part are in another, the same file or one that shows the same",
    "a step check_leakage (docs/leakage.md) fails the run for it, and lists all pairs; split: "
    "group_by keeps them together",
)


def near_duplicates(experiment: Experiment) -> Iterator[Finding]:
    """Find pictures that are learnt from and measured on, though they are two files.

    Equal files, and pictures that show the same: encoded anew, scaled, brighter, cut at the edges,
    flipped or turned. All pictures of the parts are opened, at about 1 ms each; ``lint --quick``
    leaves this out. How pictures are compared, and how to allow a pair, says ``docs/leakage.md``.

    Triggers: a picture in ``train.json``, and the same one mirrored in ``val.json``.

    Doesn't: the pair in one part; two caps on one belt.
    """
    if any(importlib.util.find_spec(name) is None for name in ("cv2", "numpy")):
        return
    opposed = experiment.opposed()
    parts: dict[str, Dataset] = {}
    names: dict[str, list[str]] = {}
    for part in (part for pair in opposed for part in pair):
        behind = [rows for rows in experiment.rows_behind(part.ref) or () if rows.folders]
        several = [f"{part.name} ({n})" for n in range(1, len(behind) + 1)]
        names[part.name] = several if len(behind) > 1 else [part.name][: len(behind)]
        parts |= zip(names[part.name], behind, strict=True)
    against = frozenset(
        pair
        for one, other in opposed
        for pair in itertools.product(names[one.name], names[other.name])
    )
    wanted = pairs.Wanted(DISTANCE, families=False, against=against)
    found = [
        pair for pair in pairs.found(parts, wanted, experiment.map) if pair.reason != "nearest"
    ]
    if found:
        places = dict.fromkeys(name for pair in found for name in (pair.one.part, pair.other.part))
        yield Finding.of(NEAR, ", ".join(places), map(row_of, found))


RULES = (Rule(NEAR, near_duplicates, "pictures"),)
