"""Proof: what the results depend on, by hash and version, and how to hold the run against it."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from coco_recipe import RunFacts


@dataclass(frozen=True, slots=True)
class Proof:
    """What the results depend on.

    Attributes:
        digest: of the keys of all steps.
        inputs: each file's name, what it is, and its SHA-256.
        versions: of libraries, by name.
        keys: of the steps.
        recipe: the recipe's text.
        recipe_sha256: of the recipe with all filled in.
        verify: the line that looks at every file of the run.
        again: the line that runs the recipe.
    """

    digest: str
    inputs: Sequence[tuple[str, str, str]]
    versions: Sequence[tuple[str, str]]
    keys: Sequence[tuple[str, str]]
    recipe: str
    recipe_sha256: str
    verify: str
    again: str


def gather(facts: RunFacts) -> Proof:
    """Return what the results of a run depend on."""
    versions = dict(facts.run.versions)
    for record in facts.steps:
        versions |= record.environment
    return Proof(
        facts.digest,
        [
            (name, what, sha256)
            for name, hashes in facts.run.inputs.items()
            for what, sha256 in hashes.items()
        ],
        sorted(versions.items()),
        [(record.step, record.key) for record in facts.steps],
        facts.recipe,
        facts.run.recipe_sha256,
        f"coco-recipe verify --inputs {shlex.quote(facts.folder.name)}",
        line_to_run(facts),
    )


def line_to_run(facts: RunFacts) -> str:
    """Return the line that runs the recipe of a run, where that is and its plugin files are."""
    plugins = (f" --plugin {shlex.quote(file.name)}" for file in facts.plugin_files)
    return f"coco-recipe run {shlex.quote(Path(facts.run.clock.recipe).name)}{''.join(plugins)}"
