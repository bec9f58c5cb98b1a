"""The pictures of a history: a row, or an image, as it was at each step, a file each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from coco_recipe import files
from coco_recipe.asking.following import Event, Track
from coco_recipe.crops import Crop, DrawCrop
from coco_recipe.dataset import Dataset
from coco_recipe.errors import CocoRecipeError, RunError
from coco_recipe.planning.plan import Plan, Reference
from coco_recipe.running import forecast
from coco_recipe.running.rehearsal import Rehearsal
from coco_recipe.running.session import Session

DROPPED = "dropped"


def write(
    plan: Plan, run: Path, tracks: Sequence[Track], target: Path, draw: DrawCrop
) -> tuple[list[Path], list[str]]:
    """Write a picture of a row for each step of its history, and of all its histories.

    The files are named in the order of the steps, ``01-raw.png``; with several histories
    ``1-01-raw.png``. A file that is there already with the same bytes is left as it is.

    Args:
        plan: the run's plan.
        run: the run directory.
        tracks: the histories.
        target: the folder; it is made where there is none.
        draw: makes a PNG.

    Returns:
        The files, and notes of steps of which there is no picture.

    Raises:
        RunError: another file of a name is there.
        OSError: a file can't be written.
        CocoRecipeError: the inputs can't be read any more.
    """
    values = _Values(plan, forecast.rehearsal(Session.open(plan, run, with_pixels=False)))
    drawn: dict[Path, bytes] = {}
    notes: list[str] = []
    for number, track in enumerate(tracks, 1):
        prefix = f"{number:0{len(str(len(tracks)))}}-" if len(tracks) > 1 else ""
        for place, (event, crop) in enumerate(values.crops(track), 1):
            if crop is None:
                notes.append(f"{event.step}: its rows aren't there to be drawn")
                continue
            gone = f"-{DROPPED}" if crop.is_gone else ""
            drawn[target / f"{prefix}{place:02}-{event.step}{gone}.png"] = draw(crop)
    new = [path for path, data in drawn.items() if not _is_there(path, data)]
    for path in new:
        files.write_bytes(path, drawn[path])
    return list(drawn), list(dict.fromkeys(notes))


def _is_there(path: Path, data: bytes) -> bool:
    """Say whether a file is there already, as it would be written.

    Raises:
        RunError: it is another one.
    """
    if not path.is_symlink() and not path.exists():
        return False
    if path.is_file() and path.read_bytes() == data:
        return True
    raise RunError(f"{path}: is there already, and another file; name another folder (--to)")


@dataclass(frozen=True, slots=True)
class _Values:
    """The data sets of a run."""

    plan: Plan
    ahead: Rehearsal

    def crops(self, track: Track) -> Iterator[tuple[Event, Crop | None]]:
        """Yield each event of a history with what is to be drawn; None where nothing can be."""
        last: Crop | None = None
        for event in track.events:
            is_gone = event.id is None
            title = f"{event.step}: {event.what}"
            if is_gone:  # as it came in
                found = last and Crop(last.dataset, last.image, last.annotation, title, True)
            else:
                found = self._found(track, event, title)
            last = found or last
            yield event, found

    def _found(self, track: Track, event: Event, title: str) -> Crop | None:
        """Return the row of an event, in the data set by which it left the step."""
        for ref in self._refs(event):
            try:
                dataset = self.ahead.value_of(ref)
            except CocoRecipeError:
                continue
            if not isinstance(dataset, Dataset):
                continue
            images = {
                image.id: image for image in dataset.images if image.file_name == event.file_name
            }
            if track.table == "images":
                if event.id in images:
                    return Crop(dataset, images[event.id], None, title, False)
                continue
            rows = [
                row for row in dataset.annotations if row.id == event.id and row.image_id in images
            ]
            if rows:
                return Crop(dataset, images[rows[0].image_id], rows[0], title, False)
        return None

    def _refs(self, event: Event) -> Sequence[Reference]:
        """Return the data sets in which a row may be after an event."""
        step = next((step for step in self.plan.steps if step.id == event.step), None)
        if step is None:
            return [(event.step, "")]
        if event.port in step.outputs:
            return [(step.id, event.port)]
        return step.inputs.get(event.port, ())  # a step that publishes gives none
