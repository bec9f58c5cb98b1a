"""Choose the images of a data set that tell most about it."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from coco_recipe import Annotation, Dataset, Finding, Image, RunError, did_you_mean


@dataclass(frozen=True, slots=True)
class Chosen:
    """An image to look at: of which data set, with its annotations, and why."""

    part: str
    dataset: Dataset
    image: Image
    rows: Sequence[Annotation]
    why: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to see.

    Attributes:
        most: number of images.
        names: file names; empty for the telling ones.
        category: images with a box of this class only; empty for all.
        finding: images with this kind of finding only; empty for all.
    """

    most: int = 12
    names: tuple[str, ...] = ()
    category: str = ""
    finding: str = ""


@dataclass(frozen=True, slots=True)
class _Seen:
    """An image with its annotations, and the id and name of the class of each."""

    part: str
    dataset: Dataset
    image: Image
    rows: Sequence[Annotation]
    classes: Sequence[tuple[int, str]]

    def chosen(self, why: str) -> Chosen:
        return Chosen(self.part, self.dataset, self.image, self.rows, why)


def choose(
    parts: Mapping[str, Dataset], findings: Sequence[Finding], wanted: Wanted
) -> list[Chosen]:
    """Return the images to look at, each once.

    Without names: those with findings, with the rarest classes, with the smallest, the largest and
    the most boxes, and one without a box; then others, by a hash of their names.

    Args:
        parts: the data sets by name.
        findings: what is wrong with them.
        wanted: what somebody wants to see.

    Raises:
        RunError: there is no such image, class or finding.
    """
    seen = [one for part, dataset in parts.items() for one in _images(part, dataset)]
    if wanted.category:
        seen = _with_category(seen, parts, wanted.category)
    if wanted.finding:
        seen = _with_finding(seen, findings, wanted.finding)
    if wanted.names:
        return [one.chosen("") for name in wanted.names for one in _named(seen, name)]
    found: dict[tuple[str, int], Chosen] = {}
    for one, why in _telling(seen, findings):
        found.setdefault((one.part, one.image.id), one.chosen(why))
        if len(found) == wanted.most:
            break
    return list(found.values())


def _images(part: str, dataset: Dataset) -> Iterator[_Seen]:
    """Yield the images of a data set; a row of no image is passed over."""
    names = dataset.category_names()
    of_image: dict[int, list[Annotation]] = {image.id: [] for image in dataset.images}
    for row in dataset.annotations:
        of_image.get(row.image_id, []).append(row)
    for image in dataset.images:
        rows = of_image[image.id]
        ids = [id_ for row in rows if isinstance(id_ := row.category_id, int) and id_ in names]
        yield _Seen(part, dataset, image, rows, [(id_, names[id_]) for id_ in ids])


def _telling(seen: Sequence[_Seen], findings: Sequence[Finding]) -> Iterator[tuple[_Seen, str]]:
    """Yield images with the reason to look at them, the most telling first."""
    for finding in findings:
        names = [row.file_name for row in finding.first if row.file_name]
        for one in [one for one in seen if one.image.file_name in names][:2]:
            yield one, finding.kind.name
    for class_, count in _rarest(seen):
        with_it = [one for one in seen if class_ in one.classes]
        most = max(with_it, key=lambda one: (one.classes.count(class_), _order(one)))
        yield most, f"[{class_[0]}]: {count} in all"
    boxed = [(one, row) for one in seen for row in one.rows if isinstance(row.bbox, tuple)]
    if boxed:
        yield min(boxed, key=_area)[0], "the smallest box"
        yield max(boxed, key=_area)[0], "the largest box"
        yield max(seen, key=lambda one: (len(one.rows), _order(one))), "the most boxes"
    for one in sorted((one for one in seen if not one.rows), key=_order)[:1]:
        yield one, "no box"
    for one in sorted(seen, key=_order):
        yield one, ""


def _area(boxed: tuple[_Seen, Annotation]) -> float:
    box = boxed[1].bbox
    return box[2] * box[3] if isinstance(box, tuple) else 0


def _rarest(seen: Sequence[_Seen]) -> list[tuple[tuple[int, str], int]]:
    """Return the classes that boxes have, with the number of boxes, the rarest first."""
    counts = Counter(class_ for one in seen for class_ in one.classes)
    return sorted(counts.items(), key=lambda item: item[1])


def _order(one: _Seen) -> bytes:
    """Return what puts images in an order that has nothing to do with their names."""
    return hashlib.sha256(one.dataset.identity(one.image).encode()).digest()


def _with_category(seen: Sequence[_Seen], parts: Mapping[str, Dataset], name: str) -> list[_Seen]:
    known = {category.name for dataset in parts.values() for category in dataset.categories}
    if name not in known:
        raise RunError(f"there is no category '{name}'; {did_you_mean(name, sorted(known))}")
    found = [one for one in seen if any(name == own for _, own in one.classes)]
    if not found:
        raise RunError(f"no image has a box of category '{name}'")
    return found


def _with_finding(seen: Sequence[_Seen], findings: Sequence[Finding], kind: str) -> list[_Seen]:
    of_kind = [finding for finding in findings if finding.kind.name == kind]
    if not of_kind:
        known = sorted({finding.kind.name for finding in findings})
        told = f"there are: {', '.join(known)}" if known else "nothing was found at all"
        raise RunError(f"there is no finding '{kind}'; {told}")
    names = {row.file_name for finding in of_kind for row in finding.first}
    found = [one for one in seen if one.image.file_name in names]
    if not found:
        raise RunError(f"the finding '{kind}' names no image")
    return found


def _named(seen: Sequence[_Seen], name: str) -> list[_Seen]:
    found = [one for one in seen if one.image.file_name == name]
    if not found:
        known = sorted({one.image.file_name for one in seen})
        raise RunError(f"there is no image '{name}'; {did_you_mean(name, known)}")
    return found
