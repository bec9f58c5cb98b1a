"""The records that a run leaves: manifests of committed steps, and the lines of provenance.jsonl.

Keys that a record of an earlier version lacks have defaults, so that its result is still known;
keys that it has beside these are passed over.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from coco_recipe import regular, seals
from coco_recipe.errors import counted

Severity = Literal["error", "warning"]
How = Literal["copy", "link", "symlink"]
Digests = dict[str, str]
LOG = "provenance.jsonl"


class Counts(msgspec.Struct, frozen=True, omit_defaults=True):
    """The rows of one value; no key for a value without rows, as a checkpoint.

    Attributes:
        images: number of images.
        annotations: number of annotations.
        categories: number of annotations by category name.
        rows: number of rows of other kinds, by what they are, as the boxes of predictions.
    """

    images: int | None = None
    annotations: int | None = None
    categories: dict[str, int] | None = None
    rows: dict[str, int] | None = None

    def __str__(self) -> str:
        return f"{counted(self.images or 0, 'image')}, {counted(self.annotations or 0, 'box')}"


class Made(msgspec.Struct, frozen=True):
    """The rows that a step made anew, as copies of others.

    Attributes:
        images: number of images.
        annotations: number of annotations.
    """

    images: int = 0
    annotations: int = 0


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """The books of a step: rows in + rows made = rows out + rows dropped.

    Attributes:
        entered: the rows that came in, by port; a list where a port takes several values.
        out: the rows that went out, by port; a list where an output is several values.
        made: the rows that were made.
    """

    entered: dict[str, Counts | list[Counts]] = msgspec.field(name="in", default_factory=dict)
    out: dict[str, Counts | list[Counts]] = msgspec.field(default_factory=dict)
    made: Made = Made()


class Dropped(msgspec.Struct, frozen=True):
    """How many rows a step dropped for one reason; ``dropped.jsonl`` names each.

    Attributes:
        kind: image, annotation or category.
        reason: why they were dropped.
        count: number of rows.
    """

    kind: str
    reason: str
    count: int


class FindingRow(msgspec.Struct, frozen=True):
    """A row that a finding is about.

    Attributes:
        row: the row by name, as "annotation 7".
        file_name: the image's file name; empty where it isn't known.
        value: what stands there; null where that tells nothing.
    """

    row: str
    file_name: str = ""
    value: Any = None


class FindingRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A finding, as docs/findings.md lists their kinds.

    Attributes:
        kind: name of the kind.
        severity: error or warning, before the recipe's own choice.
        place: the input or step.
        count: number of rows.
        what: what is wrong with them.
        first: the first of the rows.
        remedy: what to do about it.
    """

    kind: str
    severity: Severity = "warning"
    place: str = ""
    count: int = 0
    what: str = ""
    first: tuple[FindingRow, ...] = ()
    remedy: str = ""


class FileSet(msgspec.Struct, frozen=True):
    """The files of a step in two figures.

    Attributes:
        count: number of files.
        sha256: of their names with their hashes.
    """

    count: int = 0
    sha256: str = ""


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between two runs of one step; no other key does.

    Attributes:
        started: when the step began, in seconds since 1970 (UTC).
        seconds: how long it took.
        peak_memory_mb: the most memory that the main process had held by the step's end, in MiB.
        this_run: what the step says of this run alone, as how much of an earlier one it took over.
        digest: SHA-256 of the step's manifest, the clock's bytes too, with this value left empty.
        files: SHA-256 of the step's files that differ between two runs, as logs do, by name.
    """

    started: float = 0.0
    seconds: float = 0.0
    peak_memory_mb: int = 0
    this_run: dict[str, Any] = msgspec.field(default_factory=dict)
    digest: str = ""
    files: Digests = msgspec.field(default_factory=dict)


class KeyParts(msgspec.Struct, frozen=True, kw_only=True):
    """All that a step's result depends on, readable; its digest is the step's key.

    Attributes:
        use: the name of what the step uses, as "augment".
        parameters: all its parameters, defaults filled in.
        seed: the seed of its random choices.
        inputs: what comes to each port: hashes of an input's files by kind, or KEY:PORT of a step.
        files: hash of each file that a parameter names.
        code: digest of what each module does that makes the result, and of each file it reads.
        environment: versions of the libraries that these modules import and of what those load.
    """

    use: str = ""
    parameters: dict[str, Any] = msgspec.field(default_factory=dict)
    seed: int = 0
    inputs: dict[str, str | Digests] = msgspec.field(default_factory=dict)
    files: Digests = msgspec.field(default_factory=dict)
    code: Digests = msgspec.field(default_factory=dict)
    environment: dict[str, str] = msgspec.field(default_factory=dict)


class StepRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What a step did: ``record`` of its manifest, and its line of provenance.jsonl.

    Attributes:
        step: the step's id in the recipe.
        use: the name of what it uses, as "augment".
        plugin: the plugin that has it.
        plugin_version: that plugin's version.
        parameters: all its parameters, defaults filled in.
        seed: the seed of its random choices; it follows from the recipe's seed and the step's id.
        key: digest of all that the result depends on.
        inputs: what came to each port: hashes of an input's files by kind, or KEY:PORT of a step.
        environment: version of each library that the result depends on, as it was made.
        accepted: versions that were others later, as they were when the result was kept with them
            (``--accept-versions``).
        counts: the rows that came in, were made and went out.
        dropped: the rows that were dropped, by reason.
        findings: what is worth knowing about the result.
        notes: what the step says of its result, by key.
        outputs: KEY:PORT of each output.
        files: the step's files, in two figures.
        clock: what differs between two runs.
    """

    step: str
    use: str
    plugin: str = ""
    plugin_version: str = ""
    parameters: dict[str, Any] = msgspec.field(default_factory=dict)
    seed: int = 0
    key: str = ""
    inputs: dict[str, str | Digests] = msgspec.field(default_factory=dict)
    environment: dict[str, str] = msgspec.field(default_factory=dict)
    accepted: dict[str, str] = msgspec.field(default_factory=dict)
    counts: Balance = Balance()
    dropped: tuple[Dropped, ...] = ()
    findings: tuple[FindingRecord, ...] = ()
    notes: dict[str, Any] = msgspec.field(default_factory=dict)
    outputs: dict[str, str] = msgspec.field(default_factory=dict)
    files: FileSet = FileSet()
    clock: Clock = Clock()


class FailedStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The line of provenance.jsonl of a step that failed; no line follows it.

    Attributes:
        step: the step's id in the recipe.
        use: the name of what it uses.
        failed: why.
    """

    step: str
    use: str
    failed: str


class PluginFile(msgspec.Struct, frozen=True):
    """A plugin file that a run loaded.

    Attributes:
        file: its path.
        sha256: of its bytes.
    """

    file: str
    sha256: str


class RunClock(msgspec.Struct, frozen=True, kw_only=True):
    """When and where a run was done; two runs of one recipe differ only here.

    Attributes:
        started: when it began, in seconds since 1970 (UTC).
        recipe: the recipe's file.
        recipe_from_run: the same, relative to the run directory: both may move together.
        plugins: the plugin files of which the run used steps, kinds or backends; the path alone in
            runs of earlier versions.
        digest: SHA-256 of all lines of provenance.jsonl with this value left empty.
    """

    started: float = 0.0
    recipe: str = ""
    recipe_from_run: str = ""
    plugins: tuple[PluginFile | str, ...] | None = None
    digest: str = ""


class RunRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The first line of provenance.jsonl: the run.

    Attributes:
        recipe: the recipe's name.
        recipe_sha256: of recipe.resolved.yaml.
        text_sha256: of recipe.yaml.
        seed: the recipe's seed.
        inputs: hashes of each input's files, by key: annotations, images, checkpoint, file or of.
        findings: what was found in the inputs, and what is doubtful in the recipe.
        versions: the version of coco-recipe.
        clock: when and where the run was done.
    """

    recipe: str = ""
    recipe_sha256: str = ""
    text_sha256: str = ""
    seed: int = 0
    inputs: dict[str, Digests] = msgspec.field(default_factory=dict)
    findings: tuple[FindingRecord, ...] = ()
    versions: dict[str, str] = msgspec.field(default_factory=dict)
    clock: RunClock = RunClock()


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """An output that is on disk.

    Attributes:
        kind: its kind of values, as dataset or checkpoint.
        form: what the kind makes the value of again.
        files: its own files, by their names in the step's folder.
        folders: the inputs and steps whose folders of pictures it refers to.
    """

    kind: str
    form: dict[str, Any]
    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """``steps/<id>/manifest.json``: it stands there when the step is committed, and not before.

    Attributes:
        key: digest of ``parts``, by which a result is known to be current.
        parts: all that the result depends on, readable: what changed is told from it.
        outputs: the outputs on disk by port, a list where there are several; those in memory
            aren't here.
        folders: the step's own folders of pictures by name, relative to its folder.
        files: SHA-256 of each file of the step by its name, but for the manifest itself and the
            clock's files.
        published: the folders in which the result appears as well, by parameter, as written, with
            the names of what comes from the environment.
        record: what the step did, as in provenance.jsonl.
    """

    key: str
    parts: KeyParts
    outputs: dict[str, Stored | list[Stored]] = msgspec.field(default_factory=dict)
    folders: dict[str, str] = msgspec.field(default_factory=dict)
    files: Digests
    published: dict[str, str] = msgspec.field(default_factory=dict)
    record: StepRecord


