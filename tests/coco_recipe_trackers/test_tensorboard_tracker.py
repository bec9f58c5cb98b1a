"""TensorBoard's event files have the figures of a run, where tensorboardX is installed."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from coco_recipe_trackers.tensorboard_tracker import TensorboardTracker
from tracked import run_in

pytest.importorskip(
    "tensorboardX", reason="tensorboardX is not installed: pip install 'coco-recipe[tensorboard]'"
)
pytestmark = pytest.mark.slow


def _observe(folder: Path, where: str = "", **how: Any) -> None:
    tracker = TensorboardTracker(where)
    for event in run_in(folder, **how):
        tracker(event)


def _records(data: bytes) -> Iterator[bytes]:
    """Yield the records of a file: each behind its length and a checksum, before another one."""
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        yield data[12 : 12 + length]
        data = data[16 + length :]


def _scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Return the scalars of the event files of a folder by their tags, with their steps."""
    from tensorboardX.proto.event_pb2 import Event

    found: dict[str, list[tuple[int, float]]] = {}
    for path in sorted(folder.glob("events.*")):
        for record in _records(path.read_bytes()):
            event = Event.FromString(record)
            for value in event.summary.value:
                if value.HasField("simple_value"):
                    points = found.setdefault(value.tag, [])
                    points.append((event.step, round(value.simple_value, 3)))
    return found


def test_a_run_has_its_curves_and_figures(tmp_path: Path) -> None:
    _observe(tmp_path / "runs/caps")
    found = _scalars(tmp_path / "runs/tensorboard/caps")
    assert found["fit/loss"] == [(1, 1.0), (2, 0.5), (3, 0.333)]
    assert found["fit/best.bbox.mAP"] == [(0, 0.5)]
    assert found["fit/dataset.images"] == [(0, 3.0)]
    assert "fit/odd" not in found


def test_each_run_has_a_folder_of_its_own_and_none_where_nothing_is_to_do(tmp_path: Path) -> None:
    for _ in range(2):
        _observe(tmp_path / "runs/caps", str(tmp_path / "logs"))
    _observe(tmp_path / "runs/caps", str(tmp_path / "logs"), made=False)
    folders = sorted(path.name for path in (tmp_path / "logs").iterdir())
    assert len(folders) == 2
    assert all(_scalars(tmp_path / "logs" / name)["fit/loss"] for name in folders)
