"""Step ``merge``: any number of data sets into one, with nothing lost."""

import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

import msgspec
from msgspec import UNSET, Raw
from msgspec.structs import replace

from coco_recipe import Category, Dataset, Facts, Image, Origin, Port, Step, StepContext

PARAMS: dict[str, Any] = {
    "type": "object", "additionalProperties": False,
    "properties": {
        "same_file_name": {"enum": ["error", "rename"], "default": "error",
                           "description": "File names that are equal, also by case or Unicode form: refuse, or rename "
                           "the later one to <name>_2.<suffix>.", "examples": ["rename"]},
    },
}


def merge(ctx: StepContext, *, datasets: tuple[Dataset, ...], same_file_name: str) -> Mapping[str, Dataset]:
    """Join data sets: images out are the sum of images in.

    Categories are joined by name, never by id. Ids stay where they are free; rows of later data sets whose ids are
    taken get the next free ones. ``info`` is the first data set's; licenses are joined.

    Raises:
        ValueError: file names collide, and ``same_file_name`` is ``error``.
    """
    categories, category_maps = _join_categories(datasets)
    licenses, license_maps = _join_licenses(datasets)
    image_ids = _Ids(image.id for part in datasets for image in part.images)
    annotation_ids = _Ids(row.id for part in datasets for row in part.annotations)
    names, images, annotations, renamed = _Names(same_file_name), list[Image](), [], 0
    home = datasets[0].home
    for n, part in enumerate(datasets):
        new_id = {image.id: image_ids.take(image.id) for image in part.images}
        own = {row.id for row in part.annotations} if n else set()
        taken = annotation_ids.seen(own)
        for image in part.images:
            name = names.take(image.file_name, part.home)
            renamed += name != image.file_name
            row = _marked(image, part, home, renamed=name != image.file_name)
            licence = _mapped_license(row.license, license_maps[n])
            images.append(replace(row, id=new_id[image.id], file_name=name, license=licence))
        for annotation in part.annotations:
            fresh = annotation_ids.fresh() if annotation.id in taken else annotation.id
            annotations.append(replace(annotation, id=fresh, image_id=new_id[annotation.image_id],
                                       category_id=category_maps[n].get(annotation.category_id,
                                                                        annotation.category_id)))
        annotation_ids.add(row.id for row in part.annotations)
    names.finish()
    extra = {key: value for part in reversed(datasets) for key, value in part.extra.items()} | licenses
    ctx.note("renamed_files", renamed)
    ctx.note("categories_joined", sum(len(part.categories) for part in datasets) - len(categories))
    if other := sorted({key for part in datasets[1:] for key, value in part.extra.items()
                        if key != "licenses" and bytes(value) != bytes(extra[key])}):
        ctx.note("top_level_keys_of_the_first_data_set", other)
    folders = {name: path for part in datasets for name, path in part.folders.items()}
    return {"dataset": Dataset(tuple(images), tuple(annotations), categories, home, folders, extra)}


class _Ids:
    """Hands out ids: the wanted one where it is free, else one above all."""

    def __init__(self, everything: Iterable[int]) -> None:
        self.next, self.taken = max(everything, default=0) + 1, set[int]()

    def fresh(self) -> int:
        self.next += 1
        return self.next - 1

    def take(self, wanted: int) -> int:
        got = self.fresh() if wanted in self.taken else wanted
        self.taken.add(got)
        return got

    def seen(self, ids: set[int]) -> set[int]:
        return ids & self.taken

    def add(self, ids: Iterable[int]) -> None:
        self.taken.update(ids)


