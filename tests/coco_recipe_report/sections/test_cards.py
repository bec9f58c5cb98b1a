"""A card has the step as a recipe would have it."""

from coco_recipe_report.sections import cards

from coco_recipe import RunFacts


def test_yaml_of_each_step(facts: RunFacts) -> None:
    found = {card.step: card for card in cards.gather(facts)}
    assert [*found] == ["clean", "parts", "more", "all", "out"]
    assert "use: merge" in found["all"].yaml
    assert "- parts.train\n" in found["all"].yaml
    assert "drop:" in found["clean"].yaml
    assert found["parts"].table
    assert "table" not in dict(found["parts"].notes)
