"""A task's seed depends on nothing that goes on beside it."""

from coco_recipe.running.task import step_seed


def test_a_seed_depends_on_the_recipes_and_on_the_steps_name_only() -> None:
    assert step_seed(1, "a") == step_seed(1, "a")
    assert len({step_seed(1, "a"), step_seed(2, "a"), step_seed(1, "b")}) == 3
