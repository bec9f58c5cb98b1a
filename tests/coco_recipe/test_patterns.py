"""An expression that takes too long is told within a second, and a sound one does its work."""

import signal
import time

import pytest

from coco_recipe import patterns


@pytest.mark.slow
@pytest.mark.parametrize(
    "pattern", [r"(a+)+$", r"(a|a)*$", r"(a|aa)+$", r"(.*a){25}c", r"(\w+\s?)*!"]
)
def test_an_expression_that_explodes_is_told_within_seconds(pattern: str) -> None:
    assert patterns.fault(pattern) == ""
    began = time.monotonic()
    with pytest.raises(ValueError, match=r"takes more than 1 s, at last on 'aaaa") as caught:
        patterns.search(pattern, ["b.jpg", "a" * 40 + "b.png"])
    assert time.monotonic() - began < 3
    assert repr(pattern) in str(caught.value)
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


@pytest.mark.parametrize(
    "pattern", ["(", "a{4294967296}", "(" * 900, "[z-a]", "(?P<a>)(?P<a>)", "x" * 1001, r"\8"]
)
def test_what_is_no_expression_is_told(pattern: str) -> None:
    assert patterns.fault(pattern)


def test_matches_are_those_of_each_text() -> None:
    found = patterns.search(r"(\d+)_", ["12_a.jpg", "b.jpg", "x7_.png"])
    assert [match and match[1] for match in found] == ["12", None, "7"]


@pytest.mark.slow
def test_a_clock_of_somebody_else_goes_on() -> None:
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        patterns.search("a", ["a"])
        time.sleep(0.4)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert rung == [1]
