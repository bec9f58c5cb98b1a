"""What is told of an error: our own words if we raised it on purpose, else its type and place."""

import json
import math
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from coco_recipe import StepProblem, StepProblems, failure
from coco_recipe.engines import engine
from coco_recipe.errors import DatasetError, StepError

HOME = __name__.partition(".")[0]


def _caught(function: Callable[[], object]) -> BaseException:
    with pytest.raises(BaseException) as caught:
        function()
    return caught.value


def _refuse() -> None:
    raise ValueError("image 2 ('2.jpg') is odd;\nturn it")


def _refuse_with_a_cause() -> None:
    try:
        json.loads("{")
    except ValueError as error:
        raise ValueError("places.json is no JSON; write it again") from error


def _line_of(text: str) -> int:
    lines = Path(__file__).read_text("utf-8").splitlines()
    return next(n for n, line in enumerate(lines, 1) if line.endswith(text))


def _square_root() -> None:
    math.sqrt(-2)  # in C


def _decode() -> None:
    json.loads("[1, ")  # in json


def _open() -> None:
    Path("there-is-no-such-file").read_text()  # in pathlib


def _leave() -> None:
    sys.exit("bye\nand thanks")  # for good


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (_refuse, "image 2 ('2.jpg') is odd;\nturn it"),
        (_refuse_with_a_cause, "places.json is no JSON; write it again"),
    ],
)
def test_a_value_error_that_a_step_raises_on_purpose_is_told_as_it_is(
    function: Callable[[], None], text: str
) -> None:
    assert failure.told(_caught(function), HOME) == text


def test_it_is_a_strangers_where_the_step_is_of_another_package() -> None:
    told = failure.told(_caught(_refuse), "another")
    place = (
        "[tests/coco_recipe/test_failure.py:"
        f"{_line_of('is odd;' + chr(92) + 'nturn it' + chr(34) + ')')}]"
    )
    assert told == f"ValueError: image 2 ('2.jpg') is odd; {place}\nturn it"


@pytest.mark.parametrize(
    "error",
    [
        StepError("x"),
        DatasetError("raw: x"),
        StepProblems([StepProblem(("size",), "is too large")]),
    ],
)
def test_our_own_kinds_of_error_are_told_as_they_are(error: Exception) -> None:
    def fail() -> None:
        raise error

    assert failure.told(_caught(fail), HOME) == str(error)


@pytest.mark.parametrize(
    ("function", "first", "last"),
    [
        (_square_root, "ValueError: math domain error", "  # in C"),
        (_decode, "json.decoder.JSONDecodeError: Expecting value", "  # in json"),
        (_open, "FileNotFoundError: [Errno 2] No such file", "  # in pathlib"),
        (_leave, "SystemExit: bye", "  # for good"),
    ],
)
def test_any_other_is_told_with_its_type_and_the_line_that_led_there(
    function: Callable[[], None], first: str, last: str
) -> None:
    told = failure.told(_caught(function), HOME).splitlines()[0]
    assert told.startswith(first)
    assert told.endswith(f"test_failure.py:{_line_of(last)}]")
    assert str(Path(__file__).parent) not in told
    assert str(Path(json.__file__).parents[1]) not in told


def test_a_librarys_place_is_told_from_its_package_on() -> None:
    numpy = pytest.importorskip("numpy")
    told = failure.told(_caught(lambda: numpy.linalg.cholesky(numpy.zeros(3))), HOME)
    assert " [numpy/linalg/_linalg.py:" in told
    assert told.startswith("numpy.linalg.LinAlgError: ")


def _work(kind: str, item: int) -> int:
    if item == 2:
        {"refuse": _refuse, "root": _square_root, "leave": _leave}[kind]()
    return item


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["refuse", "root", "leave"])
def test_a_worker_tells_the_same_as_this_process(kind: str) -> None:
    work = partial(_work, kind)
    here = _caught(lambda: list(engine.local(0).map(work, range(4))))
    there = _caught(lambda: list(engine.local(2).map(work, range(4))))
    assert failure.told(here, failure.home_of(work)) == failure.told(there, failure.home_of(work))
    assert type(here) is type(there)
    assert "while at work on 2" in failure.trace(here)
    assert "while at work on 2" in failure.trace(there)
    assert "in _work" in failure.trace(there)


def test_an_item_of_any_length_is_named_in_a_few_words() -> None:
    error = _caught(lambda: list(engine.local(0).map(_fail_on, ["a long item " * 1000])))
    [note] = error.__notes__
    assert note.startswith("while at work on a long item a long item")
    assert len(note) < 600


def _fail_on(item: str) -> None:
    raise KeyError(item[:1])


def test_an_error_that_was_never_raised_has_no_place() -> None:
    assert failure.told(KeyError("x")) == "KeyError: 'x'"
    assert failure.told(TypeError()) == "TypeError"


class _Mute(Exception):
    def __str__(self) -> str:
        raise ZeroDivisionError


def test_an_error_whose_text_can_not_be_made_is_told_by_its_type() -> None:
    def act() -> None:
        raise _Mute

    told = failure.told(_caught(act), HOME)
    assert told.startswith("_Mute: (its own text can't be made: ZeroDivisionError) [")
