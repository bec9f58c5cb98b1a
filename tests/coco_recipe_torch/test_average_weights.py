import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from builders import command, recorded

torch = pytest.importorskip(
    "torch", reason="the training stack is not installed: make test does it"
)

from coco_recipe_torch import average_weights, checkpoints  # noqa: E402

from coco_recipe import Checkpoint, Facts, StepProblems  # noqa: E402
from coco_recipe.language.schema_check import with_defaults  # noqa: E402
from coco_recipe.running.context import Context  # noqa: E402


def states(count: int = 3, dtype: Any = None) -> list[dict[str, Any]]:
    """Return state dicts with a tensor longer than what is averaged at a time, a batch norm and an
    odd shape.
    """
    made = []
    for number in range(count):
        random = torch.Generator().manual_seed(number)
        made.append(
            {
                key: torch.randn(shape, generator=random).to(dtype or torch.float32)
                for key, shape in {
                    "conv.weight": (600, 1000),
                    "fc.bias": (7,),
                    "scale": (),
                    "none": (0, 4),
                    "bn.running_mean": (5,),
                    "bn.running_var": (5,),
                    "ema.steps_mean": (3,),
                }.items()
            }
            | {"bn.num_batches_tracked": torch.tensor(10 + number)}
        )
    return made


def run(
    folder: Path,
    given: Sequence[Mapping[str, Any]],
    *,
    classes: Sequence[Sequence[str]] = (),
    labels: Sequence[str] = (),
    meta: Mapping[str, Any] | None = None,
    **parameters: Any,
) -> tuple[checkpoints.Weights, Context]:
    """Write checkpoints of epochs 1, 2, ..., and run the step on them; return what it made and what
    it noted.
    """
    inputs = []
    for number, state in enumerate(given):
        label = labels[number] if labels else f"epoch_{number + 1}"
        path = folder / f"{label}.pth"
        checkpoints.write(path, state, classes[number] if classes else ("cat", "dog"), meta)
        inputs.append(Checkpoint(path, label=label))
    with_ = dict.fromkeys(average_weights.PARAMS["properties"]) | with_defaults(
        average_weights.PARAMS, parameters
    )
    context = Context("mean", 0, folder)
    made = average_weights.STEP.run(context, checkpoints=tuple(inputs), **with_)["checkpoint"]
    found = checkpoints.read(made.path)
    assert made.fingerprint == checkpoints.fingerprint(found.state)
    assert made.classes == found.classes
    return found, context


def uniform(xs: Sequence[Any]) -> Any:
    return sum(x.double() for x in xs) / len(xs)


def weighted(xs: Sequence[Any]) -> Any:
    return (1.0 * xs[0].double() + 0.25 * xs[1].double() + 3.0 * xs[2].double()) / 4.25


def sequential(xs: Sequence[Any]) -> Any:
    total = xs[0].double()
    for x in xs[1:]:
        total = total * (1 - 0.7) + 0.7 * x.double()
    return total


def ema(xs: Sequence[Any]) -> Any:
    total = xs[0].double()
    for x in xs[1:]:
        total = 0.9 * total + (1 - 0.9) * x.double()
    return total


@pytest.mark.parametrize(
    ("formula", "parameters"),
    [
        (uniform, {}),
        (weighted, {"method": "weighted", "weights": [1, 0.25, 3]}),
        (sequential, {"method": "sequential", "alpha": 0.7}),
        (ema, {"method": "ema", "decay": 0.9}),
    ],
)
@pytest.mark.parametrize("ending", ["pth", "safetensors"])
def test_the_average_is_that_of_a_plain_computation_to_the_last_bit(
    tmp_path: Path, formula: Any, parameters: Mapping[str, Any], ending: str
) -> None:
    if ending == "safetensors":
        pytest.importorskip("safetensors")
    given = states()
    found, _ = run(tmp_path, given, format=ending, **parameters)
    assert found.path.name == f"averaged.{ending}"
    assert found.state.keys() == given[0].keys()
    for key in given[0]:
        if key != "bn.num_batches_tracked":
            assert torch.equal(
                found.state[key], formula([state[key] for state in given]).float()
            ), key
    assert found.state["bn.num_batches_tracked"] == 12
    assert not torch.equal(found.state["fc.bias"], given[-1]["fc.bias"])


