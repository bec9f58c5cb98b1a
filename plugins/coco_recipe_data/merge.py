"""Step ``merge``: any number of data sets into one, with nothing lost."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from coco_recipe import (
    Annotation,
    Category,
    Dataset,
    Facts,
    Image,
    Origin,
    Params,
    Port,
    Schema,
    Step,
    StepContext,
    extras,
    with_extras,
)
from coco_recipe_data import keypoints, kinds, licenses, parents, plans
from coco_recipe_data.free_names import FreeIds, FreeNames
from coco_recipe_data.merge_books import report, write_ids
from coco_recipe_data.references import Ids, follow, refer
from coco_recipe_data.tables import join


def merge(
    ctx: StepContext,
    *,
    datasets: tuple[Dataset, ...],
    same_file_name: str,
    origin_field: str | None,
    tables: Mapping[str, str | Sequence[str]] | None,
    ids: Mapping[str, str] | None,
) -> Mapping[str, Dataset]:
    """Join data sets: images out are the sum of images in.

    Categories are joined by name, never by id; where their keypoints differ, they are joined by
    name too, and rows follow. Ids stay where they are free; rows of later data sets whose ids are
    taken get the next free ones. Tables that rows refer to (``videos``, ``people``: any list of
    rows with ids) are joined, and what refers to them follows: by ``<singular>_id``,
    ``<singular>_ids`` and the keys of ``tables``, with a word before it (``next_video_id``), and in
    mappings in rows (``attributes``). Numbers that no table lists are renumbered where two files
    share one, if the key's last word is a thing that a file counts (``track_id``, ``object_id``,
    ``person_id``, ``group_id``, ``identity``); not where it is a kind, a source or a place in an
    order (``class_id``, ``dataset_id``, ``frame_id``), nor where they don't count from 0 or 1;
    other keys are named by a finding, and ``ids`` says what they are. ``info`` is the first data
    set's; licenses are joined. ``ids.json`` in the step's folder has the new id of every row of
    every data set.

    Args:
        ctx: the step's context.
        datasets: the data sets, in order; the first one's home and ``info`` stay.
        same_file_name: ``error`` or ``rename`` for file names that are equal.
        origin_field: the image key that gets the input's name; None for none.
        tables: by top-level list, the key or keys by which rows name its rows; None for none.
        ids: by key that no table lists, ``own`` or ``shared``; None for none.

    Returns:
        ``dataset``: the joined data set.

    Raises:
        ValueError: file names collide and ``same_file_name`` is ``error``; keypoints can't be
            joined by name; a row refers to a row of a table that its own file lacks.
        StepProblems: rows of a table must get other ids, and nothing is seen to name them
            (``tables`` says what does); it isn't known what a key such as ``subject_id`` names
            (``tables`` says it, or ``ids``).
    """
    categories, category_maps, places, firsts = _join_categories(datasets)
    licensed = licenses.join(datasets)
    image_maps = _image_ids(datasets)
    annotation_ids = _annotation_ids(datasets)
    known: list[Ids] = [
        {
            "image_id": image_maps[n],
            "category_id": category_maps[n],
            "annotation_id": {
                row.id: fresh
                for row, fresh in zip(part.annotations, annotation_ids[n], strict=True)
            },
        }
        for n, part in enumerate(datasets)
    ]
    joined = join(
        datasets,
        known,
        {name: (keys,) if isinstance(keys, str) else keys for name, keys in (tables or {}).items()},
        ids or {},
    )
    every = [{**own, **one} for own, one in zip(joined.ids, known, strict=True)]
    _refuse_strangers(datasets, every)
    followed = [
        {
            category.name: follow(category, parents.naming(every[n], "category_id"))
            for category in part.categories
        }
        for n, part in enumerate(datasets)
    ]
    categories = tuple(
        follow(row, parents.naming(every[n], "category_id"))
        for row, n in zip(categories, firsts, strict=True)
    )
    names = FreeNames(same_file_name)
    images = list[Image]()
    annotations = list[Annotation]()
    home = datasets[0].home
    for n, part in enumerate(datasets):
        shown = parents.naming(every[n], "image_id")
        own = parents.naming(every[n], "annotation_id")
        of_images, of_rows = refer(part.images, shown), refer(part.annotations, own)
        for image in part.images:
            name = names.take(image.file_name, part.home)
            row = _marked(image, part, home, renamed=name != image.file_name)
            row = _with_origin(row, part, origin_field) if origin_field else row
            row = replace(
                row,
                id=image_maps[n][image.id],
                file_name=name,
                license=_mapped_license(row, licensed.ids[n]),
            )
            images.append(follow(row, shown) if of_images else row)
        for annotation, fresh in zip(part.annotations, annotation_ids[n], strict=True):
            moved = places[n].get(annotation.category_id)
            box = replace(
                moved.moved(annotation) if moved else annotation,
                id=fresh,
                image_id=image_maps[n][annotation.image_id],
                category_id=category_maps[n].get(annotation.category_id, annotation.category_id),
            )
            annotations.append(follow(box, own) if of_rows else box)
    names.finish()
    write_ids(ctx, datasets, image_maps, annotation_ids, category_maps, joined)
    report(ctx, datasets, categories, followed, joined, renamed=names.renamed)
    ctx.find(kinds.IDS_SHARED, joined.unknown)
    ctx.find(kinds.LICENSES_UNLISTED, licensed.unlisted)
    extra = {key: value for part in reversed(datasets) for key, value in part.extra.items()}
    extra |= {**licensed.extra, **joined.extra}
    folders = {name: path for part in datasets for name, path in part.folders.items()}
    return {"dataset": Dataset(tuple(images), tuple(annotations), categories, home, folders, extra)}


PARAMS: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "same_file_name": {
            "enum": ["error", "rename"],
            "default": "error",
            "description": "File names that are equal, also by case or Unicode form: refuse, or "
            "rename the later one to <name>_2.<suffix>.",
            "examples": ["rename"],
        },
        "origin_field": {
            "type": "string",
            "minLength": 1,
            "description": "Image key that gets the name of the input which the image goes back "
            "to.",
            "examples": ["part"],
        },
        "tables": {
            "type": "object",
            "additionalProperties": {"type": ["string", "array"], "items": {"type": "string"}},
            "description": "Key (or keys) by which rows name those of a further top-level list, "
            "where it isn't <singular>_id, or of images, annotations or categories; [] says that "
            "nothing names them.",
            "examples": [{"people": "who", "notes": []}],
        },
        "ids": {
            "type": "object",
            "additionalProperties": {"enum": ["own", "shared"]},
            "description": "Key that no table lists: its numbers are each file's own (renumbered "
            "where two share one) or shared by all (left as they are).",
            "examples": [{"rider_id": "own", "camera_id": "shared"}],
        },
    },
}


def _refuse_strangers(datasets: tuple[Dataset, ...], ids: Sequence[Ids]) -> None:
    """Refuse a row that names one of its own list that its file lacks and another data set has."""
    for own, table in (
        ("image_id", "images"),
        ("annotation_id", "annotations"),
        ("category_id", "categories"),
    ):
        taken = {new for each in ids for new in each[own].values()}
        for part, each in zip(datasets, ids, strict=True):
            if row := parents.dangling(getattr(part, table), own, each[own], taken):
                told = " ".join(f"{key} {value!r}" for key, value in row.value.items())
                raise ValueError(
                    f"{row.name} of {part.home} has {told}, which is not in its '{table}'; another "
                    "data set has this id, so it would mean another thing after the merge: add the "
                    f"row to '{table}', or remove {' '.join(row.value)}"
                )


def _image_ids(datasets: tuple[Dataset, ...]) -> list[dict[int, int]]:
    ids = FreeIds(image.id for part in datasets for image in part.images)
    return [{image.id: ids.take(image.id) for image in part.images} for part in datasets]


def _annotation_ids(datasets: tuple[Dataset, ...]) -> list[list[int]]:
    """Return each data set's new ids in order.

    An id that repeats within one data set goes on repeating.
    """
    ids = FreeIds(row.id for part in datasets for row in part.annotations)
    result = []
    for part in datasets:
        taken = ids.taken & {row.id for row in part.annotations}
        result.append([ids.fresh() if row.id in taken else row.id for row in part.annotations])
        ids.taken.update(row.id for row in part.annotations)
    return result


def _with_origin(image: Image, part: Dataset, key: str) -> Image:
    origin = part.family(image).partition("/")[0]
    there = dict(extras(image)).get(
        key, getattr(image, key, None) if key in Image.__struct_fields__ else None
    )
    if there not in (None, origin):
        raise ValueError(
            f"image {image.id} ({image.file_name!r}) of {part.home} has {key} {there!r} already, "
            f"and would get {origin!r}; choose another origin_field"
        )
    changed: Image = with_extras(image, {key: origin})
    return changed


def _marked(image: Image, part: Dataset, home: str, *, renamed: bool) -> Image:
    """Mark an image with its folder and its root where the merged data set doesn't tell them."""
    mark = image.coco_recipe if isinstance(image.coco_recipe, Origin) else Origin()
    if part.home == home and not renamed:
        return image
    folder = mark.folder or part.home
    file = mark.file or (image.file_name if renamed else "")
    return replace(
        image,
        coco_recipe=replace(
            mark, root=part.family(image), folder="" if folder == home else folder, file=file
        ),
    )


