"""Import one heavy library and print what came of it: ``python -P probe.py NAME``."""

import json
import os
import sys
import sysconfig
from collections.abc import Callable
from importlib import metadata
from typing import Any


def versions() -> dict[str, Any]:
    """Return each package's version, the interpreter's, and whether there are its headers."""
    first_wins = reversed(list(metadata.distributions()))
    found = {
        str(row.metadata["Name"]).lower().replace("_", "-"): row.version
        for row in first_wins
        if row.metadata["Name"]
    }
    headers = os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h"))
    return {"packages": found, "python": sys.version.split()[0], "headers": headers}


def albumentations() -> dict[str, Any]:
    """One flip."""
    import albumentations as A
    import numpy as np

    A.Compose([A.HorizontalFlip(p=1)])(image=np.zeros((8, 8, 3), np.uint8))
    return {"version": A.__version__}


def cv2() -> dict[str, Any]:
    """One encoded picture."""
    import cv2
    import numpy as np

    cv2.imencode(".jpg", np.zeros((8, 8, 3), np.uint8))
    return {"version": cv2.__version__}


def torch() -> dict[str, Any]:
    """The build, whether it goes with numpy, and the GPUs that it sees."""
    import numpy as np
    import torch

    torch.from_numpy(np.zeros(3)).sum().item()
    gpus = []
    if torch.cuda.is_available():
        for i in range(torch.cuda.device_count()):
            about = torch.cuda.get_device_properties(i)
            gpus.append(
                {
                    "name": about.name,
                    "memory_bytes": about.total_memory,
                    "capability": f"{about.major}.{about.minor}",
                }
            )
        torch.zeros(8, device="cuda").sum().item()
    return {"version": torch.__version__, "cuda": torch.version.cuda, "gpus": gpus}


def operators() -> dict[str, Any]:
    """Try mmcv's operators: non-maximum suppression of two boxes, on the CPU and a GPU."""
    import mmcv
    import mmcv.ops
    import torch

    boxes, scores = torch.tensor([[0.0, 0, 9, 9], [0, 0, 9, 8]]), torch.tensor([0.9, 0.8])
    if mmcv.ops.nms(boxes, scores, 0.5)[1].tolist() != [0]:
        raise RuntimeError("non-maximum suppression gives a wrong answer")
    on_gpu = ""
    if torch.cuda.is_available():
        try:
            mmcv.ops.nms(boxes.cuda(), scores.cuda(), 0.5)
        except Exception as error:  # built without CUDA: still good for the CPU
            on_gpu = str(error).strip().splitlines()[0]
    return {"version": mmcv.__version__, "gpu_error": on_gpu}


def mmdet() -> dict[str, Any]:
    """All models, data sets and transforms registered."""
    import mmdet
    from mmdet.utils import register_all_modules

    register_all_modules(init_default_scope=True)
    return {"version": mmdet.__version__}


PROBES: dict[str, Callable[[], dict[str, Any]]] = {
    "versions": versions,
    "albumentations": albumentations,
    "cv2": cv2,
    "torch": torch,
    "operators": operators,
    "mmdet": mmdet,
}


def main(name: str) -> None:
    """Print one line: what the probe found, or ``{"error": ...}``."""
    out = os.dup(1)
    os.dup2(2, 1)  # what libraries print must not get between
    try:
        answer = PROBES[name]()
    except BaseException as error:
        reason = " ".join(str(error).split())
        answer = {"error": f"{type(error).__name__}: {reason}"[:400]}
    os.write(out, json.dumps(answer).encode() + b"\n")


if __name__ == "__main__":
    main(sys.argv[1])
