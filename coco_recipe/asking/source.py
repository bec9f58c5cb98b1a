"""Find the data sets that a command is asked about: of a file, a recipe or a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from coco_recipe import plugins
from coco_recipe.asking import address, reading
from coco_recipe.dataset import Dataset
from coco_recipe.errors import RunError, did_you_mean
from coco_recipe.findings import Finding
from coco_recipe.planning.plan import Plan, PlannedStep, Reference
from coco_recipe.running import checking, forecast, run_folder, stages
from coco_recipe.running.reopening import reopen
from coco_recipe.running.session import Session


@dataclass(frozen=True, slots=True)
class Asked:
    """What a command is asked about.

    Attributes:
        name: the place in words, as ``runs/caps:parts``.
        parts: the data sets by port, or by name where there is one.
        findings: what is known to be wrong with them.
        inputs: the data sets that the recipe or the run begins with.
    """

    name: str
    parts: Mapping[str, Dataset]
    findings: tuple[Finding, ...] = ()
    inputs: Mapping[str, Dataset] = field(default_factory=dict)


def find(
    source: str,
    images: Path | None = None,
    plugin_files: Sequence[Path] = (),
    *,
    overrides: Sequence[str] = (),
    moved_to: Path | None = None,
    search: bool = False,
) -> Asked:
    """Find data sets: ``FILE.json``, ``RECIPE.yaml[:NAME[.PORT]]`` or ``RUN[:NAME[.PORT]]``.

    Without a name, they are a recipe's first input, or what a run published.

    Args:
        source: the place.
        images: the folder of a file's pictures.
        plugin_files: plugin files to load.
        overrides: values of --set, of a recipe.
        moved_to: the recipe's file, where it has moved without the run directory.
        search: look for what is wrong with the rows of a file, however long that takes; else only
            of a file that is small.

    Returns:
        The data sets by name, with the place that they are of.

    Raises:
        RunError: there is no such file, run, step or output, or it must be run first; or overrides
            are given of what is no recipe, or a recipe's place of what is no run.
        RecipeError: the recipe is wrong.
        DatasetError: the file is wrong.
    """
    path, name = address.divided(source)
    is_recipe = not path.is_dir() and path.suffix.lower() in address.RECIPES
    if overrides and not is_recipe:
        raise RunError(f"--set overrides a value of a recipe, and {source} is none")
    if moved_to and not path.is_dir():
        raise RunError(f"--recipe says where the recipe of a run is, and {source} is no run")
    if path.is_dir():
        planned = reopen(path, plugin_files, moved_to)
        session = Session.open(planned, path, with_pixels=False)
        return _of_plan(source, session, name or _published(planned))
    if is_recipe:
        planned = stages.prepare(path, overrides, plugin_files)
        with_pixels = _needs_pixels(planned, name)
        session = Session.open(planned, run_folder.default(planned), with_pixels=with_pixels)
        return _of_plan(source, session, name or _first_input(planned))
    if name:
        raise RunError(f"{source}: only a recipe or a run directory has named data sets")
    parts = {path.name: reading.read(path, images)}
    return Asked(source, parts, findings_of(path) if search or address.is_quick(path) else ())


def findings_of(path: Path) -> tuple[Finding, ...]:
    """Return what is wrong with the rows of a file."""
    return checking.of_file(path, None, plugins.find(()).checks)


def _first_input(planned: Plan) -> str:
    names = [item.name for item in planned.recipe.inputs if item.annotations]
    if not names:
        raise RunError(f"{planned.recipe.source.origin}: no input is a data set; name a step")
    return names[0]


def _published(planned: Plan) -> str:
    """Return the name of the last step that publishes, else of the last one."""
    publishing = [step.id for step in planned.steps if step.published()]
    return (publishing or [step.id for step in planned.steps])[-1]


def _needs_pixels(planned: Plan, name: str) -> bool:
    """Say whether a step above writes files, so that its keys are needed to know it again."""
    ids = [step.id for step in planned.steps]
    writer = planned.first_writer()
    step = name.partition(".")[0]
    return step in ids and writer is not None and ids.index(writer) <= ids.index(step)


def _of_plan(source: str, session: Session, name: str) -> Asked:
    step_id, _, port = name.partition(".")
    step = next((step for step in session.plan.steps if step.id == step_id), None)
    found = session.inputs.findings
    if step is None:
        names = [item.name for item in session.plan.recipe.inputs]
        if step_id not in names or port:
            known = [*names, *(step.id for step in session.plan.steps)]
            raise RunError(f"{source}: there is no '{name}'; {did_you_mean(name, known)}")
        value = next(value for (item, _), value in session.values.items() if item == step_id)
        if not isinstance(value, Dataset):
            raise RunError(f"{source}: '{name}' is no data set")
        own = tuple(finding for finding in found if finding.place == step_id)
        return Asked(source, {name: value}, own, _inputs(session))
    values = _values(session, step, source)
    if port and port not in values:
        raise RunError(
            f"{source}: '{step_id}' has no data set '{port}'; {did_you_mean(port, list(values))}"
        )
    parts = {port: values[port]} if port else values
    return Asked(source, parts, found, _inputs(session))


def _inputs(session: Session) -> dict[str, Dataset]:
    return {
        item.name: session.values[item.name, ""]
        for item in session.plan.recipe.inputs
        if item.annotations
    }


def _values(session: Session, step: PlannedStep, source: str) -> dict[str, Dataset]:
    """Return the data sets that a step gives, or those that it is given where it gives none.

    Raises:
        RunError: it gives and is given none, or a step that writes files must be run first.
    """
    rehearsal = forecast.rehearsal(session)
    refs: dict[str, Reference] = {
        port: (step.id, port) for port, rule in step.outputs.items() if rule.kind is Dataset
    }
    if not refs:
        refs = {
            port if len(many) == 1 else f"{port}.{ref[0]}": ref
            for port, many in step.inputs.items()
            for ref in many
            if step.step.input(port).kind is Dataset
        }
    if not refs:
        raise RunError(f"{source}: '{step.id}' has no data set")
    values = {port: rehearsal.value_of(ref) for port, ref in refs.items()}
    if missing := [port for port, value in values.items() if not isinstance(value, Dataset)]:
        raise RunError(
            f"{source}: '{missing[0]}' of '{step.id}' comes of a step that writes files: "
            "run the recipe first"
        )
    return values
