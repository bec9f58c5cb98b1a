"""Measurements: AP with bootstrap intervals, thresholds, confusions, the worst pictures."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from coco_recipe import RunFacts, with_values
from coco_recipe_report.drawing import curves, measured
from coco_recipe_report.drawing.curves import Axis, Line
from coco_recipe_report.drawing.pictures import Camera, Picture
from coco_recipe_report.drawing.svg import Palette
from coco_recipe_report.sections import confused
from coco_recipe_report.sections.confused import Confused
from coco_recipe_report.seen.shots import Mark, Shot

if TYPE_CHECKING:
    from coco_recipe_jobs.bootstrap import Interval
    from coco_recipe_jobs.found_and_missed import Curve, Found

METRICS, TRUTH = "metrics.json", "data/images.json"
OVERALL = ("mAP", "mAP_50", "mAP_75", "AR_100")
SIZES = {"mAP_s": "small, < 32 px", "mAP_m": "medium", "mAP_l": "large, ≥ 96 px"}
DRAWS, MANY_BOXES = (1000, 200), 100_000  # draws of the bootstrap; fewer of more found boxes
MOST_WORST = 6
UNKNOWN = -1.0  # COCO's, where there is nothing to find


@dataclass(frozen=True, slots=True)
class Threshold:
    """The threshold of scores with the highest F1 of a class, or of all."""

    name: str
    score: float
    f1: float
    precision: float
    recall: float


@dataclass(frozen=True, slots=True)
class Worst:
    """A picture with what is there, and with what was found."""

    f1: float
    truth: Picture
    found: Picture


@dataclass(frozen=True, slots=True)
class Measured:
    """What a step measured.

    Attributes:
        step: the step.
        best: the label of the best checkpoint.
        best_by: the figure that picked it.
        names: of the figures of checkpoints.
        checkpoints: each one's label and figures; None where there is nothing to find.
        classes: AP by class with its intervals.
        sizes: AP by size with its intervals.
        curves: precision over recall, F1 by threshold, as pictures with their lines.
        thresholds: the best of all boxes, then by class.
        confusion: which class was taken for which at the best threshold; None where it isn't known.
        worst: the worst pictures.
        why_not: why there is less than this.
    """

    step: str
    best: str
    best_by: str
    names: Sequence[str]
    checkpoints: Sequence[tuple[str, Sequence[float | None]]]
    classes: Markup
    sizes: Markup
    curves: Sequence[tuple[str, Markup]]
    thresholds: Sequence[Threshold]
    confusion: Confused | None
    worst: Sequence[Worst]
    why_not: str = ""


def gather(facts: RunFacts, camera: Camera, palette: Palette) -> list[Measured]:
    """Return what steps measured that left their figures and what was found."""
    folders = ((one.step, facts.folder / "steps" / one.step) for one in facts.steps)
    return [
        _measured(step, folder, camera, palette)
        for step, folder in folders
        if (folder / METRICS).is_file()
    ]


def _measured(step: str, folder: Path, camera: Camera, palette: Palette) -> Measured:
    data = json.loads((folder / METRICS).read_text("utf-8"))
    rows = data["checkpoints"]
    best = next((row for row in rows if row["label"] == data["best"]), rows[-1])
    results = folder / (best.get("results") or {}).get("bbox", "none")
    plain = Measured(
        step,
        data["best"],
        data["best_by"],
        OVERALL,
        [
            (row["label"], [_known(row["bbox"], name) for name in OVERALL])
            for row in data["checkpoints"]
        ],
        _by_class(best["bbox"]["classes"], {}),
        _by_size(best["bbox"], {}),
        (),
        [Threshold(name, **figures) for name, figures in (best.get("best_f1") or {}).items()],
        None,
        (),
    )
    truth = folder / TRUTH
    if not results.is_file() or not truth.is_file():
        return plain
    if find_spec("pycocotools") is None:
        return _with(plain, why_not="intervals, confusions and worst pictures need pycocotools")
    return _matched(
        plain, best["bbox"], truth, json.loads(results.read_text("utf-8")), camera, palette
    )


def _matched(
    plain: Measured,
    figures: Mapping[str, Any],
    truth: Path,
    rows: list[dict[str, Any]],
    camera: Camera,
    palette: Palette,
) -> Measured:
    """Return a measurement with what follows from matching boxes with the truth."""
    from coco_recipe_jobs import bootstrap
    from coco_recipe_jobs.found_and_missed import Found

    matched = bootstrap.Matched(truth, rows)
    counts = bootstrap.draws(len(matched.images), DRAWS[len(rows) > MANY_BOXES])
    sampled = bootstrap.intervals(matched.sampled(counts))
    found = Found(truth, rows)
    lines = found.curves()
    overall = lines[0].best()
    score = overall.score if overall else 0.5
    thresholds = [
        Threshold(one.name, best.score, best.f1, best.precision, best.recall)
        for one in lines
        if (best := one.best())
    ]
    confusion = found.confusion(score)
    return _with(
        plain,
        classes=_by_class(figures["classes"], sampled),
        sizes=_by_size(figures, sampled),
        curves=list(_curves(lines, palette)),
        thresholds=thresholds,
        confusion=confused.gather(confusion.names, confusion.counts.tolist()),
        worst=list(_worst(found, rows, truth.parent, score, camera)),
    )


def _with(plain: Measured, **changes: Any) -> Measured:
    from dataclasses import replace

    return replace(plain, **changes)


def _known(figures: Mapping[str, Any], name: str) -> float | None:
    value = figures.get(name, UNKNOWN)
    return None if value == UNKNOWN else float(value)


def _by_class(
    classes: Mapping[str, Mapping[str, Any]], sampled: "Mapping[tuple[str, ...], Interval]"
) -> Markup:
    """Return AP by class, the highest first, with the number of boxes to find."""
    rows = []
    for name, figures in classes.items():
        value = _known(figures, "mAP")
        if value is not None:
            beside = f"{figures.get('boxes', 0):,} to find"
            rows.append((name, value, *_ends(sampled, ("classes", name, "mAP")), beside))
    rows.sort(key=lambda row: -row[1])
    return measured.intervals(rows, "AP by class") if rows else Markup("")


def _by_size(figures: Mapping[str, Any], sampled: "Mapping[tuple[str, ...], Interval]") -> Markup:
    rows = [
        (told, value, *_ends(sampled, (name,)), "")
        for name, told in {"mAP": "all boxes", **SIZES}.items()
        if (value := _known(figures, name)) is not None
    ]
    return measured.intervals(rows, "AP by size of boxes") if rows else Markup("")


def _ends(
    sampled: "Mapping[tuple[str, ...], Interval]", name: tuple[str, ...]
) -> tuple[float | None, float | None]:
    found = sampled.get(name)
    return (found.low, found.high) if found else (None, None)


def _curves(lines: "Sequence[Curve]", palette: Palette) -> Iterator[tuple[str, Markup]]:
    """Yield precision over recall, and F1 by threshold, of all boxes and of each class."""
    every, *classes = lines
    shown = sorted(classes, key=lambda one: -one.to_find)[:10]
    share = Axis("recall", 0, 1), Axis("", 0, 1)
    by_class = [
        Line(
            one.name,
            _points(one.recall, one.precision),
            palette.of(one.name),
            is_faint=len(shown) > 4,
        )
        for one in shown
        if one.to_find
    ]
    all_ = Line("all boxes", _points(every.recall, every.precision), "var(--ink)")
    best = every.best()
    at = (best.recall, best.precision) if best else None
    yield (
        "Precision over recall",
        curves.draw([*by_class, all_], *share, "precision over recall", best=at),
    )
    scores = [
        Line(name, _points(every.scores[::-1], values[::-1]), ink)
        for name, values, ink in (
            ("precision", every.precision, "#e69f00"),
            ("recall", every.recall, "#56b4e9"),
            ("F1", every.f1, "var(--ink)"),
        )
    ]
    at = (best.score, best.f1) if best else None
    axes = Axis("threshold of scores", 0, 1), Axis("", 0, 1)
    yield "By threshold of scores", curves.draw(scores, *axes, "by threshold of scores", best=at)


def _points(x: Any, y: Any) -> list[tuple[float, float]]:
    return list(zip(map(float, x), map(float, y), strict=True))


def _place(name: str) -> str:
    """Return a picture's name with values of the environment; as it is where one isn't set."""
    try:
        return str(with_values(name))
    except ValueError:
        return name


def _worst(
    found: "Found", rows: list[dict[str, Any]], folder: Path, score: float, camera: Camera
) -> Iterator[Worst]:
    """Yield the pictures with the lowest F1, what is there beside what was found."""
    ranked = sorted(found.by_image(score), key=lambda one: (one.f1, one.image_id))[:MOST_WORST]
    names = dict(zip(found.ids, found.names, strict=True))
    for one in ranked:
        if one.f1 == 1:
            return
        image = found.truth.imgs[one.image_id]
        path = folder / _place(image["file_name"])
        there = [
            Mark(names[row["category_id"]], tuple(row["bbox"]))
            for row in found.truth.imgToAnns[one.image_id]
        ]
        boxes = [
            Mark(f"{names[row['category_id']]} {row['score']:.2f}", tuple(row["bbox"]))
            for row in rows
            if row["image_id"] == one.image_id and row["score"] >= score
        ]
        shots = [
            Shot(path, image["width"], image["height"], path.name, told, tuple(marks))
            for told, marks in ((f"there: {len(there)}", there), (f"found: {len(boxes)}", boxes))
        ]
        yield Worst(one.f1, *map(camera.take, shots))
