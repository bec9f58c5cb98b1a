"""Parts of a model are frozen: no gradient, and no new statistics."""

import pytest

from coco_recipe import StepProblems

torch = pytest.importorskip("torch")
pytest.importorskip("mmengine")


def _model() -> "torch.nn.Module":
    model = torch.nn.Module()
    for name in ("backbone", "head"):
        model.add_module(
            name, torch.nn.Sequential(torch.nn.Conv2d(3, 2, 1), torch.nn.BatchNorm2d(2))
        )
    return model


def test_a_frozen_part_stays_as_it_is_when_the_model_is_trained() -> None:
    from coco_recipe_mmdet.inside.freezing_runner import freeze

    model = _model()
    freeze(model, ["backbone"])
    model.train()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    found = model.head(torch.rand(2, 3, 4, 4)).sum() + model.backbone(torch.rand(2, 3, 4, 4)).sum()
    found.backward()
    assert all(value.grad is None for value in model.backbone.parameters())
    assert all(value.grad is not None for value in model.head.parameters())
    after = model.state_dict()
    changed = {key for key in before if not torch.equal(before[key], after[key])}
    assert changed
    assert all(key.startswith("head.1.") for key in changed)


def test_a_part_of_a_part_can_be_frozen_and_a_misspelt_one_is_refused() -> None:
    from coco_recipe_mmdet.inside.freezing_runner import freeze

    model = _model()
    freeze(model, ("backbone.0",))
    assert [value.requires_grad for value in model.backbone.parameters()] == [False] * 2 + [
        True
    ] * 2
    with pytest.raises(StepProblems, match="no part 'bakbone'; it has backbone, head"):
        freeze(model, ["bakbone"])
