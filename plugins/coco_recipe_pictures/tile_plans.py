"""What ``tile`` says of itself before a run: how many tiles it cuts, and in words."""

from collections.abc import Callable, Mapping
from typing import Any

from coco_recipe import Dataset, Expected, ExpectedByPort, Forecast, Params, Span
from coco_recipe_pictures.tile_work import windows

BESIDE = Span(2, 3)  # files beside the pictures: rows, ids, the ledger


def forecast(
    params: Params, expected: ExpectedByPort, values: Callable[[], Mapping[str, Any] | None]
) -> Forecast:
    """Return how many tiles there will be, and bounds of what is in them.

    Args:
        params: the step's.
        expected: how much comes to it.
        values: gives what comes to it; None where that can't be had before the run.
    """
    found = values()
    if found is None:
        return Forecast()
    dataset: Dataset = found["dataset"]
    tiles, most = 0, dict.fromkeys((category.id for category in dataset.categories), 0)
    boxes = 0
    rows = dataset.annotations_of()
    for image in dataset.images:
        n = len(list(windows((int(image.width or 0), int(image.height or 0)), params)))
        tiles += n
        boxes += n * len(rows[image.id])
        for row in rows[image.id]:
            if isinstance(row.category_id, int):
                most[row.category_id] = most.get(row.category_id, 0) + n
    images = Span(0 if params["ignore_negative_samples"] else tiles, tiles)
    negatives = Span.exact(0) if params["ignore_negative_samples"] else Span(0, tiles)
    classes = {category.name: Span(0, most[category.id]) for category in dataset.categories}
    out = Expected(images, Span(0, boxes), negatives, classes)
    return Forecast({"dataset": out}, files=images + BESIDE)


def tell(params: Params) -> str:
    """Say how large the tiles are."""
    across, down = (params[f"overlap_{side}_ratio"] for side in ("width", "height"))
    overlap = f"{across:.0%}" if across == down else f"{across:.0%} and {down:.0%}"
    empty = ", without those that have no box" if params["ignore_negative_samples"] else ""
    size = f"{params['slice_width']} x {params['slice_height']} px"
    return f"cuts pictures into tiles of {size} that overlap by {overlap}{empty}"
