"""Step ``reindex``: number images, annotations and categories anew, without gaps or repeats."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from coco_recipe import Dataset, Port, Step, StepContext

_BASE = {"enum": [0, 1, None], "default": 1}
PARAMS: dict[str, Any] = {
    "type": "object", "additionalProperties": False,
    "properties": {
        kind: {**_BASE, "description": f"First {kind[:-1] if kind != 'categories' else 'category'} id, 0 or 1; "
               "null leaves these ids as they are.", "examples": [1]}
        for kind in ("images", "annotations", "categories")
    },
}


def reindex(ctx: StepContext, *, dataset: Dataset, images: int | None, annotations: int | None,
            categories: int | None) -> Mapping[str, Dataset]:
    """Number rows in the file's order, from 0 or 1.

    The step's folder keeps ``ids.json``: for each table the old ids in order; the new id is ``base`` + position.
    """
    image_ids, category_ids = _numbers(dataset.images, images), _numbers(dataset.categories, categories)
    kept = {table: {"base": base, "old": [row.id for row in rows]} for table, base, rows in
            (("images", images, dataset.images), ("annotations", annotations, dataset.annotations),
             ("categories", categories, dataset.categories)) if base is not None}
    path = ctx.workdir / "ids.json"
    path.write_bytes(msgspec.json.encode(kept))
    rows = tuple(
        replace(row, id=row.id if annotations is None else annotations + i, image_id=image_ids[row.image_id],
                category_id=row.category_id if row.category_id is UNSET else category_ids.get(row.category_id,
                                                                                            row.category_id))
        for i, row in enumerate(dataset.annotations))
    return {"dataset": dataset.replace(
        images=tuple(replace(row, id=image_ids[row.id]) for row in dataset.images), annotations=rows,
        categories=tuple(replace(row, id=category_ids[row.id]) for row in dataset.categories))}


def _numbers(rows: Any, base: int | None) -> dict[Any, int]:
    return {row.id: row.id if base is None else base + i for i, row in enumerate(rows)}


STEP = Step(name="reindex", run=reindex, inputs={"dataset": Port(Dataset)}, outputs={"dataset": Dataset}, params=PARAMS,
            foresee=lambda params, facts: {"dataset": facts["dataset"]})
