"""What a training has done so far, on disk: whole checkpoints, and metrics by epoch."""

import shutil
from pathlib import Path

import msgspec

from coco_recipe import open_line, seal_line, sha256, write_bytes

STATES_KEPT = 2
PATH = ".job/record.json"
Metrics = dict[str, float | None]  # None for a number that JSON has not, as NaN


class Data(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The file ``.job/record.json``, which ends with its digest; every mapping is by epoch.

    Attributes:
        key: the key of the step that the training is for.
        best_by: the metric that picks the best epoch.
        checkpoints: SHA-256 of ``checkpoints/epoch_N.pth``.
        fingerprints: SHA-256 over the tensors of that file.
        states: SHA-256 of ``.job/states/epoch_N.pth``.
        metrics: metrics by name.
    """

    key: str
    best_by: str = ""
    checkpoints: dict[int, str] = {}
    fingerprints: dict[int, str] = {}
    states: dict[int, str] = {}
    metrics: dict[int, Metrics] = {}


class Record:
    """The record of a training in a folder, with the files that it is about.

    The weights are in ``checkpoints/``, the states to resume from in ``.job/states/``. A file that
    isn't on record, or hasn't the recorded hash, isn't whole.
    """

    def __init__(self, folder: Path, key: str, best_by: str = "") -> None:
        """Read the record of an interrupted training with this key; without one, begin afresh.

        Args:
            folder: the step's folder.
            key: the step's key.
            best_by: the metric that picks the best epoch.
        """
        self.checkpoints = folder / "checkpoints"
        self.states = folder / ".job" / "states"
        self.path = folder / PATH
        found = _read(self.path)
        self.data = found if found and found.key == key else Data(key=key)
        self.data.best_by = best_by
        for place in (self.checkpoints, self.states):
            place.mkdir(parents=True, exist_ok=True)

    @property
    def metrics(self) -> dict[int, Metrics]:
        """The metrics by epoch."""
        return self.data.metrics

    @property
    def epochs(self) -> dict[int, str]:
        """The name of the file of each saved epoch, in order."""
        return {epoch: file_of(epoch) for epoch in sorted(self.data.checkpoints)}

    def saved(self, epoch: int, sha256_: str, fingerprint: str) -> None:
        """Put an epoch's two files on record, which are whole by now.

        Args:
            epoch: from 1.
            sha256_: of the file of weights.
            fingerprint: the SHA-256 over its tensors.
        """
        self.data.checkpoints[epoch] = sha256_
        self.data.fingerprints[epoch] = fingerprint
        self.data.states[epoch] = sha256(self.states / file_of(epoch))
        self._write()

    def measured(self, epoch: int, metrics: Metrics) -> None:
        """Put an epoch's metrics on record."""
        self.data.metrics[epoch] = metrics
        self._write()

    def resume_from(self) -> tuple[int, Path] | None:
        """Return the newest epoch to go on from, with its state; forget what comes after it.

        It is the newest whose state is whole, and before which no checkpoint on record is damaged.
        """
        good: tuple[int, Path] | None = None
        for epoch in sorted({*self.data.checkpoints, *self.data.states}):
            expected = self.data.checkpoints.get(epoch)
            if expected and not _is_whole(self.checkpoints / file_of(epoch), expected):
                break
            state = self.states / file_of(epoch)
            if _is_whole(state, self.data.states.get(epoch, "")):
                good = epoch, state
        self._forget_after(good[0] if good else 0)
        self._remove_unknown()
        self._write()
        return good

    def forget_old(self, keep: int) -> None:
        """Remove states that aren't needed to resume, and old checkpoints, but not the best.

        Args:
            keep: how many of the newest checkpoints stay; 0 keeps all.
        """
        for epoch in sorted(self.data.states)[:-STATES_KEPT]:
            self.data.states.pop(epoch)
        best = self.best()
        for epoch in sorted(self.data.checkpoints)[:-keep] if keep else []:
            if epoch != best:
                self.data.checkpoints.pop(epoch)
        self._write()
        self._remove_unknown()

    def best(self) -> int | None:
        """Return the saved epoch with the highest metric, the first of equals; None without any.

        An epoch without any metric found nothing on any picture: it counts as 0.
        """
        metric = self.data.best_by
        measured = {
            epoch: values.get(metric) or 0.0
            for epoch, values in sorted(self.metrics.items())
            if (metric in values or not values) and epoch in self.data.checkpoints
        }
        return max(measured, key=lambda epoch: measured[epoch]) if measured else None

    def validations_since_best(self) -> int:
        """Return how many validations came after the best one, saved or not; 0 without any."""
        metric = self.data.best_by
        values = [found.get(metric) or 0.0 for _, found in sorted(self.metrics.items())]
        return len(values) - 1 - values.index(max(values)) if values else 0

    def best_value(self, epoch: int) -> float:
        """Return the metric that picks the best, of an epoch that was measured."""
        return self.metrics[epoch].get(self.data.best_by) or 0.0

    def _forget_after(self, last: int) -> None:
        data = self.data
        self.data = msgspec.structs.replace(
            data,
            checkpoints={n: value for n, value in data.checkpoints.items() if n <= last},
            fingerprints={n: value for n, value in data.fingerprints.items() if n <= last},
            states={n: value for n, value in data.states.items() if n <= last},
            metrics={n: values for n, values in data.metrics.items() if n <= last},
        )

    def _remove_unknown(self) -> None:
        _keep_only(self.checkpoints, self.data.checkpoints)
        _keep_only(self.states, self.data.states)

    def _write(self) -> None:
        write_bytes(self.path, seal_line(msgspec.json.encode(self.data)))


def file_of(epoch: int) -> str:
    """Return the name of an epoch's file of weights, and of its state."""
    return f"epoch_{epoch}.pth"


def key_of(folder: Path) -> str:
    """Return the key that the record in a step's folder is for; empty where there is none."""
    found = _read(folder / PATH)
    return found.key if found else ""


def clear(folder: Path) -> None:
    """Empty a folder."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _read(path: Path) -> Data | None:
    try:
        whole = open_line(path.read_bytes())
        return msgspec.json.decode(whole, type=Data) if whole else None
    except (OSError, msgspec.MsgspecError):
        return None


def _keep_only(folder: Path, epochs: dict[int, str]) -> None:
    known = set(map(file_of, epochs))
    for path in folder.iterdir():
        if path.name not in known:
            path.unlink()


def _is_whole(path: Path, expected: str) -> bool:
    return path.is_file() and sha256(path) == expected
