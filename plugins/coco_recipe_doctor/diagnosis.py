"""Judge what was found on a machine: what it is good for, which commands get there."""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from coco_recipe_doctor import GOALS, Goal
from coco_recipe_doctor.machine import Findings
from coco_recipe_doctor.pins import BUILT, Pin, extra, install, install_stack, training_stack

# each stands where another package puts its files; two in one place overwrite each other
ORIGINALS = {
    "mmcv": "onedl-mmcv",
    "mmcv-full": "onedl-mmcv",
    "mmcv-lite": "onedl-mmcv",
    "mmengine": "onedl-mmengine",
    "mmdet": "onedl-mmdetection",
}
OPENCV = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)
BUILD_TOOLS = ("setuptools", "wheel", "ninja", "psutil")
SAFE_TORCH = Pin(
    "torch", ">=2.10"
)  # CVE-2025-32434 and CVE-2026-24747: loading weights could run code
SSD = "worked around: mmdet 3 gives its head no loss_cls, the steps do"
GIB = 2**30
ROOM = 8 * GIB  # of disk, for the stack and its build
SHARED = GIB  # of /dev/shm, through which data loaders pass pictures


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report.

    Attributes:
        group: the heading that it stands below.
        name: what was looked at.
        found: what there is.
        wanted: what should be there.
        note: what to know about it.
        stops: the goals that it stands in the way of.
    """

    group: str
    name: str
    found: str
    wanted: str = ""
    note: str = ""
    stops: tuple[Goal, ...] = ()

    @property
    def status(self) -> str:
        """``ok``, ``note`` or ``stops``."""
        return "stops" if self.stops else "note" if self.note else "ok"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a goal can be reached; if not, why, and the commands to run, in order."""

    goal: Goal
    ready: bool
    reasons: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()


def checks(found: Findings) -> tuple[Check, ...]:
    """Return all lines of the report.

    Args:
        found: what was seen of the machine and its packages.
    """
    return (*_machine(found), *_augment(found), *_stack(found), *_fit(found), *_gpu(found))


def verdicts(found: Findings) -> tuple[Verdict, ...]:
    """Return what the machine can do, for every goal.

    Args:
        found: what was seen of the machine and its packages.
    """
    lines = checks(found)
    made = []
    for goal in GOALS:
        reasons = tuple(
            f"{line.name}: {line.note or line.found}" for line in lines if goal in line.stops
        )
        made.append(
            Verdict(goal, not reasons, reasons, tuple(_commands(goal, found)) if reasons else ())
        )
    return tuple(made)


def _machine(found: Findings) -> Iterator[Check]:
    here, about = found.machine, found.probes["versions"]
    python = str(about.get("python", ""))
    note = "" if Pin("python", ">=3.11").fits(python) else "too old"
    yield Check(
        "machine",
        "Python",
        f"{python} ({found.python})",
        ">=3.11",
        note,
        ("augment", "train", "gpu") if note else (),
    )
    yield Check("machine", "platform", here.platform)
    yield Check("machine", "cores", str(here.cores))
    yield Check(
        "machine",
        "memory",
        _size(here.memory),
        note=""
        if (here.memory or GIB * 4) >= GIB * 4
        else "little for training: RetinaNet-R18 at 160 px wants about 2 GiB",
    )
    if here.shared_memory is not None:
        yield Check(
            "machine",
            "/dev/shm",
            _size(here.shared_memory),
            note=""
            if here.shared_memory >= SHARED
            else "data loaders with workers can die of it: docker run --shm-size=8g, or workers: 0",
        )
    yield Check(
        "machine",
        "free disk",
        _size(here.disk_free),
        note=""
        if here.disk_free >= ROOM
        else f"the training stack and its build want about {_size(ROOM)}",
    )
    yield Check(
        "machine",
        "font with Chinese",
        here.font or "none",
        note=""
        if here.font
        else here.font_error
        or "preview shows such names as their escapes; apt-get install fonts-noto-cjk",
    )


