"""HTML for notebooks: the figures are right, hostile names stay text, pictures are optional."""

import json

from builders import coco

from coco_recipe.coco_json import parse
from coco_recipe.dataset import Dataset
from coco_recipe.manifest import Balance, Counts, Dropped, StepRecord
from coco_recipe.notebook import html

HOSTILE = '<script>alert("x")</script>'


def _dataset(*names: str) -> Dataset:
    data = coco()
    data["categories"] = [{"id": n, "name": name} for n, name in enumerate(names, 1)]
    return parse(json.dumps(data).encode(), home="raw")


def test_classes_stand_by_their_number_with_shares() -> None:
    text = html.of_dataset(_dataset("cat", "狗"))
    assert "3 images (1 without annotations), 2 annotations, 2 classes" in text
    assert "狗" in text
    assert text.count("50.0%") == 2


def test_names_are_text() -> None:
    text = html.of_dataset(_dataset(HOSTILE, "b"))
    assert HOSTILE not in text
    assert "&lt;script&gt;" in text
    record = StepRecord(step="a", use=HOSTILE)
    assert HOSTILE not in html.of_run(HOSTILE, [record], ())


def test_many_classes_are_summed_up() -> None:
    text = html.of_dataset(_dataset(*(f"class {n}" for n in range(40))))
    assert "and 10 more classes" in text


def test_an_empty_set_has_a_table() -> None:
    text = html.of_dataset(Dataset((), (), ()))
    assert "0 images (0 without annotations), 0 annotations, 0 classes" in text


def test_pictures_are_drawn_by_whoever_can() -> None:
    given = _dataset("cat", "dog")
    assert "data:image/jpeg;base64,AAE=" in html.of_dataset(given, [lambda rows, most: b"\0\1"])

    def fails(rows: Dataset, most: int) -> bytes:
        raise ImportError(f"no {HOSTILE}")

    text = html.of_dataset(given, [fails])
    assert "no pictures: no &lt;script&gt;" in text


def test_a_run_has_a_line_for_each_step() -> None:
    out = {"dataset": Counts(images=3, annotations=5, categories={"cat": 5})}
    dropped = (Dropped("annotation", "small", 2), Dropped("image", "empty", 1))
    records = [
        StepRecord(step="clean", use="filter", counts=Balance(out=out), dropped=dropped),
        StepRecord(step="fit", use="train"),
    ]
    text = html.of_run("runs/a", records, ("fit",))
    assert text.index("clean") < text.index("unchanged") < text.index("fit") < text.index("made")
    assert all(f">{n}<" in text for n in (3, 5))
