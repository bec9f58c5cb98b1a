"""Steps that need torch."""

from collections.abc import Iterator

from coco_recipe import Step, hookimpl


@hookimpl
def coco_recipe_steps() -> Iterator[Step]:
    """Yield the steps."""
    yield from ()
