"""Step ``augment``: new images from old ones, with their boxes."""

import hashlib
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from coco_recipe import Annotation, Dataset, Image, Origin, Port, Step, StepContext

Box = tuple[float, float, float, float]
PARAMS: dict[str, Any] = {
    "type": "object", "additionalProperties": False, "required": ["pipeline"],
    "properties": {
        "pipeline": {"anyOf": [{"type": "string", "format": "recipe-file"}, {"type": "array", "minItems": 1},
                               {"type": "object"}],
                     "description": "An Albumentations pipeline: a list, its own dict form, or a file that A.save wrote.",
                     "examples": [[{"HorizontalFlip": {"p": 0.5}}]]},
        "copies": {"type": "integer", "minimum": 1, "default": 1, "description": "New images for each image.",
                   "examples": [2]},
        "format": {"enum": ["jpg", "png"], "default": "jpg", "description": "File format of the new images.",
                   "examples": ["png"]},
        "quality": {"type": "integer", "minimum": 1, "maximum": 100, "default": 95, "description": "JPEG quality.",
                    "examples": [90]},
        "other_geometry": {"enum": ["error", "drop"], "default": "error", "examples": ["drop"],
                           "description": "Segmentations and keypoints, which this step can't move: refuse them, or "
                           "leave them out (they are counted)."},
    },
}


@dataclass(frozen=True, slots=True)
class Job:
    """One copy to make; boxes are ``(x, y, w, h)`` in pixels."""

    source: Path
    target: Path
    size: tuple[int, int]
    boxes: tuple[Box, ...]
    key: int

    def __str__(self) -> str:
        return str(self.source)


@dataclass(frozen=True, slots=True)
class Made:
    """What became of a job: size and hash of the file, and the boxes that are left, by index."""

    width: int
    height: int
    sha256: str
    boxes: dict[int, Box]


def augment(ctx: StepContext, *, dataset: Dataset, pipeline: Any, copies: int, format: str,
            quality: int, other_geometry: str) -> Mapping[str, Dataset]:
    """Make ``copies`` new images of each image; the output holds the new ones only: merge them with the old.

    Each copy has a seed of its own (from the recipe's seed, the step, the image's identity and the copy), so that
    neither order nor the number of workers matters. A box that a transform removes is in the ledger. New ids follow
    the largest of the source, so that they collide with none of it.

    Raises:
        ValueError: the pipeline is wrong; an image can't be read or hasn't the size that the data set says; a box
            reaches out of its image; segmentations or keypoints would be lost.
    """
    from coco_recipe_albumentations.pipeline import build

    build(pipeline)  # before any image is opened
    _check_rows(dataset)
    annotations = dataset.annotations_of()
    stripped = sum(_has_geometry(row) for row in dataset.annotations)
    if stripped and other_geometry == "error":
        raise ValueError(f"{stripped} annotations have a segmentation or keypoints, which this step can't move; set "
                         "other_geometry: drop to go on with their boxes (add_segmentation afterwards)")
    ctx.note("geometry_left_out", stripped * copies)
    ctx.make(images=len(dataset.images) * copies, annotations=len(dataset.annotations) * copies)
    plan = list(_plan(ctx, dataset, copies, format))
    jobs = (Job(dataset.path_of(image), ctx.workdir / "images" / name,
                (int(image.width or 0), int(image.height or 0)),
                tuple(row.bbox for row in annotations[image.id] if isinstance(row.bbox, tuple)),
                _key(ctx.seed, dataset.identity(image), copy)) for image, copy, name in plan)
    images: list[Image] = []
    rows: list[Annotation] = []
    next_image = max((image.id for image in dataset.images), default=0) + 1
    next_row = max((row.id for row in dataset.annotations), default=0) + 1
    recipe = msgspec.json.encode(pipeline)
    for done, ((image, copy, name), made) in enumerate(zip(plan, ctx.map(partial(_make, recipe, quality), jobs),
                                                           strict=True)):
        new = replace(image, id=next_image + done, file_name=name, width=made.width, height=made.height,
                      coco_recipe=Origin(root=dataset.family(image), source=dataset.identity(image), step=ctx.step_id,
                                         copy=copy))
        images.append(new)
        ctx.wrote(ctx.workdir / "images" / name, made.sha256)
        for index, row in enumerate(annotations[image.id]):
            if index not in made.boxes:
                ctx.drop(row, "no part of the box is left in the copy", copy=name)
                continue
            box = made.boxes[index]
            rows.append(replace(_boxed(row), id=next_row, image_id=new.id, bbox=box, area=round(box[2] * box[3], 4)))
            next_row += 1
        ctx.progress(done + 1, len(plan))
    return {"dataset": Dataset(tuple(images), tuple(rows), dataset.categories, ctx.step_id,
                               {ctx.step_id: ctx.workdir / "images"}, dataset.extra)}


def _check_rows(dataset: Dataset) -> None:
    sizes = {image.id: (image.width, image.height) for image in dataset.images}
    faults = []
    for image in dataset.images:
        if not isinstance(image.width, int) or not isinstance(image.height, int):
            faults.append(f"image {image.id} ({image.file_name}) has no width and height")
    for row in dataset.annotations:
        width, height = sizes[row.image_id]
        if not isinstance(row.bbox, tuple):
            faults.append(f"annotation {row.id} has no box")
            continue
        x, y, w, h = row.bbox
        if isinstance(width, int) and isinstance(height, int) and not (
                x >= 0 and y >= 0 and w > 0 and h > 0 and x + w <= width and y + h <= height):
            faults.append(f"annotation {row.id} on image {row.image_id} has the box {list(row.bbox)}, which is not "
                          f"inside its {width}x{height} px")
    if faults:
        raise ValueError(f"{len(faults)} rows can't be augmented: {'; '.join(faults[:5])}; filter_annotations mends "
                         "or drops such boxes")


