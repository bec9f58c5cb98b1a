"""Names of parts have roles, and a rule's page is the docstring of what finds."""

import pytest

from coco_recipe import plugins
from coco_recipe.linting.rule import role_of


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("train", "train"),
        ("train2017", "train"),
        ("training_set", "train"),
        ("val", "val"),
        ("val2017", "val"),
        ("valid", "val"),
        ("validation", "val"),
        ("test-dev", "val"),
        ("minival2014", "val"),
        ("fold_1", ""),
        ("pool", ""),
    ],
)
def test_roles_of_names(name: str, role: str) -> None:
    assert role_of(name) == role


def test_every_rule_has_a_page_with_what_triggers_it_and_what_does_not() -> None:
    for rule in plugins.find().rules:
        assert "Triggers:" in rule.page, rule.kind.name
        assert "Doesn't:" in rule.page, rule.kind.name
        assert not rule.kind.needed  # so that a recipe can ignore it
