"""Check an input's rows while they are read: a copy of the process does half of it.

The copy reads the annotations' text part by part, keeps none of the rows, and surveys them. This
process reads all of them meanwhile, and does the other checks (see `mask_parts` for why the copy
isn't given the rows).
"""

from collections.abc import Collection, Iterator, Mapping
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
_Seen = tuple[list[Finding], Collection[str]]  # what was found, and kinds that are left
_NOTHING: _Seen = ([], row_checks.IN_PASSING)
PART_BYTES = 4 * 2**20  # of text: a copy has rows of so much in memory, and no more


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
        self._begun: Beside[_Seen] | None = None
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
        rows, passing = Rows(dataset), row_checks.IN_PASSING
        found = list(row_checks.findings_of(rows, self._place, row_checks.KINDS.keys() - passing))
        seen, left = self._begun.result() if self._begun else _NOTHING
        if dataset.loose or dataset.left_out:
            seen, left = _NOTHING
        found += [*seen, *row_checks.findings_of(rows, self._place, left)]
        order = {name: n for n, name in enumerate(row_checks.KINDS)}
        yield from sorted(found, key=lambda finding: order[finding.kind.name])

    def _look(self) -> _Seen:
        """Check the annotations part by part."""
        parts = (
            coco_json.annotations_of(b"".join((b"[", part, b"]")), self._name)
            for part in coco_json.divided(self._top["annotations"], PART_BYTES)
        )
        seen, left = list[Finding](), set[str]()
        try:
            others = coco_json.of_top({**self._top, "annotations": Raw(b"[]")}, name=self._name)
            rows = PassingRows(others, parts)
            for kind in row_checks.IN_PASSING:
                try:
                    seen += row_checks.findings_of(rows, self._place, {kind})
                except NotKeptError:
                    left.add(kind)
        except (DatasetError, msgspec.DecodeError):  # or a border that was none
            return _NOTHING
        return seen, left
