"""Installed distributions: which has a module, which versions it has and loads."""

import ast
import functools
import operator
import os
import platform
import re
import sys
from collections.abc import Callable, Iterable
from importlib import metadata
from typing import Any

from coco_recipe import installed
from coco_recipe.hookspecs import GROUP

NOT_INSTALLED = "not installed"
_REQUIREMENT = re.compile(r"([A-Za-z0-9][\w.-]*)[^;]*(?:;(.*))?")
_COMPARISONS: dict[type, Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda one, several: str(one) in str(several),
    ast.NotIn: lambda one, several: str(one) not in str(several),
}
_Head = tuple[str, str, tuple[str, ...]]  # name, version, distributions that it requires


def version(distribution: str) -> str:
    """Return an installed distribution's version, or that it is not installed."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return NOT_INSTALLED


def distributions_of(package: str) -> tuple[str, ...]:
    """Return the installed distributions that have a top-level package; several may, as cv2's."""
    return _distributions_of(package, installed.stamps())


def plugins() -> frozenset[str]:
    """Return the names of the installed distributions that have plugins."""
    return frozenset(
        plugin.distribution for plugin in installed.plugins(GROUP) if plugin.distribution
    )


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Return the version of each distribution that has one of the packages, and of what it loads.

    What it loads are the requirements in its metadata whose markers hold here, no extras, as far
    as they are installed. A package that no distribution has is there by its own name.
    """
    found: dict[str, str] = {}
    todo: list[str] = []
    stamps = installed.stamps()
    for package in packages:
        names = _distributions_of(package, stamps)
        todo += names
        if not names:
            found[package] = NOT_INSTALLED
    while todo:
        head = _head(todo.pop(), stamps)
        if head and head[0] not in found:
            found[head[0]] = head[1]
            todo += head[2]
    return dict(sorted(found.items()))


@functools.cache
def _distributions_of(package: str, stamps: tuple[object, ...]) -> tuple[str, ...]:
    listed, unlisted = _packages(stamps)
    if found := listed.get(package):
        return tuple(sorted({dist.name for dist in found}))
    inside = re.compile(rf"^{re.escape(package)}(/|\.py,|\.[\w.-]+\.so,)", re.MULTILINE)
    return tuple(
        sorted(dist.name for dist in unlisted if inside.search(dist.read_text("RECORD") or ""))
    )


@functools.lru_cache(maxsize=1)
def _packages(
    stamps: tuple[object, ...],
) -> tuple[dict[str, list[metadata.Distribution]], list[metadata.Distribution]]:
    """Return the distributions by top-level package, and those that don't list their packages."""
    listed: dict[str, list[metadata.Distribution]] = {}
    unlisted = []
    for dist in metadata.distributions():
        tops = dist.read_text("top_level.txt")
        for package in (tops or "").split():
            listed.setdefault(package, []).append(dist)
        if not tops:
            unlisted.append(dist)
    return listed, unlisted


@functools.cache
def _head(distribution: str, stamps: tuple[object, ...]) -> _Head | None:
    """Read a distribution's name, its version and what it requires; None if it isn't installed."""
    try:
        text = metadata.distribution(distribution).read_text("METADATA") or ""
    except metadata.PackageNotFoundError:
        return None
    keys: dict[str, list[str]] = {}
    text = text.partition("\n\n")[0]
    for line in text.splitlines():
        key, _, value = line.partition(": ")
        keys.setdefault(key, []).append(value)
    required = tuple(filter(None, map(_required, keys.get("Requires-Dist", ()))))
    return keys.get("Name", [distribution])[0], keys.get("Version", [""])[0], required


def _required(requirement: str) -> str:
    """Return the distribution that a requirement names; empty where its marker doesn't hold."""
    match = _REQUIREMENT.match(requirement)
    return match[1] if match and _holds((match[2] or "").strip()) else ""


def _holds(marker: str) -> bool:
    """Evaluate an environment marker, which is written as a Python expression.

    One that can't be told holds: what is installed is then taken for what is loaded.
    """
    try:
        return not marker or bool(_value(ast.parse(marker, mode="eval").body))
    except (SyntaxError, KeyError, TypeError, ValueError):
        return True


def _value(node: ast.expr) -> object:
    match node:
        case ast.BoolOp(op=ast.And(), values=values):
            return all(_value(value) for value in values)
        case ast.BoolOp(values=values):
            return any(_value(value) for value in values)
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            sides = [_value(left), _value(right)]
            if any(isinstance(side, ast.Name) and "version" in side.id for side in (left, right)):
                sides = [tuple(map(int, re.findall(r"\d+", str(side)))) for side in sides]
            return _COMPARISONS[type(op)](sides[0], sides[1])
        case ast.Name(id=name):
            return _environment()[name]
        case ast.Constant(value=value):
            return value
    raise ValueError(ast.unparse(node))


@functools.cache
def _environment() -> dict[str, str]:
    return {
        "os_name": os.name,
        "sys_platform": sys.platform,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "python_full_version": platform.python_version(),
        "implementation_name": sys.implementation.name,
        "implementation_version": platform.python_version(),
        "extra": "",
    }
