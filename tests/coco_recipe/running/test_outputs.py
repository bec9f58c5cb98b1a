"""What a plugin's step gives is checked as an input would be; others' values stay as they are."""

import math
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from coco_recipe import Annotation, Category, Dataset, Image, Origin, Port, Step, StepContext
from coco_recipe.errors import StepError
from coco_recipe.running import outputs
from coco_recipe.testing import dataset, run_step
from coco_recipe.values import shipped


def _run(change: Callable[[Dataset], Any], ctx_does: Callable[[StepContext], None]) -> Any:
    def give(ctx: StepContext, *, dataset: Dataset) -> Mapping[str, Any]:
        ctx_does(ctx)
        made = change(dataset)
        ctx.make(
            images=len(made.images) - len(dataset.images),
            annotations=len(made.annotations) - len(dataset.annotations),
        )
        return {"dataset": made}

    step = Step(
        name="try", run=give, inputs={"dataset": Port(Dataset)}, outputs={"dataset": Dataset}
    )
    return run_step(step, dataset=dataset()).value


def _give(change: Callable[[Dataset], Any]) -> Any:
    return _run(change, lambda ctx: None)


def _first(rows: tuple[Any, ...], **changes: Any) -> tuple[Any, ...]:
    return (msgspec.structs.replace(rows[0], **changes), *rows[1:])


def _images(**changes: Any) -> Callable[[Dataset], Dataset]:
    return lambda given: given.replace(images=_first(given.images, **changes))


def _annotations(**changes: Any) -> Callable[[Dataset], Dataset]:
    return lambda given: given.replace(annotations=_first(given.annotations, **changes))


CASES: dict[str, tuple[Callable[[Dataset], Any], str]] = {
    "extra": (lambda given: given.replace(extra={**given.extra, "note": 5}), "extra 'note' is 5"),
    "extra_json": (
        lambda given: given.replace(extra={"note": msgspec.Raw(b"{'a': 1}")}),
        "extra 'note' is no JSON",
    ),
    "nan": (_annotations(bbox=(1.0, math.nan, 3.0, 4.0)), r"annotation 1: bbox \(1.0, nan"),
    "inf": (_annotations(area=math.inf), "annotation 1: area has inf"),
    "image": (_annotations(image_id=999), "dangling_image_ids"),
    "category": (_annotations(category_id=999), "dangling_category_ids"),
    "ids": (lambda given: given.replace(images=given.images[:1] * 2), "repeated_image_ids"),
    "text": (_images(id="1"), "which is no whole number"),
    "float": (_images(id=1.0), "which is no whole number"),
    "width": (_images(width="640"), r"images\[0\].width: Expected int, got str"),
    "box": (_annotations(bbox=(1, 2, 3)), r"bbox: Expected"),
    "corner": (_annotations(bbox=(1, 2, "3", 4)), r"bbox\[2\]"),
    "row": (
        lambda given: given.replace(images=({"id": 1}, *given.images[1:])),
        "images has a dict",
    ),
    "list": (lambda given: given.replace(images=list(given.images)), "images is a list"),
    "name": (_images(file_name="../1.jpg"), "unsafe_file_names"),
    "origin": (_images(coco_recipe=Origin(file="../../secret")), "leads out of the folder"),
    "set": (_images(license=object()), "Encoding objects of type object"),
    "segmentation": (_annotations(segmentation=msgspec.Raw(b"[[1, 2")), "is not JSON"),
    "names": (
        lambda given: given.replace(categories=(*given.categories, Category(99, "cat"))),
        "repeated_category_names",
    ),
    "folder": (lambda given: given.replace(folders={"": "images"}), "must be a Path"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_later_steps_could_not_rely_on_is_refused(name: str) -> None:
    change, told = CASES[name]
    step: Any = SimpleNamespace(
        label="step 'try' (try)", offer=SimpleNamespace(plugin="mine"), kinds=shipped.KINDS
    )
    given = dataset()
    with pytest.raises(StepError, match=rf"step 'try' \(try\): output 'dataset': .*{told}"):
        outputs.check(step, {"dataset": given}, {"dataset": change(given)})
    outputs.check(step, {"dataset": given}, {"dataset": given.replace(loose=())})


def test_sound_rows_go_on_as_they_are() -> None:
    given = dataset()
    row = Annotation(77, given.images[0].id, given.categories[0].id, (1.5, 2, 3, 4), 12)
    extra = {"note": msgspec.Raw(b'{"a": [1, null, "\xe7\x8c\xab"]}')}
    image = Image(88, "sub/new.jpg", 10, 10)
    made = _give(
        lambda one: one.replace(
            images=(*one.images, image), annotations=(*one.annotations, row), extra=extra
        )
    )
    assert made.annotations[-1] == row
    assert made.extra == extra


@pytest.mark.parametrize("name", ["extra", "folders"])
def test_a_step_cannot_change_what_others_have(name: str) -> None:
    def change(given: Dataset) -> Dataset:
        getattr(given, name)["note"] = msgspec.Raw(b"5")
        return given

    with pytest.raises(StepError, match="can't be changed"):
        _give(change)


@pytest.mark.parametrize("value", [math.nan, {"a": [math.inf]}, object(), {"a": {1: object()}}])
def test_what_a_step_notes_is_json(value: Any) -> None:
    with pytest.raises(StepError, match="figure: "):
        _run(lambda given: given, lambda ctx: ctx.note("figure", value))