def _augment(found: Findings) -> Iterator[Check]:
    for pin in extra("augment"):
        version = found.packages.get(pin.name, "")
        if not version and pin.name in OPENCV and not found.error("cv2"):
            yield Check(
                "augment", pin.name, "not installed", pin.spec, "another package brings cv2"
            )
        elif not version:
            yield Check("augment", pin.name, "not installed", pin.spec, stops=("augment",))
        elif pin.fits(version):
            yield Check("augment", pin.name, version, pin.spec)
        else:
            # another version than an exact one may do, but each release of Albumentations means
            # other things by its parameters
            strict = pin.name == "albumentations" or "==" not in pin.spec
            yield Check(
                "augment",
                pin.name,
                version,
                pin.spec,
                f"{version} isn't {pin.spec}",
                ("augment",) if strict else (),
            )
    for name in ("albumentations", "cv2"):
        if name in found.probes or not extra(
            "augment"
        ):  # else a line above says that it isn't installed
            yield _works(found, "augment", f"import {name}", name, ("augment",))
    there = {name: found.packages[name] for name in OPENCV if name in found.packages}
    if len(set(there.values())) > 1:
        yield Check(
            "augment",
            "cv2 twice",
            ", ".join(f"{name} {version}" for name, version in there.items()),
            "one version",
            "each overwrote a part of the other's files",
            ("augment", "train", "gpu"),
        )


def _stack(found: Findings) -> Iterator[Check]:
    for pin in training_stack():
        version = found.packages.get(pin.name, "")
        line = Check("train", pin.name, version or "not installed", pin.spec)
        if pin.name in BUILD_TOOLS:
            yield (
                line
                if pin.fits(version) and version
                else replace(line, note=f"needed to build {BUILT}")
            )
        elif pin.name in OPENCV and not version and not found.error("cv2"):
            yield replace(line, note="another package brings cv2")
        elif not version:
            yield replace(line, stops=("train", "gpu"))
        elif pin.name == "torch" and not SAFE_TORCH.fits(version):
            yield replace(
                line,
                note=f"{version} may run code when it reads weights; {SAFE_TORCH}",
                stops=("train", "gpu"),
            )
        else:
            yield (
                line
                if pin.fits(version)
                else replace(line, note=f"tested with {pin.spec.removeprefix('==')}")
            )
    for original, ours in ORIGINALS.items():
        if original in found.packages:
            both = (
                f"{ours} {found.packages[ours]} is installed too, in the same files"
                if ours in found.packages
                else (f"the steps are made for {ours}")
            )
            yield Check(
                "train",
                original,
                found.packages[original],
                "absent",
                both,
                ("train", "gpu") if ours in found.packages else (),
            )


def _fit(found: Findings) -> Iterator[Check]:
    for name, what in (
        ("torch", "torch with numpy"),
        ("operators", "mmcv's operators"),
        ("mmdet", "mmdet with mmcv"),
    ):
        if name in found.probes:
            yield _works(found, "fit", what, name, ("train", "gpu"))
    if "onedl-mmdetection" in found.packages and not found.error("mmdet"):
        yield Check("fit", "SSD", SSD)
    if not found.error("operators") and not found.error("mmdet"):
        return
    compiler = found.machine.compiler
    yield Check(
        "fit",
        "C++ compiler",
        compiler or "none",
        note="" if compiler else f"needed to build {BUILT}",
        stops=() if compiler else ("train", "gpu"),
    )
    headers = bool(found.probes["versions"].get("headers"))
    yield Check(
        "fit",
        "Python.h",
        "there" if headers else "not there",
        note="" if headers else f"needed to build {BUILT}",
        stops=() if headers else ("train", "gpu"),
    )


def _works(found: Findings, group: str, what: str, probe: str, stops: tuple[Goal, ...]) -> Check:
    if error := found.error(probe):
        return Check(group, what, "no", note=error, stops=stops)
    return Check(group, what, str(found.probes[probe].get("version", "yes")))


def _gpu(found: Findings) -> Iterator[Check]:
    torch = found.probes.get("torch", {})
    seen = torch.get("gpus", [])
    for line in found.machine.driver:
        yield Check("gpu", "driver", line)
    for gpu in seen:
        yield Check(
            "gpu",
            "torch sees",
            f"{gpu['name']}, {_size(gpu['memory_bytes'])}, capability {gpu['capability']}",
        )
    if not seen:
        yield Check("gpu", "torch sees", "none", note=_why_none(found), stops=("gpu",))
    elif error := found.probes.get("operators", {}).get("gpu_error", ""):
        yield Check("gpu", "mmcv's operators", "on the CPU only", note=str(error), stops=("gpu",))
        yield Check(
            "gpu",
            "nvcc",
            found.machine.nvcc or "none",
            note=""
            if found.machine.nvcc
            else f"needed to build the operators: the CUDA toolkit {torch.get('cuda')}",
        )


