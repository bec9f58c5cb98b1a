"""Gather what the page of a run shows: what the run recorded, and figures of its rows."""

import base64
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from coco_recipe import Dataset, RunFacts, find_data, manifest, run_facts, stats_of, yaml_text
from coco_recipe_report import charts, flow

MOST_PICTURES, MOST_PAIRS, MOST_INPUTS = 8, 12, 4
SECTIONS = (
    ("findings", "Findings"),
    ("flow", "Flow"),
    ("books", "Books"),
    ("classes", "Classes"),
    ("boxes", "Boxes"),
    ("pictures", "Pictures"),
    ("training", "Training"),
    ("steps", "Steps"),
    ("proof", "Proof"),
)
MEDIA = {".png": "image/png", ".jpg": "image/jpeg"}


@dataclass(frozen=True, slots=True)
class Books:
    """A line of the books: images / boxes that came in, were made, dropped, and went out."""

    step: str
    use: str
    entered: str
    made: str
    dropped: str
    out: str
    reasons: Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Card:
    """A step: its YAML, its table and what it noted."""

    step: str
    use: str
    yaml: str
    table: Mapping[str, Any] | None
    notes: Sequence[tuple[str, str]]
    key: str


@dataclass(frozen=True, slots=True)
class Training:
    """A step that trained or measured: its curves and its metrics as text."""

    step: str
    curves: Markup
    metrics: str


@dataclass(frozen=True, slots=True)
class Report:
    """All that the page shows, ready for the template."""

    name: str
    seed: int
    digest: str
    errors: int
    warnings: int
    summary: str
    sections: Sequence[tuple[str, str]]
    findings: Sequence[manifest.FindingRecord]
    flow: Markup
    books: Sequence[Books]
    stages: Sequence[str]
    classes: Sequence[tuple[str, Sequence[tuple[int, float]]]]
    slopes: Markup
    together: Sequence[Any]
    sizes: Markup
    keys: Sequence[tuple[str, str]]
    places: Sequence[tuple[str, Markup]]
    pictures: Sequence[tuple[str, tuple[str, str]]]
    trainings: Sequence[Training]
    steps: Sequence[str]
    cards: Sequence[Card]
    inputs: Sequence[tuple[str, str, str]]
    versions: Sequence[tuple[str, str]]
    recipe: str
    recipe_file: str


def gather(run: Path, plugin_files: Sequence[Path] = ()) -> Report:
    """Return what the page of a run shows.

    Args:
        run: the run directory.
        plugin_files: the plugin files that the run used.

    Raises:
        RunError: the folder is no run directory, or a step isn't done.
    """
    facts = run_facts(run, plugin_files)
    asked = find_data(str(run), plugin_files=plugin_files)
    data = {**asked.inputs, **asked.parts}
    counts = {name: dict(rows.counts()["categories"]) for name, rows in data.items()}
    found = [*facts.run.findings, *(one for step in facts.steps for one in step.findings)]
    is_shown = {
        "classes": bool(data),
        "boxes": bool(data),
        "pictures": True,
        "training": any(step.use in ("train", "evaluate") for step in facts.steps),
    }
    return Report(
        name=facts.run.recipe,
        seed=facts.run.seed,
        digest=facts.digest,
        errors=sum(one.severity == "error" for one in found),
        warnings=sum(one.severity == "warning" for one in found),
        summary=_summary(asked.inputs, asked.parts),
        sections=[pair for pair in SECTIONS if is_shown.get(pair[0], True)],
        findings=sorted(found, key=lambda one: one.severity),
        flow=flow.svg(facts),
        books=[_books(record) for record in facts.steps],
        stages=list(counts),
        classes=_classes(counts),
        slopes=charts.slopes(counts) if counts else Markup(""),
        together=stats_of(data).together[:MOST_PAIRS],
        sizes=charts.sizes(data),
        keys=list(zip(data, charts.COLOURS, strict=False)),
        places=[(name, charts.places(rows)) for name, rows in data.items()],
        pictures=list(_pictures(facts, asked.inputs, asked.parts)),
        trainings=list(_trainings(facts)),
        steps=[record.step for record in facts.steps],
        cards=list(_cards(facts)),
        inputs=[
            (name, what, sha256)
            for name, hashes in facts.run.inputs.items()
            for what, sha256 in hashes.items()
        ],
        versions=sorted({**facts.run.versions, **_versions(facts)}.items()),
        recipe=facts.recipe,
        recipe_file=Path(facts.run.clock.recipe).name,
    )


