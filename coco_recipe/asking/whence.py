"""Whence a file came: by what it says itself, by the mark or card beside it, by runs' records."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from coco_recipe import files
from coco_recipe.asking import carried, recorded_run
from coco_recipe.asking.recorded_run import RecordedRun
from coco_recipe.errors import RunError
from coco_recipe.manifest import LOG, Digests, Manifest
from coco_recipe.publishing import card
from coco_recipe.publishing.card import Card
from coco_recipe.publishing.marks import CARDS, MARK, read_mark
from coco_recipe.publishing.targets import OWN_NAMES
from coco_recipe.running.run_folder import WRITTEN
from coco_recipe.running.store import PLACED

RUNS = "runs"  # where runs are looked for, if no place is named


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """What one witness says of a file.

    Attributes:
        by: the witness: ``run`` (its records), ``published`` (the mark of the folder), ``card``
            (the data set's card), ``meta`` (the file itself).
        place: where the witness stands.
        what: what the file is to it, in words.
        recipe: the recipe's name; empty where it isn't known.
        recipe_file: the recipe's text or file; empty where it isn't known.
        step: the step that made it; empty for an input.
        use: what the step uses.
        key: digest of all that the result depends on.
        data: hashes of the inputs, by input and kind.
        versions: versions that the result depends on.
        steps: what was done up to it, in order: id, use and parameters, as far as it is known.
    """

    by: str
    place: str
    what: str
    recipe: str = ""
    recipe_file: str = ""
    step: str = ""
    use: str = ""
    key: str = ""
    data: dict[str, Digests] = msgspec.field(default_factory=dict)
    versions: dict[str, str] = msgspec.field(default_factory=dict)
    steps: tuple[dict[str, Any], ...] = ()


class Whence(msgspec.Struct, frozen=True):
    """Whence a file came.

    Attributes:
        file: its path.
        sha256: of its bytes.
        origins: what is said of it, the best witness first.
        notes: what is to be known of it, in words.
    """

    file: str
    sha256: str
    origins: tuple[Origin, ...]
    notes: tuple[str, ...]


def whence(path: Path, places: Iterable[Path] = ()) -> Whence:
    """Return whence a file came.

    It is known by its bytes to the records of runs and to the mark and the card of a published
    folder, and a checkpoint says itself which step made it.

    Args:
        path: the file; a published folder stands for its card.
        places: run directories, or folders with such; none looks in ``runs``, and above the file.

    Raises:
        RunError: there is no such file.
    """
    if (path / card.CARD).is_file():
        path /= card.CARD
    if not path.is_file():
        told = "is a folder; name a file" if path.is_dir() else "there is no such file"
        raise RunError(f"{path}: {told}")
    sha256 = files.sha256(path)
    said = carried.lineage_of(path)
    folders = list(places) or [Path(RUNS), *path.absolute().parents]
    found = [
        origin
        for run in _runs(folders, deep=bool(list(places)))
        for origin in _in_run(run, path, sha256, str(said.get("key", "")) if said else "")
    ]
    found += _published(path, sha256)
    if said:
        found.append(_of_meta(path, said))
    notes = []
    if said and not any(origin.by == "run" for origin in found):
        notes.append("it says this of itself; no run that was looked at has its key")
    return Whence(str(path), sha256, tuple(found), tuple(notes))


def _runs(folders: Iterable[Path], *, deep: bool) -> Iterator[RecordedRun]:
    """Yield the runs in folders, each once: a folder that is one, or those right in it."""
    seen = set()
    for n, folder in enumerate(folders):
        below = sorted(folder.glob("*")) if (deep or n == 0) and folder.is_dir() else []
        for one in (folder, *below):
            if (one / LOG).is_file() and one.resolve() not in seen:
                seen.add(one.resolve())
                try:
                    yield recorded_run.read(one)
                except RunError:
                    continue


def _in_run(run: RecordedRun, path: Path, sha256: str, key: str) -> Iterator[Origin]:
    """Yield what a run's records say of a file, by its bytes or by the key that it carries."""
    if path.resolve().parent == run.folder.resolve() and path.name in OWN_NAMES:
        yield _origin(run, what=f"{path.name} of the run itself")
    for name, found in run.run.inputs.items():
        for kind, digest in found.items():
            if digest == sha256:
                yield _origin(run, what=f"the {kind} of its input '{name}'")
    for record in run.steps:
        manifest = run.manifest(record.step)
        if manifest is None:
            continue
        names = [name for name, digest in manifest.files.items() if digest == sha256]
        names += _placed(run, record.step, manifest, sha256)
        if names:
            yield _origin(run, manifest, f"steps/{record.step}/{names[0]}")
        elif key and key == manifest.key:
            yield _origin(run, manifest, f"made by step '{record.step}', and changed since")


def _placed(run: RecordedRun, step: str, manifest: Manifest, sha256: str) -> list[str]:
    """Return the names under which a step published a picture, which isn't in its folder."""
    path = run.folder / "steps" / step / PLACED
    if PLACED not in manifest.files or not path.is_file():
        return []
    lines = (line for line in path.read_bytes().splitlines() if sha256.encode() in line)
    return [msgspec.json.decode(line)["name"] for line in lines]


def _origin(run: RecordedRun, manifest: Manifest | None = None, what: str = "") -> Origin:
    told: dict[str, Any] = {}
    if manifest:
        record = manifest.record
        versions = {**run.run.versions, **record.environment}
        told = {"step": record.step, "use": record.use, "key": manifest.key, "versions": versions}
        above = _keys_above(run, manifest)
        told["steps"] = tuple(
            {"id": one.step, "use": one.use, "parameters": one.parameters}
            for one in run.steps
            if one.key in above
        )
    recipe_file = run.folder / WRITTEN
    return Origin(
        by="run",
        place=str(run.folder),
        what=what,
        recipe=run.run.recipe,
        recipe_file=str(recipe_file) if recipe_file.is_file() else "",
        data=run.run.inputs,
        **told,
    )


def _keys_above(run: RecordedRun, manifest: Manifest) -> set[str]:
    """Return the key of a step and of all steps that it depends on."""
    by_key = {record.key: record for record in run.steps}
    found: set[str] = set()
    waiting = [manifest.key]
    while waiting:
        key = waiting.pop()
        if key in by_key and key not in found:
            found.add(key)
            inputs = by_key[key].inputs.values()
            waiting += [given.partition(":")[0] for given in inputs if isinstance(given, str)]
    return found


def _published(path: Path, sha256: str) -> Iterator[Origin]:
    """Yield what the mark and the card of a folder above say of a file."""
    for folder in path.absolute().parents:
        name = path.absolute().relative_to(folder).as_posix()
        about = _card(folder)
        mark = None
        if (folder / MARK).is_file():
            try:
                mark = read_mark(folder)
            except (OSError, ValueError, msgspec.DecodeError):
                mark = None
        if mark and any(entry.sha256 == sha256 for entry in mark.entries(name)):
            yield Origin(
                by="published",
                place=str(folder),
                what=f"{name}, as it was published",
                recipe=mark.recipe,
                recipe_file=_recipe_of(folder, mark.recipe_file),
                step=mark.step,
            )
            if about:
                yield _of_card(about, folder, f"{name}, by the card beside it")
        elif about and name in CARDS:
            yield _of_card(about, folder, "the card of a published data set")
        elif about and about.annotations.get(name) == sha256:
            yield _of_card(about, folder, f"{name}, by the card beside it")
        if mark or about:
            return


def _recipe_of(folder: Path, name: str) -> str:
    """Return where the recipe is that a mark names from its folder; as it names it if not there."""
    path = Path(os.path.normpath(folder / name))
    return str(path) if name and path.is_file() else name


def _card(folder: Path) -> Card | None:
    path = folder / card.CARD
    return card.read(path.read_bytes()) if path.is_file() else None


def _of_card(about: Card, folder: Path, what: str) -> Origin:
    return Origin(
        by="card",
        place=str(folder / card.CARD),
        what=what,
        recipe=about.recipe,
        step=about.step,
        key=about.key,
        data=about.inputs,
        versions=about.versions,
        steps=about.steps,
    )


def _of_meta(path: Path, said: Mapping[str, Any]) -> Origin:
    """Return what a checkpoint says of itself, as far as it has the form of ours."""

    def mapping(key: str) -> dict[str, Any]:
        value = said.get(key)
        return dict(value) if isinstance(value, Mapping) else {}

    steps = said.get("steps")
    rows = steps if isinstance(steps, list) else []
    return Origin(
        by="meta",
        place=str(path),
        what="what it says of itself",
        step=str(said.get("step", "")),
        use=str(said.get("use", "")),
        key=str(said.get("key", "")),
        data={
            str(name): {str(kind): str(sha256) for kind, sha256 in one.items()}
            for name, one in mapping("data").items()
            if isinstance(one, Mapping)
        },
        versions={str(name): str(one) for name, one in mapping("versions").items()},
        steps=tuple(one for one in rows if isinstance(one, dict)),
    )
