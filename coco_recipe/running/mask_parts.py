"""Check a file's segmentations while it is read: copies of the process take a part of it each.

A copy that is given rows of this process copies every page of memory on which one stands as soon as
either process counts a reference to it. It takes longer than to read its part of the text again.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise

import msgspec
from msgspec import Raw

from coco_recipe import coco_json
from coco_recipe.dataset import Dataset
from coco_recipe.engines.beside import Beside, copies
from coco_recipe.errors import DatasetError
from coco_recipe.findings import Check, Finding, merged

PART_BYTES = 4 * 2**20  # of text: a copy has rows of so much in memory, and no more


class MaskParts:
    """Checks of segmentations that have begun, as far as copies of this process can be made.

    Args:
        checks: the checks.
        top: the file's top-level keys, as `coco_json.decode_top` returns them.
        place: the file, for the findings.
    """

    def __init__(self, checks: Sequence[Check], top: Mapping[str, Raw], place: str) -> None:
        self._checks, self._place = checks, place
        self._begun: list[Beside[list[Finding] | None]] = []
        if checks and (most := copies()) > 1:
            parts = coco_json.divided(top["annotations"], PART_BYTES)
            ends = [len(parts) * n // most for n in range(most + 1)]
            shares = [parts[start:end] for start, end in pairwise(ends) if start < end]
            self._begun = [Beside(partial(self._of_parts, top, share)) for share in shares]

    def findings(self, dataset: Dataset) -> tuple[Finding, ...]:
        """Return what is wrong, in the order of the checks' kinds.

        Args:
            dataset: what was read of the whole file. It is looked at where there are no copies, and
                where one couldn't read its part: then only the slow reading understands it.
        """
        found = [one.result() for one in self._begun]
        whole = [] if found and None not in found else [self._of(dataset)]
        kinds = [kind.name for check in self._checks for kind in check.kinds]
        order = {name: n for n, name in enumerate(kinds)}
        return tuple(
            sorted(
                merged(one for part in whole or found for one in part or ()),
                key=lambda finding: order.get(finding.kind.name, len(order)),
            )
        )

    def _of(self, dataset: Dataset) -> list[Finding]:
        return [one for check in self._checks for one in check.run(dataset, self._place)]

    def _of_parts(
        self, top: Mapping[str, Raw], parts: Sequence[memoryview]
    ) -> list[Finding] | None:
        """Return what is wrong in parts of the annotations; None where they can't be read."""
        found: list[Finding] = []
        try:
            others = coco_json.of_top({**top, "annotations": Raw(b"[]")}, name=self._place)
            images = {image.id: image for image in others.images}
            for part in parts:
                rows = coco_json.annotations_of(b"".join((b"[", part, b"]")), self._place)
                theirs = [images[n] for n in {row.image_id: None for row in rows} if n in images]
                found += self._of(others.replace(images=tuple(theirs), annotations=rows))
        except (DatasetError, msgspec.DecodeError):  # or a border that was none
            return None
        return found
