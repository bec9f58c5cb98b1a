"""Pictures that a job leaves: curves, a confusion matrix, found beside truth, the first batch."""

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coco_recipe_jobs import figures, training_table
from coco_recipe_jobs.child import Reporter
from coco_recipe_jobs.coco_metrics import Row
from coco_recipe_jobs.found_and_missed import Found, OnImage
from coco_recipe_pictures import pictures
from coco_recipe_pictures.sheet import fonts, found
from coco_recipe_pictures.sheet.marks import Picture

from coco_recipe import counted, with_values

if TYPE_CHECKING:
    from torch import Tensor

PREDICTIONS, BATCH = "predictions.png", "first_batch.png"
WORST, BEST = 6, 3  # pictures of which what was found is drawn beside the truth
MOST_TRIED = 5  # names, each of which a font is looked for
MOST_OF_BATCH = 12
SURE = 0.3  # where no threshold is known, boxes below it aren't drawn
MOST_BOXES = 60  # that are drawn on a picture, those with the highest scores


@contextlib.contextmanager
def attempt(report: Reporter, name: str) -> Iterator[None]:
    """Let no drawing stop a job: what can't be drawn is noted, with the reason."""
    try:
        yield
    except Exception as error:
        report.note(f"{name} not drawn", f"{type(error).__name__}: {error}")


def training(folder: Path, clocks: Path) -> None:
    """Write ``results.csv`` and draw ``curves.png`` of the lines in ``scalars.jsonl``.

    Args:
        folder: where the lines are, and where to write.
        clocks: JSON lines with times and memory by epoch.
    """
    lines = list(training_table.lines_of(folder / "scalars.jsonl"))
    epochs = training_table.by_epoch(lines)
    training_table.write(folder / "results.csv", epochs, training_table.lines_of(clocks))
    figures.training(folder / "curves.png", lines, epochs)


def detections(folder: Path, matched: Found) -> None:
    """Draw what a detector found, missed and mistook.

    Writes ``confusion.png``, ``precision_recall.png``, ``f1.png`` and ``predictions.png``.

    Args:
        folder: where to write.
        matched: its boxes, held against the truth, whose pictures have absolute names.
    """
    curves = matched.curves()
    best = curves[0].best()
    threshold = best.score if best else SURE
    names = names_of(matched.names)
    figures.confusion(folder / "confusion.png", matched.confusion(threshold), names)
    figures.precision_recall(folder / "precision_recall.png", curves, names)
    figures.f1(folder / "f1.png", curves, names)
    shown = [
        _beside_truth(image, matched, threshold) for image in _worst_and_best(matched, threshold)
    ]
    categories = {id_: row["name"] for id_, row in sorted(matched.truth.cats.items())}
    (folder / PREDICTIONS).write_bytes(found.sheet(shown, categories))


def predictions(path: Path, images: Path, rows: Sequence[Row], most: int) -> None:
    """Draw what was found on the first pictures of a data set.

    Args:
        path: the file to write.
        images: the COCO file of the data set, with absolute names of pictures.
        rows: COCO results of one kind.
        most: how many pictures.
    """
    data = json.loads(images.read_text("utf-8"))
    by_image: dict[object, list[Row]] = {}
    for row in rows:
        by_image.setdefault(row["image_id"], []).append(row)
    shown = []
    for image in data["images"][:most]:
        kept = _drawn(by_image.get(image["id"], []), SURE)
        title = f"{Path(image['file_name']).name}: {len(kept)} with a score of {SURE} or more"
        shown.append(found.Shown(_read(image), title, kept))
    categories = {row["id"]: row["name"] for row in data["categories"]}
    path.write_bytes(found.sheet(shown, categories))


