"""Nothing in a checkpoint file is run."""

import os
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from coco_recipe_torch import checkpoints

torch = pytest.importorskip(
    "torch", reason="the training stack is not installed: make test does it"
)
from checkpoint_files import mmengine_like, refused, saved, state  # noqa: E402


class Runs:
    """Creates a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch '{self.marker}'",)


def os_system(folder: Path) -> Path:
    return saved(folder / "bad.pth", Runs(folder / "marker"))


def in_the_meta(folder: Path) -> Path:
    return saved(
        folder / "bad.pth",
        {"meta": {"log": [{"deep": Runs(folder / "marker")}]}, "state_dict": state()},
    )


def in_the_legacy_format(folder: Path) -> Path:
    content = {"state_dict": state(), "more": Runs(folder / "marker")}
    return saved(folder / "bad.pth", content, _use_new_zipfile_serialization=False)


def raw_pickle(folder: Path) -> Path:
    (folder / "bad.pth").write_bytes(pickle.dumps(Runs(folder / "marker")))
    return folder / "bad.pth"


def with_pickle(folder: Path, code: bytes) -> Path:
    """Write a checkpoint whose ``data.pkl`` is this one."""
    path = saved(folder / "good.pth", {"state_dict": state()})
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(folder / "bad.pth", "w") as new:
        for entry in old.infolist():
            new.writestr(
                entry.filename, code if entry.filename.endswith("data.pkl") else old.read(entry)
            )
    return folder / "bad.pth"


def builtin_eval(folder: Path) -> Path:
    line = f"open({str(folder / 'marker')!r}, 'w')".encode()
    text = len(line).to_bytes(4, "little") + line
    return with_pickle(folder, b"\x80\x02cbuiltins\neval\nX" + text + b"\x85R.")


def getattr_of_init(folder: Path) -> Path:
    """Ask for ``getattr(HistoryBuffer, "__init__")``, from which all of Python can be reached."""
    return with_pickle(
        folder,
        b"\x80\x02cbuiltins\ngetattr\ncmmengine.logging.history_buffer\nHistoryBuffer\n"
        b"X\x08\x00\x00\x00__init__\x86R.",
    )


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (os_system, "system, which no weights need"),
        (in_the_meta, "system, which no weights need"),
        (in_the_legacy_format, "system, which no weights need"),
        (raw_pickle, "is a bare pickle"),
        (builtin_eval, "asks for eval, which no weights need"),
        (getattr_of_init, "asks for getattr of '__init__', which no weights need"),
    ],
)
def test_code_in_a_file_is_refused_and_never_run(
    tmp_path: Path, make: Callable[[Path], Path], reason: str
) -> None:
    refused(make(tmp_path), reason)
    assert not (tmp_path / "marker").exists()


@pytest.mark.slow
def test_the_marker_does_appear_where_such_a_file_is_read_without_care(tmp_path: Path) -> None:
    path = os_system(tmp_path)
    subprocess.run(
        [sys.executable, "-c", f"import torch; torch.load({str(path)!r}, weights_only=False)"],
        check=True,
    )
    assert (tmp_path / "marker").exists()


def test_a_checkpoint_of_mmengine_is_read_and_changes_nothing_in_mmengine(tmp_path: Path) -> None:
    path = mmengine_like(tmp_path)
    found = checkpoints.read(path)
    assert found.classes == ("cat", "dog")
    assert found.kind == "plain"
    assert found.meta["epoch"] == 3
    assert found.meta["lr"] == 0.5
    assert all(torch.equal(found.state[key], tensor) for key, tensor in state().items())
    whole = checkpoints.read_whole(path, mmap=False)
    assert whole["message_hub"]["log_scalars"]["train/loss"]._log_history.tolist() == [1.5, 1.25]
    assert torch.equal(whole["optimizer"]["state"][0]["exp_avg"], torch.ones(20))


@pytest.mark.slow
def test_a_checkpoint_of_mmengine_is_read_where_mmengine_is_not_loaded(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from coco_recipe_torch import checkpoints; "
        f"found = checkpoints.read(Path({str(mmengine_like(tmp_path))!r})); "
        "assert 'mmengine' not in sys.modules; print(*found.classes)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "cat dog\n"


def test_the_format_before_torch_1_6_is_read(tmp_path: Path) -> None:
    content = {"meta": {"CLASSES": ["cat", "dog"]}, "state_dict": state()}
    found = checkpoints.read(
        saved(tmp_path / "old.pth", content, _use_new_zipfile_serialization=False)
    )
    assert found.classes == ("cat", "dog")
    assert all(torch.equal(found.state[key], tensor) for key, tensor in state().items())