class _Names:
    """Finds file names that can't stand beside one another on every file system."""

    def __init__(self, policy: str) -> None:
        self.policy, self.owner, self.clashes = policy, dict[str, str](), list[str]()

    def take(self, name: str, home: str) -> str:
        got, n = name, 2
        while (key := unicodedata.normalize("NFC", got).casefold()) in self.owner:
            if self.policy == "error":
                self.clashes.append(f"{name} ({self.owner[key]} and {home})")
                break
            path = PurePosixPath(name)
            got, n = str(path.with_name(f"{path.stem}_{n}{path.suffix}")), n + 1
        self.owner.setdefault(unicodedata.normalize("NFC", got).casefold(), home)
        return got

    def finish(self) -> None:
        if self.clashes:
            raise ValueError(f"{len(self.clashes)} file names collide: {', '.join(self.clashes[:5])}; "
                             "set same_file_name: rename")


def _marked(image: Image, part: Dataset, home: str, *, renamed: bool) -> Image:
    """Mark an image with its folder and its root where the merged data set doesn't tell them."""
    mark = image.coco_recipe if isinstance(image.coco_recipe, Origin) else Origin()
    if part.home == home and not renamed:
        return image
    folder = mark.folder or part.home
    file = mark.file or (image.file_name if renamed else "")
    return replace(image, coco_recipe=replace(mark, root=part.family(image), folder="" if folder == home else folder,
                                              file=file))


def _join_categories(datasets: tuple[Dataset, ...]) -> tuple[tuple[Category, ...], list[dict[Any, int]]]:
    ids = _Ids(category.id for part in datasets for category in part.categories)
    joined: dict[str, Category] = {}
    maps = []
    for part in datasets:
        for category in part.categories:
            if category.name not in joined:
                joined[category.name] = replace(category, id=ids.take(category.id))
        maps.append({category.id: joined[category.name].id for category in part.categories})
    return tuple(joined.values()), maps


def _join_licenses(datasets: tuple[Dataset, ...]) -> tuple[dict[str, Raw], list[dict[Any, Any]]]:
    """Join the lists of licenses; equal ones once, others renumbered where their id is taken."""
    rows: list[dict[str, Any]] = []
    maps: list[dict[Any, Any]] = []
    for part in datasets:
        found = msgspec.json.decode(part.extra["licenses"]) if "licenses" in part.extra else []
        mapping: dict[Any, Any] = {}
        for row in found if isinstance(found, list) else []:
            if not isinstance(row, dict) or row in rows:
                continue
            new = dict(row)
            if row.get("id") in [other.get("id") for other in rows]:
                new["id"] = max(other["id"] for other in rows if isinstance(other.get("id"), int)) + 1
                mapping[row.get("id")] = new["id"]
            rows.append(new)
        maps.append(mapping)
    return ({"licenses": Raw(msgspec.json.encode(rows))} if rows else {}), maps


def _mapped_license(value: Any, mapping: Mapping[Any, Any]) -> Any:
    if value is UNSET or not mapping:
        return value
    old = msgspec.json.decode(value)
    return Raw(msgspec.json.encode(mapping[old])) if isinstance(old, int | str) and old in mapping else value


def _foresee(params: Mapping[str, Any], facts: Mapping[str, tuple[Facts, ...]]) -> Mapping[str, Facts]:
    parts = facts["datasets"]
    low, high = [part.smallest for part in parts], [part.largest for part in parts]

    def joined(lists: Iterable[tuple[str, ...] | None]) -> tuple[str, ...] | None:
        known = [names for names in lists if names is not None]
        return tuple(dict.fromkeys(name for names in known for name in names)) if len(known) == len(parts) else None

    return {"dataset": Facts(
        joined(part.classes for part in parts),
        None if None in low else (min(size[0] for size in low if size), min(size[1] for size in low if size)),
        None if None in high else (max(size[0] for size in high if size), max(size[1] for size in high if size)),
        joined(part.fields for part in parts), joined(part.keypoints for part in parts))}


STEP = Step(name="merge", run=merge, inputs={"datasets": Port(Dataset, many=True)}, outputs={"dataset": Dataset},
            params=PARAMS, foresee=_foresee)
