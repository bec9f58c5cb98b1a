"""Step ``reindex``: number images, annotations and categories anew, without gaps or repeats."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from operator import ne
from typing import Any

import msgspec
from msgspec.structs import replace

from coco_recipe import Dataset, Port, Schema, Step, StepContext
from coco_recipe_data import kinds, parents, plans, references

_BASE = {"enum": [0, 1, None]}
_DEFAULTS = {"images": 1, "annotations": 1, "categories": None}  # competitions score by category id
_MENDED = {
    "images": ("image_ids_out_of_range",),
    "categories": ("category_ids_out_of_range",),
    "annotations": ("repeated_annotation_ids", "annotation_ids_out_of_range"),
}
_WITHOUT_ID = {table: f"{table}_without_id" for table in _DEFAULTS}


def reindex(
    ctx: StepContext,
    *,
    dataset: Dataset,
    images: int | None,
    annotations: int | None,
    categories: int | None,
) -> Mapping[str, Dataset]:
    """Number rows in the file's order, from 0 or 1; categories only if asked.

    What names an image, an annotation or a category follows: in rows, in those of other top-level
    tables, and by ``parent_id``, which names a row of the same list. The step's folder keeps
    ``ids.json``: for each table the old ids in order, null for a row that had none in its file; the
    new id is ``base`` + position.

    Args:
        ctx: the step's context.
        dataset: the rows.
        images: the first image's new id, 0 or 1; None leaves these ids as they are.
        annotations: the first annotation's, likewise.
        categories: the first category's, likewise.

    Returns:
        ``dataset``: the same rows under new ids.
    """
    bases = {"images": images, "annotations": annotations, "categories": categories}
    old: dict[str, list[Any]] = {
        table: [row.id for row in getattr(dataset, table)] for table in bases
    }
    new = {
        table: ids if (base := bases[table]) is None else list(range(base, base + len(ids)))
        for table, ids in old.items()
    }
    numbered = {
        _WITHOUT_ID[table]: old[table][:] for table, base in bases.items() if base is not None
    }
    for one in dataset.loose:
        if one.kind in numbered:
            numbered[one.kind][one.place] = None  # it had none in the file
    kept: dict[str, dict[str, Any]] = {
        table: {"base": base, "old": numbered[_WITHOUT_ID[table]]}
        for table, base in bases.items()
        if base is not None
    }
    (ctx.workdir / "ids.json").write_bytes(msgspec.json.encode(kept))
    changed = {table: sum(map(ne, kept[table]["old"], new[table])) for table in kept}
    ctx.note("ids_changed", changed)
    ctx.note(
        "summary",
        "new ids: "
        + (
            ", ".join(f"{n} of {len(old[table])} {table}" for table, n in changed.items())
            or "none asked for"
        ),
    )
    image_ids, category_ids = (
        dict(zip(old[table], new[table], strict=True)) for table in ("images", "categories")
    )
    ids = {
        "image_id": image_ids,
        "category_id": category_ids,
        "annotation_id": _Later(old["annotations"], new["annotations"]),
    }
    rows = tuple(
        replace(
            row,
            id=fresh,
            image_id=image_ids[row.image_id],
            category_id=category_ids.get(row.category_id, row.category_id),
        )
        for row, fresh in zip(dataset.annotations, new["annotations"], strict=True)
    )
    of_images, lost_by_images = parents.moved(
        tuple(map(_numbered, dataset.images, new["images"])), ids, "image_id"
    )
    of_rows, lost_by_rows = parents.moved(rows, ids, "annotation_id")
    of_categories, lost_by_categories = parents.moved(
        tuple(map(_numbered, dataset.categories, new["categories"])), ids, "category_id"
    )
    ctx.find(kinds.REFERENCES_LEFT_OUT, [*lost_by_images, *lost_by_rows, *lost_by_categories])
    return {
        "dataset": dataset.replace(
            images=of_images,
            annotations=of_rows,
            categories=of_categories,
            extra=references.follow_in_tables(dataset.extra, ids),
            loose=tuple(one for one in dataset.loose if one.kind not in numbered),
        )
    }


PARAMS: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        kind: {
            **_BASE,
            "default": default,
            "examples": [1],
            "description": f"First {kind[:-1] if kind != 'categories' else 'category'} id, 0 or 1; "
            "null leaves these ids as they are.",
        }
        for kind, default in _DEFAULTS.items()
    },
}


class _Later(Mapping[Any, int]):
    """New ids by the old ones, put together when one is asked for: few files name annotations."""

    def __init__(self, old: Sequence[Any], new: Sequence[int]) -> None:
        self._old, self._new = old, new

    @cached_property
    def _ids(self) -> dict[Any, int]:
        return dict(zip(self._old, self._new, strict=True))

    def __getitem__(self, old: Any) -> int:
        return self._ids[old]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)


def _numbered(row: Any, fresh: int) -> Any:
    return replace(row, id=fresh)


STEP = Step(
    name="reindex",
    run=reindex,
    inputs={"dataset": Port(Dataset, loose=True)},
    outputs={"dataset": Dataset},
    params=PARAMS,
    forecast=plans.same_rows,
    tell=plans.tell_reindex,
    apart=("coco_recipe_data.plans",),
    understands=lambda params: [
        kind for table, kind in _WITHOUT_ID.items() if params[table] is not None
    ],
    foresee=lambda params, facts: {"dataset": facts["dataset"]},
    mends=lambda params: [
        kind for table, mended in _MENDED.items() if params[table] is not None for kind in mended
    ],
)
