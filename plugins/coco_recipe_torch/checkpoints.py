"""Checkpoints: read without running anything that is in them, checked tensor by tensor, written whole or not at all."""

import hashlib
import os
import pickle
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coco_recipe import sha256

if TYPE_CHECKING:
    import torch

    StateDict = Mapping[str, torch.Tensor]

MAX_PICKLE_BYTES = 64 * 2**20  # the structure of a checkpoint; tensors lie beside it
_STATE_KEYS = ("state_dict", "model", "model_state_dict", "module")


@dataclass(frozen=True, slots=True)
class Weights:
    """What a checkpoint file holds.

    Attributes:
        path: the file.
        state: tensors by key, on the CPU, mapped from the file where it allows.
        classes: class names in the order of the model's outputs; empty where the file doesn't say.
        meta: mmengine's ``meta``; empty where there is none.
        kind: which weights these are: ``plain`` or ``ema`` (mmengine's EMAHook puts the averaged ones into state_dict, and
            the raw ones beside it).
    """

    path: Path
    state: "StateDict"
    classes: tuple[str, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)
    kind: str = "plain"


def read(path: Path, *, expect_sha256: str = "", mmap: bool = True) -> Weights:
    """Read the weights of a checkpoint.

    Only tensors and plain values are made of what the file says; nothing in it is run, and there is no second try with
    less care.

    Args:
        path: a ``.pth`` (zip or legacy form) or ``.safetensors`` file.
        expect_sha256: hash of the file that was recorded; empty leaves it unchecked.
        mmap: map the tensors instead of copying them.

    Raises:
        ValueError: the file is damaged, not a checkpoint, holds something else than weights or numbers that are not
            finite, or has another hash; names the file.
    """
    raw = read_whole(path, expect_sha256=expect_sha256, mmap=mmap)
    meta = raw.get("meta") if isinstance(raw.get("meta"), dict) else {}
    wrapped = next((key for key in _STATE_KEYS if isinstance(raw.get(key), Mapping)), None)
    state = raw[wrapped] if wrapped else {key: value for key, value in raw.items() if key != "meta"}
    _check_state(path, state)
    return Weights(path, dict(state), _classes(meta or {}), meta or {}, "ema" if "ema_state_dict" in raw else "plain")


def read_whole(path: Path, *, expect_sha256: str = "", mmap: bool = True) -> dict[str, Any]:
    """Read all that a checkpoint holds (optimizer, counters), with the care of `read`; tensors in it are not checked.

    Raises:
        ValueError: as `read`.
    """
    if not path.is_file():
        raise ValueError(f"{path}: there is no such file")
    if path.stat().st_size == 0:
        raise ValueError(f"{path}: is empty")
    if expect_sha256 and sha256(path) != expect_sha256:
        raise ValueError(f"{path}: has not the SHA-256 that was recorded ({expect_sha256[:12]}...): it was changed or damaged")
    if path.suffix == ".safetensors":
        return _safetensors(path)
    is_zip = path.open("rb").read(4) == b"PK\x03\x04"
    if is_zip:
        _check_zip(path)
    return _load(path, mmap=mmap and is_zip)


def _check_zip(path: Path) -> None:
    """Refuse an archive that is cut off, compressed, or lies about its sizes; torch stores, it never compresses."""
    try:
        with zipfile.ZipFile(path) as archive:
            rows = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise ValueError(f"{path}: is cut off or damaged ({error})") from error
    size = path.stat().st_size
    if squeezed := [row.filename for row in rows if row.compress_type != zipfile.ZIP_STORED]:
        raise ValueError(f"{path}: {squeezed[0]} is compressed, which torch never does: a zip bomb, or not torch's file")
    if sum(row.file_size for row in rows) > size:
        raise ValueError(f"{path}: its parts claim {sum(row.file_size for row in rows)} bytes, the file has {size}")
    pickles = [row for row in rows if row.filename.endswith("data.pkl")]
    if len(pickles) != 1 or pickles[0].file_size > MAX_PICKLE_BYTES:
        raise ValueError(f"{path}: is no checkpoint of torch (one data.pkl of at most {MAX_PICKLE_BYTES} bytes)")


