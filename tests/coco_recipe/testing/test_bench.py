"""run_step runs one step on values as a recipe would, and tells all that it said."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from coco_recipe import (
    Checkpoint,
    Dataset,
    Finding,
    Kind,
    OpenPorts,
    PluginError,
    Port,
    RecipeError,
    Row,
    Step,
    StepContext,
    StepError,
)
from coco_recipe.testing import Bench, coco, dataset, run_step
from coco_recipe.values.shipped import KINDS

ODD = Kind("odd_ids", "error", "ids are odd", "number them by two")
PARAMS: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "keep": {"type": "integer", "default": 2, "minimum": 1, "description": "How many images."},
        "seed": {"type": "string", "default": "", "description": "A name that the bench has, too."},
    },
}


def first_ones(ctx: StepContext, *, dataset: Dataset, keep: int, seed: str) -> Mapping[str, Any]:
    """Keep the first images."""
    kept, gone = dataset.images[:keep], dataset.images[keep:]
    ids = {image.id for image in kept}
    rows = tuple(row for row in dataset.annotations if row.image_id in ids)
    for image in gone:
        ctx.drop(image, "late", place=image.id)
    for row in dataset.annotations:
        if row.image_id not in ids:
            ctx.drop(row, "of a late image")
    ctx.progress(1, 2, "half")
    ctx.progress(2, 2)
    ctx.say("all is well")
    ctx.note("seed", seed)
    ctx.note("drawn", ctx.rng().random())
    ctx.find(ODD, [Row(f"image {image.id}") for image in kept if image.id % 2])
    return {"dataset": dataset.replace(images=kept, annotations=rows)}


STEP = Step(
    name="first_ones",
    run=first_ones,
    inputs={"dataset": Port(Dataset)},
    outputs={"dataset": Dataset},
    params=PARAMS,
    foresee=lambda params, facts: {"dataset": facts["dataset"].of_fewer_images()},
)


def test_values_and_all_that_the_step_said_come_back() -> None:
    data = dataset(coco(4, [(1, 1), (1, 2), (4, 2)]))
    outcome = run_step(STEP, dataset=data, keep=3, seed="of the step")
    assert outcome.value is outcome.values["dataset"]
    assert [image.id for image in outcome.value.images] == [1, 2, 3]
    assert outcome.notes["seed"] == "of the step"
    assert [(row["kind"], row["id"], row["reason"]) for row in outcome.dropped] == [
        ("image", 4, "late"),
        ("annotation", 3, "of a late image"),
    ]
    assert outcome.dropped[0]["place"] == 4
    assert [(told.done, told.total, told.text) for told in outcome.progress] == [
        (1, 2, "half"),
        (2, 2, ""),
    ]
    assert outcome.said == ("first_ones: all is well",)
    assert outcome.findings == (Finding.of(ODD, "first_ones", [Row("image 1"), Row("image 3")]),)
    assert outcome.facts == {"dataset": KINDS.facts(data).of_fewer_images()}
    assert outcome.record.parameters == {"keep": 3, "seed": "of the step"}
    assert outcome.folder is None


def test_a_parameter_that_is_left_out_has_its_default() -> None:
    outcome = run_step(STEP, dataset=dataset())
    assert len(outcome.value.images) == 2
    assert outcome.record.parameters == {"keep": 2, "seed": ""}


def test_the_seed_of_the_bench_is_the_recipes() -> None:
    drawn = [run_step(STEP, Bench(seed=n), dataset=dataset()).notes["drawn"] for n in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"keep": 0}, r"with\.keep: 0 is less than the minimum"),
        ({"keeps": 1}, r"with\.keeps: unknown key 'keeps'\n    hint: did you mean 'keep'"),
        ({"dataset": None}, "the input 'dataset' is missing"),
        ({"dataset": (dataset(),)}, r"in\.dataset: takes one reference, found a list"),
        ({"dataset": Checkpoint(Path("x"), ())}, "is a checkpoint|is a Checkpoint|takes a"),
    ],
)
def test_what_a_recipe_would_refuse_is_refused(given: dict[str, Any], told: str) -> None:
    with pytest.raises(RecipeError, match=told):
        run_step(STEP, **{"dataset": dataset(), **given})


def test_json_in_place_of_a_value_is_refused_with_the_way_to_one() -> None:
    with pytest.raises(ValueError, match=r"'dataset' is a dict, .*coco_recipe\.testing\.dataset"):
        run_step(STEP, dataset=coco())


def test_books_that_do_not_close_stop_it() -> None:
    def lose(ctx: StepContext, *, dataset: Dataset, keep: int, seed: str) -> Mapping[str, Any]:
        return {"dataset": dataset.replace(annotations=dataset.annotations[1:])}

    with pytest.raises(StepError, match="2 annotations in"):
        run_step(replace(STEP, run=lose), dataset=dataset())


def test_a_function_that_lacks_a_parameter_is_refused() -> None:
    def lacks(ctx: StepContext, *, dataset: Dataset, keep: int) -> Mapping[str, Any]:
        return {"dataset": dataset}

    with pytest.raises(PluginError, match="seed"):
        run_step(replace(STEP, run=lacks), dataset=dataset())


def write_names(ctx: StepContext, *, parts: Mapping[str, Dataset]) -> Mapping[str, Any]:
    """Write the names of the parts."""
    for name, part in parts.items():
        (ctx.workdir / f"{name}.txt").write_text("\n".join(i.file_name for i in part.images))
    return {}


WRITER = Step(
    name="names",
    run=write_names,
    inputs=OpenPorts("parts", Dataset, reads_only=True),
    outputs={},
    writes=True,
)


def test_open_ports_are_given_as_a_mapping_and_files_stay_in_the_folder(tmp_path: Path) -> None:
    outcome = run_step(WRITER, Bench(tmp_path), parts={"a": dataset(), "b": dataset(coco(1))})
    assert outcome.folder == tmp_path / "steps/names"
    assert (outcome.folder / "a.txt").read_text() == "1.jpg\n2.jpg\n3.jpg"
    assert (outcome.folder / "b.txt").read_text() == "1.jpg"
    with pytest.raises(ValueError, match=r"gave the outputs \[\]"):
        outcome.value  # noqa: B018


def test_a_step_that_writes_wants_a_folder() -> None:
    with pytest.raises(ValueError, match=r"'names' writes files; .*Bench\(tmp_path\)"):
        run_step(WRITER, parts={"a": dataset()})


def join(ctx: StepContext, *, datasets: tuple[Dataset, ...], more: Any) -> Mapping[str, Any]:
    """Note how many there are."""
    ctx.note("given", [one.home for one in datasets])
    ctx.note("more", more is None)
    return {}


def test_a_port_of_many_takes_a_tuple_and_an_optional_one_none() -> None:
    inputs = {
        "datasets": Port(Dataset, many=True, reads_only=True),
        "more": Port(Dataset, optional=True, reads_only=True),
    }
    step = Step(name="join", run=join, inputs=inputs, outputs={})
    outcome = run_step(step, datasets=(dataset(home="b"), dataset(home="a")), more=None)
    assert outcome.notes == {"given": ["b", "a"], "more": True}
