"""A byte that changed, whichever it is, makes a record none of ours."""

import hashlib
import json

import pytest

from coco_recipe import seals

LINE = json.dumps({"image": "猫 1.jpg", "made": {"digest": "x" * 64}}).encode()


def test_a_sealed_line_is_json_with_the_hash_of_what_stands_before() -> None:
    sealed = seals.seal_line(LINE)
    assert json.loads(sealed) == {
        **json.loads(LINE),
        "digest": hashlib.sha256(LINE).hexdigest(),
    }
    assert seals.open_line(sealed) == LINE


@pytest.mark.parametrize("damage", ["flip", "cut", "double", "bare", "empty", "zeros", "swapped"])
def test_a_line_that_changed_is_none(damage: str) -> None:
    sealed = seals.seal_line(LINE)
    other = seals.seal_line(b'{"a": 1}')
    damaged = {
        "flip": [sealed[:n] + bytes([sealed[n] ^ 4]) + sealed[n + 1 :] for n in range(len(sealed))],
        "cut": [sealed[:n] for n in range(len(sealed))],
        "double": [sealed + sealed],
        "bare": [LINE],
        "empty": [b""],
        "zeros": [bytes(len(sealed))],
        "swapped": [sealed[:-70] + other[-70:]],
    }[damage]
    assert [line for line in damaged if seals.open_line(line) is not None] == []


def test_a_text_without_a_digest_is_not_whole() -> None:
    blank = b'{"digest": "", "a": 1}'
    digest = seals.digest_of(blank)
    text = blank.replace(b'""', f'"{digest}"'.encode())
    assert seals.is_whole(text, digest)
    assert not seals.is_whole(text, "")
    assert not seals.is_whole(text.replace(b"1", b"2"), digest)


PAGE = b"<!doctype html>\n<html><p>\xe7\x93\xb6</p></html>\n"


def test_a_sealed_page_says_what_it_is_of_and_that_it_is_whole() -> None:
    sealed = seals.seal_page(PAGE, "a" * 64)
    assert seals.open_page(sealed) == seals.Page("a" * 64, True)
    assert sealed.startswith(b"<!doctype html>\n")
    assert sealed.endswith(PAGE.partition(b"\n")[2])


def test_a_page_that_changed_is_known_and_another_is_none_of_ours() -> None:
    sealed = seals.seal_page(PAGE, "a" * 64)
    changed = [sealed[:n] + bytes([sealed[n] ^ 1]) + sealed[n + 1 :] for n in range(len(sealed))]
    found = [seals.open_page(one) for one in [*changed, sealed + b" ", sealed[:-1]]]
    assert not any(page and page.is_whole for page in found)
    assert seals.open_page(PAGE) is None
    assert seals.open_page(b"") is None
