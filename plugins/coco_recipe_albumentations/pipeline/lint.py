"""Say of a pipeline's file what would be refused, ignored or replaced."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from coco_recipe_pictures import pipeline_file

from coco_recipe import StepProblem, StepProblems
from coco_recipe_albumentations.migration import migrate
from coco_recipe_albumentations.pipeline import checks
from coco_recipe_albumentations.pipeline.building import ANY_SIZE
from coco_recipe_albumentations.pipeline.read import Pipeline


def lint(path: Path) -> tuple[Sequence[str], Sequence[str]]:
    """Look at a file.

    Returns:
        What is wrong, and what is worth knowing; each a line with file, line and remedy. Where
        nothing is wrong and the
        library is installed, the pipeline has been built.
    """
    try:
        file = pipeline_file.load(path)
    except ValueError as error:
        return [str(error)], []
    pipeline = Pipeline.parsed(file.form, file)

    def line(found: StepProblem) -> str:
        hint = f"; {found.hint.replace('FILE', str(path))}" if found.hint else ""
        return f"{file.where(found.path)}: {found.what}{hint}"

    written, problems = pipeline.written, list(pipeline.unread)
    if written.transforms or not problems:
        problems += checks.check(written, every=True)
    wrong = [line(found) for found in problems]
    if not wrong:
        try:
            pipeline.build(ANY_SIZE if pipeline.needs_size else None)
        except StepProblems as error:
            wrong += [found.what for found in error.problems]
        except ImportError:
            pass  # what can be told without the library has been told
    notes = list(checks.notes(written))
    told = {note.path for note in notes if "repeats the picture" in note.what}
    if checks.is_old(written.version):
        notes += [note for note in _of_old(file.form) if note.path not in told]
    return wrong, [line(found) for found in notes]


def _of_old(form: Any) -> Sequence[StepProblem]:
    """Return what is to be known of an old pipeline once it is migrated: borders, strength."""
    try:
        return migrate.migrate(form).notes
    except StepProblems:
        return []
