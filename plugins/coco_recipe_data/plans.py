"""What the steps on rows say of themselves before a run: how much they give, and in words."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from coco_recipe import Expected, ExpectedByPort, Forecast, Params, Span, joined

Values = Callable[[], Mapping[str, Any] | None]
LISTED = 6  # names that a sentence has


def same_rows(params: Params, expected: ExpectedByPort, values: Values) -> Forecast:
    """All rows go on."""
    return Forecast({"dataset": expected["dataset"]})


def filter_categories(params: Params, expected: ExpectedByPort, values: Values) -> Forecast:
    """Boxes of kept categories stay, and so do images that don't lose all of theirs."""
    before: Expected = expected["dataset"]
    names = params.get("drop", params.get("keep", ()))
    if before.classes is None or not all(isinstance(name, str) for name in names):
        return Forecast({"dataset": before.of_fewer_boxes().of_fewer_images()})
    is_kept = {name: (name in names) is ("keep" in params) for name in before.classes}
    classes = {name: n for name, n in before.classes.items() if is_kept[name]}
    lost = sum((n for name, n in before.classes.items() if not is_kept[name]), Span.exact(0))
    most_gone = 0 if params["images_left_empty"] == "keep" else lost.most
    images, negatives = before.images, before.negatives
    if params["images_never_annotated"] == "drop":
        images, negatives = _less(images, negatives), Span.exact(0)
    newly_empty = Span(0, lost.most) if params["images_left_empty"] != "drop" else Span.exact(0)
    return Forecast(
        {
            "dataset": Expected(
                _less(images, Span(0, most_gone)),
                _less(before.boxes, lost),
                _bounded(negatives + newly_empty, images.most),
                classes,
            )
        }
    )


def filter_annotations(params: Params, expected: ExpectedByPort, values: Values) -> Forecast:
    """Images stay; which boxes do, depends on their places."""
    return Forecast({"dataset": expected["dataset"].of_fewer_boxes()})


def map_categories(params: Params, expected: ExpectedByPort, values: Values) -> Forecast:
    """All rows go on, under other names."""
    before: Expected = expected["dataset"]
    if before.classes is None:
        return Forecast({"dataset": before})
    classes: dict[str, Span] = {}
    for name, n in before.classes.items():
        new = params["map"].get(name, name)
        classes[new] = classes[new] + n if new in classes else n
    order = params.get("order") or classes
    ordered = {name: classes[name] for name in order if name in classes}
    return Forecast({"dataset": replace(before, classes=ordered)})


def repair(params: Params, expected: ExpectedByPort, values: Values) -> Forecast:
    """What is mended may be dropped."""
    fewer = expected["dataset"].of_fewer_boxes()
    return Forecast({"dataset": fewer.of_fewer_images() if params else fewer})


def merge(params: Params, expected: ExpectedByPort, values: Values) -> Forecast:
    """Images out are the sum of images in."""
    return Forecast({"dataset": joined(expected["datasets"])})


def split(names: Callable[[Params], Mapping[str, type]]) -> Callable[..., Forecast]:
    """Return the forecast of a division into parts, of which only the sum is known."""

    def forecast(params: Params, expected: ExpectedByPort, values: Values) -> Forecast:
        return Forecast(dict.fromkeys(names(params), expected["dataset"].of_fewer_images()))

    return forecast


def export_coco(params: Params, expected: ExpectedByPort, values: Values) -> Forecast:
    """A file of annotations for each part, and its pictures."""
    parts = list(expected.values())
    pictures = sum((part.images for part in parts), Span.exact(0))
    rows = Span.exact(len(parts))
    return Forecast(files=rows if params["images"] == "none" else rows + pictures)


def _less(span: Span, gone: Span) -> Span:
    """Return what is left of a number."""
    least = 0 if gone.most is None else max(0, span.least - gone.most)
    most = None if span.most is None else max(0, span.most - gone.least)
    return Span(least, most)


def _bounded(span: Span, most: int | None) -> Span:
    if most is None or (span.most is not None and span.most <= most):
        return span
    return Span(min(span.least, most), most)


def tell_filter_categories(params: Params) -> str:
    """Say which categories go, and what becomes of images."""
    named = params.get("drop", params.get("keep", ()))
    noun = "category" if len(named) == 1 else "categories"
    verb = "drops the" if "drop" in params else "keeps only the"
    images = {
        "keep": "",
        "drop": ", and images that have no other box",
        "drop_if_single": ", and images whose only box is one of these",
    }[params["images_left_empty"]]
    if "keep" in params and images:
        images = ", and drops images that lose all boxes"
    never = params["images_never_annotated"] == "drop"
    return f"{verb} {noun} {listed(named)}{images}{', and images without a box' * never}"


