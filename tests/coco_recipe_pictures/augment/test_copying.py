"""One copy: its tries, its seed, and when it is given up."""

from collections import Counter
from pathlib import Path

import pytest
from augmenting import Bench
from builders import coco

from coco_recipe import manifest

np = pytest.importorskip("numpy")
cv2 = pytest.importorskip("cv2")
pytest.importorskip("albumentations")


CROP = [{"Crop": {"x_min": 6, "y_min": 0, "x_max": 60, "y_max": 40, "p": 1}}]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_copy_that_no_try_makes_acceptable_is_given_up_with_the_reason(bench: Bench) -> None:
    data = bench.run(CROP, accept={"no_visibility_between": [0.1, 0.6]}, max_tries=3)
    assert data["images"] == data["annotations"] == []
    first = next(row for row in bench.lines("dropped.jsonl") if row["kind"] == "image")
    assert (
        first["why"]
        == "none of 3 tries was accepted: 3 x an annotation is between 0.1 and 0.6 visible"
    )
    assert bench.record().counts.made == manifest.Made(2, 2)


def test_another_try_has_another_seed_and_the_record_says_which_was_taken(tmp_path: Path) -> None:
    bench = Bench(tmp_path, coco(20, [(n, 1) for n in range(1, 21)]))
    half = [{"Crop": {"x_min": 30, "y_min": 0, "x_max": 60, "y_max": 40, "p": 0.5}}]
    data = bench.run(half, accept={"min_annotations": 1}, max_tries=50)
    assert len(data["images"]) == 20
    tries = [row["made"]["number_of_try"] for row in bench.lines("augmented.jsonl")]
    assert set(tries) > {1}
    assert len({row["made"]["key"] for row in bench.lines("augmented.jsonl")}) == 20
    assert not any(row["made"].get("applied") for row in bench.lines("augmented.jsonl"))


def test_a_negative_breaks_no_rule_about_annotations(tmp_path: Path) -> None:
    assert (
        len(
            Bench(tmp_path, coco(2, [])).run(CROP, accept={"min_annotations": 1, "max_lost": 0})[
                "images"
            ]
        )
        == 2
    )


@pytest.mark.parametrize(("unchanged", "images"), [("keep", 40), ("retry", 40), ("skip", None)])
def test_a_copy_in_which_nothing_fired(unchanged: str, images: int | None, bench: Bench) -> None:
    data = bench.run([{"HorizontalFlip": {"p": 0.5}}], copies=20, unchanged=unchanged, max_tries=50)
    fired = Counter(bool(row["made"].get("applied")) for row in bench.lines("augmented.jsonl"))
    assert len(data["images"]) == (images or fired[True])
    assert (fired[False] == 0) is (unchanged == "retry")
    assert 0 < fired[True] <= 40


def test_flips_of_one_copy_are_drawn_independently(bench: Bench) -> None:
    data = bench.run([{"HorizontalFlip": {"p": 0.5}}, {"VerticalFlip": {"p": 0.5}}], copies=40)
    assert {tuple(row["bbox"][:2]) for row in data["annotations"]} == {
        (1, 2),
        (53, 2),
        (1, 36),
        (53, 36),
    }
