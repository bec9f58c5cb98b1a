"""Class tensors have shapes that depend on the number of classes; what isn't sure is refused."""

from collections.abc import Callable
from typing import Any

import pytest
from coco_recipe_torch.class_rows import Layout

torch = pytest.importorskip(
    "torch", reason="the training stack is not installed: make test does it"
)
from coco_recipe_mmdet.inside import class_tensors  # noqa: E402
from torch import nn  # noqa: E402


class Head(nn.Module):
    """A head that is told by what its classes are called, and by attributes, as mmdet's are."""

    def __init__(self, **parts: Any) -> None:
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)


class MaskPointHead(Head):
    """Reads the coarse predictions behind its features."""


def shapes(model: nn.Module) -> dict[str, tuple[int, ...]]:
    return {key: tuple(tensor.shape) for key, tensor in model.state_dict().items()}


def found(make: Callable[[int], nn.Module], **given: Any) -> dict[str, tuple[Layout, ...]]:
    """Return the layouts of a checkpoint of five classes, whose tensors are the model's."""
    axes = class_tensors.axes(5, {n: shapes(make(n)) for n in (5, 3, 6, 10)})
    state = given.pop("state", shapes(make(5)))
    assert class_tensors.differences(shapes(make(5)), state, axes, 5) == []
    return class_tensors.layouts(make(5), axes, 5, state, **given)


def detector(head: nn.Module) -> nn.Module:
    return Head(backbone=nn.Conv2d(3, 8, 3), bbox_head=head)


@pytest.mark.parametrize(
    ("make", "layout"),
    [
        (lambda n: Head(c=nn.Linear(4, n)), Layout()),
        (lambda n: Head(c=nn.Linear(4, n + 1)), Layout(after=1, kept_after=(0,))),
        (lambda n: Head(c=nn.Linear(4, n + 2)), Layout(after=2, kept_after=(0, 1))),
        (lambda n: Head(c=nn.Embedding(n, 4)), Layout()),
        (lambda n: Head(fc_reg=nn.Linear(4, 4 * n)), Layout(width=4)),
        (lambda n: Head(fc_reg=nn.ModuleList([nn.Linear(4, 4 * n)])), Layout(width=4)),
        (lambda n: Head(c=nn.Conv2d(4, 4 * n, 1), num_base_priors=4), Layout(groups=4)),
        (lambda n: Head(c=nn.Conv2d(4, 4 * n, 1), num_base_priors=[6, 4]), Layout(groups=4)),
        (
            lambda n: Head(c=nn.Conv2d(4, 3 * n + 3, 1), num_anchors=3),
            Layout(groups=3, after=1, kept_after=(0,)),
        ),
        (
            lambda n: Head(c=nn.Conv2d(4, 3 * (n + 5), 1), num_base_priors=3, num_attrib=n + 5),
            Layout(groups=3, before=5, kept_before=(0, 1, 2, 3, 4)),
        ),
        (lambda n: Head(fc_logits=nn.Linear(4, 9 * n), output_area=9), Layout(width=9)),
        (lambda n: Head(c=nn.ConvTranspose2d(4, n, 2)), Layout(axis=1)),
    ],
)
def test_rows_are_laid_out_as_the_shapes_and_the_head_say(
    make: Callable[[int], nn.Module], layout: Layout
) -> None:
    layouts = found(lambda n: detector(make(n)))
    weight = next(key for key in layouts if key.endswith("weight"))
    assert layouts[weight] == (layout,)
    assert "backbone.weight" not in layouts
    for key, (one,) in layouts.items():
        assert one.rows(5) == shapes(detector(make(5)))[key][one.axis]
        assert one.new_rows(3) == shapes(detector(make(3)))[key][one.axis]


def test_a_parameter_may_have_classes_along_another_axis() -> None:
    layouts = found(lambda n: Head(queries=nn.Parameter(torch.zeros(1, n, 4))))
    assert layouts == {"queries": (Layout(axis=1),)}


def test_a_head_that_reads_what_others_predict_keeps_what_it_reads_first() -> None:
    kept = tuple(range(8))
    reads = Layout(axis=1, before=8, kept_before=kept, reads=True)
    layouts = found(lambda n: Head(point=MaskPointHead(fc_logits=nn.Conv1d(8 + n, n, 1))))
    assert layouts["point.fc_logits.weight"] == (Layout(), reads)
    with pytest.raises(ValueError, match=r"c\.weight reads the predictions for 5 classes in a way"):
        found(lambda n: Head(c=nn.Linear(8 + n, 4)))


def test_the_background_of_mmdet_1_comes_first_where_that_is_said() -> None:
    layouts = found(lambda n: Head(c=nn.Linear(4, n + 1)), background="first")
    assert layouts["c.bias"] == (Layout(before=1, kept_after=(0,)),)


def test_stuff_goes_where_the_new_model_has_none() -> None:
    def make(n: int, stuff: int = 0) -> nn.Module:
        return Head(c=nn.Linear(4, n + stuff + 1), num_stuff_classes=stuff)

    layouts = found(make, state=shapes(make(5, 7)), stuff=7)
    assert layouts["c.weight"] == (Layout(after=8, kept_after=(7,)),)
    with pytest.raises(
        ValueError, match=r"c\.weight has 13 rows, which are not those of 5 classes"
    ):
        found(make, state=shapes(make(5, 7)))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (
            lambda n: Head(c=nn.Conv2d(4, 3 * n, 1), num_base_priors=2),
            r"c\.weight has 3 rows a class, and its head has not 3 anchors; config: names",
        ),
        (lambda n: Head(fc_reg=nn.Linear(4, 4 * n + 4)), r"fc_reg\.weight has 4 rows more"),
        (lambda n: Head(c=nn.Linear(4, max(n, 5))), r"c\.weight doesn't grow by as much"),
        (lambda n: Head(c=nn.Linear(4, n * n)), r"c\.weight doesn't grow by as much"),
        (
            lambda n: Head(c=nn.ModuleList(nn.Linear(2, 1) for _ in range(n))),
            r"c\.\d+\.bias is there for some numbers of classes only",
        ),
    ],
)
def test_what_is_not_sure_is_refused_by_name_with_the_ways_on(
    make: Callable[[int], nn.Module], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        found(make)
    assert "train with strict: false" in str(caught.value)


def test_a_checkpoint_of_another_model_is_told_by_its_tensors() -> None:
    def make(n: int) -> nn.Module:
        return detector(Head(c=nn.Linear(4, n), box=nn.Linear(4, 4)))

    wanted = shapes(make(5))
    axes = class_tensors.axes(5, {n: shapes(make(n)) for n in (5, 6, 10)})

    def said(change: dict[str, tuple[int, ...] | None]) -> list[str]:
        given = {key: shape for key, shape in {**wanted, **change}.items() if shape is not None}
        return class_tensors.differences(wanted, given, axes, 5)

    assert said({}) == []
    assert said({"bbox_head.box.bias": None}) == [], "not of classes: train says it"
    assert said({"bbox_head.c.bias": None}) == ["bbox_head.c.bias is missing"]
    assert said({"bbox_head.box.bias": (8,)}) == [
        "bbox_head.box.bias has shape (8,), the config's model (4,)"
    ]
    assert said({"backbone.extra.weight": (8, 8)}) == []
    assert said({"bbox_head.more.weight": (5, 8)}) == [
        "bbox_head.more.weight (5, 8) is not in the config's model, and may have rows for classes"
    ]
    assert said({"bbox_head.c.weight": (3, 4)}) == [
        "bbox_head.c.weight has 3 rows, and 5 classes have 5"
    ]
