"""The plugins of installed distributions, looked for again only where something was installed."""

import functools
import os
import sys
from dataclasses import dataclass
from importlib import metadata


@dataclass(frozen=True, slots=True)
class Plugin:
    """What a distribution says of a plugin.

    Attributes:
        entry: loads its module.
        distribution: the distribution's name; empty where it isn't known.
        version: the distribution's version; empty likewise.
    """

    entry: metadata.EntryPoint
    distribution: str
    version: str


def plugins(group: str) -> tuple[Plugin, ...]:
    """Return the plugins of a group of entry points, by name."""
    return _plugins(group, stamps())


def stamps() -> tuple[object, ...]:
    """Return what changes where something is installed: the folders of modules, and their times."""
    found = []
    for folder in sys.path:
        try:
            found.append((folder, os.stat(folder or ".").st_mtime_ns))
        except OSError:
            found.append((folder, 0))
    return tuple(found)


@functools.lru_cache(maxsize=1)
def _plugins(group: str, stamps: tuple[object, ...]) -> tuple[Plugin, ...]:
    said: dict[metadata.Distribution, tuple[str, str]] = {}
    found = []
    for entry in sorted(metadata.entry_points(group=group), key=lambda e: e.name):
        dist = entry.dist
        if dist and dist not in said:  # each of both is read from the distribution's metadata
            said[dist] = (dist.name, dist.version)
        found.append(Plugin(entry, *(said[dist] if dist else ("", ""))))
    return tuple(found)