def _why_none(found: Findings) -> str:
    if not found.machine.driver:
        return "no GPU: NVIDIA's driver doesn't answer (nvidia-smi)"
    if error := found.error("torch"):
        return f"torch: {error}"
    return (
        _cpu_build(found)
        or "the driver is too old for torch's CUDA, or CUDA_VISIBLE_DEVICES hides the GPU"
    )


def _cpu_build(found: Findings) -> str:
    torch = found.probes.get("torch", {})
    return (
        f"torch {torch['version']} is built without CUDA"
        if "version" in torch and not torch["cuda"]
        else ""
    )


def _commands(goal: Goal, found: Findings) -> Iterator[str]:
    """Yield what to run so that a goal is reached."""
    if goal == "gpu" and not found.machine.driver:
        return
    gone = _to_remove(found, goal)
    packages = {name: version for name, version in found.packages.items() if name not in gone}
    build = goal != "augment" and _must_build(found, goal, packages)
    if build and not (found.machine.compiler and found.probes["versions"].get("headers")):
        version = ".".join(str(found.probes["versions"].get("python", "3")).split(".")[:2])
        yield (
            f"apt-get install -y g++ python{version}-dev"
            if found.machine.has_apt
            else ("# install a C++ compiler and the headers of Python")
        )
    if gone:
        yield shlex.join([found.python, "-m", "pip", "uninstall", "-y", *sorted(gone)])
    if goal == "augment":
        if "torch" in gone:
            yield install(found.python, [pin for pin in training_stack() if pin.name == "torch"])
            return
        ours = [
            pin
            for pin in extra("augment")
            if pin.name not in packages or not pin.fits(packages[pin.name])
        ]
        again = (
            () if ours or gone else ("--force-reinstall", "--no-deps")
        )  # all is there, and doesn't work
        yield install(found.python, ours or extra("augment"), *again)
        return
    if back := [pin for pin in extra("augment") if pin.name in gone]:
        yield install(found.python, back)
    lacking = [
        pin
        for pin in training_stack()
        if pin.name not in packages and (build or pin.name not in BUILD_TOOLS)
    ]
    for command in install_stack(
        found.python, lacking, build=build, rebuild=build and BUILT in packages
    ):
        yield f"FORCE_CUDA=1 {command}" if goal == "gpu" and BUILT in command else command


def _to_remove(found: Findings, goal: Goal) -> set[str]:
    """Return the packages that overwrite each other's files, and those that can't be used."""
    there = set(found.packages)
    opencv = there & set(OPENCV)
    gone = opencv if len({found.packages[name] for name in opencv}) > 1 else set[str]()
    if goal == "augment":  # Albumentations imports a torch that is there
        return gone | (
            there & {"torch"} if found.error("torch") and found.error("albumentations") else set()
        )
    for original, ours in ORIGINALS.items():
        gone |= there & {original, ours} if original in there else set()
    if found.error("torch") or (goal == "gpu" and _cpu_build(found)):
        gone |= there & {"torch"}
    if found.error("mmdet") and not found.error("operators"):
        gone |= there & {"onedl-mmdetection"}
    return gone


def _must_build(found: Findings, goal: Goal, packages: Mapping[str, str]) -> bool:
    """Return whether mmcv's operators are missing, of another torch, or without CUDA."""
    if BUILT not in packages or not SAFE_TORCH.fits(packages.get("torch", "")):
        return True
    missing = re.search(
        r"No module named '(?!mmcv)", found.error("operators")
    )  # of another package: they may be good
    return bool(
        (found.error("operators") and not missing)
        or (goal == "gpu" and found.probes["operators"].get("gpu_error"))
    )


def _size(count: int | None) -> str:
    return "unknown" if count is None else f"{count / GIB:.1f} GiB"
