"""Judge the folders that a recipe publishes in: nothing of the user's is touched."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from coco_recipe import files
from coco_recipe.errors import Problem, RecipeError
from coco_recipe.planning.plan import Plan, PlannedStep
from coco_recipe.publishing.marks import (
    MARK,
    Mark,
    Seen,
    Target,
    changed_in,
    content_of,
    mark_of,
    names_below,
    read_mark,
    targets,
)

_WRITTEN = (
    "provenance.jsonl",
    "error.log",
    "recipe.yaml",
    "recipe.resolved.yaml",
    "report.html",
    "refused.html",
)
OWN_NAMES = frozenset(
    {
        "steps",
        "kept",
        ".lock",
        ".lease",
        *_WRITTEN,
        *(files.unfinished(Path(name)).name for name in _WRITTEN),
    }
)
CACHE = ".cache"  # beside the run directories
LISTED = 5
ELSEWHERE = "name a folder of its own, which doesn't exist yet or is empty"


def check(
    planned: Plan,
    run_dir: Path,
    committed: Mapping[str, Mapping[str, str]],
    *,
    republish: bool = False,
    seen: Seen | None = None,
) -> None:
    """Refuse every folder to publish in that may hold something of the user's.

    Args:
        planned: the plan.
        run_dir: its run directory.
        committed: by step, the files of its last commit with their hashes: a folder that holds just
            these was published before there were marks.
        republish: files of ours that somebody changed will be moved away, and don't count.
        seen: hashes that are known already; those that are computed are added.

    Raises:
        RecipeError: a folder is neither absent nor empty nor ours, or somebody changed files of
            ours in it; says what is in it, and what to do.
    """
    problems, taken = [], list[Target]()
    for target in targets(planned, run_dir):
        what, hint = (
            _forbidden(planned, run_dir, target, taken)
            or _occupied(planned, target, committed)
            or (None if republish else _touched(target.folder, Seen() if seen is None else seen))
            or ("", "")
        )
        taken.append(target)
        if what:
            row = next(row for row in planned.recipe.steps if row.id == target.step.id)
            problems.append(
                Problem(
                    planned.recipe.source.where((*row.at, "with", target.parameter)),
                    f"step '{target.step.id}' can't publish in {target.folder}: {what}",
                    hint,
                )
            )
    if problems:
        raise RecipeError(problems)


def _forbidden(
    planned: Plan, run_dir: Path, target: Target, taken: Sequence[Target]
) -> tuple[str, str] | None:
    """Say why nothing may be published in a place, whatever is there."""
    folder, run_dir, recipe_dir = target.folder, run_dir.resolve(), planned.recipe.folder.resolve()
    asked = Path(os.path.normpath(run_dir / target.step.params[target.parameter]))
    if asked.is_symlink() and not asked.exists():
        return f"{asked} is a link to nothing", "remove the link, or name another folder"
    for above in (folder, *folder.parents):
        if above.exists() and not above.is_dir():
            return f"{above} is a file", ELSEWHERE
    if _holds(folder, run_dir):
        return "it is the run directory, or holds it", ELSEWHERE
    if (
        _holds(run_dir, folder)
        and files.plain_name(folder.relative_to(run_dir).parts[0]) in OWN_NAMES
    ):
        return (
            f"'{folder.relative_to(run_dir).parts[0]}' in a run directory is coco-recipe's own",
            ELSEWHERE,
        )
    if _holds(run_dir.parent / CACHE, folder):
        return f"'{CACHE}' beside run directories is coco-recipe's own", ELSEWHERE
    if _holds(folder, recipe_dir):
        return "it is the recipe's own folder, or holds it", ELSEWHERE
    for item in planned.recipe.inputs:
        for name in filter(
            None, (item.annotations, item.images, item.checkpoint, item.file, item.of)
        ):
            place = (planned.recipe.folder / name).resolve()
            if _holds(folder, place) or _holds(place, folder):
                return f"it and the input {place} lie in one another", ELSEWHERE
    for other in taken:
        if _holds(folder, other.folder) or _holds(other.folder, folder):
            return (
                f"step '{other.step.id}' publishes in {other.folder}",
                "give each step a folder of its own",
            )
    return None


def _holds(folder: Path, inner: Path) -> bool:
    """Report whether a folder is, or holds, another, also where file systems ignore case."""
    parts = tuple(map(files.plain_name, folder.parts))
    return tuple(map(files.plain_name, inner.parts))[: len(parts)] == parts


def _occupied(
    planned: Plan, target: Target, committed: Mapping[str, Mapping[str, str]]
) -> tuple[str, str] | None:
    """Say what is in a folder that isn't empty and isn't ours."""
    inside = content_of(target.folder)
    if not inside:
        return None
    more = f" and {len(inside) - LISTED} more" if len(inside) > LISTED else ""
    listed = f"{', '.join(inside[:LISTED])}{more}"
    if MARK not in inside:
        if _is_just(target.folder, committed.get(target.step.id, {})):
            return None
        return f"it holds files that coco-recipe didn't publish ({listed})", ELSEWHERE
    try:
        mark = read_mark(target.folder)
    except (OSError, msgspec.DecodeError, ValueError):
        return (
            f"its {MARK} can't be read, so it is not known which files are ours ({listed})",
            f"move the folder away, or remove {MARK} and its files if you don't need them",
        )
    if not _is_ours(mark, planned, target):
        return (
            f"it was published by step '{mark.step}' of the recipe '{mark.recipe}' "
            f"({mark.recipe_file})",
            ELSEWHERE,
        )
    return None


def in_the_way(
    planned: Plan, run_dir: Path, step: PlannedStep, values: Callable[[], Mapping[str, Any]]
) -> Iterator[Problem]:
    """Yield the files that aren't ours and stand where a step will publish one.

    Args:
        planned: the plan.
        run_dir: its run directory.
        step: the step.
        values: gives what is known of the step's inputs, by port; asked only where its folder holds
            files that aren't ours.
    """
    for target in targets(planned, run_dir):
        if target.step.id != step.id or step.step.publishes is None:
            continue
        if not (target.folder / MARK).exists():
            continue
        mark = read_mark(target.folder)
        others = {name for name in names_below(target.folder) if not mark.entries(name)} - {MARK}
        wanted = step.step.publishes(step.bound, values()) if others else {}
        for name in sorted(others & wanted.keys()):
            source = wanted[name]
            path = target.folder / name
            if source and source.is_file() and files.sha256(source) == files.sha256(path):
                continue
            row = next(row for row in planned.recipe.steps if row.id == step.id)
            yield Problem(
                planned.recipe.source.where((*row.at, "with", target.parameter)),
                f"{path} stands where step '{step.id}' must publish a file, and isn't ours",
                "move it away",
            )


def _is_just(folder: Path, committed: Mapping[str, str]) -> bool:
    """Say whether a folder holds just these files, all as they were committed."""
    names = names_below(folder)
    return bool(names) and all(
        name in committed
        and (folder / name).is_file()
        and files.sha256(folder / name) == committed[name]
        for name in names
    )


def _touched(folder: Path, seen: Seen) -> tuple[str, str] | None:
    """Say which files of ours somebody changed."""
    changed = changed_in(folder, read_mark(folder), seen) if (folder / MARK).exists() else []
    return told_of_changes(changed) if changed else None


def told_of_changes(changed: Sequence[str]) -> tuple[str, str]:
    """Say that files were changed, and what to do."""
    more = f" and {len(changed) - LISTED} more" if len(changed) > LISTED else ""
    listed = f"{', '.join(changed[:LISTED])}{more}"
    if len(changed) == 1:
        return (
            f"1 published file was changed by somebody: {listed}",
            "delete it, or run with --republish, which moves it to <name>.changed "
            "and puts ours back",
        )
    return (
        f"{len(changed)} published files were changed by somebody: {listed}",
        "delete them, or run with --republish, which moves each to <name>.changed "
        "and puts ours back",
    )


def _is_ours(mark: Mark, planned: Plan, target: Target) -> bool:
    mine = mark_of(planned, target)
    same_recipe = mine.recipe_file == mark.recipe_file or mine.recipe_sha256 == mark.recipe_sha256
    return mark.step == mine.step and same_recipe
