"""init: write a first recipe that fits a data set and runs as it is."""

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coco_recipe import plugins
from coco_recipe.asking import reading
from coco_recipe.dataset import Dataset, extras
from coco_recipe.errors import DatasetError, about, counted
from coco_recipe.findings import Finding
from coco_recipe.running import checking

BACKGROUND = ("背景", "background", "__background__", "_background_")
NUMBERED = ("repeated_annotation_ids", "annotation_ids_out_of_range")  # reindex mends these
LEAKING = ("equal_pictures",)  # a warning that a split makes a fault
FIELDS = ("video_id", "sequence_id", "clip_id", "scene_id", "film_id", "patient_id", "product_id")
# what image names have in common: the picture that Roboflow made several of, a film of frames
NAMES = (r"^(.+?)_(?:jpe?g|png|bmp|webp)\.rf\.", r"^(.*?)[_-]?(?:frame|f)?[_-]?\d+\.[^.]+$")
FEWEST_GROUPS, LARGEST_SHARE = 10, 0.2  # else names tell nothing: all may begin with "img_"
FEWEST_TO_DIVIDE = 10  # images
PARTS = {"train": 0.8, "val": 0.2}
_NUMBERS = ("to_numbers", "to_int")  # mends that a thorough one makes unnecessary
_REPAIR = re.compile(r"repair: (\w+): (\w+|\{[^}]*\})")
_FILTER = re.compile(r"filter_annotations: (\w+): (\w+)")


@dataclass(frozen=True, slots=True)
class First:
    """A first recipe.

    Attributes:
        text: the recipe.
        unmended: errors of the data that no step mends, which the recipe would stop at.
    """

    text: str
    unmended: tuple[Finding, ...]


def first_recipe(annotations: Path, images: Path, target: Path) -> First:
    """Return a recipe that fits a data set.

    It mends what would be an error, keeps one of equal pictures, leaves out a background class,
    numbers rows anew where ids repeat, divides by the groups that fields or names of images tell,
    and publishes.

    Args:
        annotations: the annotation file.
        images: the folder of its pictures.
        target: where the recipe will stand; its paths are relative to this.

    Raises:
        DatasetError: the file can't be read at all, or has no image.
    """
    dataset = reading.read(annotations, images)
    if not dataset.images:
        raise DatasetError(f"{annotations}: has no image, so that there is nothing to make of it")
    found = checking.of_file(annotations, images, plugins.find(()).checks)
    errors = [finding for finding in found if finding.severity == "error"]
    wanted = [*errors, *(finding for finding in found if finding.kind.name in LEAKING)]
    mended = [finding for finding in wanted if _is_mended(finding, len(dataset.images))]
    steps = [
        *_repair([finding for finding in mended if _REPAIR.search(finding.remedy)]),
        *_background(dataset),
        *_filter([finding for finding in mended if not _REPAIR.search(finding.remedy)]),
        *_numbered(found),
        *_split(dataset),
    ]
    left = [finding for finding in found if finding not in mended]
    text_of_recipe = "".join(_lines(dataset, left, annotations, images, target, steps))
    return First(text_of_recipe, tuple(finding for finding in errors if finding not in mended))


@dataclass(frozen=True, slots=True)
class _Step:
    """A step, with the reason that stands above it."""

    id: str
    use: str
    params: Mapping[str, Any]
    reasons: Sequence[str]


def _is_mended(finding: Finding, images: int) -> bool:
    """Say whether a step mends it; where no picture is there, the folder is another one."""
    are_named_otherwise = "file_names" in finding.remedy
    if finding.kind.name == "missing_pictures" and finding.count == images:
        return are_named_otherwise
    return bool(
        _REPAIR.search(finding.remedy)
        or _FILTER.search(finding.remedy)
        or finding.kind.name in NUMBERED
    )


def _repair(findings: Sequence[Finding]) -> Iterator[_Step]:
    params: dict[str, Any] = {}
    for finding in findings:
        found = _REPAIR.search(finding.remedy)
        assert found, "only such findings are given"
        key, value = found.groups()
        if key == "file_names":
            params.setdefault(key, {}).update(_mapping(value))
        elif key == "segmentations" and params.get(key) not in (None, value):
            params[key] = [*_listed(params[key]), value]
        else:
            params[key] = value if params.get(key) in (None, *_NUMBERS) else params[key]
    if params:
        yield _Step("mended", "repair", params, [_told(finding) for finding in findings])


def _filter(findings: Sequence[Finding]) -> Iterator[_Step]:
    params: dict[str, Any] = {"past_the_edge": "clip", "no_area": "drop"}
    reasons = []
    for finding in findings:
        if found := _FILTER.search(finding.remedy):
            params[found[1]] = int(found[2]) if found[2].isdigit() else found[2]
            reasons.append(_told(finding))
    if reasons:
        yield _Step("sound", "filter_annotations", params, reasons)


