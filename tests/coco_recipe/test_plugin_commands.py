"""Commands of plugins are found without their steps, and a broken plugin stops no other."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from coco_recipe import cli, plugin_commands

GREETER = '''
import click
from coco_recipe import hookimpl

@hookimpl
def coco_recipe_steps():
    raise AssertionError("nobody asked for steps")

@hookimpl
def coco_recipe_commands():
    @click.command("问候")
    def greet():
        """Say hello."""
        click.echo("hello")
    yield greet
'''
HOOK = "from coco_recipe import hookimpl\n@hookimpl\ndef coco_recipe_commands(): "
BROKEN = {
    "not_python": "def",
    "exits": "raise SystemExit(0)",
    "no_commands": f"{HOOK}1 / 0\n",
    "not_one": f"{HOOK}yield 7\n",
    "no_hook": "x = 1",
}


def _install(name: str, text: str, folder: Path) -> None:
    (folder / f"{name}.py").write_text(text, "utf-8")
    info = folder / f"{name}-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[coco_recipe]\nx = {name}\n")


def test_a_command_of_a_plugin_is_listed_and_runs_beside_broken_plugins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in {**BROKEN, "greeter": GREETER}.items():
        _install(f"{name}_{tmp_path.name}", text, tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    found = plugin_commands.find()
    assert {"问候", "show", "compare", "doctor"} <= found.keys()
    assert all(type(name) is str and found[name].name == name for name in found)
    cli._plugin_commands.cache_clear()
    try:
        told = CliRunner().invoke(cli.cli, ["--help"])
        assert "Say hello." in told.output
        assert CliRunner().invoke(cli.cli, ["问候"]).output == "hello\n"
    finally:
        cli._plugin_commands.cache_clear()
