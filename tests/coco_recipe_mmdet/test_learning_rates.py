"""Schedules keep their form where a training is shorter or longer than the one they are written
for.
"""

import copy
from typing import Any

import pytest
from coco_recipe_mmdet.inside import learning_rates, settings
from coco_recipe_mmdet.inside.training_length import Length

WARMUP = {"type": "LinearLR", "start_factor": 0.001, "by_epoch": False, "begin": 0, "end": 500}
STEPS = {"type": "MultiStepLR", "by_epoch": True, "begin": 0, "end": 12, "milestones": [8, 11]}
YOLOX = [
    {"type": "mmdet.QuadraticWarmupLR", "begin": 0, "end": 5, "convert_to_iter_based": True},
    {
        "type": "CosineAnnealingLR",
        "eta_min": 0.05,
        "begin": 5,
        "T_max": 285,
        "end": 285,
        "convert_to_iter_based": True,
    },
    {"type": "ConstantLR", "factor": 1, "begin": 285, "end": 300},
]


def _fitted(
    scheduler: Any, length: Length, warmup: str | int | None = None, **set_: Any
) -> tuple[Any, list[str]]:
    """Return schedulers that are fitted to a training, and what is said."""
    changes = settings.Changes({"param_scheduler": copy.deepcopy(scheduler)})
    settings.override(changes, {f"param_scheduler.{key}": value for key, value in set_.items()})
    said = learning_rates.fit(changes, length, warmup)
    return changes.tree["param_scheduler"], said


def _curve(scheduler: Any, length: Length) -> list[float]:
    """Return the learning rate of each iteration, by mmengine's own schedulers."""
    pytest.importorskip("mmdet")
    from mmdet.utils import register_all_modules

    register_all_modules()
    return list(learning_rates.curve({"param_scheduler": scheduler}, length, 1.0))


