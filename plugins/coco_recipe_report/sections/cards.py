"""A card for each step: its YAML, its table, what it noted, its key."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coco_recipe import RunFacts, manifest, yaml_text

HIDDEN = ("table", "pipeline", "shares", "wanted")  # notes that the page shows elsewhere


@dataclass(frozen=True, slots=True)
class Card:
    """A step."""

    step: str
    use: str
    yaml: str
    table: Mapping[str, Any] | None
    notes: Sequence[tuple[str, str]]
    key: str
    plugin: str


def gather(facts: RunFacts) -> list[Card]:
    """Return a card for each step."""
    sources = {
        record.step: [flow for flow in facts.flows if flow.target == record.step]
        for record in facts.steps
    }
    return [_card(record, sources[record.step]) for record in facts.steps]


def _card(record: manifest.StepRecord, flows: Sequence[Any]) -> Card:
    row: dict[str, Any] = {"id": record.step, "use": record.use}
    entered: dict[str, Any] = {}
    for flow in flows:
        entered.setdefault(flow.entered, []).append(
            ".".join(filter(None, (flow.source, flow.port)))
        )
    if entered:
        row["in"] = {port: many[0] if len(many) == 1 else many for port, many in entered.items()}
    if record.parameters:
        row["with"] = record.parameters
    return Card(
        record.step,
        record.use,
        yaml_text.dump([row]),
        record.notes.get("table"),
        list(_notes(record)),
        record.key,
        f"{record.plugin} {record.plugin_version}".rstrip(),
    )


def _notes(record: manifest.StepRecord) -> Iterator[tuple[str, str]]:
    for key, value in record.notes.items():
        if key not in HIDDEN:
            yield key.replace("_", " "), _plain(value)


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_plain(one)}" for key, one in list(value.items())[:20])
    if isinstance(value, list | tuple):
        return ", ".join(map(_plain, value[:20])) + (" …" if len(value) > 20 else "")
    return f"{value:g}" if isinstance(value, float) else str(value)