def _join_categories(
    datasets: tuple[Dataset, ...],
) -> tuple[
    tuple[Category, ...], list[dict[Any, int]], list[dict[Any, keypoints.Places | None]], list[int]
]:
    """Join categories by name.

    Returns:
        The categories; for each data set the new ids, and where keypoints have gone; and for each
        category the number of the data set that has it first.
    """
    ids = FreeIds(category.id for part in datasets for category in part.categories)
    groups: dict[str, list[tuple[int, Category]]] = {}
    for n, part in enumerate(datasets):
        for category in part.categories:
            if category.name not in groups:
                groups[category.name] = [(-1, replace(category, id=ids.take(category.id)))]
            groups[category.name].append((n, category))
    maps: list[dict[Any, int]] = [{} for _ in datasets]
    places: list[dict[Any, keypoints.Places | None]] = [{} for _ in datasets]
    joined = []
    for (_, first), *members in groups.values():
        category, moves = keypoints.join(
            [first, *(member for _, member in members)],
            [datasets[n].home for n in (members[0][0], *(n for n, _ in members))],
        )
        joined.append(category)
        for (n, member), move in zip(members, moves[1:], strict=True):
            maps[n][member.id] = category.id
            places[n][member.id] = move
    return tuple(joined), maps, places, [members[1][0] for members in groups.values()]


