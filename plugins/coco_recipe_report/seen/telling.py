"""Choose the images of a data set that tell most about it, without a record for each image."""

import heapq
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from coco_recipe import Annotation, Dataset, Image
from coco_recipe_report.seen import shots
from coco_recipe_report.seen.shots import Shot

MOST_RARE = 3  # classes that are shown for being rare


def telling(rows: Dataset, most: int) -> tuple[Shot, ...]:
    """Return the images with the rarest classes, the smallest, the largest and the most boxes.

    One without a box is among them, and then any, by a hash of their names: always the same.

    Args:
        rows: the data set.
        most: how many images.
    """
    by_id = {image.id: image for image in rows.images}
    owned = [one for one in rows.annotations if one.image_id in by_id]
    chosen: dict[int, str] = {}
    for id_, why in _chosen(rows, owned, by_id):
        chosen.setdefault(id_, why)
        if len(chosen) == most:
            break
    of_image: dict[int, list[Annotation]] = {id_: [] for id_ in chosen}
    for one in owned:
        if one.image_id in of_image:
            of_image[one.image_id].append(one)
    return tuple(shots.whole(rows, by_id[id_], of_image[id_], why) for id_, why in chosen.items())


def _chosen(
    rows: Dataset, owned: Sequence[Annotation], by_id: dict[int, Image]
) -> Iterator[tuple[int, str]]:
    names = rows.category_names()
    counts = Counter(one.category_id for one in owned if one.category_id in names)
    rare = dict(counts.most_common()[: -MOST_RARE - 1 : -1])
    first = {one.category_id: one.image_id for one in reversed(owned) if one.category_id in rare}
    for id_, n in rare.items():
        yield first[id_], f"{names[id_]}: {n} in all"
    areas = [
        (one.bbox[2] * one.bbox[3], one.image_id) for one in owned if isinstance(one.bbox, tuple)
    ]
    if areas:
        yield min(areas)[1], "smallest box"
        yield max(areas)[1], "largest box"
        boxes = Counter(one.image_id for one in owned)
        yield boxes.most_common(1)[0][0], "most boxes"
        empty = (image for image in rows.images if image.id not in boxes)
        yield from ((image.id, "no box") for image in _first(empty, 1))
    yield from ((image.id, "") for image in _first(by_id.values(), 32))


def _first(images: Iterable[Image], most: int) -> list[Image]:
    """Return a few images in an order that has nothing to do with their names."""

    return heapq.nsmallest(
        most, images, key=lambda one: (zlib.crc32(one.file_name.encode()), one.id)
    )
