"""Work: a run under way, with what was asked for and what its stages have found out."""

import os
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coco_recipe import files
from coco_recipe.engines.engine import Engine
from coco_recipe.events import Noted
from coco_recipe.keys import libraries
from coco_recipe.known_files import KnownFiles
from coco_recipe.manifest import PluginFile, RunClock, RunRecord
from coco_recipe.observing.observers import Observers
from coco_recipe.observing.reporters import Reporters
from coco_recipe.planning.plan import Plan, PlannedStep
from coco_recipe.publishing.publisher import Publisher
from coco_recipe.publishing.targets import CACHE
from coco_recipe.running import agenda, opening, provenance, remembered, run_folder
from coco_recipe.running.ahead import Ahead
from coco_recipe.running.cache import Cache
from coco_recipe.running.judge import Judge
from coco_recipe.running.rehearsal import Rehearsal
from coco_recipe.running.session import Session
from coco_recipe.running.shared import Shared
from coco_recipe.running.store import Store
from coco_recipe.running.task import Task


@dataclass(slots=True)
class Work:
    """A run under way.

    Attributes:
        plan: the plan.
        folder: the run directory.
        force: whether every step is to be made again.
        from_step: the step that is to be made again, and all below; empty for none.
        accept_versions: steps whose results are kept where only versions of libraries differ.
        store: the committed steps.
        publisher: of the folders that the recipe publishes in.
        engine: where the items of steps are worked on.
        told: the observers.
        reporters: what writes pages of the run.
        judge: decides which findings stop the run.
        known: hashes of files, which are read again only if they were touched.
        cache: results that are kept beside the run directory.
        shared: values of steps in memory that runs before this one made.
        ahead: what steps gave while the inputs' rows were checked.
        session: the plan with its opened inputs; set by the stage that opens them.
        is_remembered: whether the inputs weren't read, since they are untouched since a run.
        tasks: what is to be done about each step; set by the stage that compares keys.
        reasons: why steps are made, by id; set with the tasks.
        log: the run's record; set by the stage that begins it.
        is_news: whether this run changes the record.
        at: the step that is being made or reused, or that failed; empty before the first.
        ran: ids of the steps that were made so far.
        reused: ids of the steps that were found unchanged so far.
    """

    plan: Plan
    folder: Path
    force: bool
    from_step: str
    accept_versions: Collection[str]
    store: Store
    publisher: Publisher
    engine: Engine
    told: Observers
    reporters: Reporters
    judge: Judge
    known: KnownFiles
    cache: Cache
    shared: Shared | None = None
    ahead: Ahead = field(default_factory=Ahead)
    session: Session = field(init=False)
    is_remembered: bool = field(init=False, default=False)
    tasks: tuple[Task, ...] = field(init=False)
    reasons: Mapping[str, str] = field(init=False)
    log: provenance.Log = field(init=False)
    is_news: bool = field(init=False)
    at: str = ""
    ran: list[str] = field(default_factory=list)
    reused: list[str] = field(default_factory=list)

    def open(self) -> None:
        """Open the inputs, or remember what is in them where they are untouched since a run."""
        if inputs := remembered.find(self.plan, self.known):
            self.session = Session(self.plan, self.folder, self.store, inputs, with_pixels=True)
            self.is_remembered = True
        else:
            self.read_inputs()

    def read_inputs(self) -> None:
        """Read the inputs; where they are refused, the session has what could be read of them.

        Raises:
            CocoRecipeError: as `opening.opened`.
        """
        inputs = opening.looked_into(
            self.plan, with_pixels=True, known=self.known, ahead=self.ahead
        )
        self.session = Session(self.plan, self.folder, self.store, inputs, with_pixels=True)
        self.is_remembered = False
        inputs.refuse_errors()
        remembered.keep(self.plan, self.known, inputs)

    def compare(self) -> None:
        """Find out what is to be done about each step; put versions that are accepted on record."""
        self._find_due()
        if fetched := self.cache.fetch(self.store, self.tasks):
            self.told.tell(Noted(f"taken from {self.folder.parent / CACHE}: {', '.join(fetched)}"))
            self._find_due()
        if self.reasons and self.is_remembered:  # what is made needs the inputs' rows
            self.read_inputs()
            self._find_due()
        for task in self.tasks:
            if task.accepted:
                self.store.accept(task.step.id, task.accepted)

    def _find_due(self) -> None:
        self.tasks = agenda.of(
            self.session,
            force=self.force,
            from_step=self.from_step,
            accept_versions=self.accept_versions,
        )
        if self.shared:
            self.session.values.update(self.shared.values(self.tasks))
        self.reasons = agenda.needed(self.session, self.tasks)

    def rehearsal(self) -> Rehearsal:
        """Return what steps in memory would give, from inputs and from results that stand."""
        by_id = {task.step.id: task for task in self.tasks}

        def on_disk(step: PlannedStep) -> Mapping[str, Any]:
            if step.id in self.reasons:
                return {}
            in_memory = (port for name, port in self.session.values if name == step.id)
            outputs = {*self.session.committed(step.id).outputs, *in_memory}
            return {port: self.session.value((step.id, port)) for port in outputs}

        return Rehearsal(
            self.plan,
            self.session.values,
            task_of=lambda step: by_id[step.id],
            on_disk=on_disk,
            forgiving=True,
        )

    def begin_record(self) -> None:
        """Begin the run's record, and keep the recipe.

        Say whether there is anything new to record.
        """
        self.log = provenance.Log(self.folder / "provenance.jsonl", self.record())
        self.is_news = bool(self.reasons) or not self.log.says(
            [self.session.committed(task.step.id).record for task in self.tasks]
        )
        if self.is_news:
            self.log.begin()
        run_folder.keep_recipe(self.plan, self.folder)

    def record(self) -> RunRecord:
        """Return the run's own record, as it stands when its inputs are open."""
        path = self.plan.recipe.source.origin.resolve()
        return RunRecord(
            recipe=self.plan.recipe.name,
            recipe_sha256=files.sha256_of(run_folder.resolved(self.plan)),
            text_sha256=files.sha256_of(self.plan.recipe.source.text.encode()),
            seed=self.plan.recipe.seed,
            inputs=dict(self.session.inputs.digests),
            findings=self.session.inputs.recorded,
            versions={"coco-recipe": libraries.version("coco-recipe")},
            clock=RunClock(
                started=time.time(),
                recipe=str(path),
                plugins=tuple(
                    PluginFile(str(file.resolve()), files.sha256(file))
                    for file in self.plan.plugin_files
                ),
                recipe_from_run=os.path.relpath(path, self.folder.resolve()),
            ),
        )
