"""Read the pipeline that a recipe gives, with the library that it names."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from coco_recipe import Backend as Offered
from coco_recipe import Complaint
from coco_recipe_pictures import pipeline_file
from coco_recipe_pictures.backend import DEFAULT, Backend, Pipeline

KEY = "library"


@dataclass(frozen=True, slots=True)
class Read:
    """A pipeline that was read.

    Attributes:
        backend: the library that read it; None where there is none.
        pipeline: None where it can't be read at all.
        problems: what is wrong with it, at key paths below the step's ``with``.
    """

    backend: Backend | None
    pipeline: Pipeline | None
    problems: tuple[Complaint, ...] = ()


def read(value: object, backends: Mapping[str, Offered], *, allow_files: bool) -> Read:
    """Read a pipeline; nothing is raised, what is wrong is among the problems.

    Args:
        value: a list, a mapping, or the path of a file. A mapping may name its ``library``; else it
            is Albumentations.
        backends: the libraries that plugins offer, by name.
        allow_files: transforms that read files of their own are allowed.
    """
    file = None
    if isinstance(value, str):
        try:
            file = pipeline_file.load(Path(value))
        except ValueError as error:
            return Read(None, None, (Complaint(("pipeline",), str(error)),))
    form = file.form if file else value
    name = form.get(KEY, DEFAULT) if isinstance(form, dict) else DEFAULT
    backend = backends.get(name) if isinstance(name, str) else None
    if not isinstance(backend, Backend):
        return Read(None, None, (_not_offered(name, backends, file),))
    pipeline = backend.read(form, file, allow_files=allow_files)
    return Read(backend, pipeline, tuple(pipeline.problems))


def _not_offered(
    name: object, backends: Mapping[str, Offered], file: pipeline_file.PipelineFile | None
) -> Complaint:
    offered = sorted(name for name, one in backends.items() if isinstance(one, Backend))
    what = f"pipeline says library '{name}', which no plugin offers"
    if file:
        what = f"{file.where((KEY,))}: {what}"
    path = ("pipeline",) if file or name == DEFAULT else ("pipeline", KEY)
    return Complaint(path, f"{what}; offered: {', '.join(offered) or 'none'}")
