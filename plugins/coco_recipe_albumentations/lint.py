"""Say of a pipeline's file what would be refused, ignored or replaced."""

from collections.abc import Sequence
from pathlib import Path

from coco_recipe import Complaint
from coco_recipe_albumentations import checks, pipeline, pipeline_file, sizes
from coco_recipe_albumentations.forms import parse


def lint(path: Path) -> tuple[Sequence[str], Sequence[str]]:
    """Look at a file.

    Returns:
        What is wrong, and what is worth knowing; each a line with file, line and remedy. Where nothing is wrong and the
        library is installed, the pipeline has been built.
    """
    try:
        file = pipeline_file.load(path)
    except ValueError as error:
        return [str(error)], []

    def line(found: Complaint) -> str:
        hint = f"; {found.hint.replace('FILE', str(path))}" if found.hint else ""
        return f"{file.where(found.path)}: {found.what}{hint}"

    faults: list[Complaint] = []
    parsed = parse(file.form, faults)
    if parsed.transforms or not faults:
        faults += checks.check(parsed, every=True)
    wrong = [line(found) for found in faults]
    if not wrong:
        try:
            pipeline.build(file.form, (1024, 1024) if sizes.mentions(file.form) else None)
        except ValueError as error:
            wrong.append(f"{path}: {error}")
        except ImportError:
            pass  # what can be told without the library has been told
    return wrong, [line(found) for found in checks.notes(parsed)]
