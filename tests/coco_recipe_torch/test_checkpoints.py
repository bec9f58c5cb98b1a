import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from builders import command
from coco_recipe_torch import checkpoints

from coco_recipe import Checkpoint, sha256

torch = pytest.importorskip(
    "torch", reason="the training stack is not installed: make test does it"
)
from checkpoint_files import mmengine_like, refused, saved, state  # noqa: E402


def test_a_flipped_bit_is_told_from_the_recorded_hash(tmp_path: Path) -> None:
    path = saved(tmp_path / "good.pth", {"state_dict": state()})
    (tmp_path / "recipe.yaml").write_text(
        json.dumps(
            {
                "coco_recipe": 1,
                "name": "mean",
                "inputs": {"w": {"checkpoint": "good.pth", "sha256": sha256(path)}},
                "steps": [{"id": "mean", "use": "average_weights", "in": "w"}],
            }
        )
    )
    assert command("run", "recipe.yaml", cwd=tmp_path).returncode == 0
    data = bytearray(path.read_bytes())
    data[data.index(state()["fc.weight"].numpy().tobytes()[64:128])] ^= 1
    path.write_bytes(data)
    refused(path, "is damaged: its entry")
    done = command("run", "recipe.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert "inputs.w.sha256: the SHA-256 of good.pth is " in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("before", [["a", "b"], ["b", "a", "c"], None])
def test_other_class_names_of_an_input_are_another_result(
    tmp_path: Path, before: list[str] | None
) -> None:
    saved(tmp_path / "bare.pth", {"state_dict": state()})

    def mean(classes: list[str] | None, folder: str) -> tuple[str, ...]:
        given = {"checkpoint": "bare.pth"} | ({"classes": classes} if classes else {})
        steps = [{"id": "mean", "use": "average_weights", "in": "w"}]
        recipe = {"coco_recipe": 1, "name": "mean", "inputs": {"w": given}, "steps": steps}
        (tmp_path / "recipe.yaml").write_text(json.dumps(recipe))
        done = command("run", "recipe.yaml", "--out", f"runs/{folder}", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        found = checkpoints.read(tmp_path / f"runs/{folder}/steps/mean/averaged.pth")
        return found.classes

    assert mean(before, "one") == tuple(before or ())
    assert mean(["b", "a"], "one") == ("b", "a"), "the folder's own result is another"
    assert mean(["a", "b"], "other") == ("a", "b"), "and so is that of a cache"
    assert mean(["b", "a"], "third") == ("b", "a")


def test_a_flipped_bit_in_a_result_is_found_by_the_next_run(tmp_path: Path) -> None:
    saved(tmp_path / "good.pth", {"state_dict": state()})
    (tmp_path / "recipe.yaml").write_text(
        json.dumps(
            {
                "coco_recipe": 1,
                "name": "mean",
                "inputs": {"w": {"checkpoint": "good.pth"}},
                "steps": [{"id": "mean", "use": "average_weights", "in": "w"}],
            }
        )
    )
    assert command("run", "recipe.yaml", cwd=tmp_path).returncode == 0
    path = tmp_path / "runs/mean/steps/mean/averaged.pth"
    good = path.read_bytes()
    data = bytearray(good)
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    done = command("run", "recipe.yaml", cwd=tmp_path)
    assert "averaged.pth has changed" in done.stderr
    assert path.read_bytes() == good


def test_a_flipped_bit_is_told_from_the_recorded_fingerprint_and_other_classes_from_the_names(
    tmp_path: Path,
) -> None:
    path = tmp_path / "good.pth"
    checkpoints.write(path, state(), ("cat", "dog"))
    good = Checkpoint(path, ("cat", "dog"), checkpoints.fingerprint(state()))
    assert checkpoints.read_checkpoint(good).classes == ("cat", "dog")
    with pytest.raises(
        ValueError,
        match=r"good\.pth: has other classes than recorded: cat, dog instead of dog, cat",
    ):
        checkpoints.read_checkpoint(Checkpoint(path, ("dog", "cat")))
    checkpoints.write(
        path, state() | {"fc.bias": torch.zeros(20, dtype=torch.float16)}, ("cat", "dog")
    )
    with pytest.raises(ValueError, match=r"good\.pth: its tensors are not those recorded"):
        checkpoints.read_checkpoint(good)


def stride_0(folder: Path) -> Path:
    return saved(folder / "bad.pth", {"state_dict": {"w": torch.zeros(1).expand(10**12)}})


def not_a_number(folder: Path) -> Path:
    return saved(
        folder / "bad.pth",
        {"state_dict": state() | {"fc.scale": torch.tensor([1.0, float("nan"), 2.0])}},
    )


def infinite(folder: Path) -> Path:
    return saved(
        folder / "bad.pth",
        state() | {"fc.scale": torch.full((3, 3), -float("inf"), dtype=torch.float16)},
    )


def not_a_tensor(folder: Path) -> Path:
    return saved(folder / "bad.pth", {"state_dict": state() | {"fc.names": "cat"}})


def quantized(folder: Path) -> Path:
    tensor = torch._make_per_tensor_quantized_tensor(torch.ones(3, dtype=torch.int8), 0.1, 0)
    return saved(folder / "bad.pth", {"state_dict": {"w": tensor}})


def sparse(folder: Path) -> Path:
    return saved(folder / "bad.pth", {"state_dict": {"w": torch.eye(3).to_sparse()}})


def shared_memory(folder: Path) -> Path:
    one = torch.ones(100_000)
    return saved(folder / "bad.pth", {"state_dict": {f"w{i}": one for i in range(50)}})


def no_weights(folder: Path) -> Path:
    return saved(folder / "bad.pth", {"meta": {"epoch": 3}, "state_dict": {}})


def only_a_meta(folder: Path) -> Path:
    return saved(folder / "bad.pth", {"meta": {"epoch": 3}})


def a_list(folder: Path) -> Path:
    return saved(folder / "bad.pth", [torch.ones(3)])


def a_text(folder: Path) -> Path:
    (folder / "bad.pth").write_text("weights: none\n")
    return folder / "bad.pth"


def a_pointer(folder: Path) -> Path:
    (folder / "bad.pth").write_text(
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n"
    )
    return folder / "bad.pth"


def only_an_average(folder: Path) -> Path:
    return saved(folder / "bad.pth", {"state_dict_ema": state(), "epoch": 3})


def a_teacher_and_a_student(folder: Path) -> Path:
    return saved(folder / "bad.pth", {"teacher": state(), "student": state()})


def arrays(folder: Path) -> Path:
    found = {key: value.numpy() for key, value in state().items()}
    return saved(folder / "bad.pth", {"model": found, "__author__": "Detectron2"})


def a_whole_model(folder: Path) -> Path:
    return saved(folder / "bad.pth", {"model": torch.nn.Linear(2, 2), "epoch": 1})


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (only_an_average, "['state_dict_ema']}, 'weights.pth')"),
        (a_teacher_and_a_student, "has weights under 'teacher' and 'student', expected them under"),
        (arrays, "is a ndarray, expected a tensor under a name (Detectron2"),
        (
            a_whole_model,
            "Linear, which no weights need; nothing of it was run. If it holds a whole",
        ),
        (stride_0, "'w' claims the shape (1000000000000,)"),
        (not_a_number, "'fc.scale' has a value that is not finite"),
        (infinite, "'fc.scale' has a value that is not finite"),
        (not_a_tensor, "'fc.names' is a str"),
        (sparse, "'w'"),
        (quantized, "'w' is not a plain dense tensor (quantized)"),
        (shared_memory, "share memory"),
        (no_weights, "has no weights"),
        (only_a_meta, "'meta' is a dict"),
        (a_list, "holds a list"),
        (a_text, "is not a checkpoint"),
        (a_pointer, "git lfs pull"),
        (lambda folder: folder / "none.pth", "there is no such file"),
    ],
)
def test_what_is_not_a_set_of_weights_is_refused(
    tmp_path: Path, make: Callable[[Path], Path], reason: str
) -> None:
    refused(make(tmp_path), reason)


