"""The stages in order: load, validate, resolve, plan, execute, record. The Python API."""

import contextlib
import os
import tempfile
import textwrap
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from coco_recipe import (
    checking,
    emptiness,
    error_log,
    execute,
    files,
    inputs,
    keys,
    libraries,
    plan,
    plugins,
    provenance,
    publish,
    reaching,
    recipe,
    source,
    stored_values,
    table,
    yaml_text,
)
from coco_recipe.ahead import Ahead
from coco_recipe.checks import equal_pictures, missing_files
from coco_recipe.engines import engine as engines
from coco_recipe.errors import (
    DatasetError,
    FindingsError,
    Problem,
    RecipeError,
    RunError,
    StepError,
    Where,
    counted,
    did_you_mean,
)
from coco_recipe.findings import Choice, Finding, judged
from coco_recipe.manifest import (
    FailedStep,
    KeyParts,
    Manifest,
    PluginFile,
    RunClock,
    RunRecord,
    StepRecord,
    data_sets,
    read_run,
)
from coco_recipe.plan import Plan, PlannedStep
from coco_recipe.store import Store

ASKED_FOR = "asked for"
COPIES = ("recipe.yaml", "recipe.resolved.yaml")  # what a run directory keeps of the recipe


@dataclass(frozen=True, slots=True)
class Event:
    """Something to show: ``what`` is step, done, reused, progress, finding or note; ``text`` says why, or what came out."""

    what: str
    step: str
    text: str = ""
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run did.

    Attributes:
        folder: the run directory.
        ran: the steps that were run.
        reused: those that were not.
        keys: the key of each step.
        moved: published files that somebody had changed, and where each is now.
        put_back: published files that stand again as they were written.
    """

    folder: Path
    ran: tuple[str, ...]
    reused: tuple[str, ...]
    keys: Mapping[str, str]
    moved: Mapping[Path, Path] = field(default_factory=dict)
    put_back: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """What is to be done about a step: run it, with the reason; or reuse it."""

    step: PlannedStep
    key: str
    parts: KeyParts
    reason: str
    terminal: set[str]
    accepted: Mapping[str, str]


def prepare(path: Path, overrides: Sequence[str] = (), plugin_files: Sequence[Path] = ()) -> Plan:
    """Find all that can be found wrong in a recipe without data.

    The copy of a recipe that a run directory keeps means what the recipe meant: its paths are relative to
    where that was.

    Raises:
        RecipeError: with every problem.
        PluginError: a plugin file is broken.
    """
    text = source.load(path, overrides)
    places = provenance.recorded_places(path.parent) if path.name in COPIES else []
    return replace(
        _planned(text, places, plugins.find(plugin_files)), plugin_files=tuple(plugin_files)
    )


def hold_against_rows(planned: Plan) -> bool:
    """Hold a plan against the rows of its inputs; return False where these are too wrong for it.

    Raises:
        RecipeError: steps can't go together with the rows; with every problem.
    """
    try:
        Run(planned, with_pixels=False)
    except DatasetError:
        return False
    return True


def reopen(folder: Path, plugin_files: Sequence[Path] = (), moved_to: Path | None = None) -> Plan:
    """Return the plan of a finished run, as its directory has it.

    Paths are relative to where the recipe was, seen from the run directory (they may have moved together), or else to
    where it was then. A run directory may come from anybody: no plugin file that it names is loaded unless it is given.

    Args:
        folder: the run directory.
        plugin_files: the plugin files that the run used.
        moved_to: the recipe's file, where it has moved without the run directory; None looks where it was.

    Raises:
        RunError: the folder is no run directory, or the plugin files aren't those that the run used.
        RecipeError: the recipe's inputs have gone.
    """
    run_record = read_run(folder)
    if run_record is None or run_record.clock.plugins is None:
        raise RunError(f"{folder}: is not the directory of a finished run")
    try:
        text = source.load(folder / "recipe.resolved.yaml")
    except OSError as error:
        raise RunError(f"{folder}: is not the directory of a finished run") from error
    _check_plugins(folder, run_record.clock.plugins, plugin_files)
    registry = plugins.find(plugin_files)
    if moved_to:
        return _planned(text, [Path(os.path.abspath(moved_to))], registry)
    places = provenance.recorded_places(folder)
    try:
        return _planned(text, places, registry)
    except RecipeError as error:
        if any(place.is_file() for place in places):
            raise
        told = f"its recipe is no longer at {' or '.join(map(str, places))}"
        hint = "replay RUN IMAGE --recipe FILE says where it is now"
        raise RecipeError([Problem(Where(str(folder)), told, hint), *error.problems]) from error


def _planned(text: source.Source, places: Sequence[Path], registry: plugins.Registry) -> Plan:
    """Plan a recipe, seen from the first place of its file where all that it names is there."""
    errors = []
    for place in (*places, None):
        problems: list[Problem] = []
        try:
            return plan.resolve(
                recipe.validate(replace(text, recorded=place), problems), registry, problems
            )
        except RecipeError as error:
            errors.append(error)
    raise min(errors, key=lambda error: len(error.problems))


def _check_plugins(
    folder: Path, recorded: Sequence[PluginFile | str], given: Sequence[Path]
) -> None:
    """See that the plugin files that are given are those, by hash, that the run used."""
    hashes = {}
    for path in given:
        if not path.is_file():
            raise RunError(f"--plugin {path}: there is no such plugin file")
        hashes[files.sha256(path)] = path
    used = set()
    for row in recorded:
        if isinstance(row, str):
            raise RunError(
                f"{folder}: has no hash of the plugin file {row}: run the recipe again, which records it"
            )
        if row.sha256 not in hashes:
            same = next((path for path in given if path.name == Path(row.file).name), None)
            if same:
                raise RunError(
                    f"--plugin {same}: is not the file that {folder} used "
                    f"(SHA-256 {row.sha256[:8]}, now {files.sha256(same)[:8]}): "
                    "give that one, or run the recipe again"
                )
            raise RunError(
                f"{folder}: used the plugin file {row.file}, which is run only if it "
                f"is named again: --plugin {row.file}"
            )
        used.add(row.sha256)
    for sha256, path in hashes.items():
        if sha256 not in used:
            raise RunError(f"--plugin {path}: {folder} was made without it; leave it out")


def _stops(found: Iterable[Finding]) -> bool:
    """Say whether a finding is an error on whose absence steps rely, whatever the recipe chooses."""
    return any(finding.kind.needed and finding.severity == "error" for finding in found)


class Run:
    """A plan with its run directory: knows what is done already (``with_pixels``: judged by the images' bytes, too)."""

    def __init__(
        self,
        planned: Plan,
        out: Path | None = None,
        *,
        with_pixels: bool = True,
        store: Store | None = None,
    ) -> None:
        self.plan = planned
        self.folder = out or default_folder(planned)
        self.store = store or Store(self.folder)
        self.values: dict[plan.Reference, Any] = {}
        self.digests: dict[str, Any] = {}
        self.known_hashes: dict[str, str] = {}
        self.with_pixels = with_pixels
        found: list[Finding] = []
        unread: list[object] = []
        for item in planned.recipe.inputs:
            try:
                reading = inputs.read_input(
                    item, planned.recipe.source, planned.kinds, plan.excuse(planned, item.name)
                )
            except (
                FindingsError
            ) as error:  # what else is wrong, here and in other inputs, is told beside it
                unread += error.findings
                found += self._in_file(item, self._beside(item))
                continue
            self.values[item.name, ""], self.digests[item.name] = reading.value, reading.digests
            found += reading.findings
            if item.annotations:
                found += self._in_file(item, checking.of_input(planned, item.name, reading.value))
        if unread:
            raise FindingsError([*unread, *judged(found, planned.recipe.findings)])
        ahead = Ahead(planned, self.values)
        found += self._of_content("masks", ahead)
        reviewed: list[Finding] = []
        if is_sound := not _stops(found):  # facts are of rows on which steps can rely
            self.facts = plan.foresee(
                planned,
                {ref: planned.kinds.of(value).facts(value) for ref, value in self.values.items()},
                ahead.values_of,
            )
            reviewed = [*plan.review(planned, self.facts), *emptiness.of_plan(planned)]
            found += reaching.stopping_rows(planned, ahead, found)
            is_sound = not _stops(found)
        if with_pixels and any(step.offer.step.reads_pixels for step in planned.steps):
            found += [*self._missing(ahead), *self._of_content("pictures", ahead)]
            is_sound = not _stops(found)
            if is_sound:  # what is wrong above costs no hashing
                self._hash_pictures()
                found += self._in_common()
        self.findings = judged([*found, *reviewed], planned.recipe.findings)
        if not is_sound:
            raise FindingsError(self.findings)
        self.input_findings = tuple(finding.record() for finding in found)

    def _beside(self, item: recipe.Input) -> Iterator[Finding]:
        """Yield what is wrong with the other rows of an input, of which some can't be read."""
        excuse = replace(plan.excuse(self.plan, item.name), leaves_out=True)
        reading = inputs.read_input(item, self.plan.recipe.source, self.plan.kinds, excuse)
        yield from reading.findings
        yield from checking.of_rows(self.plan, item.name, reading.value)

    def _names_are_mended(self, name: str) -> bool:
        """Say whether a step mends file names, or drops what has no picture, before a picture of the input is opened."""
        return plan.is_mended(self.plan, name, missing_files.MISSING.name)

    def _missing(self, ahead: Ahead) -> list[Finding]:
        """Return the pictures that inputs name and their folders lack: by the names with which steps open them."""
        found = []
        for item in self.plan.recipe.inputs:
            if item.images:
                dataset = self.values[item.name, ""]
                images = (
                    reaching.opened(self.plan, item.name, ahead)
                    if self._names_are_mended(item.name)
                    else dataset.images
                )
                missing = missing_files.of_images(images, dataset.folders[dataset.home], item.name)
                found += self._in_file(item, [missing] if missing else [])
        return found

    def _in_file(self, item: recipe.Input, found: Iterable[Finding]) -> list[Finding]:
        """Put the annotation file of an input to what is found in it."""
        path = str(self.plan.recipe.folder / item.annotations)
        return [replace(finding, file=path) for finding in found]

    def _hash_pictures(self) -> None:
        for item in self.plan.recipe.inputs:
            if item.images:
                self.digests[item.name]["images"] = inputs.pixel_digest(
                    self.values[item.name, ""],
                    self.known_hashes,
                    names_are_mended=self._names_are_mended(item.name),
                )

    def _in_common(self) -> list[Finding]:
        """Return the pictures that inputs have in common."""
        named = {
            item.name: self.values[item.name, ""] for item in self.plan.recipe.inputs if item.images
        }
        found = equal_pictures.finding(named, self.known_hashes) if len(named) > 1 else None
        return [found] if found else []

    def _of_content(self, about: Literal["pictures", "masks"], ahead: Ahead) -> list[Finding]:
        """Return what is wrong with the pictures or masks of inputs, where a step asks for it."""
        if not any(about in step.offer.step.checks for step in self.plan.steps):
            return []
        return [
            finding
            for item in self.plan.recipe.inputs
            if item.annotations and (item.images or about == "masks")
            for finding in self._in_file(
                item,
                checking.of_content(self.plan, item.name, self.values[item.name, ""], about, ahead),
            )
        ]

    def states(
        self, *, force: bool = False, from_step: str = "", accept: Collection[str] = ()
    ) -> list[State]:
        """Compare each step's key with what is committed.

        Raises:
            RunError: a result of the steps to ``accept`` differs in more than versions.
        """
        digests: dict[str, str] = {}
        accept = keys.with_those_above(self.plan, accept)
        result: list[State] = []
        consumed = self.plan.consumed()
        forced = force
        for step in self.plan.steps:
            forced = forced or step.id == from_step
            coming = {
                f"{port}{f'[{i}]' if len(references) > 1 else ''}": self._digest(reference, digests)
                for port, references in step.inputs.items()
                for i, reference in enumerate(references)
            }
            parts = keys.parts_of(step, coming, execute.step_seed(self.plan.recipe.seed, step.id))
            kept = None if forced else self.store.manifest(step.id)
            key = keys.current(parts, kept, accept=step.id in accept)
            digests[step.id] = key.digest
            terminal = {port for port in step.outputs if (step.id, port) not in consumed}
            reason = ASKED_FOR if forced else self._why(step, key, terminal)
            if reason and step.id in accept:
                keys.refuse(step.id, reason)
            result.append(State(step, key.digest, key.parts, reason, terminal, key.accepted))
        return result

    def _digest(self, reference: plan.Reference, digests: dict[str, str]) -> Any:
        name, port = reference
        return f"{digests[name]}:{port}" if name in digests else self.digests[name]

    def _why(self, step: PlannedStep, key: keys.Key, terminal: set[str]) -> str:
        manifest = self.store.manifest(step.id)
        if manifest is None:
            return "not done yet"
        if manifest.key != key.digest:
            return keys.why(manifest.parts, key.parts)
        if not terminal <= manifest.outputs.keys():
            return "its result is not on disk"
        return self.store.damage(step.id, manifest)

    def needed(self, states: Sequence[State]) -> dict[str, str]:
        """Return the steps to execute with the reason: those that changed, and the in-memory steps that feed them."""
        todo = {state.step.id: state.reason for state in states if state.reason}
        ids = {state.step.id for state in states}
        for state in reversed(states):
            if state.step.id in todo:
                for references in state.step.inputs.values():
                    for name, port in references:
                        if name in todo or name not in ids:
                            continue
                        manifest = self.store.manifest(name)
                        if manifest is None or port not in manifest.outputs:
                            todo[name] = "its rows live in memory, and a later step needs them"
        return todo

    def folders(self) -> dict[str, Path]:
        """Return the folders of images, by input or step."""
        named = {
            item.name: self.plan.recipe.folder / item.images
            for item in self.plan.recipe.inputs
            if item.images
        }
        for step in self.plan.steps:
            if manifest := self.store.manifest(step.id):
                final = self.store.final(step.id)
                named |= {name: final / folder for name, folder in manifest.folders.items()}
        return named

    def committed(self, reference: plan.Reference) -> Any:
        """Return an output that a step has committed, read from its folder."""
        step_id, port = reference
        stored = _committed(self.store, step_id).outputs[port]
        folder = self.store.final(step_id)
        return stored_values.read(self.plan.kinds, folder, stored, self.folders())


def run(
    planned: Plan,
    *,
    out: Path | None = None,
    jobs: int = 1,
    engine: str = "local",
    force: bool = False,
    from_step: str = "",
    strict: bool = False,
    republish: bool = False,
    accept_versions: Collection[str] = (),
    report: Callable[[Event], None] = lambda event: None,
) -> RunResult:
    """Run a plan: reuse what is unchanged, make the rest, record everything.

    Args:
        planned: the plan.
        out: the run directory; None for ``runs/<recipe name>``.
        jobs: worker processes.
        engine: where the work runs.
        force: run every step again.
        from_step: run this step and all below again.
        strict: stop at warnings too.
        republish: move published files that somebody changed to ``<name>.changed``, and put ours back.
        accept_versions: steps whose results are kept, with those above, where only versions differ.
        report: told what goes on.

    Raises:
        DatasetError: an input is wrong.
        StepError: a step failed.
        RunError: the run directory can't be used, there is no such engine, or a result can't be
            kept.
    """
    if from_step and from_step not in {step.id for step in planned.steps}:
        hint = did_you_mean(from_step, [s.id for s in planned.steps])
        raise RunError(f"--from: there is no step '{from_step}'; {hint}")
    workers = engines.parse(engine, jobs)
    folder = out or default_folder(planned)
    store = Store(folder)
    publisher = publish.Publisher(planned, folder, republish=republish)
    check_folder(planned, folder, publisher, store)
    with _locked(folder):
        publisher.begin(store.committed_files(planned))
        if modules := _early_modules(planned, store):
            workers.prepare(modules)
        state = Run(planned, folder, store=store)
        judge = _Judge(planned.recipe.findings, strict, report)
        judge(state.findings)
        _name_leftovers(planned, store, report)
        states = state.states(force=force, from_step=from_step, accept=accept_versions)
        return _run(state, states, workers, report, judge, publisher)


def _early_modules(planned: Plan, store: Store) -> tuple[str, ...]:
    """Return what the workers of the steps that have no result yet will import."""
    return tuple(
        name
        for step in planned.steps
        if store.manifest(step.id) is None
        for name in step.offer.step.preload
    )


def _run(
    run_: Run,
    states: list[State],
    workers: engines.Engine,
    report: Callable[[Event], None],
    judge: "_Judge",
    publisher: publish.Publisher,
) -> RunResult:
    todo = run_.needed(states)
    planned, store = run_.plan, run_.store
    for state in states:
        if state.accepted:
            store.accept(state.step.id, state.accepted)
    _preflight(run_, [state.step for state in states if state.step.id in todo][1:])
    log = provenance.Log(run_.folder / "provenance.jsonl", _run_record(run_))
    log.begin()
    error_log.clear(run_.folder)
    is_news = bool(todo) or not log.says(
        [_committed(store, state.step.id).record for state in states]
    )
    files.write_bytes(run_.folder / "recipe.yaml", planned.recipe.source.text.encode())
    files.write_bytes(run_.folder / "recipe.resolved.yaml", _resolved(planned).encode())
    last_use = {
        ref: i for i, s in enumerate(states) for refs in s.step.inputs.values() for ref in refs
    }
    for i, state in enumerate(states):
        step = state.step
        if step.id in todo:
            report(Event("step", step.id, todo[step.id]))
            values = plan.bound(step, lambda ref: value_of(run_, ref))
            teller = _Teller(step.id, report)
            try:
                result = execute.execute(
                    step,
                    values,
                    store=store,
                    seed=planned.recipe.seed,
                    key=state.key,
                    parts=state.parts,
                    keep=state.terminal,
                    engine=workers,
                    afresh=state.reason == ASKED_FOR,
                    accepted=state.accepted,
                    on_progress=teller,
                    judge=judge,
                    known_hashes=run_.known_hashes,
                )
            except (StepError, FindingsError) as error:
                log.add(FailedStep(step.id, step.offer.step.name, str(error)))
                if isinstance(error, StepError):
                    error.log = error_log.write(
                        run_.folder,
                        step,
                        error,
                        environment=state.parts.environment,
                        progress=str(teller),
                        unfinished=store.unfinished(step.id),
                    )
                raise
            del values
            for port, value in result.values.items():
                if (
                    port not in result.manifest.outputs
                ):  # what was committed is read from there, if at all
                    run_.values[(step.id, port)] = value
            manifest = result.manifest
            del result
            report(Event("done", step.id, _summary(manifest.record)))
        else:
            manifest = _committed(store, step.id)
            report(Event("reused", step.id))
            judge(map(Finding.from_record, manifest.record.findings))
        if step.offer.step.writes:
            run_.known_hashes |= {
                str(store.final(step.id) / name): sha for name, sha in manifest.files.items()
            }
        for ref in [ref for ref, last in last_use.items() if last == i]:
            run_.values.pop(ref, None)
        if is_news:
            log.add(manifest.record)
        publisher.publish(
            step, store.publishable(step.id, manifest, run_.folders()) if step.published() else {}
        )
    for path, place in publisher.moved.items():
        report(Event("note", "", f"{path} was changed by somebody, and is now {place}"))
    for path in publisher.put_back:
        report(Event("note", "", f"{path} is put back as it was published"))
    made = {state.step.id: state.key for state in states}
    return RunResult(
        run_.folder,
        tuple(todo),
        tuple(id_ for id_ in made if id_ not in todo),
        made,
        publisher.moved,
        tuple(publisher.put_back),
    )


def _committed(store: Store, step_id: str) -> Manifest:
    """Return the manifest of a step that is known to be committed."""
    manifest = store.manifest(step_id)
    assert manifest is not None, f"BUG: step '{step_id}' was neither kept nor committed"
    return manifest


@dataclass(frozen=True, slots=True)
class _Judge:
    """Shows findings with the recipe's severities, and stops the run at errors; if strict, at warnings too."""

    choices: Mapping[str, Choice]
    strict: bool
    report: Callable[[Event], None]

    def __call__(self, found: Iterable[Finding]) -> None:
        findings = judged(found, self.choices)
        stopping = [finding for finding in findings if self.strict or finding.severity == "error"]
        for finding in findings:
            if finding not in stopping:
                self.report(Event("finding", finding.place, str(finding)))
        if stopping:
            raise FindingsError(stopping)


def _preflight(run_: Run, steps: Iterable[PlannedStep]) -> None:
    """Let steps look at what takes seconds to look at, before the ones above them take hours."""
    problems: list[Problem] = []
    for step in steps:
        if step.offer.step.preflight:
            with tempfile.TemporaryDirectory() as scratch:
                context = execute.Context(
                    step.id, execute.step_seed(run_.plan.recipe.seed, step.id), Path(scratch)
                )
                try:
                    with plan.blamed(run_.plan, step):
                        step.offer.step.preflight(
                            context, step.bound, plan.by_port(step, run_.facts.__getitem__)
                        )
                except RecipeError as error:
                    problems += error.problems
    if problems:
        raise RecipeError(problems)


@dataclass(slots=True)
class _Teller:
    """Passes a step's progress on, and keeps the last of it, which str() tells."""

    step_id: str
    report: Callable[[Event], None]
    last: tuple[int, int, str] | None = None

    def __call__(self, done: int, total: int, text: str) -> None:
        self.last = done, total, text
        self.report(Event("progress", self.step_id, text, done, total))

    def __str__(self) -> str:
        if self.last is None:
            return ""
        done, total, text = self.last
        return f"{done} of {total}  {text}".rstrip()


def value_of(run_: Run, ref: plan.Reference) -> Any:
    """Return an input, an in-memory result, or what a step committed."""
    if ref not in run_.values:
        run_.values[ref] = run_.committed(ref)
    return run_.values[ref]


def _summary(record: StepRecord) -> str:
    notes = record.notes
    rows_out = (
        ""
        if "table" in notes
        else "; ".join(f"{port}: {counts}" for port, counts in data_sets(record.counts.out))
    )
    counts = "; ".join(filter(None, (rows_out, notes.get("summary"))))
    counts = counts or counted(record.files.count, "file")
    counts += "".join(f"; {key}: {value}" for key, value in record.clock.this_run.items())
    lost = ", ".join(f"{counted(d.count, d.kind)} ({d.reason})" for d in record.dropped)
    rows = "\n" + textwrap.indent(table.text(notes["table"]), "  ") if "table" in notes else ""
    return counts + (f"; dropped {lost}" if lost else "") + rows


def _run_record(run_: Run) -> RunRecord:
    path = run_.plan.recipe.source.origin.resolve()
    plugin_files = tuple(
        PluginFile(str(file.resolve()), files.sha256(file)) for file in run_.plan.plugin_files
    )
    return RunRecord(
        recipe=run_.plan.recipe.name,
        recipe_sha256=files.sha256_of(_resolved(run_.plan).encode()),
        seed=run_.plan.recipe.seed,
        inputs=run_.digests,
        findings=run_.input_findings,
        versions={"coco-recipe": libraries.version("coco-recipe")},
        clock=RunClock(
            started=time.time(),
            recipe=str(path),
            plugins=plugin_files,
            recipe_from_run=os.path.relpath(path, run_.folder.resolve()),
        ),
    )


def _resolved(planned: Plan) -> str:
    """Write the recipe with every variable and default filled in."""
    data = dict(planned.recipe.source.data)
    data.pop("vars", None)
    data["steps"] = [
        {**row, "with": dict(step.params)}
        for row, step in zip(data["steps"], planned.steps, strict=True)
    ]
    return yaml_text.dump(data)


def default_folder(planned: Plan) -> Path:
    """Return the run directory that a recipe has where none is named."""
    return Path("runs") / planned.recipe.name


def check_folder(
    planned: Plan,
    folder: Path,
    publisher: publish.Publisher | None = None,
    store: Store | None = None,
) -> None:
    """Refuse a run directory, or a folder to publish in, that would touch somebody else's files.

    Args:
        planned: the plan.
        folder: its run directory.
        publisher: of the run that is about to begin; it keeps what is found out.
        store: its committed steps; it keeps the manifests that are read.

    Raises:
        RecipeError: a folder to publish in may hold something of the user's, or files of ours there were changed.
        RunError: the steps would lie among the inputs, or the directory is another recipe's.
    """
    inputs = [
        (planned.recipe.folder / name).resolve()
        for item in planned.recipe.inputs
        for name in (item.images, item.annotations, item.file, item.of)
        if name
    ]
    steps = (folder / "steps").resolve()
    for item in inputs:
        if steps == item or steps in item.parents or item in steps.parents:
            raise RunError(
                f"{steps} and the input {item} lie in one another; write elsewhere (--out)"
            )
    other = provenance.other_recipe(
        folder, planned.recipe.source, files.sha256_of(_resolved(planned).encode())
    )
    if other:
        raise RunError(
            f"{folder}: is the run directory of another recipe, {other}; choose another folder (--out), or "
            "give this recipe a name of its own"
        )
    check_targets(planned, folder, publisher, store)


def check_targets(
    planned: Plan,
    folder: Path,
    publisher: publish.Publisher | None = None,
    store: Store | None = None,
) -> None:
    """Refuse folders to publish in that may hold something of the user's, or lie in one another (see `check_folder`).

    Raises:
        RecipeError: says what is in the folder, and what to do.
    """
    (publisher or publish.Publisher(planned, folder)).check(
        (store or Store(folder)).committed_files(planned)
    )


def _name_leftovers(planned: Plan, store: Store, report: Callable[[Event], None]) -> None:
    for name in sorted(store.step_ids() - {step.id for step in planned.steps}):
        report(
            Event(
                "note",
                name,
                f"{store.final(name)} is of no step of this recipe; it is left where it is",
            )
        )


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the run directory; the lock file is never deleted, the kernel frees it."""
    from filelock import FileLock, Timeout

    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder}: is not a folder")
    if folder.is_dir() and os.listdir(folder) and not (folder / ".lock").exists():
        raise RunError(
            f"{folder}: is not empty and was not made by coco-recipe; choose another (--out)"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock", timeout=0):
            yield
    except Timeout as error:
        raise RunError(
            f"{folder}: another run is at work here; wait for it, or choose another folder (--out)"
        ) from error
    except PermissionError as error:
        raise RunError(f"{folder}: can't be written: {error.strerror}") from error
