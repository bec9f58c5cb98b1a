"""What a training has done so far, on disk: which checkpoints are whole, and the metrics of each validated epoch."""

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

STATES_KEPT = 2


class Record:
    """The record ``.job/record.json``, with the weights in ``checkpoints/`` and the states to resume from in ``.job/states/``.

    A file that isn't on record, or hasn't the recorded hash, isn't whole.
    """

    def __init__(self, folder: Path, key: str) -> None:
        """Read the record of an interrupted training with this key; without one, begin afresh."""
        self.checkpoints, self.states = folder / "checkpoints", folder / ".job" / "states"
        self.path = folder / ".job" / "record.json"
        self.data: dict[str, Any] = {
            "key": key,
            "checkpoints": {},
            "fingerprints": {},
            "states": {},
            "metrics": {},
        }
        try:
            found = json.loads(self.path.read_text("utf-8"))
        except (OSError, ValueError):
            found = {}
        if found.get("key") == key:
            self.data = found
        for place in (self.checkpoints, self.states):
            place.mkdir(parents=True, exist_ok=True)

    @property
    def metrics(self) -> dict[int, dict[str, float]]:
        """The metrics by epoch."""
        return {int(epoch): values for epoch, values in self.data["metrics"].items()}

    @property
    def epochs(self) -> dict[int, str]:
        """The file of each saved epoch, in order."""
        return {
            int(name): f"epoch_{name}.pth" for name in sorted(self.data["checkpoints"], key=int)
        }

    def saved(self, epoch: int, sha256: str, fingerprint: str) -> None:
        """Put an epoch's two files on record: the weights by the file's hash and the tensors', and the state."""
        self.data["checkpoints"][str(epoch)] = sha256
        self.data["fingerprints"][str(epoch)] = fingerprint
        self.data["states"][str(epoch)] = _sha256(self.states / f"epoch_{epoch}.pth")
        self._write()

    def measured(self, epoch: int, metrics: dict[str, float]) -> None:
        """Put an epoch's metrics on record."""
        self.data["metrics"][str(epoch)] = metrics
        self._write()

    def resume_from(self) -> tuple[int, Path] | None:
        """Return the newest epoch to go on from, with its state; forget what comes after it.

        It is the newest whose state is whole, and before which no checkpoint on record is damaged.
        """
        good: tuple[int, Path] | None = None
        for epoch in sorted({*map(int, self.data["checkpoints"]), *map(int, self.data["states"])}):
            name = f"epoch_{epoch}.pth"
            expected = self.data["checkpoints"].get(str(epoch))
            if expected and not _whole(self.checkpoints / name, expected):
                break
            if _whole(self.states / name, self.data["states"].get(str(epoch), "")):
                good = epoch, self.states / name
        last = good[0] if good else 0
        for part in ("checkpoints", "fingerprints", "states", "metrics"):
            self.data[part] = {
                epoch: value for epoch, value in self.data[part].items() if int(epoch) <= last
            }
        self._tidy()
        self._write()
        return good

    def forget_old(self, keep: int) -> None:
        """Remove states that aren't needed to resume, and all but the newest ``keep`` checkpoints (0: none is removed)."""
        for part, number in (("states", STATES_KEPT), ("checkpoints", keep)):
            epochs = sorted(map(int, self.data[part]))
            for epoch in epochs[:-number] if number else []:
                if part == "states" or epoch != self.best(""):
                    self.data[part].pop(str(epoch))
        self._write()
        self._tidy()

    def best(self, metric: str) -> int | None:
        """Return the saved epoch with the highest metric, the first of equals; None where none was measured.

        An epoch without any metric found nothing on any picture (mmdet gives none then): it counts as 0.
        """
        metric = metric or self.data.get("best_by", "")
        measured = {
            epoch: values.get(metric, 0.0)
            for epoch, values in sorted(self.metrics.items())
            if (metric in values or not values) and str(epoch) in self.data["checkpoints"]
        }
        return max(measured, key=lambda epoch: measured[epoch]) if measured else None

    def _tidy(self) -> None:
        for folder, part in ((self.checkpoints, "checkpoints"), (self.states, "states")):
            for path in folder.iterdir():
                if path.stem.removeprefix("epoch_") not in self.data[part]:
                    path.unlink()

    def _write(self) -> None:
        temporary = self.path.with_name(".record.partial")
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(self.data, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, self.path)


def clear(folder: Path) -> None:
    """Empty a folder."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def key_of(folder: Path) -> str:
    """Return the key that the record in a step's folder is for; empty where there is none."""
    try:
        return str(json.loads((folder / ".job" / "record.json").read_text("utf-8"))["key"])
    except (OSError, ValueError, KeyError):
        return ""


def _whole(path: Path, expected: str) -> bool:
    return path.is_file() and _sha256(path) == expected


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
