"""The data steps: what happens to rows, without opening an image."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from coco_recipe import hookimpl

if TYPE_CHECKING:
    from coco_recipe import Kind, Step


@hookimpl
def coco_recipe_steps() -> "Iterator[Step]":
    """Yield the data steps."""
    from coco_recipe_data import (
        add_segmentation,
        export_coco,
        filter_annotations,
        filter_categories,
        map_categories,
        merge,
        reindex,
        repair,
        split,
    )

    for module in (
        filter_categories,
        filter_annotations,
        map_categories,
        repair,
        reindex,
        merge,
        split,
        add_segmentation,
        export_coco,
    ):
        yield module.STEP


@hookimpl
def coco_recipe_findings() -> "Iterator[Kind]":
    """Yield the kinds of findings that the data steps make."""
    from coco_recipe_data import kinds

    yield from kinds.ALL
