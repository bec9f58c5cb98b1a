"""The ledger of ``repair``: each value that was mended, old and new."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import UNSET

from coco_recipe import Annotation, Image, Loose, StepContext

LEDGER = "repaired.jsonl"


@dataclass(slots=True)
class Ledger:
    """What was mended: a line for each value, in the order of the rows.

    ``set_aside`` has the values of a wrong type whose rows lack the key now, by table, place and
    key.
    """

    set_aside: Mapping[tuple[str, int, str], Loose] = field(default_factory=dict)
    lines: list[dict[str, Any]] = field(default_factory=list)

    def note(self, row: Image | Annotation, key: str, old: Any, new: Any) -> None:
        name = (
            f"image {row.id} ({row.file_name!r})"
            if isinstance(row, Image)
            else f"annotation {row.id}"
        )
        self.add(name, key, old, new)

    def add(self, row: str, key: str, old: Any, new: Any) -> None:
        self.lines.append(
            {"row": row, "key": key, "old": None if old is UNSET else old, "new": new}
        )

    def was(self, table: str, place: int, key: str, old: Any) -> Any:
        """Return what stood in the file, where the row itself has nothing."""
        found = self.set_aside.get((table, place, key)) if old is UNSET else None
        return found.old if found else old

    def write(self, ctx: StepContext) -> None:
        """Write ``repaired.jsonl``, and note how many values of each key were mended."""
        if self.lines:
            (ctx.workdir / LEDGER).write_bytes(
                b"".join(msgspec.json.encode(line) + b"\n" for line in self.lines)
            )
        counts = Counter(line["key"] for line in self.lines)
        ctx.note("repaired", dict(counts))
        ctx.note(
            "summary",
            "mended " + (", ".join(f"{n} {key}" for key, n in counts.items()) or "no value"),
        )
