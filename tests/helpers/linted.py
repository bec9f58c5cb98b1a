"""Recipes for tests of lint: what a rule finds in one."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from builders import write_recipe

from coco_recipe import Finding
from coco_recipe.running import experiment, stages
from coco_recipe.running.rehearsal import Rehearsal
from coco_recipe.running.session import Session

BOX = {"bbox": [10, 10, 20, 20], "area": 400, "iscrowd": 0}


def data(names: Sequence[str], boxes: Sequence[str] = (), **image: Any) -> dict[str, Any]:
    """Return a data set with an image for each file name, and with a box of a class on each.

    Args:
        names: the file names.
        boxes: the class of each image's box, in order; ``cap`` where there are fewer.
        image: further keys of every image.
    """
    classes = [*boxes, *["cap"] * (len(names) - len(boxes))]
    known = list(dict.fromkeys(classes))
    return {
        "images": [
            {"id": n, "file_name": name, "width": 64, "height": 64, **image}
            for n, name in enumerate(names, 1)
        ],
        "annotations": [
            {"id": n, "image_id": n, "category_id": known.index(name) + 1, **BOX}
            for n, name in enumerate(classes, 1)
        ],
        "categories": [{"id": n, "name": name} for n, name in enumerate(known, 1)],
    }


def found(recipe: Path, *rules: str, plugin_files: Sequence[Path] = ()) -> list[Finding]:
    """Return what rules find in a recipe."""
    planned = stages.prepare(recipe, (), plugin_files)
    session = Session.open(planned, with_pixels=False)
    ahead = Rehearsal.ahead(planned, session.values)
    looked_at = experiment.Planned(planned, session.inputs.facts, ahead)
    asked = [rule for rule in planned.rules if rule.kind.name in rules]
    assert len(asked) == len(rules), rules
    return list(experiment.lint(looked_at, asked, lambda rule: None))


def recipe(
    folder: Path,
    steps: Sequence[Mapping[str, Any]],
    inputs: Mapping[str, Mapping[str, Any]],
    **top: Any,
) -> Path:
    """Write a recipe with an annotation file for each input, by name; return its path."""
    for name, rows in inputs.items():
        (folder / f"{name}.json").write_text(json.dumps(rows), "utf-8")
    (folder / "images").mkdir(exist_ok=True)
    named = {name: {"annotations": f"{name}.json", "images": "images"} for name in inputs}
    return write_recipe(folder, steps, inputs=named, **top)


def exported(**parts: str) -> dict[str, Any]:
    """Return a step that writes parts."""
    return {"id": "out", "use": "export_coco", "in": parts, "with": {"images": "none"}}


LEARNS = '''
from coco_recipe import Dataset, Port, Step, hookimpl

def learn(ctx, *, train, val):
    """Learn."""
    return {}

def halve(ctx, *, dataset):
    """Divide by rows."""
    half = len(dataset.images) // 2
    one, other = dataset.images[:half], dataset.images[half:]
    def part(images):
        ids = {image.id for image in images}
        rows = tuple(row for row in dataset.annotations if row.image_id in ids)
        return dataset.replace(images=images, annotations=rows)
    return {"train": part(one), "val": part(other)}

@hookimpl
def coco_recipe_steps():
    yield Step(name="learn", run=learn, outputs={}, inputs={
        "train": Port(Dataset, reads_only=True, role="train"),
        "val": Port(Dataset, reads_only=True, role="val", optional=True)})
    yield Step(name="halve", run=halve, inputs={"dataset": Port(Dataset)},
        outputs={"train": Dataset, "val": Dataset}, divides="rows")
'''


def learning(folder: Path) -> Path:
    """Write a plugin with a step ``learn``, and one ``halve`` that divides without families."""
    path = folder / "learning.py"
    path.write_text(LEARNS, "utf-8")
    return path
