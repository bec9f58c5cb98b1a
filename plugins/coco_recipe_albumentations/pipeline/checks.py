"""Check a pipeline without importing the library: what is wrong, and what is worth knowing."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from coco_recipe import Complaint, did_you_mean
from coco_recipe_albumentations import catalogue
from coco_recipe_albumentations.pipeline import erasing, sizes
from coco_recipe_albumentations.pipeline.forms import Transform, Written

NOT_A_PICTURE = ("Normalize", "ToFloat", "FromFloat", "ToTensor", "ToTensorV2", "ToTensor3D")
REFERENCES = ("FDA", "HistogramMatching", "PixelDistributionAdaptation")
_NEEDS = {
    "mask": "a mask of the objects with every image",
    "cropping_bbox": "a box to crop near with every image",
    "textimage_metadata": "text and its places with every image",
}
_OTHERS = {
    "Lambda": ("runs code that stands in no file", "write the code as a step of a plugin"),
    "CropNonEmptyMaskIfExists": (
        "needs a mask of the objects with every image",
        "RandomSizedBBoxSafeCrop or AtLeastOneBBoxRandomCrop look at the boxes",
    ),
    "ConstrainedCoarseDropout": (
        "needs a mask or box labels of the library's own",
        "use CoarseDropout",
    ),
}
REPEATING = {
    2: "reflect",
    3: "wrap",
    4: "reflect_101, the default of many transforms before 2.0",
}  # cv2.BORDER_*
_OLD_HINT = "coco-recipe pipeline migrate FILE rewrites pipelines of older versions"


def check(
    pipeline: Written, *, allow_files: bool = False, every: bool = False
) -> Iterator[Complaint]:
    """Yield what keeps a pipeline from running as it is meant.

    Of one that an older version wrote only this is told, for the rest follows from it; unless
    ``every`` is set.
    """
    version, _ = catalogue.load()
    if is_old(pipeline.version):
        yield Complaint(
            (),
            f"was written by Albumentations {pipeline.version}, whose arguments {version} would "
            "ignore or read in another way",
            "run coco-recipe pipeline migrate FILE",
        )
        if not every:
            return
    for problem in _probability(pipeline.p):
        yield Complaint(("p",), problem, "write a number from 0 to 1")
    for transform in pipeline.walk():
        refused = refusal(transform, allow_files=allow_files)
        if refused:
            yield Complaint(transform.path, *refused)
        else:
            yield from _arguments(transform)
            yield from _children(transform)
            yield from erasing.never(transform)


def notes(pipeline: Written) -> Iterator[Complaint]:
    """Yield what runs, but perhaps not as its author thinks.

    That is about defaults, advice, and what the step replaces.
    """
    _, entries = catalogue.load()
    for key, value in pipeline.top.items():
        if value:
            hint = (
                _LIMITS
                if key == "bbox_params"
                and isinstance(value, dict)
                and any(value.get(limit) for limit in ("min_area", "min_visibility"))
                else ""
            )
            yield Complaint(("transform", key), f"{key} is replaced by the step's own", hint)
    for transform in pipeline.walk():
        entry = entries.get(transform.name)
        if entry and "p" not in transform.arguments:
            yield Complaint(
                transform.inside,
                f"{transform.name} has no p: its default, {entry.arguments['p']:g}, is used",
                "write it",
            )
        if entry and entry.advice:
            yield Complaint(transform.path, " ".join(entry.advice.split()))
        for note in borders(transform.name, transform.arguments):
            yield Complaint(transform.path, *note)


def borders(
    name: str, arguments: Mapping[str, Any], *, title: str = ""
) -> Iterator[tuple[str, str]]:
    """Yield what is to be known of a transform whose border repeats the picture, and the choices.

    Args:
        name: of the transform in the pinned version.
        arguments: in the pinned version's terms.
        title: the name to speak of, where it had another.
    """
    if mode := repeating(name, arguments):
        yield (
            f"{title or name} has border_mode {mode} ({REPEATING[mode]}): its border repeats the "
            "picture, so that objects appear again without an annotation",
            _CHOICES,
        )


def repeating(name: str, arguments: Mapping[str, Any]) -> int | None:
    """Return the border mode of a transform whose border repeats the picture.

    Return None where it doesn't.
    """
    _, entries = catalogue.load()
    known = entries[name].arguments if name in entries else {}
    mode = arguments.get("border_mode", known.get("border_mode"))
    pads = arguments.get("pad_if_needed", known.get("pad_if_needed", True))
    return mode if "border_mode" in known and mode in REPEATING and pads else None


_CHOICES = (
    "where there are annotations, write repeated: label (they are annotated too) or repeated: fill "
    "(a border of one colour, border_mode 0) into the step augment"
)
_LIMITS = "write its min_area and min_visibility as min_area_px and min_visibility of the step"


def is_old(version: str | None) -> bool:
    """Report whether a recorded version is older than 2.0."""
    major = (version or "2").partition(".")[0]
    return major.isdigit() and int(major) < 2


def refusal(transform: Transform, *, allow_files: bool = False) -> tuple[str, str] | None:
    """Return why a transform can't be in a pipeline, and a remedy; None where it can."""
    version, entries = catalogue.load()
    name, entry = transform.name, entries.get(transform.name)
    if name in NOT_A_PICTURE:
        return f"{name} gives no 8-bit picture, as a copy must be", f"leave {name} to training"
    if name in _OTHERS:
        return f"{name} {_OTHERS[name][0]}", _OTHERS[name][1]
    if entry is None:
        from coco_recipe_albumentations.pipeline.history import GONE

        hint = _OLD_HINT if name in GONE else did_you_mean(name, list(entries))
        return f"Albumentations {version} has no transform '{name}'", hint
    if "Volume" in entry.targets and "Image" not in entry.targets:
        return f"{name} is for volumes, not for images", "leave it out"
    if name == "PixelDistributionAdaptation":
        return (
            f"{name} of Albumentations {version} turns 8-bit pictures black, by a fault of it",
            "HistogramMatching and FDA bring the colours of other pictures too",
        )
    if name in REFERENCES:
        return _references(transform, allow_files=allow_files)
    if entry.needs:
        needs = [_NEEDS.get(key, f"'{key}', other images, with every image") for key in entry.needs]
        return f"{name} needs {', '.join(needs)}, which this step doesn't have", "leave it out"
    if "Mask" in entry.targets and not {"BBoxes", "Keypoints"} <= set(entry.targets):
        return f"{name} can't move boxes and keypoints", "leave it out"
    if transform.arguments.get("num_output_channels", 3) != 3:
        return (
            f"{name} gives {transform.arguments['num_output_channels']} channels; a copy has 3",
            "remove num_output_channels",
        )
    if transform.arguments.get("mask_params") or transform.arguments.get("mask") is not None:
        return f"{name} takes a mask that this step doesn't have", "remove mask and mask_params"
    return None


