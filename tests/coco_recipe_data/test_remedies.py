"""Remedies of findings name parameters and values that the steps have, and each mend is named."""

import re

import pytest

from coco_recipe import plugins

REGISTRY = plugins.find()
KINDS = REGISTRY.kinds
REPAIR = REGISTRY.offers["repair"].step
NAMED = re.compile(r"repair: (\w+): (\w+|\{)")


def _named(remedy: str) -> set[tuple[str, str]]:
    return set(NAMED.findall(remedy))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_mend_that_a_remedy_names_is_there(kind: str) -> None:
    for key, value in _named(KINDS[kind].remedy):
        rule = REPAIR.params["properties"][key]
        values = {
            one for branch in (rule, *rule.get("anyOf", ())) for one in branch.get("enum", ())
        }
        assert value in values or (value == "{" and "properties" in rule), (key, value)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_finding_that_a_repair_mends_names_it(kind: str) -> None:
    for key, rule in REPAIR.params["properties"].items():
        values = [
            one for branch in (rule, *rule.get("anyOf", ())) for one in branch.get("enum", ())
        ]
        for value in values:
            mended = REPAIR.mended_for({key: value}) | REPAIR.understood_for({key: value})
            if kind in mended:
                assert any(name == key for name, _ in _named(KINDS[kind].remedy)), (key, value)
