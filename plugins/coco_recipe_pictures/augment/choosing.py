"""Which images are augmented, how many copies each gets, and what the copies are called."""

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from coco_recipe import (
    Annotation,
    Category,
    Dataset,
    Facts,
    Image,
    Params,
    StepProblem,
    StepProblems,
    did_you_mean,
    extras,
)
from coco_recipe_pictures.augment import balance

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """The number of copies of each image, in the data set's order.

    ``table`` says what balancing does to each class, where the recipe asks for it.
    """

    copies: tuple[int, ...]
    table: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy to make: of which image, the how-manyth of it, and its file name."""

    image: Image
    number: int
    name: str


def choose(
    dataset: Dataset,
    annotations: Mapping[int, Sequence[Annotation]],
    *,
    copies: int,
    where: Mapping[str, Any] | None,
    balanced: Mapping[str, Any] | None,
) -> Choice:
    """Give each image its number of copies.

    Args:
        dataset: what comes to the step.
        annotations: its annotations by image id.
        copies: how many of each image, unless ``balanced`` says.
        where: conditions for an image to get copies; None for all images.
        balanced: boxes that each class is to have, and ``max_copies`` of an image; None for none.

    Raises:
        ValueError: no image is chosen.
    """
    names = dataset.category_names()
    chosen = [_fits(image, annotations[image.id], names, where) for image in dataset.images]
    if dataset.images and not any(chosen):
        raise ValueError(f"where: none of {len(dataset.images)} images fits")
    if balanced is None:
        return Choice(tuple(copies * fits for fits in chosen), {})
    contents = [
        Counter(
            names[int(row.category_id)]
            for row in annotations[image.id]
            if isinstance(row.category_id, int)
        )
        for image in dataset.images
    ]
    wanted = balanced["boxes"]
    targets = wanted if isinstance(wanted, Mapping) else dict.fromkeys(names.values(), wanted)
    order = sorted(
        range(len(contents)), key=lambda i: dataset.identity(dataset.images[i])
    )  # not the file's: among equals,
    solved = balance.solve(
        [contents[i] if chosen[i] else Counter() for i in order],
        targets,  # the first is taken
        list(names.values()),
        max_copies=balanced["max_copies"],
        before=sum(contents, Counter()),
    )
    of = dict(zip(order, solved.of, strict=True))
    return Choice(tuple(of[i] for i in range(len(contents))), solved.table)


def named(dataset: Dataset, choice: Choice, step_id: str, suffix: str) -> Iterator[Copy]:
    """Yield each copy with a file name that is new on any file system.

    No name is one of the source's, and none is given twice.

    Images whose names differ by more than the ending give theirs to their copies, the others have
    the id in it, too: whatever their order, and however many of them get copies.

    Args:
        dataset: what comes to the step.
        choice: how many copies each image gets.
        step_id: stands in the names.
        suffix: the ending, with its dot.
    """
    taken = {_folded(image.file_name) for image in dataset.images}
    twins = _twins(dataset)
    for image, copies in zip(dataset.images, choice.copies, strict=True):
        path = PurePosixPath(image.file_name)
        is_alone = _folded(str(path.with_suffix(""))) not in twins
        for number in range(1, copies + 1):
            name = str(path.with_name(f"{path.stem}.{step_id}-{number}{suffix}"))
            if not is_alone or _folded(name) in taken:
                name = str(path.with_name(f"{path.stem}.{step_id}-{number}.{image.id}{suffix}"))
            yield Copy(image, number, name)


def _twins(dataset: Dataset) -> set[str]:
    """Return the names, without their endings, that several images have."""
    times = Counter(
        _folded(str(PurePosixPath(image.file_name).with_suffix(""))) for image in dataset.images
    )
    return {name for name, count in times.items() if count > 1}


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def mirrored(categories: Sequence[Category], pairs: Sequence[Sequence[str]]) -> dict[int, int]:
    """Return, by category id, the id that a row of it has in a mirrored picture.

    Raises:
        StepProblems: a category is in two pairs; two categories of a pair have other keypoints.
    """
    of = {category.name: category for category in categories}
    found: dict[int, int] = {}
    for n, pair in enumerate(pairs):
        one, other = (of[name] for name in pair)
        if {one.id, other.id} & set(found):
            raise StepProblems(
                [
                    StepProblem(
                        ("mirrored_categories", n),
                        f"'{one.name}' or '{other.name}' is in another pair, too",
                        "name each category once",
                    )
                ]
            )
        if dict(extras(one)).get("keypoints") != dict(extras(other)).get("keypoints"):
            raise StepProblems(
                [
                    StepProblem(
                        ("mirrored_categories", n),
                        f"'{one.name}' and '{other.name}' have other keypoints",
                        "give both the same list, or leave the pair out",
                    )
                ]
            )
        found |= {one.id: other.id, other.id: one.id}
    return found


def problems(params: Params, known: Facts) -> Iterator[StepProblem]:
    """Yield the categories, fields and keypoints that parameters name and the data set lacks."""
    where, boxes = params.get("where") or {}, (params.get("balance") or {}).get("boxes")
    asked: list[tuple[KeyPath, str, str, Sequence[str] | None]] = [
        (("where", "categories", n), "there is no category", name, known.classes)
        for n, name in enumerate(where.get("categories", ()))
    ]
    asked += [
        (("balance", "boxes", name), "there is no category", name, known.classes)
        for name in (boxes if isinstance(boxes, Mapping) else ())
    ]
    asked += [
        (("where", "fields", name), "no image has the field", name, known.fields)
        for name in where.get("fields", ())
    ]
    asked += [
        (("mirrored_keypoints", n, side), "no category has the keypoint", name, known.keypoints)
        for n, pair in enumerate(params.get("mirrored_keypoints") or ())
        for side, name in enumerate(pair)
        if isinstance(name, str)
    ]
    asked += [
        (("mirrored_categories", n, side), "there is no category", name, known.classes)
        for n, pair in enumerate(params.get("mirrored_categories") or ())
        for side, name in enumerate(pair)
    ]
    for path, what, name, there in asked:
        if there is not None and name not in there:
            yield StepProblem(
                path, f"{what} '{name}'", did_you_mean(name, there) if there else "none has a name"
            )


def _fits(
    image: Image,
    rows: Sequence[Annotation],
    names: Mapping[int, str],
    where: Mapping[str, Any] | None,
) -> bool:
    if not where:
        return True
    if "categories" in where and not any(
        names.get(row.category_id) in where["categories"]  # type: ignore[arg-type]
        for row in rows
    ):
        return False
    fields = where.get("fields", {})
    values = dict(extras(image)) if fields else {}
    for field, wanted in fields.items():
        value = values.get(field, getattr(image, field, None))
        if value not in (wanted if isinstance(wanted, list) else [wanted]):
            return False
    return True
