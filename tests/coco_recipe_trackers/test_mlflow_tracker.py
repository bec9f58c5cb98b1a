"""MLflow is told of a run: held against a real local store, where MLflow is installed."""

from pathlib import Path
from typing import Any

import pytest
from coco_recipe_trackers.mlflow_tracker import MlflowTracker
from tracked import run_in

mlflow = pytest.importorskip(
    "mlflow", reason="MLflow is not installed: pip install 'coco-recipe[mlflow]'"
)
pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME"):
        monkeypatch.delenv(name, raising=False)


def _observe(folder: Path, where: str = "", **how: Any) -> None:
    tracker = MlflowTracker(where)
    for event in run_in(folder, **how):
        tracker(event)


def _runs(uri: str, experiment: str = "瓶盖") -> tuple[Any, list[Any]]:
    client = mlflow.tracking.MlflowClient(uri)
    found = client.get_experiment_by_name(experiment)
    return client, client.search_runs([found.experiment_id]) if found else []


def test_a_run_has_parameters_curves_metrics_and_its_recipe(tmp_path: Path) -> None:
    _observe(tmp_path / "runs/caps")
    client, (run,) = _runs(f"sqlite:///{tmp_path / 'runs/mlflow.db'}")
    assert (run.info.run_name, run.info.status) == ("caps", "FINISHED")
    assert run.data.params == {"clean.drop": '["背景"]', "fit.lr": "0.1", "fit.名": "瓶"}
    curve = client.get_metric_history(run.info.run_id, "fit.loss")
    assert [(point.step, round(point.value, 3)) for point in curve] == [
        (1, 1.0),
        (2, 0.5),
        (3, 0.333),
    ]
    assert run.data.metrics["fit.best.bbox.mAP"] == 0.5
    assert run.data.metrics["fit.dataset.images"] == 3
    assert "fit.odd" not in run.data.metrics
    assert [one.path for one in client.list_artifacts(run.info.run_id)] == ["recipe.yaml"]


@pytest.mark.parametrize(("outcome", "status"), [("failed", "FAILED"), ("interrupted", "KILLED")])
def test_a_run_that_ended_otherwise_says_so(outcome: str, status: str, tmp_path: Path) -> None:
    _observe(tmp_path / "runs/caps", outcome=outcome)
    _, (run,) = _runs(f"sqlite:///{tmp_path / 'runs/mlflow.db'}")
    assert run.info.status == status
    assert (run.data.tags.get("failed.fit") == "the disk is full") == (outcome == "failed")


def test_a_run_with_nothing_to_do_is_told_once(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path / 'store.db'}"
    for _ in range(2):
        _observe(tmp_path / "o'brien", uri, made=False)
    _, (run,) = _runs(uri)
    assert run.info.run_name == "o'brien"
    _observe(tmp_path / "o'brien", uri)
    assert len(_runs(uri)[1]) == 2


def test_the_experiment_may_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = f"sqlite:///{tmp_path / 'store.db'}"
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "all")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.chdir(tmp_path)
    _observe(tmp_path / "runs/caps")
    assert len(_runs(uri, "all")[1]) == 1


def test_a_store_that_cant_be_reached_is_an_error_of_the_observer(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(mlflow.exceptions.MlflowException):
        _observe(tmp_path / "runs/caps", f"file://{tmp_path / 'file/store'}")