@pytest.mark.slow
@pytest.mark.parametrize("epochs", [1, 2, 5, 10, 36])
def test_a_schedule_for_300_epochs_has_the_same_form_in_few(epochs: int) -> None:
    whole = _curve(YOLOX, Length(300, 20, 300))
    length = Length(epochs, 600 // epochs, 300)
    short = _curve(_fitted(YOLOX, length)[0], length)
    at = [int(share * (len(short) - 1)) for share in (0, 0.25, 0.5, 0.75, 0.99)]
    long_at = [int(n / (len(short) - 1) * (len(whole) - 1)) for n in at]
    assert max(short) == pytest.approx(1, abs=0.01)
    for n, m in zip(at[1:], long_at[1:], strict=True):
        assert short[n] == pytest.approx(whole[m], abs=0.03)


def test_whole_epochs_stay_epochs_and_others_become_iterations() -> None:
    found, _ = _fitted([WARMUP, STEPS], Length(24, 1000, 12))
    assert found == [WARMUP, {**STEPS, "end": 24, "milestones": [16, 22]}]
    found, _ = _fitted([STEPS], Length(1, 120, 12))
    assert found == [{**STEPS, "by_epoch": False, "end": 120, "milestones": [80, 110]}]


@pytest.mark.parametrize(
    ("scheduler", "expected"),
    [
        (
            {"type": "OneCycleLR", "eta_max": 0.1, "total_steps": 12},
            {"total_steps": 300, "by_epoch": False},
        ),
        ({"type": "StepLR", "step_size": 4}, {"step_size": 1}),
        ({"type": "ExponentialLR", "gamma": 0.5, "end": 10}, {"end": 2}),
        (
            {"type": "PolyLR", "begin": 4, "end": 12},
            {"begin": 100, "end": 300, "by_epoch": False},
        ),
        (
            {"type": "CosineRestartLR", "periods": [4, 8], "restart_weights": [1, 1]},
            {"periods": [1, 2]},
        ),
        ({"type": "ReduceOnPlateauLR", "patience": 2}, {"patience": 2}),
    ],
    ids=lambda value: value.get("type", ""),
)
@pytest.mark.parametrize("form", ["one", "list", "by optimizer"])
def test_every_scheduler_is_stretched_in_every_form(
    scheduler: dict[str, Any], expected: dict[str, Any], form: str
) -> None:
    shape: Any = {"one": scheduler, "list": [scheduler], "by optimizer": {"a": [scheduler]}}[form]
    found, _ = _fitted(shape, Length(3, 100, 12))
    inner = {"one": lambda: found, "list": lambda: found[0], "by optimizer": lambda: found["a"][0]}
    assert inner[form]() == {**scheduler, **expected}


@pytest.mark.parametrize(
    "scheduler",
    [
        {"type": "OneCycleLR", "eta_max": 1, "total_steps": 12},
        {"type": "PolyLR", "power": 1, "begin": 0, "end": 12},
        {"type": "LinearLR", "start_factor": 1.0, "end_factor": 0.0, "begin": 0, "end": 12},
    ],
    ids=lambda scheduler: scheduler["type"],
)
@pytest.mark.parametrize("epochs", [1, 2])
def test_a_curve_that_ends_early_in_its_last_epoch_keeps_its_form(
    scheduler: dict[str, Any], epochs: int
) -> None:
    length = Length(epochs, 120 // epochs, 12)
    short = _curve(_fitted([scheduler], length)[0], length)
    whole = _curve([scheduler], Length(12, 10, 12))
    assert sum(short) / len(short) == pytest.approx(sum(whole) / len(whole), abs=0.05)
    assert min(short[:60]) < 0.99


@pytest.mark.parametrize(
    ("scheduler", "expected"),
    [
        ({"type": "OneCycleLR", "eta_max": 1, "total_steps": 90_000}, {"total_steps": 30}),
        ({"type": "CosineAnnealingLR", "T_max": 90_000}, {"T_max": 30}),
        (
            {"type": "CosineRestartLR", "periods": [30_000, 60_000], "restart_weights": [1, 1]},
            {"periods": [10, 20]},
        ),
    ],
    ids=lambda value: value.get("type", ""),
)
def test_a_curve_by_iteration_without_an_end_is_shortened_too(
    scheduler: dict[str, Any], expected: dict[str, Any]
) -> None:
    by_iteration = {**scheduler, "by_epoch": False}
    found, said = _fitted([by_iteration], Length(3, 10, 3))
    assert found == [{**by_iteration, **expected}]
    assert said == [
        "the schedule by iteration is shortened to 30 iterations (warmup: as_given leaves it)"
    ]
    assert _fitted([by_iteration], Length(3, 10, 3), "as_given") == ([by_iteration], [])


def test_a_scheduler_without_an_iteration_is_left_out() -> None:
    ends = [{"type": "ConstantLR", "begin": 299, "end": 300, "factor": 1}, *YOLOX[:2]]
    found, _ = _fitted(ends, Length(1, 10, 300))
    assert [scheduler["type"] for scheduler in found] == ["CosineAnnealingLR"]
    assert _curve(found, Length(1, 10, 300))


def test_a_warmup_of_which_the_training_has_no_room_is_shortened_and_said() -> None:
    length = Length(24, 25, 24)  # 200 pictures, 8 at a time
    found, said = _fitted([WARMUP, STEPS], length)
    assert found == [{**WARMUP, "end": 60}, STEPS]
    assert said == [
        "the warm-up of 500 iterations is shortened to 60 of 600 (warmup: as_given leaves it)"
    ]
    found, said = _fitted([WARMUP, STEPS], Length(3, 5, 3))
    assert ([one["type"] for one in found], len(said)) == (["MultiStepLR"], 1)
    assert said[0].startswith("the warm-up of 500 iterations is left out (warmup: as_given")
    assert _fitted([WARMUP, STEPS], length, "as_given") == ([WARMUP, STEPS], [])
    assert _fitted([WARMUP, STEPS], length, 200) == ([{**WARMUP, "end": 200}, STEPS], [])
    assert _fitted([WARMUP, STEPS], length, 0) == ([STEPS], [])
    assert _fitted([WARMUP, STEPS], Length(12, 1000, 12)) == ([WARMUP, STEPS], [])


@pytest.mark.parametrize("total", [1, 2, 5, 19, 20, 31, 100])
@pytest.mark.parametrize("form", ["iterations", "epochs", "asked for"])
@pytest.mark.parametrize("kind", ["LinearLR", "ConstantLR"])
def test_the_whole_learning_rate_is_reached_however_short_a_training_is(
    total: int, form: str, kind: str
) -> None:
    factor = {"start_factor": 0.01} if kind == "LinearLR" else {"factor": 0.01}
    warmup = {"type": kind, **factor, "begin": 0, "end": 500, "by_epoch": form == "epochs"}
    asked = 1 if form == "asked for" else None
    length = Length(total, 1, 5000) if form == "epochs" else Length(1, total, 1)
    found, _ = _fitted([warmup], length, asked)
    assert max(_curve(found, length)) == pytest.approx(1)


def test_a_warmup_can_be_asked_for_where_there_is_none() -> None:
    found, _ = _fitted([STEPS], Length(12, 1000, 12), 100)
    assert found == [STEPS, {**WARMUP, "end": 100}]
    assert _curve(found, Length(12, 20, 12))[0] == pytest.approx(0.001)


@pytest.mark.parametrize("epochs", [1, 2, 5, 12, 300])
@pytest.mark.parametrize("asked", [2, 3, 20, 100])
@pytest.mark.parametrize("by_epoch", [True, False], ids=["by epoch", "by iteration"])
def test_what_follows_a_warmup_begins_where_the_one_that_is_asked_for_ends(
    epochs: int, asked: int, by_epoch: bool
) -> None:
    unit = {"by_epoch": by_epoch, **({"convert_to_iter_based": True} if by_epoch else {})}
    warmup = {**WARMUP, **unit, "end": 5}
    cosine = {"type": "CosineAnnealingLR", "eta_min": 0, "T_max": 295, "begin": 5, "end": 300}
    cosine |= unit
    length = Length(epochs, 8, 300) if by_epoch else Length(epochs, 8, own_iterations=300)
    found, _ = _fitted([warmup, cosine], length, asked)
    curve = _curve(found, length)
    assert max(curve) <= 1 + 1e-9, "the rate is never above the one of the table"
    if asked < length.total:
        assert curve.index(max(curve)) == asked - 1
        assert curve[-1] < 0.3 or length.total < 2 * asked


def test_a_constant_warmup_and_what_follows_it_meet() -> None:
    constant = {"type": "ConstantLR", "factor": 0.5, "by_epoch": False, "begin": 0, "end": 1000}
    cosine = {"type": "CosineAnnealingLR", "by_epoch": False, "begin": 1000, "end": 90_000}
    cosine["T_max"] = 89_000
    found, _ = _fitted([constant, cosine], Length(10, 50, own_iterations=90_000))
    assert [(one["begin"], one["end"]) for one in found] == [(0, 50), (50, 500)]
    assert found[1]["T_max"] == 450


def test_milestones_by_iteration_are_held_against_the_real_iterations() -> None:
    own = {"type": "MultiStepLR", "by_epoch": False, "milestones": [60_000, 80_000], "end": 90_000}
    counted, _ = _fitted([own], Length(3, 100, own_iterations=90_000))
    assert counted == [{**own, "milestones": [200, 267], "end": 300}]
    beside, said = _fitted([own], Length(3, 100, 3))
    assert beside == counted
    assert said == [
        "the schedule by iteration is shortened to 300 iterations (warmup: as_given leaves it)"
    ]
    assert _fitted([own], Length(3, 100, 3), "as_given") == ([own], [])
    longer = Length(12, 10_000, 12)
    assert _fitted([own], longer) == ([own], [])


def test_what_the_recipe_sets_is_not_stretched() -> None:
    found, said = _fitted([WARMUP, STEPS], Length(5, 20, 12), **{"1.milestones": [3, 4]})
    assert found == [{**WARMUP, "end": 10}, {**STEPS, "end": 5, "milestones": [3, 4]}]
    found, said = _fitted([WARMUP, STEPS], Length(5, 20, 12), **{"0.end": 40, "1.milestones": [3]})
    assert (found[0], said) == ({**WARMUP, "end": 40}, [])
