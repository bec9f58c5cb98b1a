"""Learning rates far from the rule, and large ones without clipping; and those that are right."""

import contextlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from coco_recipe_mmdet import rules, train
from coco_recipe_mmdet.jobs import Looked, Rate
from training import TINY, Shapes, train_step

from coco_recipe import Facts, StepProblem, StepProblems


class _Experiment:
    """A training whose rate is known."""

    def __init__(self) -> None:
        params = {name: rule.get("default") for name, rule in train.PARAMS["properties"].items()}
        bound = {**params, "config": "mmdet::x.py", "set": {}}
        self.steps = [SimpleNamespace(id="fit", step=train.STEP, bound=bound)]

    def facts_of(self, step: Any) -> dict[str, Any]:
        return {"train": Facts(("a",), images=10)}

    @contextlib.contextmanager
    def context(self, step: Any) -> Iterator[None]:
        yield None


def _found(monkeypatch: pytest.MonkeyPatch, rate: Rate | None) -> list[str]:
    monkeypatch.setattr(rules, "_seen", {})
    monkeypatch.setattr(train, "look", lambda context, job: Looked([], rate))
    return [
        finding.kind.name
        for rule in rules.RULES
        for finding in rule.find(_Experiment())  # type: ignore[arg-type]
    ]


def _rate(rate: float, batch: int, optimizer: str = "SGD", **other: Any) -> Rate:
    fixed: dict[str, Any] = {"of_config": 0.02, "base": 16, "clips": False}
    return Rate(optimizer, rate, batch=batch, **{**fixed, **other})


OFF, UNCLIPPED = "learning_rate_off_rule", "large_rate_unclipped"


@pytest.mark.parametrize(
    ("rate", "names"),
    [
        (_rate(0.02, 2), [OFF, UNCLIPPED]),  # mmdet's schedule, on one GPU
        (_rate(0.05, 5, clips=True), [OFF]),
        (_rate(0.0002, 16), [OFF]),
        (_rate(0.03, 16), [UNCLIPPED]),
        (_rate(0.05, 5, base=0), [UNCLIPPED]),
        (_rate(0.02, 16), []),
        (_rate(0.0025, 2), []),
        (_rate(0.02, 2, base=0), []),
        (_rate(5e-5, 4, "AdamW", of_config=1e-4), []),  # the square root will do
        (_rate(1e-4, 1, "AdamW", of_config=1e-4, clips=True), [OFF]),
        (None, []),
    ],
)
def test_rates(monkeypatch: pytest.MonkeyPatch, rate: Rate | None, names: list[str]) -> None:
    assert _found(monkeypatch, rate) == names


def test_a_config_that_cannot_be_run_is_the_run_s_to_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    def look(context: Any, job: Any) -> Looked:
        raise StepProblems([StepProblem(("config",), "can't be run")])

    monkeypatch.setattr(rules, "_seen", {})
    monkeypatch.setattr(train, "look", look)
    assert not list(rules.learning_rate_off_rule(_Experiment()))  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_recipe_s_config_is_run_once_for_both_rules(shapes: Shapes) -> None:
    import linted

    step = train_step(learning_rate=0.9, batch_size=1, clip_grad=False, set=TINY)
    recipe = shapes.recipe("linted", [step])
    found = linted.found(recipe, OFF, UNCLIPPED)
    assert [finding.kind.name for finding in found] == [OFF, UNCLIPPED]
    assert "0.9 at 1 pictures an iteration; the config's 0.0005 is for 16" in str(found[0])
