"""Track a run in MLflow: parameters, counts, losses and metrics, the recipe and the record."""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coco_recipe import StepRecord, events
from coco_recipe_trackers import figures
from coco_recipe_trackers.background import Background

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

LOOKED_AT = 1000  # runs of an experiment that are asked whether they are ours
MOST = 100  # parameters that MLflow takes at once
STATUS = {"done": "FINISHED", "failed": "FAILED", "interrupted": "KILLED"}
ARTIFACTS = ("recipe.yaml", "recipe.resolved.yaml", "provenance.jsonl")
FOLDER = "coco_recipe.folder"  # a tag


class MlflowTracker:
    """Tells MLflow of a run.

    The experiment is the recipe's name (or MLFLOW_EXPERIMENT_NAME), the run's name that of its
    directory. A run with nothing to do is told only if MLflow doesn't know its directory yet.
    """

    def __init__(self, where: str = "") -> None:
        """Wait for a run to begin.

        Args:
            where: the tracking URI; empty for MLFLOW_TRACKING_URI, or ``mlflow.db`` beside the run
                directory.
        """
        self.where = where
        self.background = Background()
        self.run: _Run | None = None
        self.has_begun = False
        self.waiting: list[Callable[[], None]] = []

    def __call__(self, event: events.Event) -> None:
        """Take in an event; MLflow is told in a thread."""
        match event:
            case events.RunStarted():
                self.run, self.has_begun = _Run(self.where, event.recipe, event.folder), False
                self.background, self.waiting = Background(), []
            case events.StepStarted():
                self._begin()
            case events.Progress() if event.figures:
                self._progress(event)
            case events.StepDone() | events.StepReused():
                self._tell(lambda run: run.step(event.record))
            case events.StepFailed():
                self._tell(lambda run: run.tag(f"failed.{event.step}", event.problem))
            case events.RunEnded():
                self._end(event)

    def _begin(self) -> None:
        """Begin the run in MLflow, now that a step is made."""
        if self.has_begun or self.run is None:
            return
        self.has_begun = True
        self.background.do(self.run.begin)
        for work in self.waiting:
            self.background.do(work)
        self.waiting.clear()

    def _progress(self, event: events.Progress) -> None:
        named = {figures.name_of(event.step, name): n for name, n in event.figures.items()}
        found, run = figures.finite(named), self.run
        if run and found:
            at = int(time.time() * 1000)
            self.background.do(lambda: run.metrics(found, event.done, at), may_wait=False)

    def _tell(self, tell: "Callable[[_Run], None]") -> None:
        if (run := self.run) is None:
            return
        if self.has_begun:
            self.background.do(lambda: tell(run))
        else:
            self.waiting.append(lambda: tell(run))

    def _end(self, event: events.RunEnded) -> None:
        run = self.run
        if run is None:
            return
        if not self.has_begun and (event.outcome != "done" or run.is_known()):
            return
        self._begin()
        self.background.do(lambda: run.end(event.outcome, event.problem))
        self.background.finish()


class _Run:
    """A run in MLflow; its methods talk to the store."""

    def __init__(self, where: str, recipe: str, folder: Path) -> None:
        self.recipe, self.folder = recipe, folder.absolute()
        self.where = where or os.environ.get("MLFLOW_TRACKING_URI", "")
        self.experiment = os.environ.get("MLFLOW_EXPERIMENT_NAME", "") or recipe
        self.client: MlflowClient
        self.id = ""

    def connect(self) -> str:
        """Return the id of the experiment, which is made if need be."""
        os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
        from mlflow.tracking import MlflowClient

        own = self.folder.parent
        uri = self.where or f"sqlite:///{own / 'mlflow.db'}"
        self.client = MlflowClient(tracking_uri=uri)
        if found := self.client.get_experiment_by_name(self.experiment):
            return str(found.experiment_id)
        place = None if self.where else (own / "mlflow-artifacts").as_uri()
        return str(self.client.create_experiment(self.experiment, artifact_location=place))

    def is_known(self) -> bool:
        """Say whether MLflow has a run of this directory."""
        experiment = self.connect()
        known = self.client.search_runs([experiment], max_results=LOOKED_AT)
        return any(run.data.tags.get(FOLDER) == str(self.folder) for run in known)

    def begin(self) -> None:
        """Begin the run."""
        tags = {FOLDER: str(self.folder)}
        experiment = self.connect()
        made = self.client.create_run(experiment, tags=tags, run_name=self.folder.name)
        self.id = made.info.run_id

    def step(self, record: StepRecord) -> None:
        """Tell parameters and numbers of a step that is done."""
        from mlflow.entities import Param

        params = [Param(name, text) for name, text in figures.parameters_of(record).items()]
        for start in range(0, len(params), MOST):
            self.client.log_batch(self.id, params=params[start : start + MOST])
        self.metrics(figures.finite(figures.of_record(record)), 0, int(time.time() * 1000))

    def metrics(self, found: Mapping[str, float], step: int, at: int) -> None:
        """Tell numbers by name.

        Args:
            found: the numbers.
            step: how far the step was.
            at: when, in milliseconds since 1970.
        """
        from mlflow.entities import Metric

        rows: list[Any] = [Metric(name, number, at, step) for name, number in found.items()]
        for start in range(0, len(rows), MOST):
            self.client.log_batch(self.id, metrics=rows[start : start + MOST])

    def tag(self, name: str, text: str) -> None:
        """Tell a text."""
        self.client.set_tag(self.id, name, text[: figures.LONGEST_VALUE])

    def end(self, outcome: str, problem: str) -> None:
        """Tell the recipe, the record, and how it ended."""
        for name in ARTIFACTS:
            if (self.folder / name).is_file():
                self.client.log_artifact(self.id, str(self.folder / name))
        if problem:
            self.tag("problem", problem)
        self.client.set_terminated(self.id, STATUS[outcome])
