"""Take the geometry out of annotation rows, and put it into the copies' rows."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import isfinite
from sys import float_info
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec import UNSET, Raw
from msgspec.structs import replace

from coco_recipe import NO_PLACE_PX, Annotation, Image, Row, about, counted, is_flat, turned_box
from coco_recipe_pictures.geometry import other_places
from coco_recipe_pictures.geometry.judging import Left

if TYPE_CHECKING:
    from coco_recipe_pictures.geometry.instance import Instance

Placed = TypeVar("Placed", Annotation, Image)
_OVERHANG_PX = 1e-6
NO_AREA_PX = 1e-6  # square pixels: dust of a polygon that touches the picture's edge
# kinds of findings that an input has whose rows can't be moved
DOUBTS = (
    "images_without_size",
    "boxes_of_no_area",
    "boxes_outside",
    "boxes_past_the_edge",
    "boxes_normalised",
    "keypoints_far_outside",
    "keypoints_of_wrong_number",
    "keypoints_of_wrong_type",
    "masks_of_another_size",
    "masks_with_wrong_runs",
    "polygons_of_huge_numbers",
    "polygons_too_short",
    "segmentations_far_outside",
    "segmentations_flat",
    "segmentations_of_no_area",
    "segmentations_of_pairs",
    "segmentations_of_texts",
    "segmentations_of_unknown_form",
)


def instance(
    row: Annotation,
    swap: Mapping[int, tuple[tuple[int, int], ...]],
    *,
    or_upright: bool = False,
    size: tuple[int, int] | None = None,
) -> "Instance | None":
    """Return the geometry of a row; None where it has none (a caption, a tag).

    Polygons of which none has an area, and a mask without a pixel, are as good as absent; so are
    polygons outside of the picture, where the row has a box to judge it by.

    Args:
        row: the row.
        swap: by category id, the keypoints that trade places in a mirrored picture.
        or_upright: as for `turned_box`.
        size: the picture's width and height in pixels; None where polygons aren't held against it.
    """
    from coco_recipe_pictures.geometry.instance import Instance
    from coco_recipe_pictures.geometry.rle import runs_of

    box: Any = tuple(map(float, row.bbox)) if isinstance(row.bbox, tuple) else None
    segmentation, keypoints = _decoded(row.segmentation), _decoded(getattr(row, "keypoints", UNSET))
    if (
        all(map(is_flat, segmentation))
        if isinstance(segmentation, list)
        else segmentation is not None and not any(runs_of(segmentation["counts"])[1::2])
    ):
        segmentation = None
    if box and size and _is_outside(segmentation, size):
        segmentation = None
    if segmentation is None and (turned := turned_box(row, or_upright=or_upright)):
        box, segmentation = None, [[side for corner in turned.corners() for side in corner]]
    if box is None and segmentation is None and keypoints is None:
        return None
    return Instance(
        box,
        segmentation,
        tuple(keypoints) if keypoints else None,
        swap.get(row.category_id, ()) if isinstance(row.category_id, int) else (),
    )


def has_lost_polygons(row: Annotation, before: "Instance | None") -> bool:
    """Say whether a row's polygons have an area, and no part in the picture.

    Args:
        row: the row.
        before: its geometry, by `instance` with the picture's size.
    """
    polygons = _decoded(row.segmentation)
    return (
        before is not None
        and before.segmentation is None
        and isinstance(polygons, list)
        and not all(map(is_flat, polygons))
    )


def told_of_polygons(rows: int) -> str:
    """Say that so many rows have lost their polygons."""
    return f"{counted(rows, 'row')} without the polygons, which lay outside of the picture"


def _is_outside(polygons: Any, size: tuple[int, int]) -> bool:
    """Say whether nothing of polygons reaches into a picture of this width and height."""
    import numpy as np

    from coco_recipe_pictures.geometry import shapes

    if not isinstance(polygons, list) or any(
        0 < x < size[0] and 0 < y < size[1]
        for one in polygons
        for x, y in zip(one[0::2], one[1::2], strict=False)
    ):
        return False
    rings = [np.reshape(np.array(one, np.float64), (-1, 2)) for one in polygons if not is_flat(one)]
    left = shapes.framed([[ring] for ring in rings], size[::-1])
    return shapes.area(left, crosses=True) < NO_AREA_PX


def _decoded(value: Any) -> Any:
    """Decode a field; null, [] and {} are as good as absent."""
    return (msgspec.json.decode(value) or None) if isinstance(value, Raw) else None


def copied(
    row: Annotation, before: "Instance | None", left: Left | None, *, id: int, image_id: int
) -> Annotation:
    """Return the copy's row: the source's with new ids and what is left of its geometry.

    Other keys travel along. Where the geometry has not changed, its numbers are the source's own,
    to the last digit.

    Args:
        row: the source's.
        before: its geometry; None where it has none.
        left: what is left of it, in pixels of the copy; None where it has none.
        id: of the copy's row.
        image_id: of the copy.
    """
    if before is None or left is None:
        return replace(row, id=id, image_id=image_id)
    changes = (
        {}
        if before.bbox in (None, left.bbox) and left.segmentation == before.segmentation
        else _moved(row, before, left)
    )
    if before.keypoints is not None and left.keypoints != before.keypoints:
        changes["keypoints"] = _encoded(left.keypoints)
        if getattr(row, "num_keypoints", UNSET) is not UNSET and left.num_keypoints != _labelled(
            before
        ):
            changes["num_keypoints"] = _encoded(left.num_keypoints)
    return replace(row, id=id, image_id=image_id, **changes)


def _labelled(one: "Instance") -> int:
    return sum(flag > 0 for flag in (one.keypoints or ())[2::3])


def _moved(row: Annotation, before: "Instance", left: Left) -> dict[str, Any]:
    """Return a copy's box, area and segmentation by their keys."""
    has_area = (before.bbox or before.segmentation) and not (
        row.area is UNSET and row.bbox is UNSET
    )
    changes: dict[str, Any] = {
        "bbox": left.bbox if isinstance(row.bbox, tuple) and left.bbox else row.bbox,
        "area": _area(row, left) if has_area else row.area,
    }
    if _decoded(row.segmentation) is not None:  # one of no area isn't where it was
        changes["segmentation"] = (
            Raw(b"[]") if before.segmentation is None else _encoded(left.segmentation)
        )
    return changes


