"""The answers of an exported file are held against the model's."""

import pytest


def test_answers_are_held_against_each_other_in_any_order() -> None:
    torch = pytest.importorskip("torch")
    from coco_recipe_mmdet.inside.job_export import differences

    boxes = torch.arange(800.0).reshape(200, 4)
    scores, labels = torch.linspace(0.9, 0.1, 200), torch.arange(200) % 3
    turned = [one.flip(0) for one in (boxes + 0.05, scores, labels)]
    found = differences((boxes, scores, labels), tuple(turned), 640)
    assert found == {"boxes": pytest.approx(0.05, abs=1e-4), "scores": 0.0, "labels": 0.0}
    for other in (
        (boxes + 30, scores, labels),
        (boxes, scores / 2, labels),
        (boxes, scores, (labels + 1) % 3),
        (boxes[:150], scores[:150], labels[:150]),
    ):
        with pytest.raises(ValueError, match="the file's answers aren't the model's"):
            differences((boxes, scores, labels), other, 640)


def test_a_label_that_rounding_picks_is_no_difference() -> None:
    torch = pytest.importorskip("torch")
    from coco_recipe_mmdet.inside.job_export import differences

    boxes = torch.arange(800.0).reshape(200, 4)
    scores, labels = torch.full((200,), 1e-4), torch.arange(200) % 2
    scores[:3] = 0.5
    others = torch.cat([labels[:3], 1 - labels[3:]])
    assert differences((boxes, scores, labels), (boxes, scores, others), 640)["labels"] == 0
    with pytest.raises(ValueError, match="3 of 200 boxes are others"):
        differences((boxes, scores, labels), (boxes, scores, 1 - labels), 640)