def _references(transform: Transform, *, allow_files: bool) -> tuple[str, str] | None:
    name, files = transform.name, transform.arguments.get("reference_images")
    if "read_fn" in transform.arguments:
        return (
            f"{name}: read_fn is code that stands in no file",
            "remove it: the images are read as RGB",
        )
    if not isinstance(files, list) or not files or not all(isinstance(file, str) for file in files):
        return f"{name} needs reference_images, a list of files", "leave it out, or list them"
    if not allow_files:
        return (
            f"{name} reads files ({files[0]}), which a pipeline may not do unless it is allowed",
            "set allow_files: true",
        )
    return None


def _arguments(transform: Transform) -> Iterator[Complaint]:
    version, entries = catalogue.load()
    entry = entries[transform.name]
    for name, value in transform.arguments.items():
        path = (*transform.inside, name)
        if name not in entry.arguments:
            yield Complaint(
                path,
                f"{transform.name} of Albumentations {version} has no argument '{name}'",
                _hint(transform, name, entry.arguments),
            )
        elif name == "p":
            for problem in _probability(value):
                yield Complaint(path, problem, "write a number from 0 to 1")
        elif (transform.name, name) == ("GaussianBlur", "sigma_limit") and value in (0, [0, 0]):
            yield Complaint(
                path,
                f"GaussianBlur of {version} gives black pictures with a sigma of 0",
                "write a range, as sigma_limit: [0.8, 1.4]",
            )
        else:
            yield from _expressions(value, path)
            if (
                name in entry.choices
                and value not in entry.choices[name]
                and value != entry.arguments[name]
            ):
                yield Complaint(
                    path,
                    f"{transform.name}: {name} can't be {value!r}",
                    f"it is one of {', '.join(map(str, entry.choices[name]))}",
                )
    missing = [
        name
        for name, default in entry.arguments.items()
        if default is ... and name != "transforms" and name not in transform.arguments
    ]
    if missing:
        yield Complaint(
            transform.inside,
            f"{transform.name} needs {' and '.join(missing)}",
            "the size of the image is ${image.width} and ${image.height}"
            if "height" in missing
            else "",
        )


