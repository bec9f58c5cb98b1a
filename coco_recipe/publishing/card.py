"""The card of a published data set: what it is, from what, how much, under which licences.

It stands beside the data as ``README.md`` for people and ``dataset_card.json`` for programs. Each
says its own SHA-256: one that somebody changed, or that never was ours, is left as it is.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from coco_recipe import files, seals
from coco_recipe.dataset import Dataset
from coco_recipe.errors import counted
from coco_recipe.manifest import Counts, Manifest, RunRecord
from coco_recipe.planning.plan import Plan, PlannedStep
from coco_recipe.publishing import marks

README, CARD = marks.CARDS
LICENSES = "licenses"  # what a step notes of them
_MARKDOWN = re.compile(r"[\\`*\[\]|~]|(?<!\w)_|_(?!\w)")  # where a name would be more than text


class Part(msgspec.Struct, frozen=True):
    """The rows of a part.

    Attributes:
        images: number of images.
        annotations: number of annotations.
        categories: number of annotations by class.
    """

    images: int
    annotations: int
    categories: dict[str, int]


class License(msgspec.Struct, frozen=True):
    """A licence of images.

    Attributes:
        name: as the data have it; empty for images that name none.
        url: where its text is; empty where the data don't say.
        images: how many images have it.
    """

    name: str
    url: str
    images: int


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """``dataset_card.json``.

    Attributes:
        seal: SHA-256 of the file with this value left empty.
        recipe: the recipe's name.
        recipe_sha256: of the recipe with all filled in (``recipe.resolved.yaml``).
        step: the step that published it.
        key: digest of all that the data depend on.
        digest: SHA-256 of the names and hashes of all files of the data set.
        files: number of these files.
        annotations: SHA-256 of the annotation files, by name.
        parts: their rows, by part.
        licenses: the licences of their images.
        inputs: hashes of what was read, by input and kind.
        steps: what was done, in order: id and what it uses.
        versions: versions that the last step depends on, and that of its plugin.
    """

    seal: str = ""
    recipe: str
    recipe_sha256: str
    step: str
    key: str
    digest: str
    files: int
    annotations: dict[str, str]
    parts: dict[str, Part]
    licenses: tuple[License, ...]
    inputs: dict[str, dict[str, str]]
    steps: tuple[dict[str, str], ...]
    versions: dict[str, str]


def of(
    planned: Plan, step: PlannedStep, run: RunRecord, manifest: Manifest, hashes: Mapping[str, str]
) -> dict[str, bytes]:
    """Return the files of the card of what a step published; none of what is no data set.

    A step publishes a data set if all that it is given and gives is data sets.

    Args:
        planned: the plan.
        step: the step.
        run: the record of the run.
        manifest: the step's manifest.
        hashes: SHA-256 of all published files, by name.
    """
    ports = [step.step.input(port) for port in step.inputs] + list(step.outputs.values())
    if not step.published() or any(port.kind is not Dataset for port in ports):
        return {}
    record = manifest.record
    above = _above(planned, step)
    noted = record.notes.get(LICENSES)
    card = Card(
        recipe=planned.recipe.name,
        recipe_sha256=run.recipe_sha256,
        step=step.id,
        key=manifest.key,
        digest=files.digest(dict(hashes)),
        files=len(hashes),
        annotations={name: hashes[name] for name in manifest.files if name.endswith(".json")},
        parts=dict(_parts(record.counts.entered)),
        licenses=tuple(msgspec.convert(row, License) for row in noted or ()),
        inputs={name: dict(found) for name, found in run.inputs.items() if name in above},
        steps=tuple(
            {"id": one.id, "use": one.step.name} for one in planned.steps if one.id in above
        ),
        versions={
            **record.environment,
            **({record.plugin: record.plugin_version} if record.plugin_version else {}),
        },
    )
    text = msgspec.json.format(msgspec.json.encode(card, order="sorted"), indent=2) + b"\n"
    return {CARD: _sealed(text, b'"seal": "'), README: _readme(card)}


def read(data: bytes) -> Card | None:
    """Return a card that is as it was written; None where it is none."""
    try:
        return msgspec.json.decode(data, type=Card) if marks.is_card(data) else None
    except (ValueError, msgspec.DecodeError):
        return None


def _sealed(text: bytes, before: bytes) -> bytes:
    """Return a text with its digest behind the first of a mark, where nothing stands yet."""
    return text.replace(before, before + seals.digest_of(text).encode(), 1)


def _above(planned: Plan, step: PlannedStep) -> set[str]:
    """Return the names of a step and of all steps and inputs that it depends on."""
    steps = {one.id: one for one in planned.steps}
    found: set[str] = set()
    waiting = [step.id]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [ref[0] for ref in steps[name].references()] if name in steps else []
    return found


def _parts(entered: Mapping[str, Counts | list[Counts]]) -> Iterator[tuple[str, Part]]:
    for port, counts in entered.items():
        many = counts if isinstance(counts, list) else [counts]
        for n, one in enumerate(many):
            name = port if len(many) == 1 else f"{port}[{n}]"
            yield name, Part(one.images or 0, one.annotations or 0, dict(one.categories or {}))


def _readme(card: Card) -> bytes:
    return _sealed("\n".join(_lines(card)).encode(), b"<!-- coco-recipe card ")


def _lines(card: Card) -> Iterator[str]:
    yield f"# {_text(card.recipe)}: {_text(card.step)}"
    yield ""
    images = sum(part.images for part in card.parts.values())
    boxes = sum(part.annotations for part in card.parts.values())
    told = f"{counted(images, 'image')}, {counted(boxes, 'annotation')}"
    yield f"A data set in COCO's format: {told}."
    yield ""
    yield "coco-recipe published it; its recipe makes it again, byte for byte."
    yield f"`{CARD}` has the same for programs, `coco-recipe whence` tells more where the run is."
    yield ""
    names = sorted(card.parts)
    total = Counter[str]()
    for part in card.parts.values():
        total.update(part.categories)
    classes = sorted(total, key=lambda name: (-total[name], name))
    yield from _table(
        ["", *names],
        [
            ["images", *(str(card.parts[name].images) for name in names)],
            ["annotations", *(str(card.parts[name].annotations) for name in names)],
            *(
                [one, *(str(card.parts[name].categories.get(one, 0)) for name in names)]
                for one in classes
            ),
        ],
    )
    yield "## Licences"
    yield ""
    yield from _licenses(card)
    yield "## From what"
    yield ""
    yield from _table(
        ["input", "what", "SHA-256"],
        [
            [name, kind, sha256]
            for name, found in sorted(card.inputs.items())
            for kind, sha256 in sorted(found.items())
        ],
    )
    yield from _table(["step", "uses"], [[step["id"], step["use"]] for step in card.steps])
    yield "## Proof"
    yield ""
    rows = [
        ["data (names and hashes of all files)", card.digest],
        ["recipe with all filled in", card.recipe_sha256],
        ["key of the step", card.key],
    ]
    yield from _table(["what", "SHA-256"], rows)
    versions = (f"{_text(name)} {_text(one)}" for name, one in sorted(card.versions.items()))
    yield f"Versions: {', '.join(versions)}"
    yield ""
    yield "<!-- coco-recipe card  -->"
    yield ""


def _licenses(card: Card) -> Iterator[str]:
    if not card.licenses:
        yield "The data don't say under which licence they are."
        yield ""
        return
    yield from _table(
        ["licence", "address", "images"],
        [[one.name or "(none named)", one.url, str(one.images)] for one in card.licenses],
    )


def _table(head: list[str], rows: list[list[str]]) -> Iterator[str]:
    if not rows:
        return
    yield f"| {' | '.join(map(_text, head))} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(map(_text, row))} |"
    yield ""


def _text(text: Any) -> str:
    """Return a name as Markdown that shows it as it is, in one line."""
    line = " ".join(str(text).split()).replace("&", "&amp;").replace("<", "&lt;")
    return _MARKDOWN.sub(r"\\\g<0>", line)
