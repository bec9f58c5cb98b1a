"""Pictures that two inputs of a recipe, or two parts, have in common, byte for byte."""

from collections.abc import Iterable, Iterator, Mapping

from coco_recipe.checks.rows import of_image
from coco_recipe.dataset import Dataset, Image
from coco_recipe.findings import Finding, Kind, Row

ACROSS = Kind(
    "equal_pictures_across_inputs",
    "warning",
    "pictures are equal to one of another input, byte for byte",
    "keep one of them: on two sides of a split they leak",
)
ACROSS_PARTS = Kind(
    "equal_pictures_across_parts",
    "warning",
    "pictures are in another part, too, byte for byte",
    "above the split, the first of each stays: repair: equal_pictures: drop",
)


def finding(inputs: Mapping[str, Dataset], hashes: Mapping[str, str]) -> Finding | None:
    """Return the pictures that inputs have in common; None where they have none.

    Args:
        inputs: data sets with a folder of images, by the input's name.
        hashes: SHA-256 by path; a picture without one isn't looked at.
    """
    rows = list(_rows(inputs, hashes))
    places = dict.fromkeys(name for _, *pair in rows for name in pair)
    return Finding.of(ACROSS, ", ".join(places), [row for row, *_ in rows]) if rows else None


def _rows(
    inputs: Mapping[str, Dataset], hashes: Mapping[str, str]
) -> Iterator[tuple[Row, str, str]]:
    """Yield each picture that an earlier input has, with the names of both inputs."""
    first: dict[str, tuple[str, Image]] = {}
    for name, dataset in inputs.items():
        for image in dataset.images:
            if digest := hashes.get(str(dataset.path_of(image))):
                other, its = first.setdefault(digest, (name, image))
                if other != name:
                    row = of_image(image, f"equals {its.file_name!r} of '{other}'")
                    yield Row(f"{row.name} of '{name}'", row.value, row.file_name), other, name


def are_repeated(hashes: Mapping[str, str]) -> bool:
    """Say whether two paths have one hash."""
    return len(set(hashes.values())) < len(hashes)


def in_both(
    one: Iterable[Dataset], other: Iterable[Dataset], hashes: Mapping[str, str]
) -> list[Row]:
    """Return the images of data sets whose picture is one of others, too.

    Args:
        one: data sets of a part.
        other: data sets of another part, whose images are returned.
        hashes: as of `finding`.
    """
    there = {
        hashes.get(str(rows.path_of(image)), ""): image for rows in one for image in rows.images
    }
    return [
        of_image(image, f"equals {its.file_name!r}")
        for rows in other
        for image in rows.images
        if (digest := hashes.get(str(rows.path_of(image)))) and (its := there.get(digest))
    ]
