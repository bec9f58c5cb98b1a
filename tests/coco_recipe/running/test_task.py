"""A task's seed depends on nothing that goes on beside it."""

import json
from pathlib import Path

from builders import coco, write_recipe

from coco_recipe.running import agenda, stages
from coco_recipe.running.session import Session
from coco_recipe.running.task import Task, lineage, step_seed


def test_a_seed_depends_on_the_recipes_and_on_the_steps_name_only() -> None:
    assert step_seed(1, "a") == step_seed(1, "a")
    assert len({step_seed(1, "a"), step_seed(2, "a"), step_seed(1, "b")}) == 3


def _tasks(folder: Path, name: str, keep: str) -> list[Task]:
    folder.mkdir(exist_ok=True)
    steps = [
        {"id": "kept", "use": "filter_categories", "in": "raw", "with": {"keep": [keep]}},
        {"id": "瓶", "use": "reindex", "in": "kept"},
        {"id": "beside", "use": "reindex", "in": "raw"},
    ]
    recipe = write_recipe(folder, steps, coco(), name=name)
    return list(agenda.of(Session.open(stages.prepare(recipe), folder / "run")))


def test_a_lineage_has_the_steps_above_and_the_hashes_of_their_data(tmp_path: Path) -> None:
    tasks = _tasks(tmp_path, "a", "cat")
    told = json.loads(lineage(tasks[1], tasks))
    assert (told["step"], told["use"], told["key"]) == ("瓶", "reindex", tasks[1].key)
    assert [step["id"] for step in told["steps"]] == ["kept", "瓶"]
    assert told["steps"][0]["parameters"]["keep"] == ["cat"]
    assert told["data"].keys() == {"kept.dataset"}
    assert told["versions"] == tasks[1].parts.environment


def test_a_lineage_is_that_of_the_key(tmp_path: Path) -> None:
    """The recipe's name and place aren't in the key, and not in what results say of themselves."""
    one, other = _tasks(tmp_path / "a", "a", "cat"), _tasks(tmp_path / "b", "b", "cat")
    assert one[1].key == other[1].key
    assert lineage(one[1], one) == lineage(other[1], other)
    third = _tasks(tmp_path / "c", "a", "dog")
    assert lineage(third[1], third) != lineage(one[1], one)


def test_what_has_no_key_has_no_lineage(tmp_path: Path) -> None:
    tasks = _tasks(tmp_path, "a", "cat")
    assert lineage(Task.without_key(tasks[0].step, 0), tasks) == ""
