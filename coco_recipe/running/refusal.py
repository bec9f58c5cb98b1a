"""Refuse a recipe in one go: problems of its text, of its folders and of its data together."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from coco_recipe.errors import CocoRecipeError, DatasetError, RecipeError, together
from coco_recipe.language.schema_check import name_fault
from coco_recipe.planning.plan import Plan
from coco_recipe.planning.resolve import Draft
from coco_recipe.publishing.publisher import Publisher
from coco_recipe.running import opening, run_folder
from coco_recipe.running.session import Session
from coco_recipe.running.store import Store


def of_draft(draft: Draft, out: Path | None) -> CocoRecipeError:
    """Return the error of a recipe with problems, which tells what else is wrong.

    Whose run directory it is isn't looked at: that goes by the text. A recipe whose name can't be
    a folder's has none.

    Args:
        draft: the recipe.
        out: the run directory; None for ``runs/<recipe name>``.
    """
    errors: list[CocoRecipeError] = [RecipeError(draft.problems)]
    if out or not name_fault(draft.named.recipe.name, is_recipe=True):
        folder = out or run_folder.default(draft.named)
        errors += _raised(partial(run_folder.check_inputs, draft.plan, folder))
        errors += _raised(partial(run_folder.check_targets, draft.named, folder))
    return together([*errors, *opening.wrong_with(draft.plan)])


def check(
    planned: Plan, folder: Path, publisher: Publisher | None = None, store: Store | None = None
) -> None:
    """Refuse a run directory, or a folder to publish in, that would touch somebody else's files.

    Args:
        planned: the plan.
        folder: its run directory.
        publisher: of the run that is about to begin; it keeps what is found out.
        store: its committed steps; it keeps the manifests that are read.

    Raises:
        RecipeError: a folder to publish in may hold something of the user's, or files of ours there
            were changed.
        RunError: the steps would lie among the inputs, or the directory is another recipe's.
            Beside both, what is wrong with the data.
    """
    errors = [
        *_raised(partial(run_folder.check_inputs, planned, folder)),
        *_raised(partial(run_folder.check_recipe, planned, folder)),
    ]
    if not errors:  # in another's run directory, what is published is another's, too
        errors += _raised(partial(run_folder.check_targets, planned, folder, publisher, store))
    if errors:
        raise together([*errors, *opening.wrong_with(planned)]) from errors[0]


def hold_against_rows(planned: Plan) -> bool:
    """Hold a plan against its default run directory, and against the rows of its inputs.

    Returns:
        Whether the rows are sound enough for it.

    Raises:
        RecipeError: steps can't go together with the rows, or folders to publish in may hold
            something of the user's; with every problem.
    """
    places = run_folder.default(planned)
    errors = [
        *_raised(partial(run_folder.check_targets, planned, places)),
        *_raised(partial(Session.open, planned, with_pixels=False)),
    ]
    if any(not isinstance(error, DatasetError) for error in errors):
        raise together(errors)
    return not errors


def _raised(check: Callable[[], object]) -> list[CocoRecipeError]:
    """Return the error of the project's that a check raises."""
    try:
        check()
    except CocoRecipeError as error:
        return [error]
    return []
