"""Check what ``augment`` needs before it runs: its parameters, rows and files."""

from collections.abc import Callable, Container, Iterator, Mapping
from pathlib import Path
from typing import Any

from coco_recipe import (
    Backend,
    Dataset,
    Facts,
    Finding,
    Package,
    Params,
    Row,
    StepProblem,
    StepProblems,
)
from coco_recipe_pictures import pipelines
from coco_recipe_pictures.augment import choosing, refusals
from coco_recipe_pictures.augment.chosen import Chosen
from coco_recipe_pictures.augment.params import PARAMS
from coco_recipe_pictures.augment.work import applied, would_stop
from coco_recipe_pictures.backend import Backend as Library
from coco_recipe_pictures.checks import picture_checks
from coco_recipe_pictures.geometry import instances
from coco_recipe_pictures.needed import NEEDS

BYTES_A_PIXEL = {"jpg": 0.5, "png": 1.5}  # of photographs, about


def read(params: Params, backends: Mapping[str, Backend]) -> Mapping[str, Any]:
    """Read the pipeline, once for all that asks of it."""
    allow_files = params["allow_files"]
    return {"pipeline": pipelines.read(params["pipeline"], backends, allow_files=allow_files)}


def needs(params: Params) -> tuple[Package, ...]:
    """Return the packages that must be there: OpenCV, and those of the pipeline's library."""
    backend = _backend(params)
    return (*(backend.needs if backend else ()), *NEEDS)


def preload(params: Params) -> tuple[str, ...]:
    """Return the modules that workers import early."""
    backend = _backend(params)
    return (*(backend.preload if backend else ()), "coco_recipe_pictures.augment.preload")


def _backend(params: Params) -> Library | None:
    found = params.get("pipeline")
    return found.backend if isinstance(found, pipelines.Read) else None


def check(params: Params) -> Iterator[StepProblem]:
    low, high = params["accept"].get("no_visibility_between", (0, 1))
    if low >= high:
        yield StepProblem(
            ("accept", "no_visibility_between"),
            f"the first bound, {low}, must be below the second, {high}",
        )
    if params.get("balance") and params["copies"] != 1:
        yield StepProblem(
            ("copies",),
            "stands beside 'balance', which decides the number of copies",
            "leave it out; balance's max_copies is the cap",
        )
    yield from params["pipeline"].problems


def foresee(params: Params, facts: Mapping[str, Facts]) -> Mapping[str, Facts]:
    """Build the pipeline as it will be built, for the sizes that are known.

    Look for the names in the parameters.
    """
    known, pipeline = facts["dataset"], params["pipeline"].pipeline
    chosen = known.of_fewer_images() if params.get("where") else known
    sizes = [size for size in (chosen.smallest, chosen.largest) if size]
    found = list(choosing.problems(params, known))
    try:
        pipeline.check_sizes(sizes)
    except StepProblems as error:
        found += error.problems
    StepProblems.if_any(found)
    return {"dataset": known.of_other_images()}


def room(params: Params, facts: Mapping[str, Facts]) -> int | None:
    """Return about how many bytes the copies take, where their number is known."""
    pixels = facts["dataset"].pixels()
    if pixels is None or params.get("where") or params.get("balance"):
        return None
    return int(pixels * params["copies"] * BYTES_A_PIXEL[params["format"]])


def examine(
    given: Params,
    facts: Mapping[str, Facts],
    values: Callable[[], Mapping[str, Any] | None],
) -> None:
    """Ask what must be chosen for the rows, before the first step runs.

    Where they aren't known, `Work` asks it.

    The rows are those that come here: a step above may drop the keys, categories or images that
    would ask.

    Args:
        given: the step's parameters, read.
        facts: what is known of what comes to it.
        values: gives what comes to it; None where that can't be had before the run.

    Raises:
        ValueError: something must be chosen; StepProblems with the key of each parameter.
    """
    params = {name: given.get(name) for name in PARAMS["properties"]}
    pipeline = applied(params)
    may_ask = params["mirrored_categories"] or refusals.may_ask(pipeline, params, facts["dataset"])
    if may_ask and (found := values()):
        Chosen.of(found["dataset"], params, pipeline)


def refuses(params: Params) -> Iterator[str]:
    """Yield the kinds of pictures at which it stops, unless it is to go on without them."""
    if params["bad_images"] == "error":
        yield from (kind.name for kind in picture_checks.REFUSED)


def stops_at(params: Params, dataset: Dataset, pictures_: Container[str]) -> Iterator[str]:
    """Yield those of the pictures that get copies and are refused for what their header says.

    Args:
        params: the step's, read.
        dataset: what comes to it.
        pictures_: paths of pictures with a finding that it refuses.
    """
    choice = choosing.choose(
        dataset,
        dataset.annotations_of(),
        copies=params["copies"],
        where=params.get("where"),
        balanced=params.get("balance"),
    )
    for image, copies in zip(dataset.images, choice.copies, strict=True):
        path = dataset.path_of(image)
        if copies and str(path) in pictures_ and would_stop(params, image, path):
            yield str(path)


def stops_at_rows(given: Params, dataset: Dataset) -> Iterator[Row]:
    """Yield rows of what gets copies that can't be moved.

    Those of pictures in quarantine are left out.
    """
    params = {name: given.get(name) for name in PARAMS["properties"]}
    try:
        chosen = Chosen.of(dataset, params, applied(params))
    except ValueError:  # what is to be chosen is asked beside this
        return
    yield from instances.unmovable(
        chosen.annotations,
        chosen.images,
        chosen.swap,
        is_left_out=lambda image: (
            params["bad_images"] == "quarantine"
            and would_stop(params, image, dataset.path_of(image))
        ),
    )


def review(step_id: str, params: Params, facts: Mapping[str, Facts]) -> Iterator[Finding]:
    yield from refusals.limits(params["pipeline"].pipeline, params, step_id)
    yield from refusals.direction(
        params["pipeline"].pipeline,
        facts["dataset"].classes or (),
        step_id,
        params.get("mirrored_categories"),
        params.get("repeated"),
    )


def files(params: Params) -> list[Path]:
    """Return the pictures that the pipeline reads.

    Args:
        params: the step's, read.

    Raises:
        ValueError: one of them isn't there.
    """
    found = params["pipeline"].pipeline.files()
    if missing := [path for path in found if not path.is_file()]:
        raise ValueError(
            f"pipeline: there is no reference image {missing[0]} (relative to {Path.cwd()})"
        )
    return list(found)
