"""The core's rules have names of their own, and their kinds are known."""

from coco_recipe import plugins
from coco_recipe.linting.core_rules import RULES


def test_rules_are_offered_with_their_kinds() -> None:
    registry = plugins.find()
    names = [rule.kind.name for rule in registry.rules]
    assert len(names) == len(set(names))
    assert set(RULES) <= set(registry.rules)
    assert all(registry.kinds[rule.kind.name] == rule.kind for rule in registry.rules)
