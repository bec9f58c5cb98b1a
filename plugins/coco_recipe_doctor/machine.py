"""Find what this machine has, by the standard library and by processes of their own."""

import json
import os
import platform
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROBE = Path(__file__).with_name("probe.py")
FONT = "from coco_recipe_pictures.sheet.fonts import find_font; print(find_font('瓶盖破损') or '')"
HEAVY = {
    "albumentations": ("albumentations",),
    "torch": ("torch",),
    "cv2": (
        "opencv-python",
        "opencv-python-headless",
        "opencv-contrib-python",
        "opencv-contrib-python-headless",
    ),
    "operators": ("onedl-mmcv", "mmcv", "mmcv-full", "mmcv-lite"),
    "mmdet": ("onedl-mmdetection", "mmdet"),
}


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine without its Python packages; sizes in bytes, ``None`` where they aren't known."""

    platform: str
    cores: int
    memory: int | None
    shared_memory: int | None
    disk_free: int
    compiler: str
    nvcc: str
    driver: tuple[str, ...]
    has_apt: bool
    font: str
    font_error: str = ""


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found.

    Attributes:
        python: the interpreter.
        machine: the machine.
        packages: versions by name.
        probes: what importing each library gave, or its ``error``.
    """

    python: str
    machine: Machine
    packages: Mapping[str, str]
    probes: Mapping[str, Mapping[str, Any]]

    def error(self, probe: str) -> str:
        """Return why a library can't be used; empty if it can."""
        return str(self.probes.get(probe, {"error": "isn't installed"}).get("error", ""))


def look(python: str = sys.executable, *, seconds: float = 120) -> Findings:
    """Look at the machine, and at the packages of an interpreter.

    Args:
        python: the interpreter.
        seconds: what takes longer to import is said to hang.

    Raises:
        ValueError: the interpreter doesn't run.
    """
    here = probe(python, "versions", seconds)
    if "error" in here:
        raise ValueError(f"{python}: {here['error']}")
    packages = here["packages"]
    names = [name for name, dists in HEAVY.items() if any(dist in packages for dist in dists)]
    with ThreadPoolExecutor(2) as pool:
        answers = dict(
            zip(names, pool.map(lambda name: probe(python, name, seconds), names), strict=True)
        )
    return Findings(python, machine(), packages, {"versions": here, **answers})


def probe(python: str, name: str, seconds: float) -> dict[str, Any]:
    """Return what ``probe.py NAME`` reports; a crash, a hang and a bad answer are errors too.

    Args:
        python: the interpreter.
        name: of a function of ``probe.py``.
        seconds: how long it may take.

    Returns:
        What it printed, as JSON; or ``{"error": ...}``.
    """
    done = _run([python, "-P", "-W", "ignore", str(PROBE), name], seconds)
    if isinstance(done, str):
        return {"error": done}
    if done.returncode < 0:
        return {"error": f"crashes the interpreter ({signal.Signals(-done.returncode).name})"}
    try:
        answer = json.loads(done.stdout)
        return answer if isinstance(answer, dict) else {"error": f"answers {done.stdout[:80]!r}"}
    except ValueError:
        told = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        return {"error": f"exit status {done.returncode}: {''.join(told)[:200]}"}


def machine() -> Machine:
    """Look at the machine itself."""
    shm = Path("/dev/shm")
    font = _run([sys.executable, "-P", "-c", FONT], 30)
    told = font if isinstance(font, str) else "".join(font.stderr.strip().splitlines()[-1:])
    compiler = os.environ.get("CXX") or next(
        (c for c in ("c++", "g++", "clang++", "cl") if shutil.which(c)), ""
    )
    nvcc = shutil.which("nvcc") or next(
        (
            str(path)
            for path in [Path(os.environ.get("CUDA_HOME", "/usr/local/cuda"), "bin", "nvcc")]
            if path.exists()
        ),
        "",
    )
    return Machine(
        platform.platform(),
        _cores(),
        _memory(),
        shutil.disk_usage(shm).total if shm.is_dir() else None,
        shutil.disk_usage(Path.cwd()).free,
        compiler,
        nvcc,
        _driver(),
        shutil.which("apt-get") is not None,
        "" if isinstance(font, str) else font.stdout.strip(),
        told,
    )


def _driver() -> tuple[str, ...]:
    """Return a line for each GPU of NVIDIA's driver: name, memory, version, capability."""
    if not shutil.which("nvidia-smi"):
        return ()
    done = _run(
        [
            "nvidia-smi",
            "--query-gpu=name,memory.total,driver_version,compute_cap",
            "--format=csv,noheader",
        ],
        30,
    )
    return (
        () if isinstance(done, str) or done.returncode else tuple(done.stdout.strip().splitlines())
    )


def _cores() -> int:
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    quota, _, period = _read("/sys/fs/cgroup/cpu.max").partition(" ")
    return (
        min(cores, max(1, int(quota) // int(period)))
        if quota.isdigit() and period.isdigit()
        else cores
    )


def _memory() -> int | None:
    """Return the machine's memory, or the container's share of it."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return None
    limit = _read("/sys/fs/cgroup/memory.max")
    return min(total, int(limit)) if limit.isdigit() else total


def _read(path: str) -> str:
    try:
        return Path(path).read_text("ascii").strip()
    except OSError:
        return ""


def _run(command: Sequence[str], seconds: float) -> "subprocess.CompletedProcess[str] | str":
    """Run a process without input; return it, or why there is no answer."""
    environment = {**os.environ, "NO_ALBUMENTATIONS_UPDATE": "1", "PYTHONIOENCODING": "utf-8"}
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=seconds,
            env=environment,
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {seconds:.0f} s (--seconds)"
    except OSError as error:
        return f"can't be started: {error}"
