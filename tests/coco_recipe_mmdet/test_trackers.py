"""Trackers write below the step's folder, and MLflow's store is one that MLflow takes."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from coco_recipe_mmdet.inside import trackers
from training import Shapes, train_step


def _written(backends: list[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
    config = {"visualizer": {"type": "DetLocalVisualizer", "vis_backends": backends}}
    trackers.track(config, names)
    assert config["visualizer"]["type"] == "DetLocalVisualizer"
    found: Any = config["visualizer"]["vis_backends"]
    return list(found)


def test_backends_of_a_config_and_trackers_write_where_it_is_kept() -> None:
    own = [{"type": "LocalVisBackend"}, {"type": "WandbVisBackend", "save_dir": "/mine"}]
    found = _written([*own, {"type": "AimVisBackend"}], "tensorboard", "mlflow")
    assert [(one["type"], one["save_dir"]) for one in found] == [
        ("WandbVisBackend", "/mine"),
        ("AimVisBackend", "trackers/aim"),
        ("TensorboardVisBackend", "trackers/tensorboard"),
        ("MLflowVisBackend", "trackers/mlflow"),
    ]
    config: dict[str, Any] = {"vis_backends": own[:1]}
    trackers.track(config, [])
    assert config["visualizer"]["vis_backends"] == []


def test_mlflow_writes_to_a_file_unless_a_server_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "瓶盖")
    (alone,) = _written([], "mlflow")
    assert alone["tracking_uri"] == "sqlite:///trackers/mlflow/mlflow.db"
    assert (alone["exp_name"], alone["artifact_location"]) == ("瓶盖", "trackers/mlflow/artifacts")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://tracking:5000")
    (served,) = _written([], "mlflow")
    assert served["tracking_uri"] == "http://tracking:5000"
    assert "artifact_location" not in served, "the server knows its own"
    (own,) = _written(
        [{"type": "MLflowVisBackend", "tracking_uri": "http://mine", "exp_name": "x"}]
    )
    assert (own["tracking_uri"], own["exp_name"]) == ("http://mine", "x")


@pytest.mark.slow
def test_a_real_store_has_the_losses_and_the_metrics(
    shapes: Shapes, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(
        "mlflow", reason="mlflow is no part of the tested stack: pip install mlflow"
    )
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    steps = shapes.run("tracked", [train_step(epochs=1, trackers=["mlflow"])])
    with sqlite3.connect(steps / "fit/trackers/mlflow/mlflow.db") as store:
        names = {name for (name,) in store.execute("select distinct key from metrics")}
        params = dict(store.execute("select key, value from params"))
    assert {"loss", "lr", "coco/bbox_mAP"} <= names
    assert params["model.bbox_head.num_classes"] == "3"
    assert not _beside(steps / "fit")


def _beside(folder: Path) -> list[Path]:
    """Return what MLflow has left beside the folder of trackers."""
    return [path for path in folder.rglob("ml*") if "trackers" not in path.parts]