def _load(path: Path, *, mmap: bool) -> dict[str, Any]:
    import torch

    try:
        with torch.serialization.safe_globals(_allowed()):
            raw = torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
    except pickle.UnpicklingError as error:
        found = str(error).partition("Unsupported global: GLOBAL ")[2].split(" ")[0]
        what = f"wants to run {found}" if found else "can't be read as weights only"
        raise ValueError(f"{path}: {what}; it is refused, and nothing of it was run") from error
    except Exception as error:
        raise ValueError(f"{path}: can't be read: {type(error).__name__}: {str(error).splitlines()[0][:200]}") from error
    if not isinstance(raw, Mapping):
        raise ValueError(f"{path}: holds a {type(raw).__name__}, expected a state dict")
    return dict(raw)


def _allowed() -> list[Any]:
    """Return what a plain mmengine checkpoint needs beside tensors: numpy's scalars and arrays, and its log buffers."""
    import numpy as np

    known: list[Any] = [np.ndarray, np.dtype, np._core.multiarray._reconstruct, np._core.multiarray.scalar,  # type: ignore[attr-defined]
                        *{type(np.dtype(kind)) for kind in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "b1")}]
    try:
        from mmengine.logging.history_buffer import HistoryBuffer
    except ImportError:
        return known
    return [*known, HistoryBuffer]


def _safetensors(path: Path) -> dict[str, Any]:
    import json

    try:
        from safetensors import SafetensorError, safe_open
    except ImportError as error:
        raise ValueError(f"{path}: needs the package safetensors: pip install safetensors") from error
    try:
        with safe_open(path, framework="pt") as file:
            meta = json.loads((file.metadata() or {}).get("meta", "{}"))
            return {"meta": meta, "state_dict": {key: file.get_tensor(key) for key in file.keys()}}  # noqa: SIM118
    except (SafetensorError, ValueError) as error:
        raise ValueError(f"{path}: is cut off or damaged: {error}") from error


def _check_state(path: Path, state: Mapping[str, Any]) -> None:
    import torch

    if not state:
        raise ValueError(f"{path}: holds no weights")
    for key, value in state.items():
        if not isinstance(value, torch.Tensor):
            raise ValueError(f"{path}: {key} is a {type(value).__name__}, not a tensor")
        if value.numel() * value.element_size() > value.untyped_storage().nbytes():
            raise ValueError(f"{path}: {key} claims {tuple(value.shape)}, more than what is stored for it")
        # a sum in float64 is finite exactly if all are: nothing smaller can overflow it
        if value.is_floating_point() and not torch.isfinite(value.sum(dtype=torch.float64)):
            raise ValueError(f"{path}: {key} has values that are not finite")


def _classes(meta: Mapping[str, Any]) -> tuple[str, ...]:
    inner = meta.get("dataset_meta") if isinstance(meta.get("dataset_meta"), Mapping) else {}
    for table, key in ((inner, "classes"), (inner, "CLASSES"), (meta, "classes"), (meta, "CLASSES")):
        names = (table or {}).get(key)
        if isinstance(names, list | tuple) and all(isinstance(name, str) for name in names):
            return tuple(names)
    return ()


def fingerprint(state: "StateDict") -> str:
    """Return the SHA-256 over names, dtypes, shapes and bytes of tensors; their order and the file don't matter."""
    import torch

    total = hashlib.sha256()
    for key in sorted(state):
        tensor = state[key].detach().contiguous()
        total.update(f"{key}\0{tensor.dtype}\0{tuple(tensor.shape)}\0".encode())
        if tensor.numel():
            total.update(tensor.reshape(-1).view(torch.uint8).numpy())
    return total.hexdigest()


def write(path: Path, state: "StateDict", *, classes: Sequence[str] = (), meta: Mapping[str, Any] | None = None) -> str:
    """Write a clean checkpoint that mmengine loads strictly; return the SHA-256 of the file.

    Args:
        path: ``.pth`` or ``.safetensors``.
        state: tensors by key.
        classes: class names.
        meta: plain values to keep beside them.
    """
    import torch

    kept = {**(meta or {}), **({"dataset_meta": {"classes": list(classes)}} if classes else {})}
    temporary = path.with_name(f".{path.name}.partial")
    if path.suffix == ".safetensors":
        import json

        from safetensors.torch import save_file

        save_file({key: value.contiguous() for key, value in state.items()}, temporary,
                  {"format": "pt", "meta": json.dumps(kept)})
    else:
        with temporary.open("wb") as file:  # an open file: the bytes would depend on the path's name
            torch.save({"meta": kept, "state_dict": dict(state)}, file)
    with temporary.open("rb+") as file:
        os.fsync(file.fileno())
    os.replace(temporary, path)
    return sha256(path)
