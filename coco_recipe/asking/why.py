"""why: the history of a row of a run, from the raw file to what was published."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from msgspec import Raw

from coco_recipe import coco_json, files
from coco_recipe.asking import reading
from coco_recipe.asking.following import Event, Following, Track
from coco_recipe.dataset import Dataset
from coco_recipe.errors import RunError, did_you_mean
from coco_recipe.manifest import read_run
from coco_recipe.planning.plan import Plan, Reference
from coco_recipe.running.reopening import reopen
from coco_recipe.running.store import Store

LISTED = 5  # steps in a note

MOST_NAMES = 2_000  # of images that a hint is chosen from


class RawImage(msgspec.Struct, gc=False):
    """An image of an input, as far as a history needs it."""

    id: int
    file_name: str = ""


class RawRow(msgspec.Struct, gc=False):
    """An annotation of an input; ``bbox`` is the text of x, y, width, height in pixels."""

    id: int
    image_id: int
    category_id: int | None = None
    bbox: Raw = Raw()


class RawCategory(msgspec.Struct, gc=False):
    """A category of an input."""

    id: int
    name: str = ""


class RawRows(msgspec.Struct, gc=False):
    """The rows of an input."""

    images: list[RawImage]
    annotations: list[RawRow]
    categories: list[RawCategory] = []


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found.

    Attributes:
        plan: the run's plan.
        tracks: the histories.
        notes: what is to be known of the answer, as that an input has changed since.
    """

    plan: Plan
    tracks: tuple[Track, ...]
    notes: tuple[str, ...]


def why(
    run: Path,
    *,
    annotation: int | None = None,
    image: str = "",
    at: str = "",
    plugin_files: Sequence[Path] = (),
    moved_to: Path | None = None,
) -> Answer:
    """Return the histories of an annotation or an image.

    Without ``at``, it is looked for in what was published, then in the inputs, and every hit is
    told.

    Args:
        run: the run directory.
        annotation: its id.
        image: the image's file name, where no annotation is given.
        at: the input or step where it has this id or name.
        plugin_files: the plugin files that the run used.
        moved_to: the recipe's file, where it has moved without the run directory.

    Raises:
        RunError: there is no such run, step or row.
    """
    planned = reopen(run, plugin_files, moved_to)
    asking = _Asking(planned, Following(planned, Store(run)), run)
    if at:
        asking.check_name(at)
        tracks = asking.at(at, annotation, image)
    else:
        tracks = [
            track
            for place in (*asking.publishing(), *asking.inputs)
            for track in asking.at(place, annotation, image)
        ]
    what = f"annotation {annotation}" if image == "" else f"image '{image}'"
    unique = tuple(dict.fromkeys(tracks))
    if not unique:
        where = f"at '{at}'" if at else "in what was published, nor in the inputs"
        hint = asking.near_name(image) if image else ""
        raise RunError(f"{run}: there is no {what} {where}{f'; {hint}' if hint else ''}")
    return Answer(planned, unique, tuple(asking.notes()))


