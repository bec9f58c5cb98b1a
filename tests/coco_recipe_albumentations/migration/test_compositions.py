"""What transforms made of others did with p, before 2.0, they do when migrated.

How often each result comes is worked out by hand from the old library's rules, and drawn.
"""

import random
from typing import Any

import pytest
from coco_recipe_albumentations.migration import migrate
from coco_recipe_albumentations.pipeline.read import Pipeline

np = pytest.importorskip("numpy")
A = pytest.importorskip("albumentations")

Row = dict[str, Any]


def _make(name: str, *inside: Row, **arguments: Any) -> Row:
    made = {"__class_fullname__": name, **arguments}
    return {**made, "transforms": list(inside)} if inside else made


def _across(p: float) -> Row:
    return _make("HorizontalFlip", p=p)


def _down(p: float) -> Row:
    return _make("VerticalFlip", p=p)


def _migrate(version: str, row: Row) -> migrate.Migration:
    return migrate.migrate({"__version__": version, "transform": _make("Compose", row)})


def _shares(form: Row, draws: int = 600) -> dict[str, float]:
    """Return how often each of the flips comes out: "", "across", "down", "across down"."""
    picture = np.zeros((4, 4, 3), np.uint8)
    picture[0, 0] = 255
    compose = A.Compose(Pipeline.of(form).build((4, 4)))
    compose.set_random_state(np.random.default_rng(1), random.Random(1))
    shares: dict[str, float] = {}
    for _ in range(draws):
        y, x = np.argwhere(compose(image=picture)["image"][..., 0])[0]
        name = " ".join(["across"] * int(x > 0) + ["down"] * int(y > 0))
        shares[name] = shares.get(name, 0) + 1 / draws
    return shares


@pytest.mark.parametrize(
    ("version", "row", "expected"),
    [
        # to 1.4.3 a Sequential was always applied, in spite of its p
        ("1.3.1", _make("Sequential", _across(1), p=0.3), {"across": 1}),
        ("1.4.4", _make("Sequential", _across(1), p=0.3), {"": 0.7, "across": 0.3}),
        # but within OneOf its p is a weight; to 1.3.1 its first transform was forced there
        (
            "1.3.1",
            _make("OneOf", _make("Sequential", _across(0.2), _down(0.4), p=0.3), _down(0.9), p=1),
            {"down": 0.75, "across": 0.15, "across down": 0.1},
        ),
        (
            "1.4.0",
            _make("OneOf", _make("Sequential", _across(0.2), _down(1), p=1), p=1),
            {"down": 0.8, "across down": 0.2},
        ),
        # to 1.2.1 a Compose within OneOf forced all that is in it, at any depth
        (
            "1.2.1",
            _make(
                "OneOf", _make("Compose", _across(0.3), _make("Compose", _down(0.4), p=0.3)), p=1
            ),
            {"across down": 1},
        ),
        (
            "1.3.0",
            _make("OneOf", _make("Compose", _across(0.3), p=1), p=1),
            {"": 0.7, "across": 0.3},
        ),
        # SomeOf forced what it chose; by weight, and to 1.4.18 with replacement if nothing is said
        (
            "1.3.1",
            _make("SomeOf", _across(0.5), _down(0.5), n=1, p=1),
            {"across": 0.5, "down": 0.5},
        ),
        (
            "1.3.1",
            _make("SomeOf", _across(0.1), _down(0.4), n=2, p=0.8),
            {"": 0.2 + 0.8 * 0.68, "across down": 0.8 * 0.32},
        ),
        (
            "1.4.18",
            _make("SomeOf", _across(0.5), _down(0.5), n=2, p=1),
            {"": 0.5, "across down": 0.5},
        ),
        ("1.4.19", _make("SomeOf", _across(0.5), _down(0.5), n=2, p=1), {"across down": 1}),
        ("1.4.21", _make("SomeOf", _across(0.1), _down(0.4), n=2, p=1), {"across down": 1}),
        (
            "1.4.21",
            _make("RandomOrder", _across(0.3), _down(0.3), n=1, p=1),
            {"across": 0.5, "down": 0.5},
        ),
        (
            "1.3.1",
            _make("OneOrOther", _across(0.2), _down(0.1), p=0.3),
            {"across": 0.3, "down": 0.7},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_composition_applies_what_it_did_as_often(
    version: str, row: Row, expected: dict[str, float]
) -> None:
    done = _migrate(version, row)
    assert done.lost == []
    assert _shares(done.form) == pytest.approx(expected, abs=0.08)


def test_some_of_drew_the_order_of_its_transforms_to_1_4_16() -> None:
    for version, name in (("1.4.16", "RandomOrder"), ("1.4.17", "SomeOf")):
        form = _migrate(version, _make("SomeOf", _across(1), _down(1), n=2)).form
        assert form["transform"]["transforms"][0]["__class_fullname__"] == name


def test_weights_without_replacement_are_named_as_lost() -> None:
    row = _make("SomeOf", _across(0.1), _down(0.4), n=1, replace=False)
    assert "by the weights" in _migrate("1.3.1", row).lost[0]


def test_yaml_of_repeated_choices_has_no_references() -> None:
    form = _migrate("1.3.1", _make("SomeOf", _across(0.1), _down(0.4), n=2)).form
    assert "&" not in migrate.dump(form, ".yaml")


def test_a_lambda_as_it_was_written_to_1_0_3_is_refused_by_name() -> None:
    row = {"__type__": "Lambda", "__name__": "mine"}
    form = {"__version__": "1.0.3", "transform": _make("Compose", row, _across(0.5))}
    done = migrate.migrate(form)
    assert done.lost == ["transforms[0] Lambda: left out: Lambda runs code that stands in no file"]
    assert [one["__class_fullname__"] for one in done.form["transform"]["transforms"]] == [
        "HorizontalFlip"
    ]


@pytest.mark.parametrize("extra", [{"always_apply": False}, {}])
def test_the_record_of_a_replay_becomes_the_pipeline_that_drew_it(extra: Row) -> None:
    """ReplayCompose adds "params" and "applied" to each, and no version."""
    record = {"params": {"angle": -55.0}, "applied": True}
    row = _make("Rotate", p=1, limit=90, **extra, **record)
    replay = _make("ReplayCompose", _make("OneOf", row, params=None, applied=False), **record)
    done = migrate.migrate(replay)
    assert done.lost == []
    assert "applied, params: left out, for they record one run" in " ".join(done.changes)
    (made,) = done.form["transform"]["transforms"][0]["transforms"]
    assert made == {
        "__class_fullname__": "Rotate",
        "p": 1,
        "limit": 90,
        **({"border_mode": 4} if extra else {}),
    }  # without always_apply it may be of today


def test_the_parameters_of_a_compose_within_are_not_lost() -> None:
    boxes = {"format": "coco", "label_fields": ["labels"]}
    inner = _make("Compose", _across(1), bbox_params=boxes, keypoint_params=None)
    form = {"__version__": "1.3.1", "transform": _make("Compose", inner, bbox_params=None)}
    assert migrate.migrate(form).form["transform"]["bbox_params"] == boxes
