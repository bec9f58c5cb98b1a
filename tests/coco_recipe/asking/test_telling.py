"""What a step says of itself in a few words."""

from pathlib import Path

import pytest
from builders import coco, write_recipe

from coco_recipe.asking import telling
from coco_recipe.planning.plan import PlannedStep
from coco_recipe.running import stages

PLUGIN = '''
from coco_recipe import Dataset, Port, Step, hookimpl


def run(ctx, *, dataset, word):
    """Count things. It does more.

    And more.
    """
    return {"dataset": dataset}



PARAMS = {"type": "object", "properties": {"word": {"type": "string", "description": "A word."}}}
KEYS = dict(run=run, inputs={"dataset": Port(Dataset)}, outputs={"dataset": Dataset}, params=PARAMS)


@hookimpl
def coco_recipe_steps():
    return [
        Step(name="silent", **KEYS),
        Step(name="telling", tell=lambda params: f"counts\\n {params['word']}.", **KEYS),
        Step(name="broken", tell=lambda params: 1 / 0, **KEYS),
    ]
'''


def _planned(folder: Path, use: str, word: str) -> PlannedStep:
    (folder / "mine.py").write_text(PLUGIN)
    step = {"id": "one", "use": use, "in": "raw", "with": {"word": word}}
    return stages.prepare(
        write_recipe(folder, [step], coco()), plugin_files=[folder / "mine.py"]
    ).steps[0]


def test_a_step_says_what_it_does_in_one_clause(tmp_path: Path) -> None:
    assert telling.told(_planned(tmp_path, "telling", "apples")) == "counts apples"


@pytest.mark.parametrize("use", ["silent", "broken"])
def test_the_first_sentence_of_its_page_stands_for_what_it_does_not_say(
    tmp_path: Path, use: str
) -> None:
    assert telling.told(_planned(tmp_path, use, "apples")) == "count things"


def test_what_the_environment_says_is_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_WORD", "hunter2-secret")
    told = telling.told(_planned(tmp_path, "telling", "${env:MY_WORD}"))
    assert told == "counts ${env:MY_WORD}"
