"""Steps that open pictures, checks of pictures and masks, and the demo data set.

For steps of other plugins that make pictures of pictures there are ``moved``, with `Instance` and
`Moved`, and ``carried`` for a backend of ``augment`` (see `coco_recipe_pictures.backend`).
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from coco_recipe import hookimpl

if TYPE_CHECKING:
    import click

    from coco_recipe import Check, Crop, Dataset, Kind, Rule, Step
    from coco_recipe_pictures.geometry.carried import carried, moved
    from coco_recipe_pictures.geometry.instance import Instance, Moved

__all__ = ["Instance", "Moved", "carried", "moved"]


@hookimpl
def coco_recipe_steps() -> "Iterator[Step]":
    """Yield the steps that open images."""
    from coco_recipe_pictures import tile
    from coco_recipe_pictures.alike import check_leakage
    from coco_recipe_pictures.augment import step

    yield step.STEP
    yield tile.STEP
    yield check_leakage.STEP


@hookimpl
def coco_recipe_findings() -> "Iterator[Kind]":
    """Yield the kinds of findings that the steps make."""
    from coco_recipe_pictures.alike import check_leakage
    from coco_recipe_pictures.augment import refusals

    yield from (
        refusals.DIRECTION,
        refusals.TURNED,
        refusals.LIMITS,
        check_leakage.LEAK,
        check_leakage.ALIKE,
    )


@hookimpl
def coco_recipe_rules() -> "Iterator[Rule]":
    """Yield the rules of lint about pipelines, and about pictures in two parts."""
    from coco_recipe_pictures.alike import rules as leak_rules
    from coco_recipe_pictures.augment import rules as pipeline_rules

    yield from pipeline_rules.RULES
    yield from leak_rules.RULES


@hookimpl
def coco_recipe_checks() -> "Iterator[Check]":
    """Yield the checks of pictures and masks; what they need is imported when they run."""
    from coco_recipe_pictures.checks import offered_checks

    yield from offered_checks.CHECKS


@hookimpl
def coco_recipe_commands() -> "Iterator[click.Command]":
    """Yield ``coco-recipe demo`` and ``coco-recipe show``."""
    from coco_recipe_pictures import commands

    yield from (commands.demo, commands.show)


@hookimpl
def coco_recipe_sheets() -> "Iterator[Callable[[Dataset, int], bytes]]":
    """Yield what draws the telling images of a data set for a notebook."""
    yield _sheet


@hookimpl
def coco_recipe_crops() -> "Iterator[Callable[[Crop], bytes]]":
    """Yield what draws an annotation with what is around it, for ``coco-recipe why --to``."""
    from coco_recipe import is_installed

    if all(map(is_installed, ("cv2", "PIL"))):
        yield _crop


def _crop(crop: "Crop") -> bytes:
    from coco_recipe_pictures.show import cropping

    return cropping.draw(crop)


def _sheet(dataset: "Dataset", most: int) -> bytes:
    from coco_recipe_pictures.show import drawing, telling

    chosen = telling.choose({"": dataset}, (), telling.Wanted(most)) if dataset.folders else []
    if not chosen:
        raise LookupError("no folder of images" if dataset.images else "no image")
    return drawing.sheet(chosen, "JPEG")


def __getattr__(name: str) -> Any:
    """Load what needs numpy when it is asked for: who only reads a recipe needs none of it."""
    if name in ("carried", "moved"):
        from coco_recipe_pictures.geometry import carried

        return getattr(carried, name)
    if name in ("Instance", "Moved"):
        from coco_recipe_pictures.geometry import instance

        return getattr(instance, name)
    raise AttributeError(f"module 'coco_recipe_pictures' has no attribute '{name}'")
