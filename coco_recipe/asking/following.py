"""Follow rows through the steps of a run, by what each step wrote of them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from coco_recipe.asking.ledgers import Ledger, Lost
from coco_recipe.dataset import Dataset
from coco_recipe.errors import RunError
from coco_recipe.manifest import StepRecord, read_log
from coco_recipe.planning.plan import Plan, PlannedStep, Reference
from coco_recipe.running.store import Store

SHORT = 40  # characters of a parameter that are shown


@dataclass(frozen=True, slots=True)
class Event:
    """What became of a row at a step.

    Attributes:
        step: the step's id; the input's name for the row as it came in.
        use: the name of what the step uses; ``input`` for an input.
        port: the port by which the row left; empty where it didn't.
        id: the row's id from there on; None where it was dropped.
        what: what happened, in words.
        file_name: the file name of its image by then.
    """

    step: str
    use: str
    port: str
    id: int | None
    what: str
    file_name: str


@dataclass(frozen=True, slots=True)
class Track:
    """The history of a row, from the input on; one row has several where it was copied.

    Attributes:
        table: images or annotations.
        id: its id by now, or the last that it had.
        image_id: its image's id by now; its own of an image.
        category_id: its category's id in the input; None of an image.
        events: what became of it, in order.
    """

    table: str
    id: int
    image_id: int
    category_id: int | None
    events: tuple[Event, ...]

    def after(self, event: Event, *, image_id: int | None = None) -> "Track":
        """Return the track with an event more."""
        return replace(
            self,
            id=self.id if event.id is None else event.id,
            image_id=self.image_id if image_id is None else image_id,
            events=(*self.events, event),
        )

    @property
    def file_name(self) -> str:
        """The file name of its image by now."""
        return self.events[-1].file_name

    def passes(self, step: str, row_id: int | None, file_name: str) -> bool:
        """Say whether the row left a step under this id, or its image under this name."""
        return any(
            event.step == step
            and event.id is not None
            and (event.file_name == file_name if row_id is None else event.id == row_id)
            for event in self.events
        )


class Following:
    """Follows rows through a run, forwards and backwards, as far as its steps are done.

    Args:
        plan: the run's plan.
        store: its committed steps.

    Attributes:
        ledgers: what each step that is done wrote of its rows.
        undone: the steps of which the run recorded no result, or whose folder is another run's.

    Raises:
        RunError: no step is done.
    """

    def __init__(self, plan: Plan, store: Store) -> None:
        self.plan = plan
        found = read_log(store.run_dir)
        records = found[1] if found else ()
        keys = {one.step: one.key for one in records if isinstance(one, StepRecord)}
        manifests = {step.id: store.manifest(step.id) for step in plan.steps}
        self.ledgers = {
            id_: Ledger(store.final(id_))
            for id_, manifest in manifests.items()
            if manifest and manifest.key == keys.get(id_)
        }
        self.undone = [step.id for step in plan.steps if step.id not in self.ledgers]
        if not self.ledgers:
            raise RunError(f"{store.run_dir}: no step is done: run the recipe again")
        self._steps = {step.id: step for step in plan.steps}

    def forward(self, name: str, tracks: Sequence[Track]) -> list[Track]:
        """Return what became of rows of an input, all to their ends.

        Args:
            name: the input's name.
            tracks: rows that have one id, in the file's order.
        """
        at: dict[Reference, list[Track]] = defaultdict(list)
        at[name, ""] = list(tracks)
        ended: list[Track] = []
        followed: set[Reference] = set()
        for step in (step for step in self.plan.steps if step.id in self.ledgers):
            for n, (port, ref) in enumerate(_data_sets(step)):
                if not at[ref]:
                    continue
                followed.add(ref)
                for track, out in self._through(step, n, port, at[ref]):
                    if out:
                        at[step.id, out].append(track)
                    else:
                        ended.append(track)
        rest = [track for ref, many in at.items() if ref not in followed for track in many]
        return [*ended, *rest]

    def backward(self, ref: Reference, table: str, row_id: int) -> Iterator[tuple[str, int]]:
        """Yield the input and the id there of rows that may be the one at an output.

        Args:
            ref: the output.
            table: images or annotations.
            row_id: its id there.
        """
        step = self._steps.get(ref[0])
        if step is None:
            yield ref[0], row_id
            return
        if step.id not in self.ledgers:
            return
        for n, (_, above) in enumerate(_data_sets(step)):
            for old in self.ledgers[step.id].old_ids(n, table, row_id):
                yield from self.backward(above, table, old)

    def entered(self, step_id: str) -> list[Reference]:
        """Return the data sets that come to a step."""
        return [ref for _, ref in _data_sets(self._steps[step_id])]

    def _through(
        self, step: PlannedStep, n: int, port: str, tracks: Sequence[Track]
    ) -> Iterator[tuple[Track, str]]:
        """Yield what becomes of rows at a step, with the port by which they leave, or none.

        Args:
            step: the step.
            n: the place of their data set among those that come in.
            port: the port by which it comes.
            tracks: the rows.
        """
        ledger = self.ledgers[step.id]
        outs = [name for name, rule in step.outputs.items() if rule.kind is Dataset]
        is_copied = step.step.input(port).reads_only
        by_id: dict[int, list[Track]] = defaultdict(list)
        for track in tracks:
            by_id[track.id].append(track)
        for row_id, same in by_id.items():
            lost = ledger.lost(same[0].table, row_id)
            if not outs:
                writes = "written" if step.step.writes else "given"
                word = "published" if step.published() else writes
                for track in same:
                    told = f"{word} as {port}"
                    yield track.after(_event(step, track, told, port, row_id)), ""
            elif is_copied:
                yield from self._copied(step, n, outs[0], same, lost)
            else:
                gone = _matched(same, lost)
                yield from ((track.after(_event(step, track, why)), "") for track, why in gone)
                kept = [track for track in same if all(track is not one for one, _ in gone)]
                yield from self._kept(step, n, outs, kept)

    def _copied(
        self, step: PlannedStep, n: int, out: str, same: Sequence[Track], lost: Sequence[Lost]
    ) -> Iterator[tuple[Track, str]]:
        """Yield the copies of rows of one id, and those that were dropped from a copy."""
        ledger = self.ledgers[step.id]
        for track in same:
            copies = ledger.new_ids(n, track.table, track.id) or []
            own = [one for one in lost if one.image_id in (None, track.image_id)]
            for new in copies:
                image_id = new if track.table == "images" else ledger.image_of(new)
                file_name = "" if image_id is None else ledger.file_name(image_id)
                told = f"copied to {new} on {file_name}{_by(ledger.applied(file_name))}"
                event = Event(step.id, step.step.name, out, new, told, file_name)
                yield track.after(event, image_id=image_id), out
            for one in own:
                told = f"{one.reason}, on {one.made}{_by(ledger.applied(one.made))}"
                yield track.after(_event(step, track, told)), ""
            if not copies and not own:
                yield track.after(_event(step, track, "not copied")), ""

    def _kept(
        self, step: PlannedStep, n: int, outs: Sequence[str], same: Sequence[Track]
    ) -> Iterator[tuple[Track, str]]:
        """Yield rows of one id that stay, under their new ids, with the port that they go to."""
        ledger = self.ledgers[step.id]
        for place, track in enumerate(same):
            new_ids = ledger.new_ids(n, track.table, track.id)
            found = [track.id] if new_ids is None else new_ids
            if len(found) == len(same):
                found = [found[place]]  # rows that share an id keep their order
            image_ids = ledger.new_ids(n, "images", track.image_id)
            image_id = image_ids[0] if image_ids else track.image_id
            part = ledger.part_of(track.image_id)
            for new in found:
                told = [f"{track.id} -> {new}"] if new != track.id else []
                told += ledger.mended(f"{track.table[:-1]} {track.id}")
                told += [f"into part {part}"] if part and len(outs) > 1 else []
                for out in [part] if part in outs else outs:
                    event = _event(step, track, "; ".join(told) or "kept", out, new)
                    yield track.after(event, image_id=image_id), out


def _event(
    step: PlannedStep, track: Track, what: str, port: str = "", row_id: int | None = None
) -> Event:
    return Event(step.id, step.step.name, port, row_id, what, track.file_name)


def _data_sets(step: PlannedStep) -> Iterator[tuple[str, Reference]]:
    """Yield the data sets that come to a step, with their ports, in the order of the recipe."""
    for port, refs in step.inputs.items():
        if step.step.input(port).kind is Dataset:
            yield from ((port, ref) for ref in refs)


def _matched(same: Sequence[Track], lost: Sequence[Lost]) -> list[tuple[Track, str]]:
    """Return those rows of one id that lines of a ledger are about, with the reason.

    A line is about the row on its image; where there are several, about one of its category.
    """
    left, found = list(same), []
    for line in lost:
        here = [track for track in left if line.image_id in (None, track.image_id)]
        alike = [track for track in here if track.category_id == line.category_id]
        for track in (alike or here)[:1]:
            left = [one for one in left if one is not track]
            found.append((track, f"dropped: {line.reason}"))
    return found


def _by(applied: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """Say by which transforms a copy was made, with their parameters."""
    told = []
    for name, given in applied:
        shown = {key: value for key, value in given.items() if key != "shape"}
        told.append(name + (f"({_listed(shown)})" if shown else ""))
    return f": {', '.join(told)}" if told else ""


def _listed(given: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={_short(value)}" for key, value in given.items())


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    text = str(value)
    return text if len(text) <= SHORT else f"{text[: SHORT - 3]}..."
