"""Shells are told commands, steps that there are, and steps of a recipe or a run."""

from pathlib import Path

import click
import pytest
from builders import coco, command, process, write_recipe

from coco_recipe.commands import completing

STEPS = [{"id": name, "use": "reindex", "in": "raw"} for name in ("瓶盖", "train", "trial")]


def _context(**params: object) -> click.Context:
    ctx = click.Context(click.Command("x"))
    ctx.params = params
    return ctx


PARAM = click.Option(["--x"])


def test_steps_of_plugins_are_completed() -> None:
    assert completing.offered(_context(), PARAM, "rein") == ["reindex"]


def test_steps_of_a_recipe_are_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = write_recipe(tmp_path, STEPS, coco())
    assert completing.of_recipe(_context(recipe=recipe), PARAM, "tr") == ["train", "trial"]
    assert completing.of_recipe(_context(recipe=recipe), PARAM, "瓶") == ["瓶盖"]
    monkeypatch.setenv("COMP_WORDS", f"coco-recipe run {recipe} --from tri")
    assert completing.of_recipe(_context(), PARAM, "tri") == ["trial"]


@pytest.mark.parametrize("text", ["steps: 5", "steps: [1]", "{", "", "steps: {a: 1}", "- x"])
def test_a_recipe_that_is_wrong_completes_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "r.yaml").write_text(text)
    assert completing.of_recipe(_context(recipe=tmp_path / "r.yaml"), PARAM, "") == []
    assert completing.of_recipe(_context(recipe=tmp_path / "gone.yaml"), PARAM, "") == []


def test_steps_of_a_run_are_completed(tmp_path: Path) -> None:
    for name in ("parts", "more"):
        (tmp_path / "steps" / name).mkdir(parents=True)
        (tmp_path / "steps" / name / "manifest.json").touch()
    assert completing.of_run(_context(run=tmp_path), PARAM, "p") == ["parts"]
    assert completing.of_run(_context(), PARAM, "") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_its_script(tmp_path: Path, shell: str) -> None:
    done = command("completion", shell, cwd=tmp_path)
    assert done.returncode == 0
    assert f"{completing.VARIABLE}={shell}_complete" in done.stdout


@pytest.mark.slow
def test_the_program_answers_a_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(completing.VARIABLE, "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "coco-recipe steps filter_a")
    monkeypatch.setenv("COMP_CWORD", "2")
    done = process(cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "plain,filter_annotations\n", "")