def _plan(ctx: StepContext, dataset: Dataset, copies: int, suffix: str) -> Iterator[tuple[Image, int, str]]:
    """Yield each copy with a file name that is none of the source's and not given twice."""
    taken = {image.file_name.casefold() for image in dataset.images}
    (ctx.workdir / "images").mkdir(parents=True, exist_ok=True)
    for image in dataset.images:
        path = PurePosixPath(image.file_name)
        for copy in range(1, copies + 1):
            name = str(path.with_name(f"{path.stem}.{ctx.step_id}-{copy}.{suffix}"))
            if name.casefold() in taken:
                name = str(path.with_name(f"{path.stem}.{ctx.step_id}-{copy}.{image.id}.{suffix}"))
            taken.add(name.casefold())
            (ctx.workdir / "images" / name).parent.mkdir(parents=True, exist_ok=True)
            yield image, copy, name


def _key(seed: int, identity: str, copy: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{identity}/{copy}".encode()).digest()[:8], "big")


def _has_geometry(row: Annotation) -> bool:
    keypoints = getattr(row, "keypoints", UNSET)
    return any(value is not UNSET and bytes(value).strip() not in (b"[]", b"null")
               for value in (row.segmentation, keypoints))


def _boxed(row: Annotation) -> Annotation:
    changes = dict.fromkeys((name for name in ("keypoints", "num_keypoints") if hasattr(row, name)), UNSET)
    return replace(row, segmentation=UNSET, **changes)


@lru_cache(maxsize=4)
def _compose(recipe: bytes) -> Any:
    """Build the pipeline once a process. Visibility and area limits are 0: the books are ours, not the library's."""
    import albumentations as A
    import cv2

    from coco_recipe_albumentations.pipeline import build

    cv2.setNumThreads(0)
    boxes = A.BboxParams(format="coco", label_fields=["index"], min_area=0, min_visibility=0)
    return A.Compose(build(msgspec.json.decode(recipe)), bbox_params=boxes)


def _make(recipe: bytes, quality: int, job: Job) -> Made:
    """Make one copy, in a worker. Indices are strings: numbers would go through float32."""
    import cv2
    import numpy as np

    compose = _compose(recipe)
    compose.set_random_state(np.random.default_rng(job.key), random.Random(job.key))
    try:
        out = compose(image=_read(job), bboxes=np.array(job.boxes, dtype=np.float64).reshape(-1, 4),
                      index=[str(i) for i in range(len(job.boxes))])
    except Exception as error:
        raise ValueError(f"{job.source}: the pipeline failed: {type(error).__name__}: {error}") from error
    picture = out["image"]
    if picture.dtype != np.uint8:
        raise ValueError(f"{job.source}: the pipeline gives {picture.dtype} pixels; leave Normalize and ToFloat to "
                         "training")
    flags = [cv2.IMWRITE_JPEG_QUALITY, quality] if job.target.suffix == ".jpg" else []
    done, data = cv2.imencode(job.target.suffix, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), flags)
    if not done:
        raise ValueError(f"{job.source}: its copy of {picture.shape[1]}x{picture.shape[0]} px can't be written as "
                         f"{job.target.suffix}")
    content = data.tobytes()
    job.target.write_bytes(content)
    height, width = picture.shape[:2]
    boxes = {int(index): box for index, row in zip(out["index"], out["bboxes"], strict=True)
             if (box := _inside(row, width, height))}
    return Made(width, height, hashlib.sha256(content).hexdigest(), boxes)


def _read(job: Job) -> Any:
    """Decode a picture: uint8 (H, W, 3), RGB, turned by its EXIF orientation; refuse what is not whole."""
    import cv2
    import numpy as np

    data = job.source.read_bytes()
    if data[:2] == b"\xff\xd8" and b"\xff\xd9" not in data[-65536:]:
        raise ValueError("the JPEG file is cut off")
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if picture is None:
        raise ValueError("is not an image that OpenCV can read")
    if (picture.shape[1], picture.shape[0]) != job.size:
        raise ValueError(f"has {picture.shape[1]}x{picture.shape[0]} px, the data set says {job.size[0]}x{job.size[1]}")
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def _inside(row: Any, width: int, height: int) -> Box | None:
    """Round a box to 1/100 px and cut it to the picture; None where nothing is left."""
    x, y, w, h = (float(value) for value in row[:4])
    left, top = max(round(x, 2), 0.0), max(round(y, 2), 0.0)
    right, bottom = min(round(x + w, 2), float(width)), min(round(y + h, 2), float(height))
    box = (left, top, round(right - left, 2), round(bottom - top, 2))
    return box if box[2] > 0 and box[3] > 0 else None


STEP = Step(name="augment", run=augment, inputs={"dataset": Port(Dataset, reads_only=True)},
            outputs={"dataset": Dataset}, params=PARAMS, needs=("albumentations", "cv2", "numpy"), writes=True,
            reads_pixels=True)
