"""Run what a page of docs/ shows: its commands, recipes, files and Python, in a folder of its own.

A fenced block is run by its language; a mark in the line above it says what can't be seen from it:

    <!-- file: recipe.yaml -->        the block is the text of this file
    <!-- file: recipe.yaml, with my_step.py -->   it needs this plugin file to be validated
    <!-- exits: 1 -->                 the last of the block's commands ends with this status
    <!-- planned: needs weights -->   a recipe that is validated and planned, not run
    <!-- not run: takes an hour -->   commands are only held against the command line
    <!-- trained: minutes -->         the same, but where trainings are asked for, they are run
    <!-- given: demo data -->         (for the page) its folder has the demo data in data/demo

A ``console`` block has commands behind ``$``, and below each what it prints, of which lines may be
left out; ``...`` stands for any text, and times are not compared. A YAML block that is a recipe is
validated; steps, or keys of a recipe, are validated within one.
"""

import ast
import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from builders import Done, command

from coco_recipe import cli

FENCE = re.compile(
    r"(?:^<!-- (?P<mark>(?!given)[a-z ]+): (?P<says>.+?) -->\n)?"
    r"^```(?P<language>\S*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
RUNNABLE = ("console", "yaml", "python")
SHOWN = (
    "text",
    "toml",
    "json",
    "sh",
    "",
)  # what is printed, and files that another block's tool reads
MARKS = ("file", "exits", "planned", "not run", "trained")
OF_A_SHELL = re.compile(r"[|><;&*]|\$\(")
CLOCK = re.compile(r"\b\d+(\.\d+)? (?:s|min|MB|kB)\b")

# what the steps of a page stand on, where it shows a few of them
AROUND: dict[str, Any] = {
    "coco_recipe": 1,
    "name": "around",
    "inputs": {"raw": {"annotations": "data/demo/annotations.json", "images": "data/demo/images"}},
    "steps": [
        {"id": "clean", "use": "filter_categories", "in": "raw", "with": {"drop": ["背景"]}},
        {
            "id": "parts",
            "use": "split",
            "in": "clean",
            "with": {"fractions": {"train": 0.8, "val": 0.2}},
        },
    ],
}


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page, with its mark, and the line at which it begins."""

    language: str
    text: str
    mark: str
    says: str
    line: int


def blocks(page: str) -> Iterator[Block]:
    """Yield the fenced blocks of a page; those of Sphinx (```{toctree}``) are left out."""
    for found in FENCE.finditer(page):
        if not found["language"].startswith("{"):
            line = page.count("\n", 0, found.start("language")) + 1
            mark, says = found["mark"] or "", found["says"] or ""
            yield Block(found["language"], found["text"], mark, says, line)


def run_page(page: str, folder: Path, demo: Path, *, trains: bool = False) -> None:
    """Run every block of a page, one after another, in one folder.

    Args:
        page: its text.
        folder: where commands run and files are written.
        demo: the folder with the demo data, for a page that is given it.
        trains: run the trainings, too, which need the training stack and minutes.

    Raises:
        AssertionError: a block doesn't do what the page says; names the page's line.
    """
    if "<!-- given: demo data -->" in page:
        shutil.copytree(demo, folder / "data/demo")
    names: dict[str, Any] = {"__name__": "a_page"}
    # other tests go without the page of a run, and so do pages that don't speak of it
    report = "1" if "report.html" in page else "0"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COCO_RECIPE_REPORT", report)
        for block in blocks(page):
            if trains and block.mark == "trained":
                block = replace(block, mark="")
            try:
                _run(block, folder, names)
            except AssertionError as error:
                raise AssertionError(f"line {block.line}: {error}") from error


def _run(block: Block, folder: Path, names: dict[str, Any]) -> None:
    assert block.language in RUNNABLE + SHOWN, f"a block of {block.language!r} can't be run"
    assert block.mark in ("", *MARKS), f"there is no mark {block.mark!r}"
    if block.language in SHOWN:
        assert not re.match(r"(\$ )?(coco-recipe|python|pip) ", block.text), "commands: console"
    if block.mark == "file":
        name, _, plugin = block.says.partition(", with ")
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, "utf-8")
        if block.language == "sh":
            _ends_with(0, _shell(f"bash -n {shlex.quote(name)}", folder))
        if block.language == "yaml" and _is_recipe(yaml.safe_load(block.text)):
            _validate(path, *(["--plugin", plugin] if plugin else []))
    elif block.language == "console":
        _converse(block, folder)
    elif block.language == "python":
        ast.parse(block.text)
        if block.mark != "not run":
            with contextlib.chdir(folder), _importing_from(folder):
                exec(compile(block.text, f"<line {block.line}>", "exec"), names)
    elif block.language == "yaml":
        _recipe_of(block, folder)


def _is_recipe(form: object) -> bool:
    return isinstance(form, dict) and bool({"coco_recipe", "extends"} & form.keys())


def _recipe_of(block: Block, folder: Path) -> None:
    """Validate a block's recipe, or its steps or keys within one; plan it where it says so."""
    form = yaml.safe_load(block.text)
    if block.mark == "not run":
        return
    path = folder / f"recipe_of_line_{block.line}.yaml"
    if _is_recipe(form):
        path.write_text(block.text, "utf-8")
    else:
        within = _within(form if isinstance(form, dict) else {"steps": form})
        path.write_text(yaml.safe_dump(within, allow_unicode=True, sort_keys=False), "utf-8")
    if block.mark == "planned":
        _draw_weights(form, folder)
    _validate(path)
    if block.mark == "planned":
        _ends_with(0, command("plan", path.name, cwd=folder))


def _draw_weights(form: dict[str, Any], folder: Path) -> None:
    """Write a checkpoint without tensors for each that a recipe names, so that it is planned."""
    for name in [value.get("checkpoint") for value in form["inputs"].values()]:
        if name:
            torch = pytest.importorskip("torch")
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            torch.save({"state_dict": {}}, folder / name)


def _within(keys: dict[str, Any]) -> dict[str, Any]:
    """Return a recipe that has a page's keys and steps."""
    assert keys.keys() <= {"inputs", "vars", "findings", "steps", "seed"}, "is no part of a recipe"
    steps = list(keys.get("steps", []))
    own = {step["id"] for step in steps}
    before = [step for step in AROUND["steps"] if step["id"] not in own]
    return {
        **AROUND,
        **keys,
        "inputs": AROUND["inputs"] | keys.get("inputs", {}),
        "steps": before + steps,
    }


def _validate(path: Path, *options: str) -> None:
    _ends_with(0, command("validate", path.name, *options, cwd=path.parent))


def _ends_with(status: int, done: Done) -> None:
    assert done.returncode == status, (
        f"ends with {done.returncode}, not {status}:\n{done.stdout}{done.stderr}"
    )


def _converse(block: Block, folder: Path) -> None:
    """Run a block's commands, and hold what they print against what stands below them."""
    talk = _commands(block.text)
    for place, (line, shown) in enumerate(talk, 1):
        if block.mark in ("not run", "trained"):
            _known(line)
            continue
        last = place == len(talk)
        done = _shell(line, folder)
        expected = int(block.says) if block.mark == "exits" and last else 0
        assert done.returncode == expected, (
            f"$ {line}\nends with {done.returncode}:\n{done.stdout}{done.stderr}"
        )
        orders = (done.stdout + "\n" + done.stderr, done.stderr + "\n" + done.stdout)
        missing = [_missing(shown, text) for text in orders]
        assert "" in missing, f"$ {line}\ndoesn't print {missing[0]!r} there, but:\n{orders[0]}"


def _commands(text: str) -> list[tuple[str, list[str]]]:
    """Return a block's commands, each with the lines below it."""
    talk = list[tuple[str, list[str]]]()
    for line in text.replace("\\\n", " ").splitlines():
        if line.startswith("$ "):
            talk.append((line[2:], []))
        elif line.strip():
            assert talk, "a console block begins with a command, behind $"
            talk[-1][1].append(line)
    return talk


def _missing(shown: list[str], printed: str) -> str:
    """Return the first line that isn't printed behind those before it, or nothing."""
    lines = iter(_plain(line) for line in printed.splitlines())
    for line in shown:
        pattern = ".*".join(re.escape(part) for part in _plain(line).split("..."))
        if not any(re.fullmatch(pattern, other) for other in lines):
            return line
    return ""


def _plain(line: str) -> str:
    """Return a line with its blanks made one and its times and sizes taken out."""
    return CLOCK.sub("<clock>", re.sub(r"\s+", " ", line).strip())


def _shell(line: str, folder: Path) -> Done:
    """Run a line, in this process where it is ours alone."""
    if line.startswith("coco-recipe ") and not OF_A_SHELL.search(line):
        return command(*shlex.split(line)[1:], cwd=folder)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-ec", line],
        cwd=folder,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def _known(line: str) -> None:
    """Hold a command that isn't run against the commands and their options."""
    words = shlex.split(line, comments=True)
    if words[:1] != ["coco-recipe"]:
        return
    found: click.Command | None = cli.cli
    rest = words[1:]
    while isinstance(found, click.Group):
        ctx = click.Context(found, help_option_names=["-h", "--help"])
        found, rest = found.get_command(ctx, rest[0]) if rest else None, rest[1:]
    assert found, f"there is no command: {line}"
    options = {name for parameter in found.params for name in parameter.opts}
    unknown = [word for word in rest if word[:2] == "--" and word.split("=")[0] not in options]
    assert not unknown, f"there is no option {unknown[0]}: {line}"


@contextlib.contextmanager
def _importing_from(folder: Path) -> Iterator[None]:
    """Let a page import the files that it has written; forget them afterwards."""
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None)
            if file and Path(file).is_relative_to(folder):
                del sys.modules[name]
