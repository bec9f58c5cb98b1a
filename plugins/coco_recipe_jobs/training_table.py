"""The course of a training by epoch: read from its lines of scalars, written as results.csv."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from coco_recipe_jobs.coco_metrics import UNKNOWN

Row = dict[str, float]  # figures of one epoch by name
NOT_MEANS = ("epoch", "iter", "lr")  # what isn't averaged over an epoch; lr_1, lr_2, ... neither
FIRST = ("epoch", "iter", "loss")


def lines_of(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the lines of a file of JSON lines; none where there is no file.

    A last line that a kill has cut is passed over.
    """
    for line in path.read_text("utf-8").splitlines() if path.is_file() else ():
        try:
            yield json.loads(line)
        except ValueError:
            return


def by_epoch(lines: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Return a row for each epoch of a training, in order.

    Args:
        lines: of ``scalars.jsonl``: one for each iteration with ``epoch``, ``iter``, losses and
            learning rates, and one for each validation with its metrics below ``val``.

    Returns:
        Means of losses and of the gradient's norm, the last learning rates, and the metrics of the
        validation behind the epoch, if there was one, but for those that had nothing to find.
    """
    rows: dict[int, Row] = {}
    sums: dict[int, dict[str, list[float]]] = {}
    for line in lines:
        row = rows.setdefault(line["epoch"], {"epoch": line["epoch"]})
        if "val" in line:
            row |= {_short(name): value for name, value in line["val"].items() if value != UNKNOWN}
            continue
        for name, value in line.items():
            if name.partition("_")[0] in NOT_MEANS:
                row[name] = value
            else:
                sums.setdefault(line["epoch"], {}).setdefault(name, []).append(value)
    for epoch, means in sums.items():
        rows[epoch] |= {name: sum(values) / len(values) for name, values in means.items()}
    return [rows[epoch] for epoch in sorted(rows)]


def write(path: Path, rows: Sequence[Row], clocks: Iterable[Mapping[str, float]]) -> None:
    """Write the rows as CSV, a column for each figure that some row has.

    Args:
        path: the file.
        rows: as of `by_epoch`.
        clocks: times and memory by ``epoch``; of an epoch that was made twice, the last.
    """
    times = {int(clock["epoch"]): dict(clock) for clock in clocks}
    whole = [row | times.get(int(row["epoch"]), {}) for row in rows]
    names = dict.fromkeys(name for name in FIRST if any(name in row for row in whole))
    names |= dict.fromkeys(name for row in whole for name in row)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(names), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _figure(value) for name, value in row.items()} for row in whole)


def _short(name: str) -> str:
    """Return a metric's name without what measured it: ``coco/bbox_mAP`` is ``bbox_mAP``."""
    return name.partition("/")[2] or name


def _figure(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.6g}"
