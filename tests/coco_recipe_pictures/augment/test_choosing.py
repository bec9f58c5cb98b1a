"""How many copies of which images: as many as asked for, or what balances classes."""

from pathlib import Path
from typing import Any

import pytest
from augmenting import Bench
from builders import coco

from coco_recipe.errors import RecipeError

np = pytest.importorskip("numpy")
cv2 = pytest.importorskip("cv2")
pytest.importorskip("albumentations")


SHORT = [{"HorizontalFlip": {"p": 1}}]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def _sources(data: dict[str, Any]) -> list[str]:
    return [row["coco_recipe"]["source"] for row in data["images"]]


def test_balancing_fills_the_rare_class_and_shows_what_came_of_it(tmp_path: Path) -> None:
    bench = Bench(tmp_path, coco(3, [(1, 1), (2, 1), (3, 1), (3, 2)]))
    bench.run(SHORT, balance={"boxes": {"dog": 4}, "max_copies": 10})
    assert bench.record().notes["balance"] == {
        "cat": {"before": 3, "wanted": 3, "planned": 6, "after": 6},
        "dog": {"before": 1, "wanted": 4, "planned": 4, "after": 4},
    }


def test_a_balance_that_cannot_be_is_refused_and_one_that_falls_short_says_so(bench: Bench) -> None:
    with pytest.raises(RecipeError, match=r"with.balance.boxes.cow: .*there is no category 'cow'"):
        bench.run(SHORT, balance={"boxes": {"cow": 4}})
    with pytest.raises(RecipeError, match="copies: stands beside 'balance'"):
        bench.run(SHORT, balance={"boxes": 4}, copies=2)
    bench.run(SHORT, balance={"boxes": {"dog": 9}, "max_copies": 2})
    assert bench.record().clock.this_run["below the balance's target"] == "dog 3 of 9"


def test_what_is_copied_for_balance_does_not_depend_on_the_order_of_the_file(
    tmp_path: Path,
) -> None:
    data = coco(4, [(1, 1), (2, 1), (3, 1), (4, 1)])
    first = _sources(Bench(tmp_path / "a", data).run(SHORT, balance={"boxes": 6}))
    turned = data | {"images": data["images"][::-1], "annotations": data["annotations"][::-1]}
    assert len(first) == 2
    assert sorted(
        _sources(Bench(tmp_path / "b", turned).run(SHORT, balance={"boxes": 6}))
    ) == sorted(first)
