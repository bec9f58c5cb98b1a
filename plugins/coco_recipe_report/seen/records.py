"""Records as they are read from disk, so that a page is the same at the end of a run and later."""

from dataclasses import replace

import msgspec

from coco_recipe import RunFacts, manifest


def as_read(record: manifest.StepRecord) -> manifest.StepRecord:
    """Return a step's record with its keys in the order in which they are written."""
    text = msgspec.json.encode(record, order="deterministic")
    return msgspec.json.decode(text, type=manifest.StepRecord)


def facts_as_read(facts: RunFacts) -> RunFacts:
    """Return what a run recorded likewise."""
    return replace(facts, steps=tuple(map(as_read, facts.steps)))
