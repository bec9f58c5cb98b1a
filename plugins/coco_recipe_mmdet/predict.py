"""Step ``predict``: what a checkpoint finds on pictures, as COCO results JSON."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from coco_recipe_jobs import process

from coco_recipe import (
    Category,
    Checkpoint,
    Dataset,
    Facts,
    FactsByPort,
    Image,
    Params,
    Port,
    Predictions,
    Step,
    StepContext,
    StepProblem,
    StepProblems,
    about,
    counted,
)
from coco_recipe_mmdet import configs, params, plans, with_checkpoints
from coco_recipe_mmdet.jobs import PROGRAM, Predicted, PredictJob

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
PARAMS = params.schema(
    (),
    config=with_checkpoints.CONFIG,
    batch_size=with_checkpoints.BATCH,
    tta=with_checkpoints.TTA,
    folder={
        "type": "string",
        "format": "recipe-folder",
        "examples": ["../data/test"],
        "description": "Folder of pictures, instead of a data set; those in its subfolders, too.",
    },
    draw={
        "type": "integer",
        "minimum": 0,
        "default": 0,
        "examples": [24],
        "description": "Draw what was found on the first so many pictures: predictions.png.",
    },
    to={
        "type": "string",
        "minLength": 1,
        "format": "publish-folder",
        "examples": ["predictions"],
        "description": "Folder, relative to the run directory, where the result appears as well.",
    },
    **params.RUNS,
)


def predict(
    ctx: StepContext,
    *,
    checkpoint: Checkpoint,
    dataset: Dataset | None,
    source: Dataset | None,
    folder: str | None,
    draw: int,
    **with_: Any,
) -> Mapping[str, Predictions]:
    """Write what a checkpoint finds on the pictures of a data set or a folder.

    Annotations aren't needed.

    The step's folder has ``results/predictions.bbox.json`` (and ``.segm.json``, where the model has
    masks): a list of ``image_id, category_id, bbox, score``; and ``images.json``, the COCO file
    without annotations that these ids are of; with ``draw``, ``predictions.png``. Where neither
    recipe nor data set names the classes, the checkpoint's file does. With the input ``source``
    the ids are that data set's: images are found by what they go back to, categories by name.

    Args:
        ctx: the step's context.
        checkpoint: the detector's weights.
        dataset: the pictures; None where ``folder`` names them.
        source: the data set whose ids the results get; None for their own.
        folder: a folder of pictures.
        draw: on how many pictures to draw what was found; 0 for none.
        with_: the other parameters, by name.

    Returns:
        ``predictions``: what was found.

    Raises:
        ValueError: there are no pictures; one can't be read; the classes aren't known; the
            checkpoint doesn't fit.
    """
    if dataset is None:
        dataset = pictures(Path(str(folder)), checkpoint.classes)
    if not dataset.images:
        raise ValueError(
            "the data set has no images" if folder is None else f"there are no pictures in {folder}"
        )
    job = with_checkpoints.job(
        PredictJob,
        ctx,
        {**with_, "draw": draw},
        checkpoints=[checkpoint],
        dataset=dataset,
        labels=["predictions"],
    )
    classes = job.classes
    found = process.run(ctx, PROGRAM, job, Predicted, log="predict.log")
    if not classes:
        classes = found.classes
        dataset = dataset.replace(categories=numbered(classes))
    image_ids = {image.id: image.id for image in dataset.images}
    category_ids = {category.name: category.id for category in dataset.categories}
    if source is not None:
        image_ids, category_ids = source_ids(dataset, source, classes)
        own = {
            category.id: category_ids[category.name]
            for category in dataset.categories
            if category.name in category_ids
        }
        renumber(ctx.workdir / "results", image_ids, own)
    listed = {
        "images": [
            {
                "id": image_ids[image.id],
                "file_name": image.file_name,
                "width": image.width,
                "height": image.height,
            }
            for image in dataset.images
        ],
        "annotations": [],
        "categories": [{"id": category_ids[name], "name": name} for name in classes],
    }
    (ctx.workdir / "images.json").write_text(json.dumps(listed, ensure_ascii=False) + "\n", "utf-8")
    images = counted(len(dataset.images), "image")
    ctx.note("summary", f"{counted(found.boxes, 'box')} on {images}")
    ctx.note("found", {"images": len(dataset.images), "boxes": found.boxes})
    process.tidy(ctx)
    results = {kind: ctx.workdir / name for kind, name in found.files.items()}
    return {"predictions": Predictions(results, ctx.workdir / "images.json", checkpoint.label)}


def source_ids(
    dataset: Dataset, source: Dataset, classes: Sequence[str]
) -> tuple[dict[int, int], dict[str, int]]:
    """Return the source's id of each image by its own id, and of each class by its name.

    Raises:
        ValueError: an image goes back to none of the source's, or two of them to one; a class isn't
            there.
    """
    by_identity = {source.identity(image): image.id for image in source.images}
    images = {image.id: by_identity.get(dataset.family(image)) for image in dataset.images}
    if lost := [image for image in dataset.images if images[image.id] is None]:
        raise ValueError(
            f"{about(len(lost), 'images go back')} to none of 'source': "
            f"{', '.join(image.file_name for image in lost[:5])}; name the data set that they "
            "were made from"
        )
    if len(set(images.values())) < len(images):
        raise ValueError(
            "several images go back to one of 'source', so its ids can't tell them apart; predict "
            "on the originals"
        )
    categories = {category.name: category.id for category in source.categories}
    if absent := [name for name in classes if name not in categories]:
        raise ValueError(f"'source' has no category {', '.join(absent)}")
    return {own: other for own, other in images.items() if other is not None}, categories


def renumber(folder: Path, image_ids: Mapping[int, int], category_ids: Mapping[int, int]) -> None:
    """Write the results in a folder again with other ids of images and categories."""
    for path in sorted(folder.glob("*.json")):
        rows = json.loads(path.read_text("utf-8"))
        for row in rows:
            row |= {
                "image_id": image_ids[row["image_id"]],
                "category_id": category_ids[row["category_id"]],
            }
        path.write_text(json.dumps(rows, ensure_ascii=False) + "\n", "utf-8")


def pictures(folder: Path, classes: tuple[str, ...]) -> Dataset:
    """Return the pictures of a folder as a data set without annotations.

    Args:
        folder: the folder.
        classes: the checkpoint's class names; none where only its file may say them.

    Raises:
        ValueError: a picture can't be read.
    """
    import cv2

    images = []
    broken = []
    for number, path in enumerate(files_of(folder), 1):
        picture = cv2.imread(str(path))
        if picture is None:
            broken.append(path.name)
        else:
            images.append(
                Image(
                    number,
                    path.relative_to(folder).as_posix(),
                    int(picture.shape[1]),
                    int(picture.shape[0]),
                )
            )
    if broken:
        raise ValueError(
            f"{len(broken)} of the pictures in {folder} can't be read: {', '.join(broken[:5])}"
        )
    return Dataset(
        tuple(images),
        (),
        numbered(classes),
        "pictures",
        {"pictures": folder},
    )


def numbered(classes: Sequence[str]) -> tuple[Category, ...]:
    """Return a category for each class, with ids from 1."""
    return tuple(Category(n, name) for n, name in enumerate(classes, 1))


def _is_text(path: Path) -> bool:
    """Return whether a path can be written into a JSON file."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def files_of(folder: Path) -> list[Path]:
    """List the pictures below a folder, in order of their names."""
    return sorted(
        path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file()
    )


