"""Rules about frames of one film on two sides."""

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from coco_recipe.checks.rows import of_image
from coco_recipe.dataset import Image, extras
from coco_recipe.findings import Finding, Kind
from coco_recipe.linting.rule import Experiment, Part, Rule

FRAMES = Kind(
    "frames_across_parts",
    "warning",
    "frames of one film are in what is learnt from and in what is measured on",
    "split: group_by: {pattern: ...} (or {field: ...}) keeps each film in one part",
)
FIELDS = ("video_id", "video", "video_name", "clip_id", "sequence_id", "seq_id")
_OF_FILMS = re.compile(
    r"(?<![a-z])(frames?|fr|video|vid|clip|cam|camera|mov|mp4|avi|mkv|m4v|webm|seq|sequence|film|"
    r"take|cctv|gopro|stream|rec|recording)(?![a-z])"
)
# a camera numbers its photographs, too
_OF_PHOTOS = {"img", "image", "images", "dsc", "dscn", "dscf", "pxl", "photo", "pic", "picture"}
_OF_PHOTOS |= {"screenshot", "scan", "whatsapp", "p", "im", "train", "val", "valid", "test"}
_ENDING = re.compile(r"([._](jpe?g|png|bmp|tiff?|webp))?([.]rf[.]\w{16,})?[.]\w+$")
_NUMBERED = re.compile(r"^(.*?)(\d+)$")
LEAST_FILMS, LEAST_FRAMES = 2, 3  # of films whose name doesn't say so
MOST_APART = 60  # frames from one to the next: numbers that are farther apart count something else


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture as a frame: of which film, and its number there; None where that isn't known."""

    film: str
    number: int | None = None


def across_parts(experiment: Experiment) -> Iterator[Finding]:
    """Find frames of one film that are learnt from and measured on.

    Frames that follow one another show nearly the same, so a split by frame measures what was
    learnt by heart. A film is known by a key of the image (``video_id`` and the like), or by file
    names with running numbers: with a word for it (``cam1_frame_0012.jpg``, ``street_mp4-12.jpg``),
    or where several names with a number of their own are counted through
    (``MVI_20011/img00001.jpg``). What a camera calls a photograph (``IMG_1234.jpg``) is no film.

    Triggers: ``cam1_frame_0001.jpg`` to ``cam1_frame_0100.jpg`` and ``split: method: hash``.

    Doesn't: the same with ``group_by: {pattern: "^(cam[0-9]+)_"}``; ``0001.jpg``, ``0002.jpg``.
    """
    for one, other in experiment.opposed():
        sides = [list(_images(experiment, part)) for part in (one, other)]
        frames = frames_of([*sides[0], *sides[1]])
        learnt = defaultdict[str, list[tuple[int, str]]](list)
        for image in sides[0]:
            if frame := frames.get(image.file_name):
                learnt[frame.film].append((frame.number or 0, image.file_name))
        rows = []
        for its in learnt.values():
            its.sort()
        for image in sides[1]:
            frame = frames.get(image.file_name)
            if frame and frame.film in learnt:
                near = _nearest(learnt[frame.film], frame.number or 0)
                rows.append(of_image(image, f"of one film ({frame.film}) with {near!r}"))
        if rows:
            yield Finding.of(FRAMES, f"{one.name}, {other.name}", rows)


def frames_of(images: Iterable[Image]) -> Mapping[str, Frame]:
    """Return the images that are frames of films, by file name."""
    found: dict[str, Frame] = {}
    counted = defaultdict[str, dict[str, int]](dict)
    for image in images:
        if (film := _by_key(image)) is not None:
            found[image.file_name] = Frame(film)
        elif parts := _NUMBERED.match(_ENDING.sub("", image.file_name)):
            counted[parts[1]][image.file_name] = int(parts[2])
    likely = {name: numbers for name, numbers in counted.items() if _may_be_film(name, numbers)}
    unsaid = [name for name in likely if not _says_so(name)]
    for name, numbers in likely.items():
        if _says_so(name) or len(unsaid) >= LEAST_FILMS:
            found |= {file: Frame(name.rstrip("_-. /"), number) for file, number in numbers.items()}
    return found


def _by_key(image: Image) -> str | None:
    if type(image) is Image:  # it has no further keys
        return None
    own = dict(extras(image))
    return next((f"{key} {own[key]}" for key in FIELDS if own.get(key) not in (None, "")), None)


def _says_so(name: str) -> bool:
    return bool(_OF_FILMS.search(name.lower()))


def _may_be_film(name: str, numbers: Mapping[str, int]) -> bool:
    """Report whether files are counted through as frames are, and aren't called photographs."""
    if len(numbers) < LEAST_FRAMES:
        return False
    ordered = sorted(numbers.values())
    steps = [after - before for before, after in pairwise(ordered)]
    if median(steps) > MOST_APART or Counter(steps).most_common(1)[0][0] == 0:
        return False
    if _says_so(name):
        return True
    words = set(re.findall(r"[^\W\d_]+", name.lower()))
    return bool(re.search(r"\d", name)) and not (words and words <= _OF_PHOTOS)


def _nearest(frames: list[tuple[int, str]], number: int) -> str:
    """Return the file name of the frame whose number is nearest."""
    at = bisect_left(frames, (number, ""))
    return min(frames[max(0, at - 1) : at + 1], key=lambda frame: abs(frame[0] - number))[1]


def _images(experiment: Experiment, part: Part) -> Iterator[Image]:
    for rows in experiment.rows_behind(part.ref) or ():
        yield from rows.images


RULES = (Rule(FRAMES, across_parts),)
