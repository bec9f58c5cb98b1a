"""A problem of a recipe is shown with its line, and a caret under the place."""

from pathlib import Path

import pytest
from builders import coco, command, write_recipe

from coco_recipe.commands import carets
from coco_recipe.errors import Problem, Where
from coco_recipe.observing.table import width_of


def _told(folder: Path, text: bytes, line: int, column: int) -> list[str]:
    path = folder / f"{len(text)}-{line}-{column}.yaml"
    path.write_bytes(text)
    return carets.told(Problem(Where(str(path), line, column, "a.b"), "is wrong")).splitlines()[1:]


@pytest.mark.parametrize(
    ("text", "line", "column", "marked"),
    [
        (b"a: 1\nbb: wrong\n", 2, 5, "wrong"),
        ("瓶盖: wrong".encode(), 1, 5, "wrong"),
        (b"\ta: wrong", 1, 5, "wrong"),
        (b"a: 1\r\nb: wrong\r\n", 2, 4, "wrong"),
        ("e\u0301e\u0301: wrong".encode(), 1, 7, "wrong"),
        ("\u202ea: wrong".encode(), 1, 5, "wrong"),
        (b"x" * 500 + b" wrong" + b"y" * 500, 1, 502, "wrong"),
        ("瓶".encode() * 300 + b"wrong", 1, 301, "wrong"),
    ],
)
def test_the_caret_stands_under_the_place(
    tmp_path: Path, text: bytes, line: int, column: int, marked: str
) -> None:
    shown, below = _told(tmp_path, text, line, column)
    assert below.endswith("^")
    place = width_of(below) - 1
    assert width_of(shown[: shown.index(marked)]) == place
    assert width_of(shown) <= carets.WIDTH + 12
    assert not {"\t", "\r", "\u202e"} & set(shown)


@pytest.mark.parametrize(("line", "column"), [(0, 0), (9, 1)])
def test_a_problem_without_a_line_is_told_alone(tmp_path: Path, line: int, column: int) -> None:
    assert _told(tmp_path, b"a: 1\n", line, column) == []


@pytest.mark.parametrize("name", ["gone.yaml", "--set", "."])
def test_what_is_no_file_shows_no_line(name: str) -> None:
    problem = Problem(Where(name, 1, 1), "is wrong", "mend it")
    assert carets.told(problem) == str(problem)


def test_a_file_that_is_no_text_shows_no_line(tmp_path: Path) -> None:
    assert _told(tmp_path, b"\xff\xfe\x00", 1, 1) == []


@pytest.mark.parametrize("verb", ["validate", "plan", "run", "explain"])
def test_every_command_shows_the_line(tmp_path: Path, verb: str) -> None:
    step = {"id": "one", "use": "reindx", "in": "raw"}
    done = command(verb, write_recipe(tmp_path, [step], coco()), cwd=tmp_path)
    assert done.returncode == 2
    *_, shown, below = done.stderr.splitlines()
    assert shown[below.index("^") :].startswith('"reindx"')


def test_programs_get_the_problem_alone(tmp_path: Path) -> None:
    step = {"id": "one", "use": "reindx", "in": "raw"}
    recipe = write_recipe(tmp_path, [step], coco())
    for form in ("json", "github"):
        done = command("validate", recipe, "--format", form, cwd=tmp_path)
        assert "^" not in done.stdout + done.stderr