class _Asking:
    """A run that is asked about."""

    def __init__(self, plan: Plan, following: Following, run: Path) -> None:
        self.plan, self.following, self.run = plan, following, run
        self.inputs = {item.name: item for item in plan.recipe.inputs if item.annotations}
        self._raw: dict[str, RawRows] = {}
        self._hashes: dict[str, str] = {}

    def publishing(self) -> list[str]:
        """Return the steps that publish, or the last one where none does, of those done."""
        done = [step for step in self.plan.steps if step.id in self.following.ledgers]
        return [step.id for step in done if step.published()] or [done[-1].id]

    def check_name(self, name: str) -> None:
        known = [*self.inputs, *(step.id for step in self.plan.steps)]
        if name not in known:
            raise RunError(f"{self.run}: there is no '{name}'; {did_you_mean(name, known)}")
        if name in self.following.undone:
            raise RunError(f"{self.run}: step '{name}' isn't done: run the recipe again")

    def near_name(self, image: str) -> str:
        """Return a hint that names images of the inputs with names like one that isn't there."""
        names = [row.file_name for name in self.inputs for row in self._rows(name).images]
        if len(names) > MOST_NAMES:
            names = [name for name in names if image in name]
        return did_you_mean(image, names[:MOST_NAMES])

    def at(self, place: str, annotation: int | None, image: str) -> list[Track]:
        """Return the histories of what has an id or a name at an input or a step."""
        table = "images" if annotation is None else "annotations"
        found = []
        for name, row_id in dict.fromkeys(self._roots(place, table, annotation, image)):
            begun = self._begin(name, table, row_id)
            found += [
                track
                for track in self.following.forward(name, begun)
                if track.passes(place, annotation, image)
            ]
        return found

    def notes(self) -> Iterator[str]:
        """Yield what is to be known: steps that aren't done, inputs that aren't the run's."""
        if undone := self.following.undone:
            told = ", ".join(f"'{name}'" for name in undone[:LISTED])
            more = f" and {len(undone) - LISTED} more" if len(undone) > LISTED else ""
            yield f"rows aren't followed into steps that aren't done: {told}{more}"
        recorded = run.inputs if (run := read_run(self.run)) else {}
        for name, sha256 in self._hashes.items():
            if recorded.get(name, {}).get("annotations", sha256) != sha256:
                yield f"the input '{name}' has changed since the run; what it had then isn't known"

    def _roots(
        self, place: str, table: str, annotation: int | None, image: str
    ) -> Iterator[tuple[str, int]]:
        """Yield the input, and the id there, of rows that may be the one that is asked for."""
        if annotation is not None:
            for ref in self._refs(place):
                yield from self.following.backward(ref, table, annotation)
            return
        for name in self.inputs:
            yield from ((name, row.id) for row in self._rows(name).images if row.file_name == image)
        for step in (step for step in self.plan.steps if step.id in self.following.ledgers):
            for port in step.outputs:
                for row_id in self.following.ledgers[step.id].image_ids(image):
                    yield from self.following.backward((step.id, port), table, row_id)

    def _refs(self, place: str) -> list[Reference]:
        """Return the data sets of an input or a step."""
        if place in self.inputs:
            return [(place, "")]
        step = next(step for step in self.plan.steps if step.id == place)
        outputs = [(place, port) for port, rule in step.outputs.items() if rule.kind is Dataset]
        return outputs or self.following.entered(place)

    def _begin(self, name: str, table: str, row_id: int) -> list[Track]:
        """Return the rows of an input that have an id, in the file's order."""
        rows = self._rows(name)
        names = {image.id: image.file_name for image in rows.images}
        if table == "images":
            return [
                _track(name, table, row_id, row_id, None, names[row_id], f"image {row_id}")
                for image in rows.images
                if image.id == row_id
            ]
        classes = {category.id: category.name for category in rows.categories}
        return [
            _track(
                name,
                table,
                row_id,
                row.image_id,
                row.category_id,
                names.get(row.image_id, ""),
                f"annotation {row_id}{_told(row, classes, names)}",
            )
            for row in rows.annotations
            if row.id == row_id
        ]

    def _rows(self, name: str) -> RawRows:
        if name not in self._raw:
            path = self.plan.recipe.folder / self.inputs[name].annotations
            text = coco_json.read_bytes(path)
            self._hashes[name] = files.sha256_of(text)
            self._raw[name] = _raw_rows(text, path)
        return self._raw[name]


def _raw_rows(text: bytes, path: Path) -> RawRows:
    """Read the few keys of rows that a history needs.

    Raises:
        DatasetError: the file isn't COCO any more.
    """
    try:
        return msgspec.json.decode(text.removeprefix(b"\xef\xbb\xbf"), type=RawRows)
    except (msgspec.DecodeError, RecursionError):  # rows of a wrong type, that a step mended
        dataset = reading.read(path)
    return RawRows(
        [RawImage(row.id, row.file_name) for row in dataset.images],
        [
            RawRow(
                row.id,
                row.image_id,
                row.category_id if isinstance(row.category_id, int) else None,
                Raw(msgspec.json.encode(row.bbox)) if isinstance(row.bbox, tuple) else Raw(),
            )
            for row in dataset.annotations
        ],
        [RawCategory(row.id, row.name) for row in dataset.categories],
    )


def _track(
    name: str,
    table: str,
    row_id: int,
    image_id: int,
    category_id: int | None,
    file_name: str,
    told: str,
) -> Track:
    event = Event(name, "input", "", row_id, told, file_name)
    return Track(table, row_id, image_id, category_id, (event,))


def _told(row: RawRow, classes: Mapping[int, str], names: Mapping[int, str]) -> str:
    """Say what a raw annotation is: of which image, which class, where."""
    told = f" on {names.get(row.image_id, f'image {row.image_id}')}"
    if row.category_id is not None:
        told += f", {classes.get(row.category_id, f'category {row.category_id}')}"
    try:
        sides = msgspec.json.decode(row.bbox, type=list[float])
    except msgspec.DecodeError:  # none, or of another form
        return told
    return f"{told}, box {' '.join(f'{side:g}' for side in sides)}" if sides else told
