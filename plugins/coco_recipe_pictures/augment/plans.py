"""What ``augment`` says of itself before a run: how many copies it makes, and in words."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from coco_recipe import Annotation, Dataset, Expected, ExpectedByPort, Forecast, Params, Span
from coco_recipe_pictures.augment.chosen import Chosen
from coco_recipe_pictures.augment.params import PARAMS
from coco_recipe_pictures.augment.work import applied
from coco_recipe_pictures.backend import Effects

LISTED = 6
BESIDE = 5  # files beside the pictures: rows, ids, records, the ledger, what borders show again
FEWEST = 3


def forecast(
    given: Params, expected: ExpectedByPort, values: Callable[[], Mapping[str, Any] | None]
) -> Forecast:
    """Return how many copies there will be, and bounds of what is left in them.

    The numbers are exact where the rows that come are known, no copy can be given up, and the
    pipeline can neither cut off nor hide an annotation.

    Args:
        given: the step's parameters, read.
        expected: how much comes to it.
        values: gives what comes to it; None where that can't be had before the run.
    """
    params = {name: given.get(name) for name in PARAMS["properties"]}
    pipeline = applied(params)
    found = values()
    if found is None:
        chosen, whole = _of_unknown(params, expected["dataset"]), False
    else:
        dataset = found["dataset"]
        settled = Chosen.of(dataset, params, pipeline)
        chosen = _of_rows(dataset, settled)
        rows = (row for image in settled.images for row in settled.annotations[image.id])
        whole = all(map(_is_whole, rows))
    out = _mirrored(chosen, params, pipeline.effects)
    limits = any(params[name] for name in ("min_area_px", "min_side_px"))
    if not (pipeline.effects.keeps and whole) or limits:
        out = out.of_fewer_boxes()
    if params["accept"] or params["unchanged"] != "keep" or params["bad_images"] == "quarantine":
        out = out.of_fewer_images()
    if params["repeated"] == "label" and pipeline.effects.repeats:
        out = Expected(
            out.images,
            out.boxes.or_more(),
            out.negatives.or_fewer(),
            None if out.classes is None else {k: n.or_more() for k, n in out.classes.items()},
        )
    beside = Span(FEWEST, BESIDE)
    return Forecast({"dataset": out}, files=out.images + beside)


def _of_rows(dataset: Dataset, chosen: Chosen) -> Expected:
    """Return what the copies have before a pixel is moved."""
    copies = {
        image.id: n for image, n in zip(dataset.images, chosen.choice.copies, strict=True) if n
    }
    boxes, classes, negatives = 0, Counter[Any](), 0
    for image_id, n in copies.items():
        rows = chosen.annotations[image_id]
        boxes += n * len(rows)
        negatives += n * (not rows)
        for row in rows:
            classes[row.category_id] += n
    return Expected(
        Span.exact(sum(copies.values())),
        Span.exact(boxes),
        Span.exact(negatives),
        {category.name: Span.exact(classes[category.id]) for category in dataset.categories},
    )


def _of_unknown(params: Params, before: Expected) -> Expected:
    """Return bounds of what the copies have, where the rows aren't known."""
    if balance := params["balance"]:
        return before.times(balance["max_copies"]).of_fewer_images()
    copies = before.times(params["copies"])
    return copies.of_fewer_images() if params["where"] else copies


def _mirrored(found: Expected, params: Params, effects: Effects) -> Expected:
    """Return the same where classes may trade places: each may have what both have."""
    if not effects.mirrors or found.classes is None:
        return found
    classes = dict(found.classes)
    for one, other in params["mirrored_categories"] or ():
        both = found.classes.get(one, Span()) + found.classes.get(other, Span())
        classes |= {name: both.or_fewer() for name in (one, other) if name in classes}
    return Expected(found.images, found.boxes, found.negatives, classes)


def _is_whole(row: Annotation) -> bool:
    """Report whether nothing is left out of a row that moves as a whole: its box has an area."""
    return isinstance(row.bbox, tuple) and min(row.bbox[2:]) > 0


def tell(params: Params) -> str:
    """Say how many copies are made of which images, by which transforms."""
    if balance := params.get("balance"):
        wanted = balance["boxes"]
        each = wanted if isinstance(wanted, int) else "the wanted number of"
        told = f"copies images until classes have near {each} boxes"
        told += f", at most {balance.get('max_copies', 10)} times each"
    else:
        n = params["copies"]
        told = f"makes {n} {'copy' if n == 1 else 'copies'} of each image"
    if where := params.get("where"):
        told += f" that has {', '.join(_conditions(where))}"
    pipeline = params["pipeline"].pipeline
    names = pipeline.effects.names if pipeline else ()
    return told + (f" by {_listed(names)}" if names else "")


def _conditions(where: Mapping[str, Any]) -> Iterator[str]:
    if "categories" in where:
        yield f"a box of {_listed(where['categories'])}"
    yield from (f"{key} {value}" for key, value in where.get("fields", {}).items())


def _listed(names: Sequence[Any]) -> str:
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(map(str, names[:LISTED])) + more
