"""Check an input's rows while they are read: a copy of the process does half of it.

The copy reads the annotations' text part by part, keeps none of the rows, and surveys them. This
process reads all of them meanwhile, and does the other checks (see `mask_parts` for why the copy
isn't given the rows).
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import msgspec
from msgspec import Raw

from coco_recipe import coco_json
from coco_recipe.checks import repeated_keys, row_checks
from coco_recipe.checks.passing_rows import NotKeptError, PassingRows
from coco_recipe.checks.rows import Rows
from coco_recipe.dataset import Dataset
from coco_recipe.engines.beside import Beside, copies
from coco_recipe.errors import DatasetError
from coco_recipe.findings import Finding

MANY_BYTES = 16 * 2**20  # of text; a copy of this process takes as long as checking some thousand
PART_BYTES = 2**20  # of text: rows of so much are in memory at once; 4 MiB take a tenth longer


class RowParts:
    """The checks of a file's rows, which begin at once if it is large.

    Args:
        text: the file's bytes.
        top: its top-level keys, as `coco_json.decode_top` returns them.
        name: the file.
        place: the input, for the findings.
    """

    def __init__(self, text: bytes, top: Mapping[str, Raw], name: str, place: str) -> None:
        self._text, self._top, self._name, self._place = text, top, name, place
        self._begun: Beside[list[Finding] | None] | None = None
        if len(memoryview(top["annotations"])) > MANY_BYTES and copies() > 1:
            self._begun = Beside(self._look)

    @property
    def are_at_work(self) -> bool:
        """Whether a copy of this process is still at work on them."""
        return self._begun is not None and self._begun.is_at_work

    def findings(self, dataset: Dataset) -> Iterator[Finding]:
        """Yield what is wrong with the rows, in the order of the checks' kinds.

        Args:
            dataset: what was read of the file. All of it is looked at here where the copy couldn't
                read its parts, and where only the slow reading understands them.
        """
        for one in repeated_keys.findings(self._text, self._top, dataset, self._place):
            yield replace(one, file=self._name)
        rows, surveyed = Rows(dataset), row_checks.BY_SURVEY
        found = list(row_checks.findings_of(rows, self._place, row_checks.KINDS.keys() - surveyed))
        seen = self._begun.result() if self._begun else None
        if seen is None or dataset.loose or dataset.left_out:
            seen = list(row_checks.findings_of(rows, self._place, surveyed))
        order = {name: n for n, name in enumerate(row_checks.KINDS)}
        yield from sorted([*found, *seen], key=lambda finding: order[finding.kind.name])

    def _look(self) -> list[Finding] | None:
        """Survey the annotations part by part; None where they can't be read so."""
        parts = (
            coco_json.annotations_of(b"".join((b"[", part, b"]")), self._name)
            for part in coco_json.divided(self._top["annotations"], PART_BYTES)
        )
        try:
            others = coco_json.of_top({**self._top, "annotations": Raw(b"[]")}, name=self._name)
            rows = PassingRows(others, parts)
            return list(row_checks.findings_of(rows, self._place, row_checks.BY_SURVEY))
        except (DatasetError, msgspec.DecodeError, NotKeptError):  # or a border that was none
            return None