def test_a_moving_average_is_told_from_plain_weights(tmp_path: Path) -> None:
    assert (
        checkpoints.read(
            mmengine_like(tmp_path, ema_state_dict={"module.fc.weight": torch.ones(3)})
        ).kind
        == "ema"
    )


@pytest.mark.parametrize(
    "content",
    [
        state(),
        {"model": state()},
        {"state_dict": {f"module.{key}": value for key, value in state().items()}},
    ],
)
def test_weights_are_found_bare_or_under_a_key_or_with_the_prefix_of_data_parallel(
    tmp_path: Path, content: Any
) -> None:
    found = checkpoints.read(saved(tmp_path / "a.pth", content))
    assert list(found.state) == list(state())


@pytest.mark.parametrize("ending", ["pth", "safetensors"])
def test_what_is_written_is_read_again_and_equal_weights_give_equal_bytes(
    tmp_path: Path, ending: str
) -> None:
    if ending == "safetensors":
        pytest.importorskip("safetensors")
    (tmp_path / "elsewhere").mkdir()
    one, two = tmp_path / f"one.{ending}", tmp_path / f"elsewhere/other-name.{ending}"
    meta = {"averaged": [{"share": 0.5, "weights": "plain"}]}
    digest = checkpoints.write(one, state(), ("cat", "dog"), meta)
    assert (
        checkpoints.write(
            two, {key: tensor.clone() for key, tensor in state().items()}, ["cat", "dog"], meta
        )
        == digest
    )
    assert one.read_bytes() == two.read_bytes()
    assert digest == sha256(one)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", one.name]
    found = checkpoints.read(one)
    assert found.classes == ("cat", "dog")
    assert found.meta["averaged"] == meta["averaged"]
    assert found.state.keys() == state().keys()
    for key, tensor in state().items():
        assert found.state[key].dtype == tensor.dtype
        assert torch.equal(found.state[key], tensor)


