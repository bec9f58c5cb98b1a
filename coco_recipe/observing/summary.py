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


def of_result(record: StepRecord) -> list[str]:
    """Return the rows that the last step of a run gives, or those that it wrote."""
    found = list(data_sets(record.counts.out)) or list(data_sets(record.counts.entered))
    return [f"{port}: {counts}" for port, counts in found]


def duration(seconds: float) -> str:
    """Write a time: ``0.31 s``, ``12 s``, ``4 min 10 s``, ``2 h 05 min``."""
    if seconds < 10:
        return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60:02} min"