def _summary(inputs: Mapping[str, Dataset], parts: Mapping[str, Dataset]) -> str:
    """Say how many rows came in, and what was published of them."""

    def told(data: Mapping[str, Dataset]) -> str:
        return ", ".join(
            f"{name} {len(rows.images)} images with {len(rows.annotations)} boxes"
            for name, rows in data.items()
        )

    return f"{told(inputs)} → {told(parts)}"


def _books(record: manifest.StepRecord) -> Books:
    dropped: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for line in record.dropped:
        dropped[line.kind] += line.count
        reasons[line.reason] += line.count
    made = record.counts.made
    return Books(
        record.step,
        record.use,
        _total(record.counts.entered),
        f"{made.images} / {made.annotations}" if made.images or made.annotations else "",
        f"{dropped['image']} / {dropped['annotation']}" if dropped else "",
        _total(record.counts.out),
        reasons.most_common(),
    )


def _total(counts: Mapping[str, Any]) -> str:
    many = [one for _, one in manifest.data_sets(counts)]
    if not many:
        return ""
    images, boxes = (
        sum(getattr(one, key) or 0 for one in many) for key in ("images", "annotations")
    )
    return f"{images} / {boxes}"


def _classes(
    counts: Mapping[str, Mapping[str, int]],
) -> list[tuple[str, list[tuple[int, float]]]]:
    """Return each class with its number of boxes at each stage, and its share of the stage."""
    names = dict.fromkeys(name for found in counts.values() for name in found)
    totals = {stage: sum(found.values()) or 1 for stage, found in counts.items()}
    return [
        (
            name,
            [
                (found.get(name, 0), found.get(name, 0) / totals[stage])
                for stage, found in counts.items()
            ],
        )
        for name in names
    ]


def _pictures(
    facts: RunFacts, inputs: Mapping[str, Dataset], parts: Mapping[str, Dataset]
) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield sheets of telling images, and the pictures that steps left, with their captions."""
    try:
        import cv2  # noqa: F401
        import PIL  # noqa: F401
    except ImportError:
        return
    from coco_recipe_pictures.show import drawing, telling

    for caption, data in (*_captioned("raw", inputs), *_captioned("published", parts)):
        chosen = telling.choose({caption: data}, (), telling.Wanted(MOST_PICTURES))
        if chosen and data.folders:
            sheet = drawing.sheet(chosen, "JPEG")
            yield caption, ("image/jpeg", base64.b64encode(sheet).decode("ascii"))
    for record in facts.steps:
        for path in sorted((facts.folder / "steps" / record.step).glob("*")):
            if path.suffix in MEDIA and path.is_file():
                data64 = base64.b64encode(path.read_bytes()).decode("ascii")
                yield f"{record.step}: {path.stem}", (MEDIA[path.suffix], data64)


def _captioned(what: str, data: Mapping[str, Dataset]) -> list[tuple[str, Dataset]]:
    return [(f"{what}: {name}", rows) for name, rows in list(data.items())[:MOST_INPUTS]]


def _trainings(facts: RunFacts) -> Iterator[Training]:
    """Yield what steps that trained or measured left."""
    for record in facts.steps:
        folder = facts.folder / "steps" / record.step
        scalars, metrics = folder / "scalars.jsonl", folder / "metrics.txt"
        lines = _lines(scalars) if scalars.is_file() else []
        drawn = charts.curves(_series(lines)) if lines else Markup("")
        text = metrics.read_text("utf-8") if metrics.is_file() else ""
        if drawn or text:
            yield Training(record.step, drawn, text)


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _series(lines: Sequence[Mapping[str, Any]]) -> dict[str, list[float]]:
    """Return the mean loss of each epoch, and the mAP of each validation."""
    losses: dict[int, list[float]] = {}
    scores = []
    for line in lines:
        if isinstance(line.get("loss"), int | float):
            losses.setdefault(line.get("epoch", 0), []).append(line["loss"])
        for name, value in (line.get("val") or {}).items():
            if name.endswith("mAP"):
                scores.append(value)
    found = {"loss": [sum(many) / len(many) for many in losses.values()], "mAP": scores}
    return {name: values for name, values in found.items() if len(values) > 1}


def _cards(facts: RunFacts) -> Iterator[Card]:
    for record in facts.steps:
        table = record.notes.get("table")
        row = {"id": record.step, "use": record.use, "with": record.parameters}
        notes = [
            (key, str(value)) for key, value in record.notes.items() if isinstance(value, str | int)
        ]
        yield Card(record.step, record.use, yaml_text.dump([row]), table, notes, record.key)


def _versions(facts: RunFacts) -> dict[str, str]:
    return {name: version for step in facts.steps for name, version in step.environment.items()}
