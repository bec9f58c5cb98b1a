"""Ask before a pipeline does to annotations what nobody could see afterwards.

Each question has the parameter to paste.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from coco_recipe import (
    Annotation,
    Dataset,
    Facts,
    Finding,
    Image,
    Kind,
    Params,
    Row,
    StepProblem,
    extras,
)
from coco_recipe_pictures.augment import keypoint_pairs
from coco_recipe_pictures.backend import Effects, Pipeline
from coco_recipe_pictures.geometry import other_places, parts

DIRECTION = Kind(
    "classes_with_a_direction",
    "warning",
    "classes have a direction in their name, and the pipeline mirrors pictures",
    "mirrored_categories: [[<left>, <right>]], or [] where none trades places",
)
TURNED = Kind(
    "directions_turned",
    "warning",
    "classes have a direction in their name, and the pipeline turns pictures upside down or on "
    "their side",
    "leave the turning transform out where the direction is the picture's (an arrow); where it is "
    "the thing's own (a left hand), findings: {directions_turned: ignore}",
)

LIMITS = Kind(
    "limits_of_the_pipeline",
    "warning",
    "limits stand in a pipeline, where the step doesn't follow them",
    "write them as parameters of the step: min_visibility, min_area_px, min_side_px",
)

_SIDE_WORDS = {
    "left",
    "right",
    "lefthand",
    "righthand",
    "leftward",
    "rightward",
    "左",
    "右",
    "gauche",
    "droite",
    "links",
    "rechts",
    "izquierda",
    "derecha",
    "esquerda",
    "direita",
    "sinistra",
    "destra",
    "l",
    "r",
}
_UPRIGHT_WORDS = {"up", "down", "upward", "downward"}


def may_ask(pipeline: Pipeline, params: Params, known: Facts) -> bool:
    """Report whether `problems` may find anything, by the keys that the rows may have.

    It reads no row.

    Args:
        pipeline: what the step applies.
        params: the step's.
        known: what is known of the rows that come to it.
    """
    may_have_places = any(
        keys is None or other_places.may_be_in(kind, keys)
        for kind, keys in ((Annotation, known.annotation_fields), (Image, known.fields))
    )
    may_have_points = known.annotation_fields is None or "keypoints" in known.annotation_fields
    effects = pipeline.effects
    return bool(
        effects.untraceable
        or effects.moved_outlines
        or (params["repeated"] is None and effects.repeats)
        or (may_have_places and _asks_of_places(effects, params))
        or (
            may_have_points
            and params["mirrored_keypoints"] is None
            and _mirrors(effects, params["repeated"])
        )
    )


def problems(
    pipeline: Pipeline,
    dataset: Dataset,
    images: Sequence[Image],
    annotations: Sequence[Annotation],
    pairs: Mapping[int, Sequence[Any]],
    params: Params,
) -> Iterator[StepProblem]:
    """Yield what must be chosen before a data set with annotations goes through a pipeline.

    Args:
        pipeline: the pipeline.
        dataset: the data set.
        images: those that get copies.
        annotations: their rows.
        pairs: by category id, the keypoints that trade places.
        params: the step's parameters.
    """
    if not annotations:
        return
    effects = pipeline.effects
    for name in effects.untraceable:
        yield StepProblem(
            ("pipeline",),
            f"{name} moves pixels in a way that annotations can't follow",
            "leave it out; ElasticTransform and GridDistortion are followed",
        )
    for name, outline_px in effects.moved_outlines:
        yield StepProblem(
            ("pipeline",),
            f"{name} moves outlines by up to {outline_px} px, and annotations can't follow",
            "leave it out, or write scale: [2, 3], which moves them by 1 px at most",
        )
    for repeat in effects.repeats if params["repeated"] is None else ():
        yield StepProblem(
            ("pipeline",),
            repeat.what,
            "repeated: label (they are annotated too), "
            "repeated: fill (borders of one colour), or another border_mode there",
        )
    no_matrix = warps(pipeline, params["repeated"])
    for whose, rows in (
        (("annotations", annotations), ("images", images))
        if _asks_of_places(effects, params)
        else ()
    ):
        found = sorted(
            {other_places.shown(path) for row in rows for path in places(row, warps=no_matrix)}
        )
        if found:
            yield StepProblem(
                ("pipeline",),
                f"it moves pixels, and {whose} have places under other keys: {', '.join(found)}",
                "drop leaves them out of the copies, keep leaves them as they are:\n"
                "    other_geometry: drop",
            )
    if _mirrors(effects, params["repeated"]) and params["mirrored_keypoints"] is None:
        yield from _unpaired(dataset, annotations, pairs)


def _asks_of_places(effects: Effects, params: Params) -> bool:
    """Report whether places under other keys are asked for, where there are any."""
    return params["other_geometry"] == "refuse" and effects.moves


def _mirrors(effects: Effects, repeated: str | None) -> bool:
    """Report whether objects may be mirrored, in the picture or labelled in a reflected border."""
    in_borders = repeated == "label" and any(one.mirrors for one in effects.repeats)
    return effects.mirrors or in_borders


def warps(pipeline: Pipeline, repeated: str | None) -> bool:
    """Report whether annotations may move by no matrix, or by several where borders show them."""
    return (repeated == "label" and bool(pipeline.effects.repeats)) or pipeline.warps()


def places(row: Annotation | Image, *, warps: bool) -> Iterator[other_places.Path]:
    """Yield the paths in a row at which there are places of which nobody knows how they move."""
    found = list(other_places.of(row))
    moved = parts.known(row, warps=warps) if found and isinstance(row, Annotation) else set()
    yield from (path for path in found if other_places.shown(path) not in moved)


def _unpaired(
    dataset: Dataset, annotations: Sequence[Annotation], pairs: Mapping[int, Sequence[Any]]
) -> Iterator[StepProblem]:
    """Ask for the pairs of a category with two keypoints or more in a row and no known pair."""
    known = dataset.category_names()
    with_points = {
        row.category_id
        for row in annotations
        for key, value in extras(row)
        if key == "keypoints" and isinstance(value, list) and len(value) >= 6
    }
    for category_id in sorted(with_points, key=str):
        if isinstance(category_id, int) and not pairs.get(category_id):
            yield StepProblem(
                ("pipeline",),
                f"it mirrors pictures, and no keypoints of category '{known.get(category_id)}' are "
                "known to trade places",
                "mirrored_keypoints: [[<left>, <right>]], by name or by number from 1; "
                "mirrored_keypoints: [] where none does",
            )
    for category in dataset.categories:
        if category.id in with_points and (alone := list(keypoint_pairs.without_partner(category))):
            yield StepProblem(
                ("pipeline",),
                f"it mirrors pictures, and keypoints of category '{category.name}' have no "
                f"partner on the other side: {', '.join(alone)}",
                "write those that trade places, beside the pairs that are "
                "known: mirrored_keypoints: [[<left>, <right>]]",
            )
        perhaps = list(keypoint_pairs.perhaps_pairs(category))
        if category.id in with_points and perhaps and pairs.get(category.id):
            pairs_ = ", ".join(f"[{one}, {other}]" for one, other in perhaps)
            yield StepProblem(
                ("pipeline",),
                f"it mirrors pictures, and keypoints of category '{category.name}' may be of the "
                f"left and the right: {', '.join(f'{one} and {other}' for one, other in perhaps)}",
                f"mirrored_keypoints: [{pairs_}], beside the pairs that are known; a list without "
                "them leaves them",
            )


def direction(
    pipeline: Pipeline,
    classes: Sequence[str],
    place: str,
    pairs: Sequence[Sequence[str]] | None = None,
    repeated: str | None = None,
) -> Iterator[Finding]:
    """Yield warnings where a pipeline mirrors or turns classes with a direction in their name.

    A direction is a word of the name: 'bright' has none.

    Args:
        pipeline: the pipeline.
        classes: the classes' names.
        place: the step, as findings name it.
        pairs: the classes that trade places in a mirrored picture; None where the recipe doesn't
            say.
        repeated: what becomes of borders that repeat the picture.
    """
    effects = pipeline.effects
    sides = [name for name in classes if _words(name) & _SIDE_WORDS]
    if sides and pairs is None and _mirrors(effects, repeated):
        yield Finding.of(DIRECTION, place, [Row(f"class '{name}'") for name in sides])
    directed = [name for name in classes if _words(name) & (_SIDE_WORDS | _UPRIGHT_WORDS)]
    in_borders = _mirrors(effects, repeated) and not effects.mirrors
    if directed and (effects.turns or in_borders):
        yield Finding.of(TURNED, place, [Row(f"class '{name}'") for name in directed])


def limits(pipeline: Pipeline, params: Params, place: str) -> Iterator[Finding]:
    """Yield a warning where a pipeline has limits of its own that the step's parameters lack.

    Args:
        pipeline: the pipeline.
        params: the step's.
        place: the step, as findings name it.
    """
    unheard = [
        Row(name, f"{value:g}, and {meant} is 0")
        for name, value, meant in pipeline.effects.limits
        if not params.get(meant)
    ]
    if unheard:
        yield Finding.of(LIMITS, place, unheard)


def _words(name: str) -> set[str]:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    words = {word.lower() for word in re.split(r"[^A-Za-z]+", spaced) if word}
    if words <= {"l", "r"}:  # a letter by itself is a name
        words = set()
    return words | ({"左"} if "左" in name else set()) | ({"右"} if "右" in name else set())
