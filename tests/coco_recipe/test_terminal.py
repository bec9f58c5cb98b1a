"""What a terminal would act on is written as an escape; JSON stays the same value."""

import io
import json

import pytest

from coco_recipe import terminal

UNSAFE = {
    "escape sequence": "\x1b[31mred\x1b[0m",
    "window title": "\x1b]0;title\x07",
    "carriage return": "good\rbad",
    "backspace": "a\b",
    "delete": "\x7f",
    "C1 control": "\x9b31m",
    "override": "\u202egpj.exe",
    "isolate": "a\u2066b\u2069",
    "arabic mark": "\u061c",
    "zero width": "a\u200bb",
    "byte order mark": "\ufeffa",
    "line separator": "a\u2028b",
    "surrogate": "a\udcffb",
    "soft hyphen": "a\u00adb",
}


@pytest.mark.parametrize("name", UNSAFE)
def test_what_a_terminal_would_act_on_is_written_as_an_escape(name: str) -> None:
    text = terminal.safe(UNSAFE[name])
    assert text.isprintable()
    assert "\\u" in text
    assert json.loads(f'"{text}"') == UNSAFE[name]


@pytest.mark.parametrize("text", ["瓶盖 破损", "a\tb\nc", "Ünïcode 🎉", "हिन्दी", "שלום", "a@b.c"])
def test_other_text_stays(text: str) -> None:
    assert terminal.safe(text) == text


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("get https://me:secret@host/a.zip now", "get https://***@host/a.zip now"),
        ("s3://key:pass@bucket", "s3://***@bucket"),
        ("git+ssh://git@host:22/x", "git+ssh://***@host:22/x"),
        ("https://host/a@b", "https://host/a@b"),
        ("'http://a:b@c', 'http://d:e@f'", "'http://***@c', 'http://***@f'"),
    ],
)
def test_credentials_in_addresses_are_masked(text: str, safe: str) -> None:
    assert terminal.safe(text) == safe


def test_a_safe_stream_is_the_stream_otherwise() -> None:
    below = io.StringIO()
    stream = terminal.SafeStream(below)
    stream.writelines(["a\x1b", "b"])
    assert stream.write("c\x07") == 2
    assert below.getvalue() == "a\\u001bbc\\u0007"
    assert stream.closed is False
    assert terminal.raw(stream) is below
    assert terminal.raw(below) is below


def test_messages_have_names_in_place_of_values_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(terminal, "_hidden", {})
    values = {"s3cret": "${env:T}", "s3cret/more": "${env:P}", "abc": "${env:S}"}
    assert terminal.named("s3cret/more s3cret abc", values) == "${env:P} ${env:T} abc"
    message, result = io.StringIO(), io.StringIO()
    terminal.hide(values)
    print("at s3cret", file=terminal.SafeStream(message, for_messages=True))
    print("at s3cret", file=terminal.SafeStream(result))
    assert (message.getvalue(), result.getvalue()) == ("at s3cret\n", "at s3cret\n")