def test_a_view_is_written_without_the_rest_of_its_memory(tmp_path: Path) -> None:
    large = torch.zeros(1_000_000)
    checkpoints.write(
        tmp_path / "view.pth",
        {"w": large[:10], "same": large[:10], "columns": torch.ones(4, 6).t()},
    )
    assert (tmp_path / "view.pth").stat().st_size < 10_000
    found = checkpoints.read(tmp_path / "view.pth").state
    assert found["columns"].shape == (6, 4)
    assert torch.equal(found["same"], torch.zeros(10))


def test_the_fingerprint_does_not_depend_on_order_or_file_and_does_on_all_else(
    tmp_path: Path,
) -> None:
    known = checkpoints.fingerprint(state())
    assert checkpoints.fingerprint(dict(reversed(state().items()))) == known
    saved(tmp_path / "a.pth", {"state_dict": state(), "optimizer": {"x": 1}})
    saved(tmp_path / "b.pth", state(), _use_new_zipfile_serialization=False)
    for name in ("a.pth", "b.pth"):
        assert checkpoints.fingerprint(checkpoints.read(tmp_path / name).state) == known
    one_bit = state()
    one_bit["fc.weight"].view(torch.int32)[3, 4] ^= 1
    others = [
        one_bit,
        state() | {"fc.bias": torch.ones(20, dtype=torch.bfloat16)},
        state() | {"fc.bias": torch.ones(20)},
        state() | {"fc.weight": state()["fc.weight"].reshape(100, 20)},
        {"fc.weight": state()["fc.weight"]},
        state() | {"fc.more": torch.ones(1)},
    ]
    assert len({known, *map(checkpoints.fingerprint, others)}) == 7


def test_the_fingerprint_is_what_its_description_says() -> None:
    import hashlib
    import json

    lines = [
        json.dumps(
            [
                key,
                str(tensor.dtype),
                list(tensor.shape),
                hashlib.sha256(tensor.numpy().tobytes()).hexdigest(),
            ]
        )
        for key, tensor in sorted(state().items())
    ]
    assert checkpoints.fingerprint(state()) == hashlib.sha256("\n".join(lines).encode()).hexdigest()
