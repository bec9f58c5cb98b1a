"""Data sets and runs as HTML, for a notebook: tables, and a few pictures."""

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import Any

from coco_recipe.dataset import Dataset
from coco_recipe.manifest import Counts, StepRecord, data_sets

Sheet = Callable[[Dataset, int], bytes]
PICTURES = 6
MOST_CLASSES = 30
_NUMBER = "text-align:right;padding:1px 10px"
_TEXT = "text-align:left;padding:1px 10px"


def of_dataset(dataset: Dataset, sheets: Sequence[Sheet] = ()) -> str:
    """Return a table of the classes of a data set, and a few of its images.

    Args:
        dataset: the data set.
        sheets: what draws images as a JPEG; the first that can is taken.
    """
    counts: Mapping[str, int] = dataset.counts()["categories"]
    total = sum(counts.values())
    boxed = {row.image_id for row in dataset.annotations}
    empty = sum(image.id not in boxed for image in dataset.images)
    listed = sorted(counts.items(), key=lambda item: -item[1])
    rows = [(name, str(n), f"{n / total:.1%}" if total else "") for name, n in listed]
    left = len(rows) - MOST_CLASSES
    more = [(f"and {left} more classes", "", "")] if left > 0 else []
    head = (
        f"{len(dataset.images)} images ({empty} without annotations), "
        f"{len(dataset.annotations)} annotations, {len(dataset.categories)} classes"
    )
    return "".join(
        [
            f"<div><b>{escape(head)}</b>",
            _table(("class", "annotations", "share"), [*rows[:MOST_CLASSES], *more]),
            _pictures(dataset, sheets),
            "</div>",
        ]
    )


def of_run(folder: str, records: Iterable[StepRecord], ran: Sequence[str]) -> str:
    """Return a table of the steps of a run.

    Args:
        folder: the run directory.
        records: what the steps did.
        ran: the ids of those that this run made.
    """
    rows = []
    for record in records:
        out = _totals(record.counts.out)
        dropped = sum(line.count for line in record.dropped)
        how = "made" if record.step in ran else "unchanged"
        rows.append((record.step, record.use, how, *map(str, out), str(dropped or "")))
    head = ("step", "use", "", "images", "annotations", "dropped")
    return f"<div><b>{escape(folder)}</b>{_table(head, rows, texts=3)}</div>"


def _totals(counts: Mapping[str, Counts | list[Counts]]) -> tuple[Any, Any]:
    found = [one for _, one in data_sets(counts)]
    if not found:
        return "", ""
    return sum(one.images or 0 for one in found), sum(one.annotations or 0 for one in found)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], texts: int = 1) -> str:
    def line(tag: str, cells: Sequence[str]) -> str:
        styles = [_TEXT if n < texts else _NUMBER for n in range(len(cells))]
        told = (
            f'<{tag} style="{style}">{escape(cell)}</{tag}>'
            for style, cell in zip(styles, cells, strict=True)
        )
        return f"<tr>{''.join(told)}</tr>"

    body = "".join(line("td", row) for row in rows)
    return f"<table><thead>{line('th', head)}</thead><tbody>{body}</tbody></table>"


def _pictures(dataset: Dataset, sheets: Sequence[Sheet]) -> str:
    """Return images of a data set as one picture; why there is none where it can't be drawn."""
    for draw in sheets:
        try:
            data = base64.b64encode(draw(dataset, PICTURES)).decode()
        except Exception as error:  # a notebook shows the table all the same
            return f"<p>no pictures: {escape(str(error) or type(error).__name__)}</p>"
        return f'<img alt="images of the data set" src="data:image/jpeg;base64,{data}">'
    return ""
