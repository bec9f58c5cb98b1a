"""Events of a run, for trackers."""

from collections.abc import Iterator
from pathlib import Path

from coco_recipe import StepRecord, events
from coco_recipe.manifest import Balance, Counts

RECORD = StepRecord(
    step="fit",
    use="train",
    parameters={"lr": 0.1, "名": "瓶"},
    counts=Balance(out={"dataset": Counts(3, 5)}),
    notes={"metrics": {"best": {"bbox": {"mAP": 0.5}}}},
)
USED = StepRecord(step="clean", use="filter_categories", parameters={"drop": ["背景"]})


def run_in(folder: Path, outcome: str = "done", *, made: bool = True) -> Iterator[events.Event]:
    """Yield the events of a run of two steps: one reused, one made, unless nothing is to do."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.yaml").write_text("name: caps")
    yield events.RunStarted("瓶盖", folder, ("clean", "fit"))
    yield events.StepReused("clean", USED)
    if made:
        yield events.StepStarted("fit", "not done yet")
        for n in (1, 2, 3):
            yield events.Progress("fit", n, 3, {"loss": 1 / n, "odd": float("nan")})
    if outcome == "failed":
        yield events.StepFailed("fit", "the disk is full")
    elif made:
        yield events.StepDone("fit", RECORD)
    else:
        yield events.StepReused("fit", RECORD)
    yield events.RunEnded(outcome, ("fit",) if made else (), ("clean",))  # type: ignore[arg-type]
