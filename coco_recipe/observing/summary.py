"""Write what a step did as a few words for people."""

import textwrap

from coco_recipe.errors import counted
from coco_recipe.manifest import StepRecord, data_sets
from coco_recipe.observing import table


def of_step(record: StepRecord) -> str:
    """Return what came out of a step: rows or files, its summary, what was dropped, its table."""
    parts = [*_rows_or_files(record), *_this_run(record), *_dropped(record)]
    text = "; ".join(parts)
    if "table" in record.notes:
        text += "\n" + textwrap.indent(table.text(record.notes["table"]), "  ")
    return text


def _rows_or_files(record: StepRecord) -> list[str]:
    rows = [f"{port}: {counts}" for port, counts in data_sets(record.counts.out)]
    said = [*([] if "table" in record.notes else rows), record.notes.get("summary")]
    return [text for text in said if text] or [counted(record.files.count, "file")]


def _this_run(record: StepRecord) -> list[str]:
    return [f"{key}: {value}" for key, value in record.clock.this_run.items()]


def _dropped(record: StepRecord) -> list[str]:
    lost = ", ".join(f"{counted(d.count, d.kind)} ({d.reason})" for d in record.dropped)
    return [f"dropped {lost}"] if lost else []