def _area(row: Annotation, left: Left) -> float:
    """Return a copy's area: the recorded one, as much larger as the geometry.

    Without one, the geometry's.
    """
    return left.area if row.area is UNSET else round(row.area * left.scale, 2)


def without(row: Placed, paths: Sequence[other_places.Path]) -> Placed:
    """Return a row without what is at these paths (see `refusals.places`)."""
    own = {
        key: name
        for name, key in zip(row.__struct_fields__, row.__struct_encode_fields__, strict=True)
    }
    changes: dict[str, Any] = {}
    for key in dict.fromkeys(path[0] for path in paths):
        inner = [path[1:] for path in paths if path[0] == key]
        changes[own[key]] = (
            UNSET
            if () in inner
            else _encoded(other_places.without(_decoded(getattr(row, own[key])), inner))
        )
    return replace(row, **changes)


def _encoded(value: Any) -> Raw:
    return Raw(msgspec.json.encode(value))


def check(
    annotations: Mapping[int, Sequence[Annotation]],
    images: Sequence[Image],
    swap: Mapping[int, tuple[tuple[int, int], ...]],
    *,
    is_left_out: Callable[[Image], bool] = lambda image: False,
) -> None:
    """Refuse what can't be moved, before a picture is opened.

    The arguments are those of `unmovable`.

    Raises:
        ValueError: there is something; names the first five rows.
    """
    problems = list(unmovable(annotations, images, swap, is_left_out=is_left_out))
    if problems:
        told = about(len(problems), "rows can't be augmented")
        raise ValueError(f"{told}: {'; '.join(f'{row.name} {row.value}' for row in problems[:5])}")


def unmovable(
    annotations: Mapping[int, Sequence[Annotation]],
    images: Sequence[Image],
    swap: Mapping[int, tuple[tuple[int, int], ...]],
    *,
    is_left_out: Callable[[Image], bool] = lambda image: False,
) -> Iterator[Row]:
    """Yield images without a size, and rows whose box, segmentation or keypoints can't be moved.

    Args:
        annotations: all of the data set, by image id.
        images: those that get copies.
        swap: by category id, the keypoints that trade places.
        is_left_out: says of an image with a fault whether its picture will be put in quarantine.

    Returns:
        The rows, each with what is wrong and what to do about it.
    """
    for image in images:
        if not (
            isinstance(image.width, int)
            and isinstance(image.height, int)
            and image.width > 0
            and image.height > 0
        ):
            yield Row(
                f"image {image.id} ({image.file_name!r})",
                "has no width and height; repair: sizes: from_pictures",
                image.file_name,
            )
            continue
        problems = [
            Row(
                f"annotation {row.id} on image {image.id} ({image.file_name!r})",
                reason,
                image.file_name,
            )
            for row in annotations[image.id]
            for reason in (
                _misplaced(row, image.width, image.height),
                _malformed(row, [image.height, image.width], swap),
            )
            if reason
        ]
        if problems and not is_left_out(image):
            yield from problems


