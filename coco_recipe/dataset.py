"""Immutable data sets: COCO's rows as records, and the place of their pixels."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, Raw, UnsetType

from coco_recipe.errors import DatasetError
from coco_recipe.read_only import ReadOnlyDict

Number = int | float
# what shows data sets stands above them, and puts itself in here (`coco_recipe.api`)
SHOWN_BY: dict[str, Callable[["Dataset"], Any]] = {}
Row = TypeVar("Row", bound=msgspec.Struct)


class Origin(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Where an image came from, kept in the COCO file under the image's key ``coco_recipe``.

    An identity is ``<input>/<file name in that input>``. ``folder`` and ``file`` say where the
    pixels are while they can't be told from the data set alone; a published file hasn't these two.

    Attributes:
        root: the identity of the untouched original.
        source: the identity of the image that this one was made from; empty of an original.
        step: the id of the step that made it.
        copy: which of that step's copies it is, from 1; 0 of an original.
        folder: the input or step whose folder has the pixels.
        file: the name of the file in that folder.
    """

    root: str = ""
    source: str = ""
    step: str = ""
    copy: int = 0
    folder: str = ""
    file: str = ""


class Image(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One row of ``images``; a key that the file hasn't is UNSET.

    Attributes:
        id: names the image to annotations.
        file_name: of the picture, relative to the input's folder of images.
        width: of the picture, in pixels.
        height: of the picture, in pixels.
        license: names a row of ``licenses``; undecoded JSON.
        coco_recipe: where the image came from.
    """

    id: int
    file_name: str
    width: int | UnsetType = UNSET
    height: int | UnsetType = UNSET
    license: Raw | UnsetType = UNSET
    coco_recipe: Origin | UnsetType = UNSET


class Annotation(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One row of ``annotations``; a key that the file hasn't is UNSET.

    ``keypoints`` and all other keys are asked for by `extras`.

    Attributes:
        id: names the row; a file may have it twice.
        image_id: the image that it is on.
        category_id: what it shows.
        bbox: (x, y, width, height) in pixels, x and y of the top-left corner.
        area: of what is shown, in square pixels; not of the box, where there is a segmentation.
        iscrowd: 1 for many objects in one region, else 0.
        segmentation: polygons or a run-length mask, in pixels; undecoded JSON until a step asks.
    """

    id: int
    image_id: int
    category_id: int | UnsetType = UNSET
    bbox: tuple[Number, Number, Number, Number] | UnsetType = UNSET
    area: Number | UnsetType = UNSET
    iscrowd: int | bool | UnsetType = UNSET
    segmentation: Raw | UnsetType = UNSET


class Category(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One row of ``categories``; a key that the file hasn't is UNSET.

    Attributes:
        id: names the category to annotations.
        name: of the class, as a detector has it.
        supercategory: the group that it is of.
    """

    id: int
    name: str
    supercategory: str | None | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class Loose:
    """A value of a wrong type in an annotation file.

    Attributes:
        kind: the name of the kind of finding that it is.
        table: images, annotations or categories.
        place: the row's place in the table, from 0.
        row: the row in words, as ``annotation 12``.
        file_name: the row's file name; empty where it has none.
        key: the row's key.
        old: the value as it stands in the file; UNSET where the key is missing.
        new: what it was meant to be; UNSET where that can't be told.
    """

    kind: str
    table: str
    place: int
    row: str
    file_name: str
    key: str
    old: Any
    new: Any = UNSET


@dataclass(frozen=True)
class Dataset:
    """Annotations by value, pixels by path.

    Attributes:
        images: rows of ``images``, in the file's order.
        annotations: rows of ``annotations``, in the file's order; their ids may repeat.
        categories: rows of ``categories``, in the file's order.
        home: name of the input or step that unmarked images belong to.
        folders: by input or step name, the folder that its ``file_name`` are relative to.
        extra: every other top-level key (``info``, ``licenses``, ...) as undecoded JSON.
        loose: values of a wrong type that a step below takes in: the rows have what they were
            meant to be, or lack the key. Only a port that is ``loose`` is given such a data set.
        left_out: by table, the rows that can't be read: the id, None where it can't be told, by
            the row's place in the file. Only checks are given such a data set.
    """

    images: tuple[Image, ...]
    annotations: tuple[Annotation, ...]
    categories: tuple[Category, ...]
    home: str = ""
    folders: Mapping[str, Path] = field(default_factory=dict)
    extra: Mapping[str, Raw] = field(default_factory=dict)
    loose: tuple[Loose, ...] = ()
    left_out: Mapping[str, Mapping[int, int | None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Keep a step from changing a value that others have, too."""
        for name in ("folders", "extra"):
            object.__setattr__(self, name, ReadOnlyDict(getattr(self, name)))

    def replace(self, **changes: Any) -> "Dataset":
        """Return a copy with some attributes changed.

        Rows that are the same aren't counted again.

        Args:
            changes: new values by attribute, as ``annotations=...``.

        Returns:
            The copy; this data set stays as it is.

        Raises:
            TypeError: there is no attribute of this name.
        """
        made = replace(self, **changes)
        if "_counts" in vars(self) and all(
            getattr(made, table) is getattr(self, table)
            for table in ("images", "annotations", "categories")
        ):
            vars(made)["_counts"] = self._counts
        return made

    def identity(self, image: Image) -> str:
        """Return the name by which this very image is known, whatever its id is.

        Args:
            image: one of the images.

        Returns:
            ``<input>/<file name>`` of an original, ``<step>/<file name>`` of what a step made.
        """
        mark = image.coco_recipe
        if mark is UNSET:
            return f"{self.home}/{image.file_name}"
        assert isinstance(mark, Origin)
        folder, file = mark.folder or self.home, mark.file or image.file_name
        return f"{folder}/{file}" if mark.source else mark.root or f"{folder}/{file}"

    def family(self, image: Image) -> str:
        """Return the identity of the untouched original that the image goes back to.

        Args:
            image: one of the images.

        Returns:
            ``<input>/<file name>``; an original is of its own family.
        """
        mark = image.coco_recipe
        return (mark.root if isinstance(mark, Origin) else "") or self.identity(image)

    def path_of(self, image: Image) -> Path:
        """Return the file that holds the image's pixels.

        Args:
            image: one of the images.

        Returns:
            Its path; the file isn't looked for.

        Raises:
            DatasetError: the data set has no folder for it.
        """
        name, file = self.place_of(image)
        folder = self.folders.get(name)
        if folder is None:
            raise DatasetError(
                f"image {image.id} ({image.file_name}): '{name}' has no folder of "
                f"images; give the input an 'images:' key"
            )
        return folder / file

    def place_of(self, image: Image) -> tuple[str, str]:
        """Return where the image's pixels are, by names that are the same on every machine.

        Args:
            image: one of the images.

        Returns:
            The input or the step whose folder has them, and the file's name in that folder.
        """
        mark = image.coco_recipe if isinstance(image.coco_recipe, Origin) else Origin()
        return mark.folder or self.home, mark.file or image.file_name

    def annotations_of(self) -> dict[int, list[Annotation]]:
        """Return each image's annotations by image id; images without any have an empty list."""
        groups: dict[int, list[Annotation]] = {image.id: [] for image in self.images}
        for annotation in self.annotations:
            groups[annotation.image_id].append(annotation)
        return groups

    def category_names(self) -> dict[int, str]:
        """Return the category names by id, in the file's order."""
        return {category.id: category.name for category in self.categories}

    def image_fields(self) -> tuple[str, ...]:
        """Return the keys that images have, in the file's order; ``coco_recipe`` isn't one."""
        return tuple(name for name in _keys(self.images) if name != "coco_recipe")

    def annotation_fields(self) -> tuple[str, ...]:
        """Return the keys that annotations have, in the file's order."""
        return tuple(_keys(self.annotations))

    def keypoint_names(self) -> tuple[str, ...]:
        """Return the names of keypoints over all categories, in the file's order."""
        listed = [dict(extras(category)).get("keypoints") for category in self.categories]
        return tuple(
            dict.fromkeys(
                str(name) for names in listed if isinstance(names, list) for name in names
            )
        )

    def to_pandas(self) -> Mapping[str, Any]:
        """Return frames of ``images``, ``annotations`` and ``categories``.

        See `coco_recipe.notebook.frames.of_dataset`.

        Raises:
            ImportError: pandas isn't installed; says how to install it.
            RuntimeError: nobody has imported `coco_recipe.api`, as `coco_recipe.load` does.
        """
        if "pandas" not in SHOWN_BY:
            raise RuntimeError("import coco_recipe.api first: it knows pandas")
        frames: Mapping[str, Any] = SHOWN_BY["pandas"](self)
        return frames

    def _repr_html_(self) -> str | None:
        """Return what a notebook shows: classes, counts and a few pictures."""
        return SHOWN_BY["html"](self) if "html" in SHOWN_BY else None

    def counts(self) -> Mapping[str, Any]:
        """Count images, annotations and, by category name, boxes; once for the same rows."""
        return self._counts

    @cached_property
    def _counts(self) -> Mapping[str, Any]:
        used = Counter(map(attrgetter("category_id"), self.annotations))
        return {
            "images": len(self.images),
            "annotations": len(self.annotations),
            "categories": {category.name: used[category.id] for category in self.categories},
        }


def extras(row: msgspec.Struct) -> Iterator[tuple[str, Any]]:
    """Yield the keys of a row that COCO doesn't know, with their decoded values.

    Args:
        row: an image, annotation or category.

    Yields:
        Each key as the file has it, and its value as JSON has it.
    """
    known = set(_base(type(row)).__struct_fields__)
    for name, encoded in zip(row.__struct_fields__, row.__struct_encode_fields__, strict=True):
        value = getattr(row, name)
        if name not in known and value is not UNSET:
            yield encoded, msgspec.json.decode(value)


def _keys(rows: Iterable[msgspec.Struct]) -> dict[str, None]:
    kinds = dict.fromkeys(map(type, rows))
    return dict.fromkeys(
        field.encode_name for kind in kinds for field in msgspec.structs.fields(kind)
    )


def _base(row_class: type) -> type[msgspec.Struct]:
    return next(base for base in (Image, Annotation, Category) if issubclass(row_class, base))
