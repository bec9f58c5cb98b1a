"""Step ``export_coco``: write data sets as a folder in COCO's layout, or a flat one."""

from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from msgspec.structs import replace

from coco_recipe import (
    BEFORE_EXPORT,
    READERS_REFUSE,
    TRAINERS_SKIP,
    Dataset,
    Facts,
    Image,
    OpenPorts,
    Origin,
    Params,
    Schema,
    Step,
    StepContext,
    StepProblem,
    StepProblems,
    missing_pictures,
    place,
    row_findings,
    sha256,
    trainers_skip,
    unsafe_name,
    write,
)
from coco_recipe_data import licenses, plans

BYTES_A_PIXEL = 0.5  # of photographs, about


def export_coco(
    ctx: StepContext, *, parts: Mapping[str, Dataset], images: str, layout: str, to: str | None
) -> Mapping[str, Dataset]:
    """Write each part's annotations, and its pictures.

    With ``to`` the pictures are only in the published folder; the step keeps where each comes from
    and its hash (``placed.jsonl``). Without it they are in the step's folder.

    ``info``, ``licenses`` and unknown keys are carried along; non-ASCII stays readable. Where a
    part has images that were made from others, every image says its root.

    Args:
        ctx: the step's context.
        parts: the data sets by the name of their part.
        images: how the pictures get there: ``copy``, ``link``, ``symlink`` or ``none``.
        layout: where files stand: ``coco`` or ``flat``.
        to: the published folder, relative to the run directory; None for none.

    Returns:
        Each part, by its name.

    Raises:
        ValueError: a part has no image, or rows that readers of COCO files would crash on,
            misassign or lose; in the flat layout two parts have the same file name.
    """
    for name, part in parts.items():
        if not part.images:
            raise ValueError(f"part '{name}' has no image, and readers can't load it; {NO_IMAGE}")
    if images != "none" and (missing := missing_pictures(parts)):
        raise ValueError(missing)
    _write_rows(ctx, parts, layout)
    ctx.note("licenses", licenses.counted_by_name(parts.values()))
    done = 0
    total = sum(len(part.images) for part in parts.values()) if images != "none" else 0
    made: Counter[str] = Counter()
    taken: dict[str, str] = {}
    for name, part in parts.items():
        folder = ctx.workdir / _folder_name(name, layout)
        for image in part.images if images != "none" else ():
            if layout == "flat" and taken.setdefault(image.file_name, name) != name:
                raise ValueError(
                    f"{image.file_name} is in {taken[image.file_name]} and in {name}; use layout: "
                    "coco"
                )
            _place(
                ctx,
                part,
                image,
                (folder / image.file_name).relative_to(ctx.workdir),
                images,
                published=bool(to),
            )
            made[images] += 1
            done += 1
            ctx.progress(done, total)
    ctx.note("images_placed", dict(made))
    return {}


PARAMS: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "images": {
            "enum": ["copy", "link", "symlink", "none"],
            "default": "copy",
            "examples": ["symlink"],
            "description": "How the pictures get there: a copy, which shares its bytes on disk "
            "where the file system can; a hard link to the same file (a copy on another file "
            "system); a symbolic link; or not at all.",
        },
        "layout": {
            "enum": ["coco", "flat"],
            "default": "coco",
            "examples": ["flat"],
            "description": "coco: annotations/instances_<part>.json and <part>/; flat: <part>.json "
            "and images/.",
        },
        "to": {
            "type": "string",
            "minLength": 1,
            "format": "publish-folder",
            "examples": ["dataset"],
            "pattern": "^([^~\\u0000][^\\u0000]*)?$",
            "description": "Folder, relative to the run directory, where the result appears as "
            "well; ~ isn't expanded.",
        },
    },
}


NO_IMAGE = "leave it out, or divide otherwise"


def _foresee(params: Params, facts: Mapping[str, Facts]) -> Mapping[str, Facts]:
    """Refuse parts of which it is known that they have no image."""
    StepProblems.if_any(
        StepProblem(
            (name,), f"part '{name}' has no image, and readers can't load it", NO_IMAGE, "in"
        )
        for name, known in facts.items()
        if known.images == 0
    )
    return {}