def _background(dataset: Dataset) -> Iterator[_Step]:
    names = [c.name for c in dataset.categories if c.name.strip().lower() in BACKGROUND]
    if names:
        params = {"drop": names, "images_left_empty": "keep"}
        reason = "a background class is no object; its images stay, as negatives"
        yield _Step("objects", "filter_categories", params, [reason])


def _numbered(findings: Sequence[Finding]) -> Iterator[_Step]:
    reasons = [_told(finding) for finding in findings if finding.kind.name in NUMBERED]
    if reasons:
        yield _Step("numbered", "reindex", {}, reasons)


def _split(dataset: Dataset) -> Iterator[_Step]:
    if len(dataset.images) < FEWEST_TO_DIVIDE:
        return
    params: dict[str, Any] = {"fractions": PARTS, "method": "stratified"}
    reasons = ["the same share of every class in both parts; copies of an image stay with it"]
    for group_by, groups in _groupings(dataset):
        params["group_by"] = group_by
        told = f"{groups} groups of {len(dataset.images)} images stay together"
        reasons.append(f"{told}: no two of one lie on both sides")
        break
    yield _Step("parts", "split", params, reasons)


def _groupings(dataset: Dataset) -> Iterator[tuple[dict[str, str], int]]:
    """Yield ways to group images that divide them into many small groups."""
    for field in FIELDS:
        values = [str(dict(extras(image)).get(field, "")) for image in dataset.images]
        if all(values) and (groups := _number_of_groups(values)):
            yield {"field": field}, groups
    for pattern in NAMES:
        matches = [re.search(pattern, image.file_name) for image in dataset.images]
        if all(matches) and (groups := _number_of_groups(m[1] for m in matches if m)):
            yield {"pattern": pattern}, groups


def _number_of_groups(values: Iterable[str]) -> int:
    """Return how many groups there are; 0 where they tell nothing."""
    sizes = Counter(values)
    total = sum(sizes.values())
    if len(sizes) == total or len(sizes) < FEWEST_GROUPS:
        return 0
    return len(sizes) if max(sizes.values()) <= LARGEST_SHARE * total else 0


def _lines(
    dataset: Dataset,
    found: Sequence[Finding],
    annotations: Path,
    images: Path,
    target: Path,
    steps: Sequence[_Step],
) -> Iterator[str]:
    rows, pictures, classes = (
        counted(len(table), noun)
        for table, noun in (
            (dataset.annotations, "annotation"),
            (dataset.images, "image"),
            (dataset.categories, "category"),
        )
    )
    yield f"# {annotations.name}: {pictures}, {rows}, {classes}.\n"
    yield f"# coco-recipe plan {target.name} shows what would be done, run does it.\n"
    for finding in found:
        if finding.severity == "warning":
            yield f"# warning: {_told(finding)}; {finding.remedy}\n"
    yield "coco_recipe: 1\n"
    yield f"name: {_name(annotations)}\n"
    yield "seed: 1\n"
    places = {
        "annotations": os.path.relpath(annotations.resolve(), target.parent.resolve()),
        "images": os.path.relpath(images.resolve(), target.parent.resolve()),
    }
    yield f"inputs:\n  raw: {_json(places)}\nsteps:\n"
    above = "raw"
    for step in steps:
        yield from (f"  # {reason}\n" for reason in step.reasons)
        yield f"  - id: {step.id}\n    use: {step.use}\n    in: {above}\n"
        if step.params:
            yield "    with:\n"
            yield from (f"      {key}: {_json(value)}\n" for key, value in step.params.items())
        above = step.id
    parts = {part: f"parts.{part}" for part in PARTS} if above == "parts" else {"all": above}
    if above == "parts":
        yield (
            "  # to augment the training part: these two steps, and 'train: all' in place of "
            "'parts.train' below\n"
            "  # - {id: more, use: augment, in: parts.train, with: {copies: 1, pipeline: "
            "[HorizontalFlip: {p: 0.5}]}}\n"
            "  # - {id: all, use: merge, in: {datasets: [parts.train, more]}}\n"
        )
    yield "  - id: dataset\n    use: export_coco\n"
    yield f"    in: {_json(parts)}\n    with: {{to: dataset}}\n"


def _told(finding: Finding) -> str:
    return " ".join(about(finding.count, finding.kind.what).split())


def _name(annotations: Path) -> str:
    """Return a name for the recipe: of the file, or of its folder where that is no name."""
    stem = annotations.name.partition(".")[0].strip("_")
    name = annotations.resolve().parent.name if stem in ("", "annotations") else stem
    return re.sub(r"[^\w-]+", "-", name).strip("-") or "data"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _mapping(text: str) -> dict[str, Any]:
    """Read what a remedy writes in braces, as ``{basename: true}``."""
    pairs = (pair.partition(":") for pair in text.strip("{}").split(","))
    return {
        key.strip(): {"true": True}.get(value.strip(), value.strip()) for key, _, value in pairs
    }