def _misplaced(row: Annotation, width: int, height: int) -> str:
    """Say that a box isn't inside its image, with what may mend it; empty where it is."""
    if not isinstance(row.bbox, tuple) or _inside(row.bbox, width, height) or turned_box(row):
        return ""
    return (
        f"has the box {list(row.bbox)}, which is not inside its {width}x{height} px; where a "
        "picture has an EXIF orientation, the boxes may be right and the size wrong (repair: "
        "sizes: from_pictures); else filter_annotations mends or drops boxes that reach out of "
        "their image"
    )


def _malformed(
    row: Annotation, size: list[int], swap: Mapping[int, tuple[tuple[int, int], ...]]
) -> str:
    """Report what is wrong with the form of a segmentation or of keypoints; empty if nothing is."""
    from coco_recipe_pictures.geometry import rle

    segmentation, keypoints = _decoded(row.segmentation), _decoded(getattr(row, "keypoints", UNSET))
    if isinstance(segmentation, dict):
        if segmentation.get("size") != size:
            return (
                f"has a mask of {segmentation.get('size')} (height, width), its image is of "
                f"{size}; draw the mask again, or leave the annotation out"
            )
        if not isinstance(segmentation.get("counts"), str | list):
            return "has a mask without counts"
        try:
            rle.checked_runs(segmentation)
        except ValueError as error:
            return f"has a mask that can't be read: {error}"
    elif odd := _odd(segmentation):
        return (
            f"has a polygon of {odd} numbers, and they come in pairs; "
            "repair: segmentations: drop_degenerate"
        )
    elif segmentation is not None and not (
        isinstance(segmentation, list) and all(map(_is_polygon, segmentation))
    ):
        return "has a segmentation that is neither a mask nor polygons [[x, y, x, y, ...], ...]"
    elif far := _far(segmentation or ()):
        return f"has a polygon with a vertex at {far}"
    if keypoints is None:
        return ""
    if (
        not isinstance(keypoints, list)
        or len(keypoints) % 3
        or not all(isinstance(value, int | float) for value in keypoints)
    ):
        return "has keypoints that aren't numbers x, y, flag for each"
    labelled = [keypoints[at : at + 2] for at in range(0, len(keypoints), 3) if keypoints[at + 2]]
    if far := _far(labelled):
        return f"has a keypoint at {far}"
    pairs = swap.get(row.category_id, ()) if isinstance(row.category_id, int) else ()
    most = max((place for pair in pairs for place in pair), default=-1)
    return (
        f"has {about(len(keypoints) // 3, 'keypoints')}, and its category more"
        if most >= len(keypoints) // 3
        else ""
    )


def _far(places: Iterable[Sequence[float]]) -> str:
    """Return the first number that is no place of a picture, and the remedy; empty if none is."""
    far = next((v for numbers in places for v in numbers if not abs(v) <= NO_PLACE_PX), None)
    if far is None:
        return ""
    shown = min(max(far, -float_info.max), float_info.max)  # a whole number may be larger
    return f"{shown:.15g} px, where no picture reaches; correct it, or leave the annotation out"


def _odd(segmentation: Any) -> int:
    """Return the length of the first polygon that has an odd one; 0 if none has."""
    polygons = segmentation if isinstance(segmentation, list) else ()
    return next((len(one) for one in polygons if isinstance(one, list) and len(one) % 2), 0)


def _is_polygon(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) % 2 == 0
        and all(isinstance(number, int | float) for number in value)
    )


def _inside(box: tuple[float, float, float, float], width: int, height: int) -> bool:
    x, y, w, h = box
    return (
        all(map(isfinite, box))
        and w > 0
        and h > 0
        and x >= -_OVERHANG_PX
        and y >= -_OVERHANG_PX
        and x + w <= width + _OVERHANG_PX
        and y + h <= height + _OVERHANG_PX
    )
