"""Read checkpoints without running anything of theirs, write them whole, compare tensors."""

import ctypes
import hashlib
import json
import os
import sys
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from mmap import MADV_DONTNEED, PAGESIZE
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from coco_recipe import Checkpoint, StepContext, sha256
from coco_recipe_torch import archive
from coco_recipe_torch.safe_load import read_whole

if TYPE_CHECKING:
    from torch import Tensor

State = Mapping[str, "Tensor"]
NOT_FINITE = "has a value that is not finite (NaN or infinite)"
_SHARED = 4  # so many times the file's bytes may tensors that share their memory add up to


@dataclass(frozen=True, slots=True)
class Weights:
    """What a checkpoint file holds of a model.

    Attributes:
        path: the file.
        state: CPU tensors by name, in the file's order; mapped from the file where they can be.
            Read only.
        classes: class names in the order of the model's outputs; empty where the file doesn't say.
        kind: "ema" where the file holds a moving average (mmengine's EMAHook puts it under
            ``state_dict``, and the raw weights under ``ema_state_dict``), else "plain".
        meta: the file's ``meta``, as read.
        mapped: the tensors are mapped from the file.
    """

    path: Path
    state: State
    classes: tuple[str, ...]
    kind: str
    meta: Mapping[str, Any]
    mapped: bool = False

    def release(self, key: str) -> None:
        """Give the memory of a mapped tensor back; it is read from the file again when needed."""
        # on memory that isn't a file's this would zero it
        if self.mapped and sys.platform == "linux":
            tensor = self.state[key]
            start = -(-tensor.data_ptr() // PAGESIZE) * PAGESIZE
            length = (tensor.data_ptr() + _bytes_of(tensor)) // PAGESIZE * PAGESIZE - start
            if length > 0 and tensor.is_contiguous():
                ctypes.CDLL(None).madvise(
                    ctypes.c_void_p(start), ctypes.c_size_t(length), MADV_DONTNEED
                )


def read(path: Path, *, finite: bool = True) -> Weights:
    """Read a model's weights.

    They are a state dict, one under ``state_dict`` or ``model``, or a safetensors file.

    Args:
        path: the file.
        finite: look at every value; False where the caller does.

    Raises:
        ValueError: see ``read_whole``; or there is no state dict, or a tensor is larger than its
            bytes, not dense, or has a value that is not finite. Names the file, the reason and the
            first such key.
    """
    kind_of_file = archive.kind_of(path)
    content = read_whole(path)
    raw_meta = content.get("meta")
    meta: Mapping[str, Any] = raw_meta if isinstance(raw_meta, Mapping) else {}
    found = next(
        (content[key] for key in ("state_dict", "model") if isinstance(content.get(key), Mapping)),
        content,
    )
    if not found:
        raise ValueError(f"{path}: has no weights")
    if found is content and (elsewhere := _elsewhere(path, content)):
        raise ValueError(f"{path}: {elsewhere}")
    state: OrderedDict[str, Tensor] = OrderedDict()
    prefix = "module." if all(str(key).startswith("module.") for key in found) else ""
    for key, tensor in found.items():
        reason = _fault(key, tensor)
        if reason or (finite and not is_finite(tensor)):
            reason = reason or NOT_FINITE
            raise ValueError(f"{path}: {key!r} {reason}")
        state[key.removeprefix(prefix)] = tensor.detach()
    total, size = sum(_bytes_of(tensor) for tensor in state.values()), path.stat().st_size
    if total > _SHARED * max(size, 2**16):
        raise ValueError(
            f"{path}: its tensors share memory and would be written as {total} bytes, the file "
            f"has {size}"
        )
    if hasattr(found, "_metadata") and not prefix:
        # the versions of modules, as torch keeps them
        state._metadata = found._metadata  # type: ignore[attr-defined]
    kind = "ema" if "ema_state_dict" in content or meta.get("ema") is True else "plain"
    return Weights(path, state, _classes(meta), kind, meta, mapped=kind_of_file == "zip")


def read_checkpoint(checkpoint: Checkpoint, *, checked: bool = True) -> Weights:
    """Read the weights of a step's input, and hold them against what is recorded of it.

    Args:
        checkpoint: the input.
        checked: look at every value, and at the fingerprint; False where the caller looks at the
            values while it uses them.

    Raises:
        ValueError: see ``read``; or the file's class names, or its tensors, are not those recorded.
    """
    weights = read(checkpoint.path, finite=checked)
    if checkpoint.classes and weights.classes and checkpoint.classes != weights.classes:
        raise ValueError(
            f"{checkpoint.path}: has other classes than recorded: {_listed(weights.classes)} "
            f"instead of {_listed(checkpoint.classes)}"
        )
    if (
        checked
        and checkpoint.fingerprint
        and (found := fingerprint(weights.state)) != checkpoint.fingerprint
    ):
        raise ValueError(
            f"{checkpoint.path}: its tensors are not those recorded: SHA-256 {found[:12]}... "
            f"instead of {checkpoint.fingerprint[:12]}...; the file was changed or damaged: make "
            "it again"
        )
    return replace(weights, classes=weights.classes or checkpoint.classes)


def fingerprint(state: State) -> str:
    """Return the SHA-256 over names, dtypes, shapes and bytes of tensors, in any order."""
    with ThreadPoolExecutor(min(os.cpu_count() or 1, 8)) as pool:
        lines = sorted(pool.map(_line, state, state.values()))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _line(name: str, tensor: "Tensor") -> str:
    """Return a tensor's line of a fingerprint: ``[name, dtype, shape, SHA-256 of the bytes]``."""
    import torch

    data = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
    return json.dumps(
        [name, str(tensor.dtype), list(tensor.shape), hashlib.sha256(data).hexdigest()]
    )


def write(
    path: Path,
    state: State,
    classes: Sequence[str] = (),
    meta: Mapping[str, Any] | None = None,
    *,
    flush: bool = True,
) -> str:
    """Write weights and class names, as mmengine reads them, or safetensors by the ending.

    The file appears under its name when it is whole. Equal weights give equal bytes.

    Args:
        path: where to.
        state: the tensors by name.
        classes: class names in the order of the model's outputs.
        meta: more plain values for the file's ``meta``; in safetensors, those that JSON has.
        flush: wait until it is on the disk; False where the caller does.

    Returns:
        The SHA-256 of the file.
    """
    temporary = path.with_name(f".{path.name}.partial")
    alone = _own_bytes(state)
    kept = dict(meta or {}) | ({"dataset_meta": {"classes": tuple(classes)}} if classes else {})
    if path.suffix == ".safetensors":
        from safetensors.torch import save_file

        # one entry of metadata: safetensors writes several in any order
        save_file(dict(alone), temporary, {"meta": json.dumps(kept, ensure_ascii=False)})
        digest = sha256(temporary)
    else:
        import torch

        # given a file, not a name, torch writes the same bytes whatever the name
        with temporary.open("wb") as file, ThreadPoolExecutor(1) as pool:
            torch.save({"meta": kept, "state_dict": alone}, hashing := _Hashing(file, pool))
        digest = hashing.sha256.hexdigest()
    if flush:
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
    os.replace(temporary, path)
    return digest


def made_by(lineage: str) -> dict[str, str]:
    """Return the part of a checkpoint's ``meta`` that says what it was made of.

    ``coco-recipe whence`` reads it. Nothing is said where the lineage is empty.
    """
    return {"coco_recipe": lineage} if lineage else {}


def make_checkpoint(
    ctx: StepContext,
    name: str,
    state: State,
    *,
    classes: Sequence[str],
    label: str = "",
    meta: Mapping[str, Any] | None = None,
) -> Checkpoint:
    """Write a step's output checkpoint, which the run flushes; return it with its fingerprint."""
    path = ctx.workdir / name
    with ThreadPoolExecutor(1) as pool:
        print_ = pool.submit(fingerprint, state)
        told = {**(meta or {}), **made_by(ctx.lineage)}
        ctx.wrote(path, write(path, state, classes, told, flush=False))
    return Checkpoint(path, tuple(classes), print_.result(), label)


def like(state: State, tensors: Mapping[str, "Tensor"]) -> State:
    """Return ``tensors`` as a state dict with the module versions that ``state`` has."""
    made: OrderedDict[str, Tensor] = OrderedDict(tensors)
    if hasattr(state, "_metadata"):
        made._metadata = state._metadata  # type: ignore[attr-defined]
    return made


class _Hashing:
    """A file for writing that hashes what passes, long pieces while they are being written."""

    def __init__(self, file: IO[bytes], pool: ThreadPoolExecutor) -> None:
        self.file, self.pool, self.sha256 = file, pool, hashlib.sha256()

    def write(self, data: bytes) -> int:
        if len(data) < 2**16:
            self.sha256.update(data)
            return self.file.write(data)
        hashed = self.pool.submit(self.sha256.update, data)
        written = self.file.write(data)
        hashed.result()  # the memory behind data is torch's, and is gone once this returns
        return written

    def flush(self) -> None:
        self.file.flush()


def _elsewhere(path: Path, content: Mapping[str, Any]) -> str:
    """Say where a file has weights that nobody looks for; empty where it has none such."""
    import torch

    places = [
        str(key)
        for key, part in content.items()
        if isinstance(part, Mapping)
        and any(isinstance(value, torch.Tensor) for value in part.values())
    ]
    if not places:
        return ""
    one = f"torch.load({path.name!r}, weights_only=True)[{places[0]!r}]"
    return (
        f"has weights under {' and '.join(map(repr, places))}, expected them under 'state_dict' or "
        f"'model'; put those there that you want: torch.save({{'state_dict': {one}}}, "
        "'weights.pth')"
    )


def _fault(key: Any, tensor: Any) -> str:
    """Return what is wrong with an entry of a state dict; empty if nothing is."""
    import torch

    if not isinstance(key, str) or not isinstance(tensor, torch.Tensor):
        kind = type(tensor).__name__
        of_other = " (Detectron2 writes arrays; its models aren't mmdet's)" * (kind == "ndarray")
        return f"is a {kind}, expected a tensor under a name{of_other}"
    if (
        tensor.layout != torch.strided
        or tensor.device.type != "cpu"
        or tensor.is_quantized
        or tensor.is_nested
        or (tensor.is_conj() or tensor.is_neg())
    ):
        kind = "quantized" if tensor.is_quantized else f"{tensor.layout}, {tensor.device}"
        return f"is not a plain dense tensor ({kind})"
    if _bytes_of(tensor) > tensor.untyped_storage().nbytes():
        return (
            f"claims the shape {tuple(tensor.shape)}, {_bytes_of(tensor)} bytes, and has "
            f"{tensor.untyped_storage().nbytes()}"
        )
    return ""


def _bytes_of(tensor: "Tensor") -> int:
    return int(tensor.numel()) * int(tensor.element_size())


def is_finite(tensor: "Tensor") -> bool:
    """Tell whether no value is NaN or infinite."""
    import torch

    if not tensor.numel() or not (tensor.is_floating_point() or tensor.is_complex()):
        return True
    if tensor.is_complex():
        return bool(torch.isfinite(tensor).all())
    # least and greatest are NaN if any value is; 40 times as fast as isfinite
    least, greatest = torch.aminmax(tensor if tensor.element_size() > 1 else tensor.float())
    return bool(torch.isfinite(least) and torch.isfinite(greatest))


def _classes(meta: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the class names in a file's meta: mmdet 3.x's ``dataset_meta``, or ``CLASSES``."""
    inner = meta.get("dataset_meta")
    for place in (inner if isinstance(inner, Mapping) else {}, meta):
        for key in ("classes", "CLASSES"):
            names = place.get(key)
            if isinstance(names, list | tuple) and all(isinstance(name, str) for name in names):
                return tuple(names)
    return ()


def _own_bytes(state: State) -> State:
    """Return the tensors with no memory but their own, so that no more than them is written."""
    import torch

    seen: set[int] = set()
    alone = {}
    for name, tensor in state.items():
        place = tensor.untyped_storage().data_ptr()
        shared = place in seen or tensor.untyped_storage().nbytes() != _bytes_of(tensor)
        own = tensor.clone(memory_format=torch.contiguous_format) if shared else tensor.contiguous()
        alone[name] = own.detach().cpu()
        seen.add(place)
    return like(state, alone)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
