"""What several commands have, they have by one name and with one meaning."""

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from builders import coco, command, write_recipe

from coco_recipe.cli import cli

RUN, RECIPE, FILE = "runs/test", "recipe.yaml", "raw.json"
ASKING: dict[str, tuple[str, ...]] = {  # each command that asks of something, with what it needs
    "stats": (RUN,),
    "show": (RUN,),
    "why": (RUN, "--image", "1.jpg"),
    "diff": (RUN, RUN),
    "report": (RUN,),
    "clean": (RUN,),
    "verify": (RUN,),
    "provenance": (RUN, "--format", "croissant"),
    "replay": (RUN, "1.jpg"),
    "compare": (RUN,),
    "whence": (FILE,),
    "check": (FILE,),
    "explain": (RECIPE,),
    "plan": (RECIPE,),
    "validate": (RECIPE,),
    "lint": (RECIPE,),
}
JSON = ("stats", "why", "diff", "clean", "verify", "check", "explain", "plan", "validate", "lint")
REOPEN = ("stats", "show", "why", "report", "verify", "replay")
OF_RECIPES = ("stats", "show", "explain", "plan", "lint", "validate", "preview", "run")
SOURCES = (
    FILE,
    RECIPE,
    f"{RECIPE}:raw",
    f"{RECIPE}:parts.train",
    RUN,
    f"{RUN}:raw",
    f"{RUN}:parts.val",
)
MEANINGS = {  # an option's meaning goes by its name, in every command that has it
    "-o": ("to", "out"),
    "-n": ("most",),
    "--to": ("target", "folder", "out"),
    "--format": ("form",),
    "--plugin": ("plugin_files",),
    "--recipe": ("moved_to",),
    "--set": ("overrides",),
}


def _commands(group: click.Group, above: str = "") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if isinstance(found, click.Group):
            yield from _commands(found, f"{above}{name} ")
        elif found:
            yield f"{above}{name}", found


COMMANDS = dict(_commands(cli))


def _options(name: str) -> dict[str, click.Option]:
    found = (one for one in COMMANDS[name].params if isinstance(one, click.Option))
    return {word: one for one in found for word in one.opts}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_file_to_write_is_named_by_to_and_by_o(name: str) -> None:
    """But for the run directory, which is ``--out``."""
    options = _options(name)
    writes = {"--to", "-o"} & {*options}
    assert writes in (set(), {"--to", "-o"})
    if writes:
        assert options["--to"] is options["-o"]
    if "--out" in options and not writes:
        assert "Run directory" in (options["--out"].help or "")


@pytest.mark.parametrize("name", COMMANDS)
def test_an_option_has_one_meaning(name: str) -> None:
    for word, option in _options(name).items():
        assert word == "-o" or option.name in MEANINGS.get(word, (option.name,)), word


@pytest.mark.parametrize("name", REOPEN)
def test_who_opens_a_run_again_takes_the_place_of_its_recipe(name: str) -> None:
    assert "--recipe" in _options(name)


@pytest.mark.parametrize("name", OF_RECIPES)
def test_who_plans_a_recipe_takes_values_of_it(name: str) -> None:
    assert "--set" in _options(name)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file, a recipe, and its run."""
    return _made(tmp_path_factory.mktemp("alike"))


def _made(folder: Path) -> Path:
    steps = [{"id": "parts", "use": "split", "in": "raw", "with": {"every": 2}}]
    write_recipe(folder, steps, coco(images=4))
    done = command("run", RECIPE, "--jobs", "0", "--no-report", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("name", ASKING)
def test_what_is_not_there_is_a_wrong_command(name: str, place: Path) -> None:
    first, *others = ASKING[name]
    done = command(name, f"no/{first}", *others, cwd=place)
    assert done.returncode == 2, done.stderr
    assert f"no/{first}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", JSON)
def test_json_is_json_and_alone(name: str, place: Path) -> None:
    done = command(name, *ASKING[name], "--format", "json", cwd=place)
    assert done.returncode in (0, 1), done.stderr
    json.loads(done.stdout)


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_is_the_same_to_all(source: str, place: Path) -> None:
    told = command("stats", source, "--format", "json", cwd=place)
    assert told.returncode == 0, told.stderr
    images = json.loads(told.stdout)["whole"]["images"]
    same = command("diff", source, source, "--exit-code", cwd=place)
    assert same.returncode == 0, same.stderr
    assert images == (2 if "parts." in source else 4)


@pytest.mark.parametrize("command_", ["stats", "show"])
@pytest.mark.parametrize(
    ("source", "option", "told"),
    [
        (FILE, "--set=seed=1", "--set overrides a value of a recipe, and raw.json is none"),
        (RUN, "--set=seed=1", "--set overrides a value of a recipe, and runs/test is none"),
        (FILE, "--recipe=recipe.yaml", "--recipe says where the recipe of a run is"),
        (RECIPE, "--recipe=recipe.yaml", "--recipe says where the recipe of a run is"),
    ],
)
def test_an_option_that_says_nothing_of_a_source_is_refused(
    command_: str, source: str, option: str, told: str, place: Path
) -> None:
    done = command(command_, source, option, cwd=place)
    assert done.returncode == 2
    assert told in done.stderr


def test_values_of_a_recipe_count(place: Path) -> None:
    told = command("stats", f"{RECIPE}:parts.val", "--set", "steps.parts.with.every=4", cwd=place)
    assert told.stdout.startswith("1 image,"), told.stderr


@pytest.mark.slow
def test_the_place_of_a_moved_recipe_counts(tmp_path: Path) -> None:
    before, run, recipe = (tmp_path / name for name in ("before", "run", "recipe"))
    before.mkdir()
    _made(before)
    (before / RUN).rename(run)
    before.rename(recipe)
    for name in ("stats", "show", "why", "report", "verify"):
        more = {"verify": ("--inputs",), "why": ("--image", "1.jpg")}.get(name, ())
        lost = command(name, run, *more, cwd=tmp_path)
        assert lost.returncode in (1, 2), name
        assert "its recipe is no longer at" in lost.stderr + lost.stdout, name
        done = command(name, run, *more, "--recipe", recipe / RECIPE, cwd=tmp_path)
        assert done.returncode == 0, f"{name}: {done.stderr}"