def first_batch(path: Path, batch: Mapping[str, Any], names: Sequence[str], *, bgr: bool) -> None:
    """Draw pictures of a batch as the pipeline made them, with their boxes.

    Args:
        path: the file to write.
        batch: ``inputs``, pictures (3, H, W), and ``data_samples``.
        names: class names in order.
        bgr: whether the pictures' channels are blue, green, red.
    """
    shown = []
    for n, (picture, sample) in enumerate(
        zip(batch["inputs"], batch["data_samples"], strict=False)
    ):
        if n == MOST_OF_BATCH:
            break
        truth = sample.gt_instances
        boxes = getattr(truth.bboxes, "tensor", truth.bboxes).tolist()
        rows = [
            {"category_id": label, "bbox": [x1, y1, x2 - x1, y2 - y1]}
            for (x1, y1, x2, y2), label in zip(boxes, truth.labels.tolist(), strict=True)
        ]
        title = f"{Path(str(sample.get('img_path', ''))).name}: {counted(len(rows), 'box')}"
        shown.append(found.Shown(_as_picture(picture, bgr=bgr), title, rows))
    path.write_bytes(found.sheet(shown, dict(enumerate(names))))


def names_of(names: Sequence[str]) -> figures.Names:
    """Return how class names are written into figures: with a font that has their characters."""
    from matplotlib.font_manager import findfont

    text = "".join(dict.fromkeys("".join(names)))
    own = fonts.load(Path(findfont("DejaVu Sans")), 12)
    unknown = fonts.lacking(text, own)
    if not any(map(str.isprintable, unknown)):
        return figures.Names(None, unknown)
    # where no font has all, as for Chinese beside emoji, one that some names can be written with
    foreign = [name for name in names if fonts.lacking(name, own)][:MOST_TRIED]
    tried = (fonts.find_font(part) for part in (text, *foreign))
    font = next(filter(None, tried), None)
    return figures.Names(font, fonts.lacking(text, fonts.load(font, 12)) if font else unknown)


def _worst_and_best(matched: Found, threshold: float) -> list[OnImage]:
    """Return the worst images, then the best with something to find; each once."""
    order = sorted(matched.by_image(threshold), key=lambda image: image.f1)
    worst = order[:WORST]
    with_boxes = [image for image in order if matched.truth.imgToAnns[image.image_id]]
    best = [image for image in reversed(with_boxes) if image not in worst]
    return [*worst, *best[:BEST]]


def _beside_truth(on: OnImage, matched: Found, threshold: float) -> found.Shown:
    image = matched.truth.imgs[on.image_id]
    rows = [row for row in matched.rows if row["image_id"] == on.image_id]
    title = f"{Path(image['file_name']).name}: F1 {on.f1:.2f}"
    truth = matched.truth.imgToAnns[on.image_id]
    boxes = [{"category_id": row["category_id"], "bbox": row["bbox"]} for row in truth]
    return found.Shown(_read(image), title, _drawn(rows, threshold), boxes)


def _drawn(rows: Sequence[Row], threshold: float) -> list[Row]:
    """Return the rows that are drawn, those with the highest scores first."""
    kept = [row for row in rows if _score(row) >= threshold]
    return sorted(kept, key=_score, reverse=True)[:MOST_BOXES]


def _score(row: Row) -> float:
    score = row["score"]
    assert isinstance(score, int | float)
    return score


def _read(image: Mapping[str, Any]) -> Picture:
    return pictures.decode(pictures.read(Path(with_values(image["file_name"]))), size=None)


def _as_picture(tensor: "Tensor", *, bgr: bool) -> Picture:
    """Return a picture of a batch as uint8 (H, W, 3) RGB.

    One whose numbers aren't 0 to 255, since its pipeline normalises, is spread over that range.
    """
    import numpy as np

    pixels: np.ndarray[Any, Any] = tensor.detach().cpu().float().numpy().transpose(1, 2, 0)
    if pixels.min() < 0 or pixels.max() <= 1.5:
        low, high = float(pixels.min()), float(pixels.max())
        pixels = (pixels - low) / max(high - low, 1e-6) * 255
    picture: Picture = np.ascontiguousarray(pixels.clip(0, 255).round().astype(np.uint8))
    return np.ascontiguousarray(picture[..., ::-1]) if bgr else picture
