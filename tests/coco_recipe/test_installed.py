"""Plugins of distributions: found once, and again where one is installed or removed."""

import os
import shutil
import sys
from importlib import metadata
from pathlib import Path

import pytest

from coco_recipe import installed


def _install(site: Path, name: str, version: str, plugins: str) -> Path:
    info = site / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[tried]\n{plugins}\n")
    return info


def test_what_is_installed_or_removed_meanwhile_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    assert installed.plugins("tried") == ()
    first = _install(tmp_path, "one", "1.0", "b = m\na = n")
    found = [
        (one.entry.name, one.entry.value, one.distribution, one.version)
        for one in installed.plugins("tried")
    ]
    assert found == [("a", "n", "one", "1.0"), ("b", "m", "one", "1.0")]
    _install(tmp_path, "two", "2.0", "c = m")
    assert [one.version for one in installed.plugins("tried")] == ["1.0", "1.0", "2.0"]
    shutil.rmtree(first)
    os.utime(tmp_path, ns=(1, 1))  # also where the clock is coarse
    assert [one.distribution for one in installed.plugins("tried")] == ["two"]


def test_distributions_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found = installed.plugins("coco_recipe")

    def refuse(**_: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr(metadata, "entry_points", refuse)
    assert installed.plugins("coco_recipe") is found
    assert {one.distribution for one in found} >= {"coco-recipe"}
