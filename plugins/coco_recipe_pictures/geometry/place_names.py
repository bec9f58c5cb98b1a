"""What the name of a key says of its value: that numbers there are places, or none, or nothing.

A name is read word by word (``frontPoint_px`` is front, point, px), and the last word that says
something is heard: a ``bbox_center`` is a centre, a ``mask_color`` a colour. The lists of words are
open: a name that fits none says nothing.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple


class Says(NamedTuple):
    """What numbers a place of a name has.

    Attributes:
        least: how many numbers a list or text has at least.
        most: how many a list of plain numbers has at most; 0: any.
        alone: a single number is one, too (an angle).
        each: they are values for each keypoint, and may be true and false.
    """

    least: int
    most: int = 0
    alone: bool = False
    each: bool = False


NO_LIST = Says(0)  # numbers right here are none (ids, scores)
NO_PAIR = Says(-1)  # neither are x and y below it (a size, a colour)

_BOX, _OUTLINE, _POINT, _SPOT = Says(4), Says(4), Says(2), Says(2, most=3)
_ANGLE, _SIDE = Says(1, alone=True), Says(2, most=4)
_WORDS = tuple(
    (re.compile(pattern), says)
    for pattern, says in (
        (
            r".*kpts?|kps?|.*keypoints?|keypoints.+|.*landmarks?|lmks?|joints?|skeletons?",
            Says(2, each=True),
        ),
        (
            r".*box(es)?|rect(s|angles?)?|rois?|crops?|[oha]bb|xyxy|c?xc?ywh|lt(rb|wh)|tl(wh|br)|"
            r"yxyx|ignore|regions?|zones?|window|bounds|extent|envelope|grasps?",
            _BOX,
        ),
        (
            r"poly(s|gons?|lines?)?|lines?|(base|center|sky)lines?|lanes?|contours?|outlines?|"
            r"hulls?|boundary|boundaries|borders?|curves?|splines?|bezier|arcs?|strokes?|"
            r"trajector(y|ies)|segm?|segments?|segmentations?|quads?|quadrilaterals?|quadrangles?|"
            r"masks?|rles?|pixels|spines?|axes|axis|paths?|ellipses?|exterior|interior|holes?|"
            r"cuboids?|geometry|geometries|homography|(in|ex)trinsics?|calib|calibration|matrix",
            _OUTLINE,
        ),
        (r"circles?", Says(3)),
        (
            r".*points?|pts?|cent(er|re)s|centroids|positions|locations|corners?|"
            r"vert(s|ex|ices)|coords?|coordinates?|[xy]s?|xys?|yx|uv|xyz|"
            r"dots|clicks|markers|fixations|contacts|horizon|vanishing|extremes?|pose|"
            r"quaternion|euler",
            _POINT,
        ),
        (
            r"cent(er|re)|centroid|middle|position|pos|location|loc|anchor|tip|origin|offset|"
            r"dot|click|marker|fixation|contact|apex|peak|flow|motion|normal|"
            r"gaze|velocity|velo|eyes?|ears?|nose|mouth|chin|shoulder|elbow|wrist|hip|knee|ankle",
            _SPOT,
        ),
        (
            r"rotation|rot|angles?|yaw|pitch|roll|orientation|theta|heading|azimuth|bearing|"
            r"direction|tilt",
            _ANGLE,
        ),
    )
)
_SIDES = re.compile(r"left|right|front|rear|[tb][lr]")
_ALONE = re.compile(
    r"(.+_)?([xy]_?(min|max|cent(er|re)|c|tl|tr|bl|br)|"
    r"(min|max|cent(er|re)|c)_?[xy]|[xy]_(coord(inate)?|pos(ition)?|offset|px)|"
    r"(coord(inate)?|pos(ition)?|offset)_[xy])|horizon(_y)?"
)
_DENSE = re.compile(r"dp_[xyiuv]")


def _all(text: str) -> frozenset[str]:
    return frozenset(text.split())


_MEASURES = _all(
    "color colors colour colours rgb rgba bgr bgra hsv palette size sizes dim dims dimension "
    "dimensions width widths height heights length thickness scale scales resolution dpi ratio "
    "factor stride step spacing tile grid index gps geo lat lon lng exif embedding embeddings "
    "feature features feat feats descriptor logits histogram mean std"
)
_NAMES = _all(
    "id ids idx indices name names text label labels tag tags class classes category categories "
    "type types kind kinds mode format version order level levels file files url token "
    "tokens hash score scores conf confs confidence confidences prob probs probability iou loss "
    "weight weights exist exists total number num count counts time times timestamp timestamps "
    "date frame frames range ranges status quality difficulty"
)
_COUNTED = _all("num n no nr number count total time timestamp attention gps geo exif")
_FOR_EACH = _all(
    "score scores conf confs confidence confidences prob probs visible visibility vis valid "
    "weight weights sigma sigmas occluded occlusion flags"
)
_OF_KEYPOINTS = _FOR_EACH | _all("id ids label labels type types status depth")

# names that say it only together: by kind, those of one axis and those of the other
_AXES = {
    "sides": (("left", "right"), ("top", "bottom")),
    "ends": (("start",), ("end",)),
    "arrow": (("from",), ("to",)),
    "whole": (("head",), ("tail",)),
    "pair": (("p1",), ("p2",)),
    "kitti": (("alpha",), ("rotation_y",)),
}
_PARTNERS = {
    name: (kind, axis)
    for kind, axes in _AXES.items()
    for axis, names in enumerate(axes)
    for name in names
}
_LISTS_ONLY = _all("ends arrow whole pair")
_EXTENTS = _all("w h z r rx ry fx fy width height radius")


@lru_cache(maxsize=4096)
def words(key: str) -> tuple[str, ...]:
    """Return the words of a name, in small letters: those of ``bboxHead_2d`` are bbox, head, 2d."""
    spaced = re.sub(r"(?<=[a-z\d])(?=[A-Z])", " ", key)
    return tuple(word.lower() for word in re.split(r"[\W_]+", spaced) if word)


@lru_cache(maxsize=4096)
def says(key: str) -> Says | None:
    """Return what a name says of a value; None where it says nothing."""
    parts = words(key)
    joined = "_".join(parts)
    if not parts or _COUNTED & set(parts[:-1]):
        return NO_LIST if parts else None
    if parts[-1] in _MEASURES:
        return NO_PAIR
    if _ALONE.fullmatch(joined) and not set(parts) & _MEASURES:
        return Says(1, alone=True)
    if _DENSE.fullmatch(joined):
        return _POINT
    if joined == "k":  # a camera's matrix
        return Says(9)
    nouns = [found for word in reversed(parts) if (found := _of_word(word))]
    if parts[-1] in _NAMES and not (nouns and nouns[0].each and parts[-1] in _OF_KEYPOINTS):
        return NO_LIST
    return nouns[0] if nouns else _SIDE if any(map(_SIDES.fullmatch, parts)) else None


def _of_word(word: str) -> Says | None:
    """Return what a word says, without a number or dimension at its end (``box2d``)."""
    plain = re.sub(r"\d+d?$", "", word)
    return next((found for pattern, found in _WORDS if pattern.fullmatch(plain)), None)


@lru_cache(maxsize=4096)
def is_for_each_keypoint(key: str) -> bool:
    """Report whether a list of as many values as there are keypoints is one value for each."""
    return bool(words(key)) and words(key)[-1] in _FOR_EACH


@lru_cache(maxsize=4096)
def _axis(key: str) -> tuple[tuple[str, ...], str, int] | None:
    """Return what a name has a partner by: what is before its last word, the kind, and the axis."""
    parts = words(key)
    whole = "_".join(parts)
    if whole in ("alpha", "rotation_y"):
        return (), *_PARTNERS[whole]
    if not parts or set(parts[:-1]) & (_MEASURES | _COUNTED):
        return None
    if found := re.fullmatch(r"[dp]?([xyuv])(s?\d*)", parts[-1]):
        letter = found[1]
        return parts[:-1], ("xy" if letter in "xy" else "uv") + found[2], int(letter in "yv")
    return (parts[:-1], *_PARTNERS[parts[-1]]) if parts[-1] in _PARTNERS else None


def together(values: Mapping[str, Sequence[float]]) -> set[str]:
    """Return the names that say it only together: x and y, left and top, with the extents beside.

    Args:
        values: the numbers of each name that has some.
    """
    groups: dict[tuple[tuple[str, ...], str], dict[str, int]] = {}
    for key, numbers in values.items():
        found = _axis(key)
        if found and (len(numbers) > 1 or found[1] not in _LISTS_ONLY):
            groups.setdefault(found[:2], {})[key] = found[2]
    pairs = {
        key
        for group in groups.values()
        if set(group.values()) == {0, 1} and any(any(values[one]) for one in group)
        for key in group
    }
    alone = {
        key
        for key, numbers in values.items()
        if any(numbers)
        and _ALONE.fullmatch("_".join(words(key)))
        and says(key) not in (NO_LIST, NO_PAIR)
    }
    return pairs | set(_extents(values, pairs | alone))


def _extents(keys: Iterable[str], corners: set[str]) -> Iterable[str]:
    """Yield width, height, a radius and their like, where a place with the same beginning is."""
    beginnings = {words(key)[:-1] for key in corners} | ({()} if corners else set())
    return [
        key
        for key in keys
        if (parts := words(key)) and parts[-1] in _EXTENTS and parts[:-1] in beginnings
    ]
