"""Count on how many images classes stand, and stand together: with numpy where it is installed."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import combinations
from typing import Any

TABLE = 32  # places of a table for each key: where more are needed, sorting is faster


@dataclass(frozen=True, slots=True)
class Standing:
    """Numbers of images.

    Attributes:
        boxes: number of boxes by image.
        images: by class.
        pairs: by two classes that stand there together, the lower one first.
    """

    boxes: Counter[int]
    images: Counter[int]
    pairs: Counter[tuple[int, int]]


def of(images: Sequence[int], classes: Sequence[int]) -> Standing:
    """Count images.

    Args:
        images: of each box, numbered from 0.
        classes: of each box, numbered from 0.
    """
    return (by_numpy if find_spec("numpy") else by_hand)(images, classes)


def by_hand(images: Sequence[int], classes: Sequence[int]) -> Standing:
    """Count images without numpy."""
    found: dict[int, set[int]] = defaultdict(set)
    for image, one in zip(images, classes, strict=True):
        found[image].add(one)
    alike = Counter(map(frozenset, found.values()))
    on, pairs = Counter[int](), Counter[tuple[int, int]]()
    for several, n in alike.items():
        on.update(dict.fromkeys(several, n))
        for pair in combinations(sorted(several), 2):
            pairs[pair] += n
    return Standing(Counter(images), on, pairs)


def by_numpy(images: Sequence[int], classes: Sequence[int]) -> Standing:
    """Count images with numpy; the numbers are those of `by_hand`."""
    import numpy as np

    if not len(images):
        return Standing(Counter(), Counter(), Counter())
    image, number = np.asarray(images, np.int64), np.asarray(classes, np.int64)
    width = int(number.max()) + 1
    boxes = _counted(np.bincount(image).tolist())
    # each class of each image once, image by image
    on = _distinct(image * width + number, (int(image.max()) + 1) * width, np)
    image, number = np.divmod(on, width)
    keys = [on[:0]]
    for apart in range(1, len(on)):  # the classes of an image stand beside one another
        same = image[apart:] == image[:-apart]
        if not same.any():
            break
        keys.append(number[:-apart][same] * width + number[apart:][same])
    found, times = _times(np.concatenate(keys), width * width, np)
    low, high = np.divmod(found, width)
    pairs = dict(zip(zip(low.tolist(), high.tolist(), strict=True), times.tolist(), strict=True))
    return Standing(boxes, _counted(np.bincount(number).tolist()), Counter(pairs))


def _distinct(keys: Any, number: int, np: Any) -> Any:
    """Return every key once, sorted; they are below a number."""
    if number > TABLE * len(keys):
        return np.unique(keys)
    seen = np.zeros(number, bool)
    seen[keys] = True
    return np.flatnonzero(seen)


def _times(keys: Any, number: int, np: Any) -> tuple[Any, Any]:
    """Return every key once, sorted, and how often it is there; they are below a number."""
    if number > TABLE * len(keys):
        found, times = np.unique(keys, return_counts=True)
        return found, times
    times = np.bincount(keys, minlength=number)
    found = np.flatnonzero(times)
    return found, times[found]


def _counted(counts: Sequence[int]) -> Counter[int]:
    return Counter({n: times for n, times in enumerate(counts) if times})