def test_the_notebooks_blend_is_taken_from_its_epochs(tmp_path: Path) -> None:
    given = states(12)
    found, context = run(tmp_path, given, method="sequential", alpha=0.7, epochs=[10, 11, 12])
    for key in ("conv.weight", "fc.bias", "scale", "bn.running_mean"):
        assert torch.equal(
            found.state[key], sequential([state[key] for state in given[9:]]).float()
        )
    assert [(row["checkpoint"], row["share"]) for row in context.notes["averaged"]] == [
        ("epoch_10", 0.09),
        ("epoch_11", 0.21),
        ("epoch_12", 0.7),
    ]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_sums_of_other_types_do_not_overflow_and_keep_their_type(
    tmp_path: Path, dtype: str
) -> None:
    kind = getattr(torch, dtype)
    given = [
        {
            key: tensor * 20000 if tensor.is_floating_point() else tensor
            for key, tensor in state.items()
        }
        for state in states(dtype=kind)
    ]
    given = [
        {
            key: tensor.clamp(-60000, 60000) if tensor.is_floating_point() else tensor
            for key, tensor in state.items()
        }
        for state in given
    ]
    assert (given[0]["conv.weight"].double() + given[1]["conv.weight"].double()).abs().max() > 65504
    found, _ = run(tmp_path, given)
    for key in ("conv.weight", "fc.bias"):
        assert found.state[key].dtype == kind
        assert torch.equal(found.state[key], uniform([state[key] for state in given]).to(kind))


def test_floats_of_8_bits_are_averaged_as_others_are(tmp_path: Path) -> None:
    kind = torch.float8_e4m3fn
    given = [{"w": torch.tensor(values).to(kind)} for values in ([1.0, 400.0], [3.0, 240.0])]
    found, _ = run(tmp_path, given)
    assert found.state["w"].dtype == kind
    assert found.state["w"].float().tolist() == [2.0, 320.0]


@pytest.mark.parametrize("batch_norm", ["average", "last"])
def test_statistics_of_batch_norms_are_averaged_or_the_last_ones(
    tmp_path: Path, batch_norm: str
) -> None:
    given = states()
    found, _ = run(tmp_path, given, batch_norm=batch_norm)
    for key in ("bn.running_mean", "bn.running_var"):
        average_of_all = uniform([state[key] for state in given]).float()
        assert torch.equal(
            found.state[key], given[-1][key] if batch_norm == "last" else average_of_all
        )
    assert torch.equal(
        found.state["ema.steps_mean"], uniform([state["ema.steps_mean"] for state in given]).float()
    )


@pytest.mark.slow
def test_the_last_so_many_are_taken_and_the_inputs_stay_as_they_are(tmp_path: Path) -> None:
    given = states(4)
    found, context = run(tmp_path, given, last=2)
    assert torch.equal(
        found.state["fc.bias"], uniform([state["fc.bias"] for state in given[2:]]).float()
    )
    assert [row["checkpoint"] for row in context.notes["averaged"]] == ["epoch_3", "epoch_4"]
    for number, state in enumerate(given, 1):
        assert checkpoints.fingerprint(
            checkpoints.read(tmp_path / f"epoch_{number}.pth").state
        ) == checkpoints.fingerprint(state)


def test_one_alone_comes_out_as_it_was(tmp_path: Path) -> None:
    given = states(1)
    found, _ = run(tmp_path, given)
    assert checkpoints.fingerprint(found.state) == checkpoints.fingerprint(given[0])


def test_which_weights_were_taken_is_said_where_files_hold_a_moving_average(tmp_path: Path) -> None:
    _, context = run(tmp_path, states(2), meta={"ema": True})
    assert [row["weights"] for row in context.notes["averaged"]] == ["ema", "ema"]
    one, two = (Checkpoint(tmp_path / f"epoch_{n}.pth") for n in (1, 2))
    checkpoints.write(two.path, states(2)[1], ("cat", "dog"))
    again = Context("mean", 0, tmp_path)
    with_ = dict.fromkeys(average_weights.PARAMS["properties"]) | with_defaults(
        average_weights.PARAMS, {}
    )
    average_weights.STEP.run(again, checkpoints=(one, two), **with_)
    assert [row["weights"] for row in again.notes["averaged"]] == ["ema", "plain"]
    assert "moving average" in again.notes["mixed"]