def _rows_name(part: str, layout: str) -> str:
    return f"annotations/instances_{part}.json" if layout == "coco" else f"{part}.json"


def _folder_name(part: str, layout: str) -> str:
    return part if layout == "coco" else "images"


def _publishes(params: Params, values: Mapping[str, Dataset]) -> Mapping[str, Path | None]:
    """Return the names of annotations and pictures, these with their sources."""
    layout = params["layout"]
    found: dict[str, Path | None] = {_rows_name(part, layout): None for part in values}
    if params["images"] != "none":
        found |= {
            f"{_folder_name(part, layout)}/{image.file_name}": dataset.path_of(image)
            for part, dataset in values.items()
            for image in dataset.images
        }
    return found


def _write_rows(ctx: StepContext, parts: Mapping[str, Dataset], layout: str) -> None:
    """Look at what readers would do with each part's rows, and write them, two parts at once.

    While the text of one is put together, that of the other is hashed and written.

    Raises:
        ValueError: readers would crash on rows, misassign or lose them: nothing of it is committed.
    """
    for name, part in parts.items():
        _refuse(name, part)
    ctx.find(
        TRAINERS_SKIP,
        (row for name, part in parts.items() for row in trainers_skip(part, f" of '{name}'")),
    )
    targets = {name: ctx.workdir / _rows_name(name, layout) for name in parts}
    for target in targets.values():
        target.parent.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(2) as threads:
        written = threads.map(lambda name: write(_published(parts[name]), targets[name]), parts)
        for target, digest in zip(targets.values(), written, strict=True):
            ctx.wrote(target, digest)


def _refuse(name: str, part: Dataset) -> None:
    """Refuse what pycocotools, mmdet's CocoDataset or hotcoco couldn't load with every row."""
    if found := list(row_findings(part, name, BEFORE_EXPORT)):
        raise ValueError(
            "readers of COCO files would crash on these rows, misassign or lose them:\n"
            + "\n".join(map(str, found))
        )


def _published(part: Dataset) -> Dataset:
    """Take the run's folders out of the rows; keep root and source."""
    if all(not isinstance(image.coco_recipe, Origin) for image in part.images):
        return part
    return part.replace(
        images=tuple(
            replace(
                image,
                coco_recipe=replace(
                    image.coco_recipe if isinstance(image.coco_recipe, Origin) else Origin(),
                    root=part.family(image),
                    folder="",
                    file="",
                ),
            )
            for image in part.images
        )
    )


def _place(
    ctx: StepContext, part: Dataset, image: Image, name: Path, how: str, *, published: bool
) -> None:
    if reason := unsafe_name(image.file_name):
        raise ValueError(f"image {image.id}: {image.file_name!r} {reason}")
    source = part.path_of(image)
    digest = ctx.sha256(source)
    if published:
        ctx.place(name.as_posix(), *part.place_of(image), sha256=digest, how=how)
        return
    target = ctx.workdir / name
    target.parent.mkdir(parents=True, exist_ok=True)
    place(source, target, how)
    if sha256(target) != digest:
        raise ValueError(
            f"image {image.id}: {source} changed while the run was at work; run the same command "
            "again"
        )
    ctx.wrote(target, digest)


def _room(params: Params, facts: Mapping[str, Facts]) -> int | None:
    """Return about how many bytes copied pictures take, if they are photographs."""
    pixels = [part.pixels() for part in facts.values()]
    if params["images"] != "copy" or None in pixels:
        return None
    return int(sum(filter(None, pixels)) * BYTES_A_PIXEL)


STEP = Step(
    name="export_coco",
    run=export_coco,
    inputs=OpenPorts("parts", Dataset, are_parts=True),
    outputs={},
    params=PARAMS,
    forecast=plans.export_coco,
    tell=plans.tell_export_coco,
    apart=("coco_recipe_data.plans",),
    foresee=_foresee,
    room=_room,
    publishes=_publishes,
    writes=True,
    reads_pixels=True,
    refuses=READERS_REFUSE,
    checks=("pictures",),
)