class Placed(msgspec.Struct, frozen=True):
    """A line of ``placed.jsonl``: a file that is published, and isn't in the step's folder.

    Attributes:
        name: its name in the published folder.
        folder: the input or step that has it.
        file: its name there.
        sha256: of its bytes.
        how: copy, link or symlink.
    """

    name: str
    folder: str
    file: str
    sha256: str
    how: How


def data_sets(counts: Mapping[str, Counts | list[Counts]]) -> Iterator[tuple[str, Counts]]:
    """Yield the port and the rows of each value that has rows."""
    for port, given in counts.items():
        for one in given if isinstance(given, list) else [given]:
            if one.images is not None:
                yield port, one


def read(path: Path) -> Manifest | None:
    """Read a manifest; return None where there is none, or none that is as it was written."""
    try:
        text = regular.read(path)
        found = msgspec.json.decode(text, type=Manifest)
    except (OSError, ValueError, msgspec.DecodeError):  # ValueError: it is no UTF-8
        return None
    return found if seals.is_whole(text, found.record.clock.digest) else None


def claimed(path: Path) -> Manifest | None:
    """Read a manifest also where a byte of it has changed, or without a digest of its own.

    It may claim anything; None where there is none, or none that can be read.
    """
    try:
        return msgspec.json.decode(regular.read(path), type=Manifest)
    except (OSError, ValueError, msgspec.DecodeError):  # ValueError: it is no UTF-8
        return None


def sealed(manifest: Manifest) -> tuple[Manifest, bytes]:
    """Return a manifest with the digest of its text, and that text."""
    digest = seals.digest_of(_text(_with_digest(manifest, "")))
    whole = _with_digest(manifest, digest)
    return whole, _text(whole)


def _with_digest(manifest: Manifest, digest: str) -> Manifest:
    record = manifest.record
    clock = msgspec.structs.replace(record.clock, digest=digest)
    return msgspec.structs.replace(manifest, record=msgspec.structs.replace(record, clock=clock))


def _text(manifest: Manifest) -> bytes:
    return msgspec.json.format(msgspec.json.encode(manifest, order="sorted"), indent=2) + b"\n"


def log_of(run: RunRecord, records: Iterable[StepRecord | FailedStep]) -> bytes:
    """Return the text of provenance.jsonl, with its digest in the run's clock."""
    lines = b"".join(line_of(record) for record in records)
    blank = line_of(_run_with_digest(run, "")) + lines
    return line_of(_run_with_digest(run, seals.digest_of(blank))) + lines


def _run_with_digest(run: RunRecord, digest: str) -> RunRecord:
    return msgspec.structs.replace(run, clock=msgspec.structs.replace(run.clock, digest=digest))


def line_of(record: RunRecord | StepRecord | FailedStep) -> bytes:
    """Return a record as a line of provenance.jsonl."""
    return msgspec.json.encode(record, order="sorted") + b"\n"


def read_log(folder: Path) -> tuple[RunRecord, tuple[StepRecord | FailedStep, ...]] | None:
    """Read a run directory's provenance.

    Return None where there is none, or none that is as it was written.
    """
    try:
        text = regular.read(folder / LOG)
        first, *rest = text.splitlines()
        run = msgspec.json.decode(first, type=RunRecord)
        if not seals.is_whole(text, run.clock.digest):
            return None
        return run, tuple(map(_record, rest))
    except (OSError, ValueError, msgspec.DecodeError):
        return None


def read_run(folder: Path) -> RunRecord | None:
    """Read the run's own line of a run directory's provenance; None as of `read_log`."""
    found = read_log(folder)
    return found[0] if found else None


def claimed_run(folder: Path) -> RunRecord | None:
    """Read the run's own line also where a byte of the log has changed; it may claim anything."""
    try:
        with regular.opened(folder / LOG) as file:
            return msgspec.json.decode(file.readline(), type=RunRecord)
    except (OSError, ValueError, msgspec.DecodeError):  # ValueError: it is no UTF-8
        return None


def claimed_log(folder: Path) -> tuple[RunRecord, tuple[StepRecord | FailedStep, ...]] | None:
    """Read a run directory's provenance also where a byte of it has changed.

    It may claim anything; None where there is none, or none that can be read.
    """
    try:
        first, *rest = regular.read(folder / LOG).splitlines()
        return msgspec.json.decode(first, type=RunRecord), tuple(map(_record, rest))
    except (OSError, ValueError, msgspec.DecodeError):  # ValueError: it is no UTF-8, or empty
        return None


def _record(line: bytes) -> StepRecord | FailedStep:
    try:
        return msgspec.json.decode(line, type=FailedStep)
    except msgspec.ValidationError:
        return msgspec.json.decode(line, type=StepRecord)
