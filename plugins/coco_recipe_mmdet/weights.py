"""Weights of a job: read and written by the torch plugin, which alone opens checkpoint files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a checkpoint's state dict and its ``meta``."""
    found = read_whole(str(path))
    return found.get("state_dict", found), found.get("meta", {})


def read_whole(path: str) -> dict[str, Any]:
    """Return all that a checkpoint holds, a state to resume from too.

    Raises:
        ValueError: the file is damaged, or can't be read without running code that is in it.
    """
    import torch

    try:
        found: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        found_code = "Unsupported" in str(error)
        reason = "holds code, which would have to run to read it" if found_code else f"can't be read: {type(error).__name__}"
        raise ValueError(f"the checkpoint {path} {reason}") from error
    return found


def write(path: Path, state: Mapping[str, Any], meta: Mapping[str, Any]) -> str:
    """Write a checkpoint; return the SHA-256 of the file."""
    import hashlib

    import torch

    torch.save({"meta": dict(meta), "state_dict": dict(state)}, path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(state: Mapping[str, Any]) -> str:
    """Return the SHA-256 over the tensors of a state dict."""
    import hashlib

    total = hashlib.sha256()
    for key in sorted(state):
        total.update(key.encode() + state[key].detach().cpu().contiguous().numpy().tobytes())
    return total.hexdigest()


def average(paths: Sequence[Path]) -> dict[str, Any]:
    """Return the uniform average of checkpoints."""
    states = [read(path)[0] for path in paths]
    return {key: sum(state[key].double() for state in states).div(len(states)).to(value.dtype) if value.is_floating_point()
            else value for key, value in states[-1].items()}


def differences(state: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Say in what a state dict differs from the one that a model wants."""
    faults = [f"{key} is missing" for key in wanted if key not in state]
    faults += [f"{key} is not in the model" for key in state if key not in wanted]
    faults += [f"{key} has shape {tuple(state[key].shape)}, the model's {tuple(wanted[key].shape)}"
               for key in wanted if key in state and state[key].shape != wanted[key].shape]
    return sorted(faults, key=lambda fault: " has shape " not in fault)
