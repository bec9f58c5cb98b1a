"""Files by which other tools use the project say what the project has."""

import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest
from builders import REPOSITORY

from coco_recipe import cli, yaml_text


def _yaml(name: str) -> object:
    path = REPOSITORY / name
    return yaml_text.parse(path, path.read_text(), "file").data


def _commands_in(text: str) -> set[tuple[str, ...]]:
    return {tuple(found.split()) for found in re.findall(r"coco-recipe ([a-z]+)", text)}


def test_the_hooks_of_pre_commit_call_commands_that_are_there() -> None:
    hooks = _yaml(".pre-commit-hooks.yaml")
    assert isinstance(hooks, list)
    assert {hook["id"] for hook in hooks} == {"coco-recipe-validate", "coco-recipe-check"}
    for hook in hooks:
        assert hook["language"] == "python"
        assert re.compile(hook["files"])
        (name,) = {name for (name,) in _commands_in(hook["entry"])}
        assert cli.cli.get_command(click.Context(cli.cli), name)


@pytest.mark.slow
def test_a_hook_fails_for_any_wrong_file(tmp_path: Path) -> None:
    hooks = _yaml(".pre-commit-hooks.yaml")
    assert isinstance(hooks, list)
    (entry,) = (hook["entry"] for hook in hooks if hook["id"] == "coco-recipe-check")
    # a program that takes the place of coco-recipe, and finds something in one file
    program = tmp_path / "bin/coco-recipe"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "$2" >> seen\ntest "$2" != "b c.json"\n')
    program.chmod(0o755)
    words = [*shlex.split(entry), "a.json", "b c.json", "d.json"]
    done = subprocess.run(
        words, cwd=tmp_path, env={"PATH": f"{program.parent}:/usr/bin:/bin"}, check=False
    )
    assert done.returncode == 1
    assert (tmp_path / "seen").read_text() == "a.json\nb c.json\nd.json\n"


def test_the_action_calls_commands_that_are_there() -> None:
    action = _yaml("action.yml")
    assert isinstance(action, dict)
    assert action["runs"]["using"] == "composite"
    scripts = "".join(step.get("run", "") for step in action["runs"]["steps"])
    assert _commands_in(scripts) == {("validate",), ("check",)}
    assert "${{" not in scripts  # an input in a script would be run as one


def test_the_citation_has_the_version_of_the_project() -> None:
    found = _yaml("CITATION.cff")
    text = (REPOSITORY / "pyproject.toml").read_text()
    assert isinstance(found, dict)
    assert f'version = "{found["version"]}"' in text
    assert f'license = "{found["license"]}"' in text


def test_no_image_file_names_a_registry() -> None:
    bases = re.findall(r"^FROM (\S+)", (REPOSITORY / "Dockerfile").read_text(), re.MULTILINE)
    assert bases
    assert not any("/" in base for base in bases)
