"""What is known of a soup before it is made."""

from typing import Any

import pytest
from coco_recipe_mmdet import greedy_soup

from coco_recipe import Facts, StepProblems


def test_the_soup_has_its_parts_classes_and_its_own_label() -> None:
    facts: dict[str, Any] = {
        "dataset": Facts(("a", "b")),
        "checkpoints": (Facts(), Facts(("b", "a"), labels=("epoch_1",))),
    }
    found = greedy_soup.foresee({}, facts)["checkpoint"]
    assert (found.classes, found.labels) == (("b", "a"), ("soup",))
    with pytest.raises(
        StepProblems, match=r"checkpoints\[0\]: the checkpoint has not the data set's b"
    ):
        greedy_soup.foresee({}, facts | {"checkpoints": (Facts(("a",)),)})
