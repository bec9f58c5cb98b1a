"""The reporter of the page: looks at values while a run goes on, and writes the page at its end."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from coco_recipe import RunFacts, manifest, open_page
from coco_recipe_report import page
from coco_recipe_report.page import NAME, REFUSED
from coco_recipe_report.seen.collected import Collected, Reference


class PageOfRun:
    """Writes ``report.html``, or ``refused.html`` of a run that is refused.

    Args:
        folder: the run directory.
    """

    def __init__(self, folder: Path) -> None:
        self.seen = Collected(folder)

    def see(
        self,
        record: manifest.StepRecord,
        entered: Mapping[Reference, Any],
        given: Mapping[Reference, Any],
    ) -> None:
        """Look at what came to a step and what it gave."""
        self.seen.see(record, entered, given)

    def write(self, facts: RunFacts, committed: Mapping[Reference, Any]) -> Path | None:
        """Write the page; return None where it stands already."""
        _forget_refusal(facts.folder)
        target = facts.folder / NAME
        if is_current(target, facts):
            return None
        seen = seen_of(facts, self.seen, committed)
        return target if page.write(with_hashes(facts), seen, target) else None

    def write_unfinished(self, facts: RunFacts, values: Mapping[Reference, Any]) -> Path:
        """Write the page of a run that stops, with what was seen and is at hand.

        One that is refused leaves the page of the run before it.
        """
        is_refused = facts.stopped is not None and facts.stopped.outcome == "refused"
        target = facts.folder / (REFUSED if is_refused else NAME)
        if not is_refused:
            _forget_refusal(facts.folder)
        self.seen.begin(facts, values)
        page.write(facts, self.seen, target)
        return target


def _forget_refusal(folder: Path) -> None:
    """Remove the page of a run that was refused; a file of the user's stays."""
    path = folder / REFUSED
    found = open_page(path.read_bytes()) if path.is_file() else None
    if found is not None and found.is_whole:
        path.unlink()


def is_current(target: Path, facts: RunFacts) -> bool:
    """Say whether a page stands as this version would write it of a run."""
    found = open_page(target.read_bytes()) if target.is_file() else None
    return found is not None and found.is_whole and found.of == page.source_of(facts)


def seen_of(facts: RunFacts, seen: Collected, committed: Mapping[Reference, Any]) -> Collected:
    """Return what the page shows of a run's values; what wasn't seen is made again.

    Args:
        facts: what the run recorded.
        seen: what was seen of its values.
        committed: the outputs that are on disk.
    """
    wanted = seen.wanted(facts)
    if not seen.unseen(facts) and all(ref in committed for ref in wanted):
        seen.add({ref: committed[ref] for ref in wanted})
        return seen
    return collected(facts)


def with_hashes(facts: RunFacts) -> RunFacts:
    """Return a run's facts with the hashes of pictures, which a finished run's have not.

    A run that read no picture has none to look for.
    """
    from coco_recipe import run_hashes

    if facts.hashes or not any("images" in digests for digests in facts.run.inputs.values()):
        return facts
    return replace(facts, hashes=run_hashes(facts))


def collected(facts: RunFacts) -> Collected:
    """Return what the page shows of the values of a finished run, which are made again."""
    from coco_recipe import run_values

    seen = Collected(facts.folder)
    results: dict[Reference, Any] = {}
    for record, entered, given in run_values(facts):
        seen.see(record, entered, given)
        results = results | given
    seen.add({ref: results[ref] for ref in seen.wanted(facts) if ref in results})
    return seen
