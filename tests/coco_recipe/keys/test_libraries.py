"""Versions of libraries and of what they load."""

from pathlib import Path

import pytest

from coco_recipe.keys import libraries


def _installed(site: Path, name: str, version: str, *lines: str, tops: str = "") -> None:
    folder = site / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir(parents=True)
    head = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {one}" for one in lines)]
    (folder / "METADATA").write_text("\n".join(head) + "\n\nRequires-Dist: not-this\n")
    (folder / "RECORD").write_text(f"{name.replace('-', '_')}/__init__.py,,\n")
    if tops:
        (folder / "top_level.txt").write_text(tops)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    _installed(
        tmp_path,
        "zoo-keeper",
        "1.0",
        "zoo-lion (>=1)",
        'zoo-fish>=2 ; python_version >= "3.10" and sys_platform == "linux"',
        'zoo-bird ; python_version < "3.10"',
        "zoo-test ; extra == 'test'",
        "zoo-gone",
        tops="keeper",
    )
    for name in ("zoo-fish", "zoo-bird", "zoo-test", "not-this"):
        _installed(tmp_path, name, "2.0")
    _installed(tmp_path, "zoo-lion", "3.1", "zoo_keeper", "zoo-whale")
    _installed(tmp_path, "zoo-whale", "4")
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_the_version_of_a_library_comes_with_those_of_what_it_loads(site: Path) -> None:
    assert libraries.versions(["keeper", "nothere"]) == {
        "nothere": "not installed",
        "zoo-fish": "2.0",
        "zoo-keeper": "1.0",
        "zoo-lion": "3.1",
        "zoo-whale": "4",
    }


def test_a_package_is_found_by_what_is_recorded_of_files_too(site: Path) -> None:
    assert libraries.distributions_of("zoo_lion") == ("zoo-lion",)
    assert libraries.distributions_of("zoo") == ()


def test_what_is_installed_later_is_noticed(site: Path) -> None:
    assert libraries.distributions_of("late_one") == ()
    _installed(site, "late-one", "1")
    assert libraries.versions(["late_one"]) == {"late-one": "1"}
