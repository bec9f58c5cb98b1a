"""Choose how many copies each image gets, so that every class gets near a number of boxes."""

import heapq
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Copies:
    """Copies by image, in the order of the images, and what they do to each class.

    Attributes:
        of: number of copies of each image.
        table: by class: boxes before, wanted, and with the copies (planned).
    """

    of: tuple[int, ...]
    table: Mapping[str, Mapping[str, int]]


def solve(
    contents: Sequence[Mapping[str, int]],
    targets: Mapping[str, int],
    names: Sequence[str],
    *,
    max_copies: int,
    before: Mapping[str, int],
) -> Copies:
    """Choose copies greedily: the next is of the image that fills most and adds least beside.

    What one more copy of an image gives only falls as others are chosen, so an image's place in the
    queue is checked when it comes up (lazy greedy, Minoux 1978, Accelerated greedy algorithms for
    maximizing submodular set functions). A class is never lowered; one that stands beside a rare
    class in the same pictures rises with it.

    Args:
        contents: for each image, boxes by class.
        targets: boxes wanted by class, originals counted.
        names: all classes, in the order of the table.
        max_copies: of one image.
        before: boxes by class in the whole data set, images that may not be copied included.
    """
    missing = {name: max(target - before.get(name, 0), 0) for name, target in targets.items()}
    copies = [0] * len(contents)

    def gain(content: Mapping[str, int]) -> tuple[float, float]:
        filled = sum(
            min(n, missing.get(name, 0)) / max(targets.get(name, 1), 1)
            for name, n in content.items()
        )
        beside = sum(
            max(n - missing.get(name, 0), 0) / max(targets.get(name, before.get(name, 0)), 1)
            for name, n in content.items()
        )
        return filled, filled - beside

    queue = [
        (-gain(content)[1], 0, i) for i, content in enumerate(contents) if gain(content)[0] > 0
    ]
    heapq.heapify(queue)
    while queue:
        score, done, i = heapq.heappop(queue)
        filled, now = gain(contents[i])
        if not filled:
            continue
        if -now > score + 1e-12:
            heapq.heappush(queue, (-now, done, i))
            continue
        copies[i] += 1
        for name, n in contents[i].items():
            missing[name] = max(missing.get(name, 0) - n, 0)
        if copies[i] < max_copies:
            heapq.heappush(
                queue, (-now, copies[i], i)
            )  # among equals, the image that was copied less
    planned = Counter(before)
    for content, n in zip(contents, copies, strict=True):
        planned.update({name: boxes * n for name, boxes in content.items()})
    return Copies(
        tuple(copies),
        {
            name: {
                "before": before.get(name, 0),
                "wanted": targets.get(name, before.get(name, 0)),
                "planned": planned[name],
            }
            for name in names
        },
    )