def tell_filter_annotations(params: Params) -> str:
    """Say which boxes go, and at which it stops."""
    told = [f"drops {', '.join(found)}"] if (found := list(_dropped(params))) else []
    told += ["clips what reaches past the edge"] * (params["past_the_edge"] == "clip")
    stops = ["past the edge"] * (params["past_the_edge"] == "error")
    stops += ["of no area"] * (params["no_area"] == "error")
    told += [f"stops at boxes {' or '.join(stops)}"] * bool(stops)
    return "; ".join(told)


def _dropped(params: Params) -> Iterator[str]:
    for key, words in (
        ("min_area_px", "boxes of less than {} px²"),
        ("max_area_px", "boxes of more than {} px²"),
        ("min_side_px", "boxes with a side under {} px"),
        ("max_aspect_ratio", "boxes with sides of more than {} to 1"),
    ):
        if params.get(key) is not None:
            yield words.format(f"{params[key]:g}")
    for key, words in (
        ("crowd", "crowds"),
        ("past_the_edge", "boxes past the edge"),
        ("no_area", "boxes of no area"),
    ):
        if params[key] == "drop":
            yield words


def tell_map_categories(params: Params) -> str:
    """Say which categories get which names."""
    groups: dict[str, list[str]] = {}
    for old, new in params["map"].items():
        groups.setdefault(new, []).append(old)
    told = [
        f"joins {listed(old)} as {new}" if len(old) > 1 else f"calls {old[0]} {new}"
        for new, old in groups.items()
    ]
    if params.get("order"):
        told.append("orders the categories")
    return ", ".join(told[:LISTED]) or "leaves the categories as they are"


def tell_reindex(params: Params) -> str:
    """Say which ids are given anew."""
    told = [f"{table} from {params[table]}" for table in params if params[table] is not None]
    return f"numbers {', '.join(told)} anew" if told else "leaves all ids as they are"


def tell_repair(params: Params) -> str:
    """Say what is mended and how."""
    told = [f"{key}: {_short(value)}" for key, value in params.items() if value]
    return f"mends {', '.join(told)}" if told else "mends nothing"


def tell_merge(params: Params) -> str:
    """Say how file names that are equal are taken."""
    names = {"error": "stops at equal file names", "rename": "renames files of equal names"}
    told = f"joins the data sets, and {names[params['same_file_name']]}"
    field = params.get("origin_field")
    return told + (f"; the key '{field}' of images says where each is from" if field else "")


def _each(number: int) -> str:
    """Return which families are meant: each 2nd one, each 13th one."""
    last = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10)
    return f"each {number}{last or 'th'} family"


def tell_split(params: Params) -> str:
    """Say into which parts the images go."""
    if "every" in params:
        told = f"puts {_each(params['every'])} of images into val, the others into train"
    elif "by" in params:
        told = f"divides by the images' key '{params['by']['field']}'"
    elif "folds" in params:
        told = f"divides into {params['folds']} equal parts"
    else:
        shares = params.get("fractions", {})
        told = f"divides into {', '.join(f'{name} ({n:.4g})' for name, n in shares.items())}"
    if params.get("method"):
        told += f" by method {params['method']}"
    if group := params.get("group_by"):
        told += f"; images of one {' '.join(map(str, next(iter(group.items()))))} stay together"
    return told


def tell_add_segmentation(params: Params) -> str:
    """Say which boxes get a rectangle."""
    which = "each box" if params["replace_existing"] else "each box without a segmentation"
    return f"gives {which} its rectangle as one"


def tell_export_coco(params: Params) -> str:
    """Say what is written where."""
    pictures = {
        "copy": " and copies of the pictures",
        "link": " and hard links to the pictures",
        "symlink": " and symbolic links to the pictures",
        "none": " without pictures",
    }[params["images"]]
    layout = "in COCO's layout" if params["layout"] == "coco" else "in a flat layout"
    to = f", and publishes them in {params['to']}" if params.get("to") else ""
    return f"writes annotations{pictures} {layout}{to}"


def listed(names: Sequence[Any]) -> str:
    """Return names, with how many more there are."""
    shown = ", ".join(str(name) for name in names[:LISTED])
    return shown + (f" and {len(names) - LISTED} more" if len(names) > LISTED else "")


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {_short(one)}' for key, one in value.items())}}}"
    return listed(value) if isinstance(value, list | tuple) else str(value)
