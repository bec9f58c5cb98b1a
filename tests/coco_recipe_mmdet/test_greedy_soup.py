"""What is known of a soup before it is made."""

from pathlib import Path
from typing import Any

import pytest
from coco_recipe_mmdet import greedy_soup
from training import CPU, Shapes, provenance

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


@pytest.mark.slow
def test_of_checkpoints_with_equal_weights_one_is_taken(shapes: Shapes, trained: Path) -> None:
    import torch
    from coco_recipe_torch import checkpoints

    last = trained / "fit/checkpoints/epoch_3.pth"
    found = torch.load(last, weights_only=True)
    again = shapes.folder / "written_again.pth"
    checkpoints.write(again, found["state_dict"], meta={**found["meta"], "epoch": 7})
    assert again.read_bytes() != last.read_bytes(), "another file of the same weights"
    given = {
        "first": {"checkpoint": str(last)},
        "second": {"checkpoint": str(trained / "fit/checkpoints/epoch_2.pth")},
        "again": {"checkpoint": str(again)},
    }
    soup = {"use": "greedy_soup", "with": CPU}
    both = {"id": "both", **soup, "in": {"checkpoints": ["first", "again"], "dataset": "val"}}
    all_ = ["first", "second", "again", "first"]
    more = {"id": "more", **soup, "in": {"checkpoints": all_, "dataset": "val"}}
    steps = shapes.run("equal", [both, more], **given)
    notes = provenance(steps, "both").notes
    assert notes["taken"] == ["first"]
    assert notes["left out"] == {"again": "has the weights of first"}
    notes = provenance(steps, "more").notes
    assert len(notes["left out"]) == 2
    assert set(notes["metric"]) == {"soup", "first", "second"}
