"""The versions that the steps were tested with, and the pip commands that install them."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata, resources

BUILT = "onedl-mmcv"  # from source, against the torch that is installed


@dataclass(frozen=True, slots=True)
class Pin:
    """A package and the versions that fit, as ``==2.13.0`` or ``>=80,<82``; empty if all do."""

    name: str
    spec: str = ""

    def fits(self, version: str) -> bool:
        """Say whether a version fits; its local part (``+cpu``) doesn't matter."""
        return all(_holds(version, clause) for clause in self.spec.split(",") if clause)

    def __str__(self) -> str:
        return self.name + self.spec


def training_stack() -> tuple[Pin, ...]:
    """Return the pins of ``training_stack.txt``, in the order of installation."""
    text = resources.files(__package__).joinpath("training_stack.txt").read_text("utf-8")
    return tuple(
        _pin(line) for line in text.splitlines() if line.strip() and not line.startswith("#")
    )


def extra(name: str) -> tuple[Pin, ...]:
    """Return what an extra of this project asks for; nothing if the project isn't installed."""
    try:
        rows = metadata.requires("coco-recipe") or []
    except metadata.PackageNotFoundError:
        return ()
    ending = re.compile(rf";\s*extra\s*==\s*['\"]{name}['\"]\s*$")
    return tuple(_pin(ending.sub("", row)) for row in rows if ending.search(row))


def install(python: str, pins: Sequence[Pin], *options: str) -> str:
    """Return the pip command that installs pins, quoted for a shell; empty without a pin.

    Args:
        python: the interpreter to install for.
        pins: the distributions with their versions.
        options: of ``pip install``.
    """
    return shlex.join([python, "-m", "pip", "install", *options, *map(str, pins)]) if pins else ""


def install_stack(
    python: str, lacking: Sequence[Pin], *, build: bool, rebuild: bool
) -> tuple[str, ...]:
    """Return the commands that complete a training stack, in order.

    Args:
        python: the interpreter.
        lacking: which of the stack's pins are missing.
        build: whether the operators must be built; then what they are built with becomes as pinned.
        rebuild: whether they must be built again although the package is there, past pip's cache of
            an older build.
    """
    stack = training_stack()
    at = [pin.name for pin in stack].index(BUILT)
    first = [pin for pin in stack[:at] if build or pin in lacking]
    again = ("--force-reinstall", "--no-deps", "--no-cache-dir") if rebuild else ()
    commands = (
        install(python, first),
        install(python, stack[at : at + 1] if build else (), *again, "--no-build-isolation"),
        install(python, [pin for pin in stack[at + 1 :] if pin in lacking]),
    )
    return tuple(command for command in commands if command)


def _pin(line: str) -> Pin:
    matched = re.match(r"([A-Za-z0-9._-]+)\s*(.*)", line.strip())
    if not matched:
        raise ValueError(f"BUG: {line!r} is no requirement")
    return Pin(matched[1], matched[2].replace(" ", ""))


def _holds(version: str, clause: str) -> bool:
    matched = re.fullmatch(r"(==|!=|>=|<=|>|<)(.+)", clause)
    if not matched:
        return True  # a kind of clause that isn't used here, as ~=
    ours, theirs = _numbers(version), _numbers(matched[2])
    return {
        "==": ours == theirs,
        "!=": ours != theirs,
        ">=": ours >= theirs,
        "<=": ours <= theirs,
        ">": ours > theirs,
        "<": ours < theirs,
    }[matched[1]]


def _numbers(version: str) -> tuple[int, ...]:
    """Return the release numbers of a version, without zeros at the end, so that 2.0 is 2."""
    matched = re.match(r"\d+(\.\d+)*", version)
    numbers = [int(part) for part in matched[0].split(".")] if matched else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
