"""Values in a step's folder: where files and pictures lie, written and read by their kind."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from coco_recipe.errors import CocoRecipeError, RunError
from coco_recipe.manifest import Stored
from coco_recipe.values.kind import ValueKinds, each

IMAGES = "images"  # where a step's pictures are, if it chooses no other folder


def write(
    kinds: ValueKinds, folder: Path, port: str, value: Any
) -> tuple[Stored | list[Stored], dict[str, str]]:
    """Write an output into a step's folder.

    Args:
        kinds: the kinds of values.
        folder: the step's folder.
        port: the output's name, which names its files.
        value: the value, or a tuple of values.

    Returns:
        How to read it again, and the SHA-256 of the files that were written.

    Raises:
        ValueError: the kind's own writing failed; names the output and the kind.
    """
    hashes: dict[str, str] = {}
    if isinstance(value, tuple):
        parts = [_write(kinds, folder, f"{port}_{n}", item, hashes) for n, item in enumerate(value)]
        return parts, hashes
    return _write(kinds, folder, port, value, hashes), hashes


def _write(
    kinds: ValueKinds, folder: Path, name: str, value: object, hashes: dict[str, str]
) -> Stored:
    kind = kinds.of(value)
    own = [_inside(name, path, folder, "file") for path in kind.files(value)]
    try:
        form, written = kind.write(value, folder, name)
        msgspec.json.encode(form)
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
        raise ValueError(f"output '{name}' can't be written as {kind.name}: {told}") from error
    hashes |= written
    return Stored(
        kind=kind.name,
        form=dict(form),
        files=tuple(sorted({*written, *(path.as_posix() for path in own)})),
        folders=tuple(sorted(kind.folders(value))),
    )


def read(
    kinds: ValueKinds, folder: Path, stored: Stored | list[Stored], folders: Mapping[str, Path]
) -> Any:
    """Read an output of a committed step.

    Args:
        kinds: the kinds of values.
        folder: the step's folder.
        stored: how to read it.
        folders: all folders of pictures, by the name of an input or step.

    Raises:
        RunError: it can't be read; names the folder and the kind.
    """
    if isinstance(stored, list):
        return tuple(read(kinds, folder, part, folders) for part in stored)
    try:
        kind = kinds.named(stored.kind)
        return kind.read(stored.form, folder, {name: folders[name] for name in stored.folders})
    except CocoRecipeError as error:
        raise RunError(f"{folder}: {error}") from error
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
        raise RunError(f"{folder}: its {stored.kind} can't be read: {told}") from error


def own_folders(
    kinds: ValueKinds,
    step_id: str,
    workdir: Path,
    outputs: Mapping[str, Any],
    inputs: Iterable[Any],
    *,
    writes: bool,
) -> dict[str, str]:
    """Return a step's own folders of pictures by name, relative to its folder.

    Args:
        kinds: the kinds of values.
        step_id: the step's id.
        workdir: the folder that it wrote into.
        outputs: its outputs by port.
        inputs: its inputs, whose folders and files it may pass on.
        writes: the step says that its result lives in files.

    Raises:
        ValueError: a folder or file of an output lies outside; names the output and the folder.
    """
    entered = [item for value in inputs for item in each(value)]
    passed = {
        (name, path.resolve())
        for item in entered
        for name, path in kinds.of(item).folders(item).items()
    }
    passed_files = {path.resolve() for item in entered for path in kinds.of(item).files(item)}
    found: dict[str, str] = {}
    for port, item in _items(outputs):
        kind = kinds.of(item)
        for name, path in kind.folders(item).items():
            if (name, path.resolve()) not in passed:
                _expect_writes(port, path, writes=writes)
                _expect_name(step_id, port, name)
                inside = _inside(port, path, workdir, "folder of pictures").as_posix()
                if found.setdefault(name, inside) != inside:
                    raise ValueError(
                        f"its outputs have two folders of pictures of the name '{name}', "
                        f"{found[name]} and {inside}; name the second one '{step_id}.<another>'"
                    )
        for path in kind.files(item):
            if path.resolve() not in passed_files:
                _expect_writes(port, path, writes=writes)
                _inside(port, path, workdir, "file")
                if not path.is_file():
                    raise ValueError(f"output '{port}' names the file {path}, which isn't there")
    return found


def _items(outputs: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((port, item) for port, value in outputs.items() for item in each(value))


def _expect_writes(port: str, path: Path, *, writes: bool) -> None:
    """Refuse what a step that lives in memory has made on disk, where it isn't kept."""
    if not writes:
        raise ValueError(
            f"output '{port}' has files of the step's own, as {path}, and only a step that is "
            "declared with writes=True keeps them"
        )


def _expect_name(step_id: str, port: str, name: str) -> None:
    """Refuse a step's folder under a name that another input or step may have."""
    if name != step_id and not name.startswith(f"{step_id}."):
        raise ValueError(
            f"output '{port}' has a folder of pictures '{name}', which no input of the step has; "
            f"folders of the step's own are named '{step_id}' (ctx.step_id) or '{step_id}.<more>'"
        )


def _inside(port: str, path: Path, workdir: Path, what: str) -> Path:
    """Return a path relative to the step's folder.

    Raises:
        ValueError: it lies outside, maybe behind a symbolic link.
    """
    try:
        return path.resolve().relative_to(workdir.resolve())
    except ValueError:
        raise ValueError(
            f"output '{port}' has its {what} outside the step's own folder: {path}; "
            "write it below ctx.workdir (pictures: ctx.images)"
        ) from None