def _mapped_license(image: Image, mapping: Mapping[licenses.Id, licenses.Id]) -> Any:
    old = licenses.of(image)
    return (
        image.license
        if old is None or mapping.get(old, old) == old
        else Raw(msgspec.json.encode(mapping[old]))
    )


def _foresee(params: Params, facts: Mapping[str, tuple[Facts, ...]]) -> Mapping[str, Facts]:
    parts = facts["datasets"]
    low, high = [part.smallest for part in parts], [part.largest for part in parts]

    def joined(lists: Iterable[tuple[str, ...] | None]) -> tuple[str, ...] | None:
        known = [names for names in lists if names is not None]
        return (
            tuple(dict.fromkeys(name for names in known for name in names))
            if len(known) == len(parts)
            else None
        )

    return {
        "dataset": Facts(
            joined(part.classes for part in parts),
            None
            if None in low
            else (min(size[0] for size in low if size), min(size[1] for size in low if size)),
            None
            if None in high
            else (max(size[0] for size in high if size), max(size[1] for size in high if size)),
            _with_field(joined(part.fields for part in parts), params.get("origin_field")),
            joined(part.keypoints for part in parts),
            annotation_fields=joined(part.annotation_fields for part in parts),
        )
    }


def _with_field(fields: tuple[str, ...] | None, key: str | None) -> tuple[str, ...] | None:
    return fields if fields is None or key is None or key in fields else (*fields, key)


STEP = Step(
    name="merge",
    run=merge,
    inputs={"datasets": Port(Dataset, many=True)},
    outputs={"dataset": Dataset},
    params=PARAMS,
    forecast=plans.merge,
    tell=plans.tell_merge,
    apart=("coco_recipe_data.plans",),
    foresee=_foresee,
)
