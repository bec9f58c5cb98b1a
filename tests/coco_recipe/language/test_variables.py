"""Variables within variables, and those that lead nowhere."""

from pathlib import Path

from coco_recipe.errors import Problem
from coco_recipe.language.variables import Filler


def _filled(names: dict[str, object], value: object) -> tuple[object, list[str]]:
    problems: list[Problem] = []
    filler = Filler(Path("x.yaml"), {}, names, problems, {})
    return filler.fill(value, ()), [problem.what for problem in problems]


def test_a_variable_may_name_others() -> None:
    names = {"a": "${b}/x", "b": {"c": 2}, "d": "${b.c}"}
    assert _filled(names, {"one": "${d}", "two": "n ${d}"}) == ({"one": 2, "two": "n 2"}, [])
    assert _filled(names, "${image.height}") == ("${image.height}", [])


def test_what_is_not_set_or_has_no_end_is_told() -> None:
    assert _filled({}, "${a}")[1] == ["${a} is not set"]
    assert _filled({"a": "${a}"}, "${a}")[1] == ["${a} refers to itself"]
