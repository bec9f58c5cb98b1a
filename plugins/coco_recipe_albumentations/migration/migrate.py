"""Rewrite pipelines of Albumentations 0.3 to 1.4 for the pinned version.

Every change on the way is named.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from coco_recipe_pictures import pipeline_file

from coco_recipe import Complaint, Misfit, show_path, yaml_text
from coco_recipe_albumentations import catalogue
from coco_recipe_albumentations.migration import compositions, strength
from coco_recipe_albumentations.migration.draft import Draft
from coco_recipe_albumentations.migration.rewrite import ALWAYS, RULES, first_channel
from coco_recipe_albumentations.pipeline import checks
from coco_recipe_albumentations.pipeline.building import ANY_SIZE
from coco_recipe_albumentations.pipeline.forms import CLASS, Transform, Written, parse
from coco_recipe_albumentations.pipeline.history import (
    MODERN,
    RANGES,
    RENAMED,
    Version,
    defaults,
    version_of,
)
from coco_recipe_albumentations.pipeline.read import Pipeline

_RECORD = ("applied", "params")  # what ReplayCompose adds to each transform after a run
TOP = ("bbox_params", "keypoint_params", "additional_targets", "is_check_shapes")
_SPOKEN = {
    "border_mode": ("mode",),
    "num_holes_range": ("min_holes", "max_holes"),  # a default that these stand for
    "hole_height_range": ("min_height", "max_height"),
    "hole_width_range": ("min_width", "max_width"),
}


@dataclass(slots=True)
class Migration:
    """A rewritten pipeline.

    Attributes:
        form: in the library's dict form.
        changes: what is written in another way, in order.
        lost: what has no equal.
        notes: what is as it was, or can't be, and should be known: borders that repeat the picture,
            and strengths that no argument mends; by place in the old form.
    """

    form: dict[str, Any]
    changes: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    notes: list[Complaint] = field(default_factory=list)


def migrate_file(path: Path) -> Migration:
    """Rewrite a file's pipeline.

    A bare word such as IMAGE_HEIGHT becomes the expression that it stands for.

    Raises:
        ValueError: the file is no pipeline, or has a bare word whose meaning isn't clear.
    """
    text = pipeline_file.text_of(path)
    changes: list[str] = []
    if path.suffix == ".json":
        for word in reversed(pipeline_file.placeholders(text)):
            if word.expression:
                text = (
                    f'{text[: word.start]}"{word.expression}"{text[word.start + len(word.word) :]}'
                )
                changes.insert(
                    0,
                    f'line {word.line} column {word.column}: {word.word} -> "{word.expression}" '
                    "(write a number where not the image's own size is meant)",
                )
    made = migrate(pipeline_file.load(path, text).form)
    return replace(made, changes=changes + made.changes)


def migrate(form: Any) -> Migration:
    """Rewrite a pipeline in any of its forms.

    Raises:
        Misfit: it is no pipeline.
    """
    found: list[Any] = []
    pipeline = parse(form, found)
    if found:
        raise Misfit(replace(one, path=("pipeline", *one.path)) for one in found[:5])
    version, _ = catalogue.load()
    done = Migration({})
    if set(_RECORD) <= set(pipeline.top):
        pipeline = _without_record(pipeline)
        done.changes.append(
            "applied, params: left out, for they record one run; the pipeline draws anew"
        )
    current = is_current(pipeline)
    if pipeline.version != version:
        done.changes.append(
            f"__version__: {pipeline.version or 'none'} -> {version}"
            + (f" (its arguments are those of {version} already)" if current else "")
        )
    written = None if current else version_of(pipeline.version)
    rows = [
        row
        for transform in pipeline.transforms
        if (row := _row(transform, done, written, forced=False))
    ]
    if not rows:
        done.lost.append("transforms: none is left")
    top = {key: value for key, value in pipeline.top.items() if key in TOP}
    for key in sorted(set(pipeline.top) - set(TOP)):
        done.changes.append(f"{key} of Compose: left out, the step sets its own")
    done.form = {
        "__version__": version,
        "transform": {
            CLASS: "Compose",
            "p": pipeline.p,
            "transforms": rows,
            "bbox_params": top.pop("bbox_params", None) or None,
            "keypoint_params": top.pop("keypoint_params", None) or None,
            "additional_targets": {},
            **top,
        },
    }
    _sum_up(done)
    return done


def _without_record(pipeline: Written) -> Written:
    def bare(transform: Transform) -> Transform:
        kept = {name: value for name, value in transform.arguments.items() if name not in _RECORD}
        inside = transform.children and tuple(bare(child) for child in transform.children)
        return replace(transform, arguments=kept, children=inside)

    top = {key: value for key, value in pipeline.top.items() if key not in _RECORD}
    return replace(pipeline, transforms=tuple(bare(one) for one in pipeline.transforms), top=top)


def is_current(pipeline: Written) -> bool:
    """Report whether a pipeline is to be read as the pinned version's.

    One that records an older version is, where it has an argument that only today's has; one that
    records none is, where it has every name and argument that is asked for.
    """
    _, entries = catalogue.load()
    if pipeline.version and not checks.is_old(pipeline.version):
        return True
    transforms = list(pipeline.walk())
    fits = all(
        transform.name in entries
        and set(transform.arguments) <= set(entries[transform.name].arguments)
        and all(
            name in transform.arguments or name == "transforms"
            for name, default in entries[transform.name].arguments.items()
            if default is ...
        )
        for transform in transforms
    )
    modern = version_of(pipeline.version) < (1, 4, 22) and any(
        MODERN & set(one.arguments) for one in transforms
    )
    return fits and (not pipeline.version or modern)


def refused(form: Any) -> list[str]:
    """Build a rewritten pipeline, and return what the library has against it.

    Nothing where it isn't installed.
    """
    try:
        Pipeline.of(form, allow_files=True).build(ANY_SIZE)
    except ValueError as error:
        return [str(error).removeprefix("pipeline.transform.")]
    except ImportError:
        pass
    return []


def dump(form: Mapping[str, Any], suffix: str) -> str:
    """Write a form as JSON, or as YAML for another suffix than ``.json``."""
    if suffix == ".json":
        return json.dumps(form, indent=2, ensure_ascii=False) + "\n"
    return yaml_text.dump(form, flow=None, width=80)


def _row(
    transform: Transform, done: Migration, written: Version | None, *, forced: bool
) -> dict[str, Any] | None:
    """Return one transform in the new form; None where it can't be in a pipeline.

    Args:
        transform: in the old form.
        done: gets what changes.
        written: the version that wrote it; None for today's.
        forced: it is applied whatever its p.
    """
    current = written is None
    draft = Draft(transform.name, dict(transform.arguments))
    draft.version = written or draft.version
    where = show_path(transform.path).removeprefix("transform.")
    where = where if where.startswith("transforms") else f"transforms{where}"
    _p(draft, current, forced=forced)
    if written:
        for name, value in defaults(draft.name, written).items():
            if not {name, *_SPOKEN.get(name, ())} & set(draft.arguments):
                draft.put(name, value, "which was the default")
    if draft.name in RULES and (not current or draft.name in ALWAYS):
        RULES[draft.name](draft, current)
    if draft.row is None and not current:
        _rename(draft)
        first_channel(draft)
        compositions.whole(draft, transform, forced=forced)
    row = draft.row or _finish(draft, transform, done, written, forced=forced)
    if row:
        found = list(checks.borders(draft.name, row, title=transform.name))
        found += strength.notes(transform.name, written, row) if written else []
        done.notes += [Complaint(transform.path, *note) for note in found]
    title = f"{where} {transform.name}" + (
        f" -> {draft.name}" if draft.name != transform.name else ""
    )
    at = next(
        (index for index, line in enumerate(done.changes) if line.startswith(f"{where}.")),
        len(done.changes),
    )
    lines = [f"{title}: {change}" for change in draft.changes] or (
        [title] if draft.name != transform.name and row else []
    )
    done.changes[at:at] = lines
    done.lost += [f"{title}: {lost}" for lost in draft.lost]
    return row


def _p(draft: Draft, current: bool, *, forced: bool) -> None:
    """Make p explicit; ``always_apply`` stood above it, but where one of several is chosen."""
    _, entries = catalogue.load()
    if "always_apply" in draft.arguments:
        always = draft.arguments.pop("always_apply")
        if always and forced:
            draft.changes.append("always_apply: true meant nothing here, p is its weight")
        elif always and draft.arguments.get("p") != 1:
            draft.put("p", 1, "in place of always_apply: true")
        else:
            draft.changes.append("always_apply removed")
    if "p" not in draft.arguments:
        today = entries[draft.name].arguments["p"] if draft.name in entries else 0.5
        default = today if current else defaults(draft.name, draft.version).get("p", today)
        draft.put("p", default, "its default")


def _rename(draft: Draft) -> None:
    _, entries = catalogue.load()
    known = entries[draft.name].arguments if draft.name in entries else {}
    for new, low, high, low_default, high_default in RANGES.get(draft.name, ()):
        if new in draft.arguments:
            for name in {low, high} & set(draft.arguments) - set(known):
                draft.drop(name, f"{new} is there")
        elif low in draft.arguments or high in draft.arguments:
            draft.join(new, low, high, low_default, high_default)
    for old, new in RENAMED.items():
        if old not in draft.arguments or old in known or new not in known:
            continue
        if draft.arguments[old] is None and known[new] is not None:
            draft.drop(old, "null")
        else:
            draft.rename(old, new)


def _finish(
    draft: Draft, transform: Transform, done: Migration, written: Version | None, *, forced: bool
) -> dict[str, Any] | None:
    """Return the rewritten transform in the dict form, or None where it is left out.

    Arguments without an equal are named as changes, and the transforms inside are rewritten.
    """
    _, entries = catalogue.load()
    refused = checks.refusal(
        replace(transform, name=draft.name, arguments=draft.arguments), allow_files=True
    )
    if refused and draft.name in checks.NOT_A_PICTURE:
        draft.changes[:] = ["left out: leave it to training"]
        return None
    if refused:
        draft.changes.clear()
        draft.lost.append(f"left out: {refused[0]}")
        return None
    for name in [name for name in draft.arguments if name not in entries[draft.name].arguments]:
        draft.lost.append(f"{name}: {json.dumps(draft.arguments.pop(name))} has no equal")
    if transform.children is None:
        return {CLASS: draft.name, **draft.arguments}
    children = (
        compositions.inside(draft, transform, forced=forced) if written else transform.children
    )
    forces = compositions.forces(draft, transform, forced=forced)
    rows = [row for one in children if (row := _row(one, done, written, forced=forces))]
    if not rows:
        draft.changes.append("left out: none of its transforms is left")
        return None
    chosen = compositions.chosen(draft, transform, rows) if written else None
    return chosen or {CLASS: draft.name, **draft.arguments, "transforms": rows}


def _sum_up(done: Migration) -> None:
    """Count the removals of always_apply instead of naming each."""
    removed = [change for change in done.changes if change.endswith(": always_apply removed")]
    if removed:
        done.changes = [change for change in done.changes if change not in removed]
        done.changes.append(
            f"always_apply removed from {len(removed)} transforms, where it changed nothing"
        )
