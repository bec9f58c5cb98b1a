"""Predictions: COCO results by path, with the COCO file whose ids they name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import msgspec
from msgspec import UNSET, Raw, UnsetType

from coco_recipe import coco_json, files
from coco_recipe.dataset import Dataset, Number
from coco_recipe.errors import DatasetError, about
from coco_recipe.manifest import Counts
from coco_recipe.values.facts import Facts
from coco_recipe.values.kind import Folders, Form, ValueKind, Written


class Prediction(msgspec.Struct, frozen=True, gc=False):
    """One row of a COCO results file; a key that the file hasn't is UNSET.

    Other keys are passed over; the file has them.

    Attributes:
        image_id: the image on which it was found.
        category_id: what was found.
        score: how sure the model is, from 0 to 1.
        bbox: (x, y, width, height) in pixels, x and y of the top-left corner.
        segmentation: a run-length mask or polygons, in pixels; undecoded JSON until a step asks.
        keypoints: x and y in pixels and a score for each, in turn; undecoded JSON.
    """

    image_id: int
    category_id: int
    score: float
    bbox: tuple[Number, Number, Number, Number] | UnsetType = UNSET
    segmentation: Raw | UnsetType = UNSET
    keypoints: Raw | UnsetType = UNSET


@dataclass(frozen=True)
class Predictions:
    """What a model found, in files that other tools of COCO read.

    Attributes:
        results: COCO results files by what their scores are of: ``bbox``, ``segm`` or
            ``keypoints``.
        images: the COCO file whose images and categories the rows name by id.
        label: what tells them from their neighbours, as ``epoch_12``.
    """

    results: Mapping[str, Path]
    images: Path
    label: str = ""
    _known: Mapping[str, int] = field(default_factory=dict, repr=False, compare=False)

    def rows(self, of: str = "") -> tuple[Prediction, ...]:
        """Return the rows of one results file, in the file's order.

        Args:
            of: ``bbox``, ``segm`` or ``keypoints``; empty for the first that there is.

        Returns:
            The rows; boxes are ``[x, y, width, height]`` in pixels of the picture.

        Raises:
            KeyError: there is no such file.
            DatasetError: the file isn't COCO results; names the place.
        """
        path = self.results[of or next(iter(self.results))]
        try:
            return msgspec.json.decode(coco_json.read_bytes(path), type=tuple[Prediction, ...])
        except msgspec.DecodeError as error:
            raise DatasetError(f"{path}: is not a list of COCO results: {error}") from error

    def dataset(self) -> Dataset:
        """Return the data set that the rows name, as its file has it; it has no folder of pictures.

        A step that opens pictures takes their data set as an input of its own.

        Raises:
            DatasetError: the file isn't COCO.
        """
        return coco_json.load(self.images)

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """The number of rows by results file."""
        return self._known or {of: len(self.rows(of)) for of in self.results}

    def check(self) -> None:
        """See that every row names an image and a category of the data set.

        Raises:
            DatasetError: rows don't; names the first five.
        """
        dataset = self.dataset()
        images = {image.id for image in dataset.images}
        categories = set(dataset.category_names())
        for of, path in self.results.items():
            lost = [
                f"row {n} (image_id {row.image_id}, category_id {row.category_id})"
                for n, row in enumerate(self.rows(of), 1)
                if row.image_id not in images or row.category_id not in categories
            ]
            if lost:
                raise DatasetError(
                    f"{path}: {about(len(lost), 'rows point')} to an image or category that "
                    f"{self.images} lacks: {', '.join(lost[:5])}; "
                    "name the COCO file that they were predicted on"
                )


def write_predictions(
    folder: Path, rows: Iterable[Prediction], dataset: Dataset, *, of: str = "bbox", label: str = ""
) -> Predictions:
    """Write rows as ``predictions.<of>.json`` and their data set as ``images.json``.

    Args:
        folder: the step's folder, ``ctx.workdir``, or one below it.
        rows: what was found; ids are those of the data set.
        dataset: the data set; its annotations are left out.
        of: what the scores are of: ``bbox``, ``segm`` or ``keypoints``.
        label: what tells these predictions from others.

    Returns:
        The value that a step gives for its port.
    """
    path, images = folder / f"predictions.{of}.json", folder / "images.json"
    files.write_bytes(path, msgspec.json.encode(list(rows)) + b"\n")
    coco_json.write(dataset.replace(annotations=(), loose=()), images)
    return Predictions({of: path}, images, label)


def _write(value: Predictions, folder: Path, name: str) -> Written:
    form = {
        "results": {of: path.relative_to(folder).as_posix() for of, path in value.results.items()},
        "images": value.images.relative_to(folder).as_posix(),
        "label": value.label,
        "counts": dict(value.counts),
    }
    return form, {}


def _read(form: Form, folder: Path, folders: Folders) -> Predictions:
    results = {of: folder / name for of, name in form["results"].items()}
    return Predictions(results, folder / form["images"], form["label"], form["counts"])


def _load(path: Path, of: Path | None, name: str) -> Predictions:
    """Read COCO results that were made elsewhere, and check them against their data set."""
    if of is None:
        raise DatasetError(
            f"{path}: predictions need the COCO file that they are of; add 'of: <file>' to "
            "the input"
        )
    first = next(iter(Predictions({"": path}, of).rows()), None)
    scores_of = "bbox"
    if first and first.bbox is UNSET:
        scores_of = "keypoints" if first.keypoints is not UNSET else "segm"
    found = Predictions({scores_of: path}, of, name)
    found.check()
    return found


def _facts(value: Predictions) -> Facts:
    classes = tuple(category.name for category in value.dataset().categories)
    return Facts(classes or None, labels=(value.label,))


KIND = ValueKind(
    name="predictions",
    type=Predictions,
    write=_write,
    read=_read,
    files=lambda value: (*value.results.values(), value.images),
    counts=lambda value: Counts(rows=dict(value.counts)),
    facts=_facts,
    load=_load,
    check=Predictions.check,
)