def lacks_a_key(state: dict[str, Any]) -> None:
    del state["fc.bias"]


def has_one_more(state: dict[str, Any]) -> None:
    state["fc.more"] = torch.ones(1)


def has_another_shape(state: dict[str, Any]) -> None:
    state["scale"] = torch.ones(1)


def would_broadcast(state: dict[str, Any]) -> None:
    state["fc.bias"] = torch.ones(1)


def has_another_type(state: dict[str, Any]) -> None:
    state["fc.bias"] = state["fc.bias"].half()


def is_not_a_number(state: dict[str, Any]) -> None:
    state["fc.bias"][3] = float("nan")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lacks_a_key, r"epoch_2\.pth has no 'fc\.bias', which .*epoch_1\.pth has"),
        (has_one_more, r"epoch_2\.pth has 'fc\.more', which .*epoch_1\.pth has not"),
        (
            has_another_shape,
            r"epoch_2\.pth: 'scale' is \(1,\) torch\.float32, in .*epoch_1\.pth \(\) "
            r"torch\.float32",
        ),
        (
            would_broadcast,
            r"epoch_2\.pth: 'fc\.bias' is \(1,\) torch\.float32, in .*epoch_1\.pth \(7,\) "
            r"torch\.float32",
        ),
        (
            has_another_type,
            r"epoch_2\.pth: 'fc\.bias' is \(7,\) torch\.float16, in .*epoch_1\.pth \(7,\) "
            r"torch\.float32",
        ),
        (is_not_a_number, r"epoch_2\.pth: 'fc\.bias' has a value that is not finite"),
    ],
)
def test_checkpoints_that_differ_are_refused_naming_the_first(
    tmp_path: Path, change: Any, reason: str
) -> None:
    given = states()
    change(given[1])
    with pytest.raises(ValueError, match=reason):
        run(tmp_path, given)
    assert not (tmp_path / "averaged.pth").exists()


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (
            [["cat", "dog"], ["dog", "cat"]],
            r"epoch_2\.pth differs from .*epoch_1\.pth: class 0 is 'dog', not 'cat'",
        ),
        ([["cat", "dog"], ["cat"]], r"epoch_2\.pth differs from .*epoch_1\.pth: 1 classes, not 2"),
    ],
)
def test_checkpoints_of_other_classes_are_refused(
    tmp_path: Path, names: Sequence[Sequence[str]], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        run(tmp_path, states(2), classes=names)


def test_class_names_come_from_the_file_that_has_them(tmp_path: Path) -> None:
    found, _ = run(tmp_path, states(2), classes=[[], ["cat", "dog"]])
    assert found.classes == ("cat", "dog")


def test_the_detectors_config_travels_along_so_that_evaluate_can_build_it(tmp_path: Path) -> None:
    found, _ = run(tmp_path, states(2), meta={"cfg": "model = {}", "epoch": 3})
    assert found.meta["cfg"] == "model = {}"
    assert "epoch" not in found.meta


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"last": 4}, "last: 4 checkpoints are asked for, there are 3"),
        (
            {"epochs": [2, 9]},
            r"epochs\[1\]: there is no checkpoint of epoch 9; there are: epoch_1, epoch_2, epoch_3",
        ),
        ({"method": "weighted", "weights": [1, 2]}, "weights: are 2 numbers for 3 checkpoints"),
    ],
)
def test_a_choice_that_is_not_there_is_refused(
    tmp_path: Path, parameters: Mapping[str, Any], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        run(tmp_path, states(), **parameters)


def recipe(folder: Path, given: Sequence[Mapping[str, Any]], **with_: Any) -> Path:
    inputs = {}
    for number, state in enumerate(given):
        checkpoints.write(folder / f"{number}.pth", state)
        inputs[f"w{number}"] = {"checkpoint": f"{number}.pth", "classes": ["cat", "dog"]}
    path = folder / "recipe.yaml"
    path.write_text(
        json.dumps(
            {
                "coco_recipe": 1,
                "name": "test",
                "inputs": inputs,
                "steps": [
                    {
                        "id": "mean",
                        "use": "average_weights",
                        "in": {"checkpoints": list(inputs)},
                        "with": with_,
                    }
                ],
            }
        )
    )
    return path


@pytest.mark.slow
def test_a_recipe_averages_checkpoints_that_it_is_given(tmp_path: Path) -> None:
    given = states()
    path = recipe(tmp_path, given, last=2)
    done = command("run", path, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    step = tmp_path / "runs/test/steps/mean"
    found = checkpoints.read(step / "averaged.pth")
    assert torch.equal(
        found.state["fc.bias"], uniform([state["fc.bias"] for state in given[1:]]).float()
    )
    assert found.classes == ("cat", "dog")
    notes = recorded(step).notes
    assert [(row["checkpoint"], row["share"]) for row in notes["averaged"]] == [
        ("w1", 0.5),
        ("w2", 0.5),
    ]
    again = command("run", path, cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    checkpoints.write(tmp_path / "2.pth", given[0])
    assert command("run", path, cwd=tmp_path).returncode == 0
    changed = checkpoints.read(step / "averaged.pth").state["fc.bias"]
    assert torch.equal(changed, uniform([given[1]["fc.bias"], given[0]["fc.bias"]]).float()), (
        "a changed input is averaged anew"
    )


@pytest.mark.parametrize(
    ("with_", "place", "reason"),
    [
        (
            {"epochs": [12]},
            "with.epochs[0]",
            "there is no checkpoint of epoch 12\n    hint: there are: w0, w1",
        ),
        ({"last": 3}, "with.last", "3 checkpoints are asked for, there are 2\n    hint: last: 2"),
        (
            {"method": "weighted", "weights": [1, 2, 3]},
            "with.weights",
            "are 3 numbers for 2 checkpoints",
        ),
    ],
)
def test_checkpoints_that_will_not_be_there_are_missed_before_anything_runs(
    tmp_path: Path, with_: Mapping[str, Any], place: str, reason: str
) -> None:
    done = command("plan", recipe(tmp_path, states(2), **with_), cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert f"steps[0].{place}: step 'mean' (average_weights): {reason}" in done.stderr


def test_of_a_training_whose_epochs_the_recipe_says_the_checkpoints_are_known(
    tmp_path: Path,
) -> None:
    known = Facts(("cat", "dog"), labels=("epoch_3", "epoch_6", "epoch_7"))
    params = with_defaults(average_weights.PARAMS, {"last": 5})
    with pytest.raises(StepProblems, match="last: 5 checkpoints are asked for, there are 4"):
        average_weights.STEP.foresee(params, {"checkpoints": (known, Facts(labels=("soup",)))})
    made = average_weights.STEP.foresee(params, {"checkpoints": (known, Facts())})
    assert made["checkpoint"] == Facts(("cat", "dog"), labels=("average",))


@pytest.mark.parametrize(
    ("with_", "reason"),
    [
        ({"alpha": 0.7}, "goes with 'method: sequential'"),
        ({"method": "sequential"}, "'sequential' needs 'alpha'"),
        ({"method": "ema"}, "'ema' needs 'decay'"),
        ({"method": "weighted"}, "'weighted' needs 'weights'"),
        ({"last": 2, "epochs": [1]}, "stands beside 'epochs'"),
        ({"method": "weighted", "weights": [0, 0, 0]}, "add up to 0"),
        (
            {"method": "weighted", "weights": [1, 2, 3], "last": 2},
            "are 3 numbers for 2 checkpoints",
        ),
        ({"method": "sequential", "alpha": 1.5}, "alpha"),
    ],
)
def test_validate_finds_what_does_not_go_together(
    tmp_path: Path, with_: Mapping[str, Any], reason: str
) -> None:
    done = command("validate", recipe(tmp_path, states(1), **with_), cwd=tmp_path)
    assert done.returncode == 2, done.stdout
    assert reason in done.stderr