def _expressions(value: Any, path: tuple[str | int, ...]) -> Iterator[Complaint]:
    if isinstance(value, (list, dict)):
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _expressions(child, (*path, key))
    elif sizes.is_expression(value):
        try:
            sizes.check(value)
        except ValueError as error:
            yield Complaint(path, str(error))
    elif isinstance(value, float) and not math.isfinite(value):
        yield Complaint(path, f"{value} is no finite number")


def _children(transform: Transform) -> Iterator[Complaint]:
    """Check what a transform that is made of others asks of them."""
    _, entries = catalogue.load()
    name, children = transform.name, transform.children
    if not entries[name].holds_others:
        if children is not None:
            yield Complaint(
                transform.path, f"{name} isn't made of other transforms", "remove transforms"
            )
        return
    if not children:
        yield Complaint(
            transform.path, f"{name} needs transforms", f"write {name}: {{transforms: [...]}}"
        )
        return
    number = transform.arguments.get("n", 1)
    if name == "OneOf" and all(child.arguments.get("p", 0.5) == 0 for child in children):
        yield Complaint(
            transform.path, "OneOf has only transforms with p 0", "give them weights: p above 0"
        )
    if name == "OneOrOther" and len(children) != 2:
        yield Complaint(
            transform.path,
            f"OneOrOther has {len(children)} transforms",
            "it takes 2; OneOf takes any number",
        )
    if (
        name in ("SomeOf", "RandomOrder")
        and not transform.arguments.get("replace", False)
        and (not isinstance(number, int) or not 1 <= number <= len(children))
    ):
        yield Complaint(
            transform.path,
            f"{name} takes n={number} of {len(children)} transforms",
            "n is at most their number",
        )
    if name == "SelectiveChannelTransform":
        for inner in (grandchild for child in children for grandchild in child.walk()):
            if "BBoxes" in (entry.targets if (entry := entries.get(inner.name)) else ()):
                yield Complaint(
                    inner.path,
                    f"{inner.name} moves pixels, and {name} would leave the boxes behind",
                    "put only transforms of colour into it",
                )


def _probability(value: Any) -> Iterator[str]:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        yield f"p can't be {value!r}"


def _hint(transform: Transform, name: str, known: Mapping[str, Any]) -> str:
    from coco_recipe_albumentations.pipeline.history import OLD_ARGUMENTS

    if name == "always_apply":
        return "it is gone: always_apply: true is p: 1"
    if name in ("first", "second"):
        return "write transforms: [..., ...]"
    if name in OLD_ARGUMENTS:
        return f"it is of an older version; {_OLD_HINT}"
    return did_you_mean(name, list(known))