def foresee(with_: Params, facts: FactsByPort) -> Mapping[str, Facts]:
    """Refuse a checkpoint with other classes, and anything but one source of pictures."""
    if ("dataset" in facts) == bool(with_.get("folder")):
        raise StepProblems(
            [
                StepProblem(
                    (),
                    "must have either an input 'dataset' or the parameter 'folder'",
                    "leave one of them out"
                    if with_.get("folder")
                    else "in: {dataset: <a name from above>, ...}",
                )
            ]
        )
    known = with_checkpoints.foresee_classes(facts)
    return {"predictions": replace(known, labels=facts["checkpoint"].labels)}


def _check(with_: Params) -> Iterator[StepProblem]:
    yield from configs.problems(with_)
    if with_.get("folder") and not Path(with_["folder"]).is_dir():
        yield StepProblem(("folder",), f"there is no folder {with_['folder']}")
    elif with_.get("folder") and (
        odd := [path for path in files_of(Path(with_["folder"])) if not _is_text(path)]
    ):
        yield StepProblem(
            ("folder",), f"the name {odd[0].name!a} in it is not UTF-8", "rename it"
        )  # OpenCV crashes on it


def _files(with_: Params) -> list[Path]:
    return configs.built_on(with_) + (
        files_of(Path(with_["folder"])) if with_.get("folder") else []
    )


STEP = Step(
    name="predict",
    run=predict,
    outputs={"predictions": Predictions},
    params=PARAMS,
    check=_check,
    foresee=foresee,
    preflight=with_checkpoints.preflight,
    needs=params.needs,
    also=("coco_recipe_mmdet.inside.job", "coco_recipe_mmdet.inside.job_evaluate"),
    apart=(
        "coco_recipe_mmdet.preflights",
        "coco_recipe_mmdet.plans",
        "coco_recipe_mmdet.inside.drawings",
    ),
    inputs={
        "checkpoint": Port(Checkpoint),
        "dataset": Port(Dataset, optional=True, reads_only=True),
        "source": Port(Dataset, optional=True, reads_only=True),
    },
    files=_files,
    forecast=plans.predict,
    tell=plans.tell_predict,
    writes=True,
    reads_pixels=True,
)
