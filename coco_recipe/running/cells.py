"""The cells of a recipe's matrix: all are planned before one runs; one that fails stops none."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from coco_recipe import files, plugins
from coco_recipe.errors import CocoRecipeError, Problem, RecipeError
from coco_recipe.language import matrix, source
from coco_recipe.planning.plan import Plan
from coco_recipe.planning.used_plugins import used_files
from coco_recipe.publishing.marks import targets
from coco_recipe.running import run_folder, stages
from coco_recipe.running.shared import Shared
from coco_recipe.running.stages import RunResult


@dataclass(frozen=True, slots=True)
class PlannedCell:
    """A cell of a matrix that is ready to run.

    Attributes:
        name: tells it from the others, as ``seed=1,copies=2``.
        plan: its plan.
        folder: its run directory: that of the recipe with the cell's name behind it.
    """

    name: str
    plan: Plan
    folder: Path


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a cell: what its run did, or why it failed."""

    cell: PlannedCell
    result: RunResult | None = None
    error: CocoRecipeError | None = None


def planned(
    path: Path,
    overrides: Sequence[str] = (),
    plugin_files: Sequence[Path] = (),
    *,
    out: Path | None = None,
) -> tuple[PlannedCell, ...]:
    """Plan every cell of a recipe's matrix.

    Args:
        path: the recipe's file.
        overrides: values of --set.
        plugin_files: plugin files to load.
        out: what the cells' run directories begin with; None for ``runs/<recipe name>``.

    Raises:
        RecipeError: with every problem of the matrix, or of all cells.
        PluginError: a plugin file is broken.
    """
    registry = plugins.find(plugin_files)
    text = source.load(path, overrides, registry.schemas())
    problems: list[Problem] = []
    found = matrix.cells(text, problems)
    if problems:
        raise RecipeError([*text.problems, *problems])
    cells = []
    for cell in found:
        one = source.load(path, overrides, registry.schemas(), cell.settings)
        draft = stages.drafted_from(one, stages.places_of(path), registry)
        problems += (_hinted(problem, text, cell) for problem in draft.problems)
        plan = replace(draft.plan, plugin_files=used_files(draft.plan, registry, plugin_files))
        begin = out or run_folder.default(plan)
        cells.append(PlannedCell(cell.name, plan, begin.with_name(f"{begin.name},{cell.name}")))
    problems = problems or [*_equal(text, cells), *_clashing(cells)]
    if problems:
        raise RecipeError(problems)
    return tuple(cells)


def run(
    cells: Sequence[PlannedCell], begin: Callable[[PlannedCell], Any], **options: Any
) -> Iterator[Done]:
    """Run cells, one after another; yield what became of each.

    Args:
        cells: the cells.
        begin: is told which one begins.
        options: of `stages.run`.
    """
    shared = Shared()
    for cell in cells:
        begin(cell)
        shared.begin()
        try:
            result = stages.run(cell.plan, out=cell.folder, shared=shared, **options)
        except CocoRecipeError as error:
            yield Done(cell, error=error)
        else:
            yield Done(cell, result)


def _hinted(problem: Problem, text: source.Source, cell: matrix.Cell) -> Problem:
    """Say how a list is one value, where one is wanted and the matrix has what would be in it."""
    setting = next((one for one in cell.settings if one.where == problem.where), None)
    if setting is None or isinstance(setting.value, list) or "a list" not in problem.what:
        return problem
    hint = "each value is a cell of its own; a list that is one value stands in a list: [[a, b]]"
    return replace(problem, hint=hint)


def _equal(text: source.Source, cells: Sequence[PlannedCell]) -> Iterator[Problem]:
    """Yield cells that come to one recipe, as where nothing uses the variable that is varied."""
    seen: dict[str, str] = {}
    for cell in cells:
        same = seen.setdefault(files.sha256_of(run_folder.resolved(cell.plan)), cell.name)
        if same != cell.name:
            what = f"the cells {same} and {cell.name} are the same recipe"
            hint = "an address leads to what nothing uses"
            yield Problem(text.where((source.MATRIX,), key=True), what, hint)
            return


def _clashing(cells: Sequence[PlannedCell]) -> Iterator[Problem]:
    """Yield where two cells would publish in one folder."""
    taken: dict[Path, str] = {}
    for cell in cells:
        for target in targets(cell.plan, cell.folder):
            for folder in (target.folder, *target.folder.parents):
                if folder in taken and taken[folder] != cell.name:
                    row = next(row for row in cell.plan.recipe.steps if row.id == target.step.id)
                    where = cell.plan.recipe.source.where((*row.at, "with", target.parameter))
                    what = f"every cell would publish in {folder}"
                    yield Problem(where, what, "name a folder in the run directory")
                    return
        taken |= {target.folder: cell.name for target in targets(cell.plan, cell.folder)}
