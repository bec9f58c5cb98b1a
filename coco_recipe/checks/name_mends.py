"""Which mends of ``repair: file_names`` find the most of the pictures that are missing."""

import html
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path, PurePosixPath
from typing import Any

from coco_recipe.checks.file_names import mended_name
from coco_recipe.coco_json import unsafe_name
from coco_recipe.files import plain_name

Mends = Mapping[str, Any]
PREFIXES = 3  # that are tried: those which the most names begin with
SAMPLE = 1000  # missing names, about
_FOLDER_END = re.compile(r"/|(?<=\?)[a-z]+=")
_QUERY = re.compile(r"(\.\w{2,5})[?#&].*", re.DOTALL)  # of an address, behind a file's ending
_ENDING_IN_NAME = re.compile(r"[_-](?:jpe?g|png|bmp|webp|tiff?|gif|avif)(?=\.rf\.)", re.IGNORECASE)
_ROBOFLOW = re.compile(r"\.rf\.[0-9A-Za-z]{8,}$")  # name_jpg.rf.0123456789abcdef.jpg
_LABEL_STUDIO = re.compile(r"^[0-9a-f]{8}-(?=.)")  # 0123abcd-name.jpg
_BETWEEN_WORDS = re.compile(r"[\W_]+")
_PLAIN = re.compile(r"[\w.][\w./-]*")  # what YAML reads as a text without quotes


class Folder:
    """The files below a folder, by several readings of their names.

    Links to nothing aren't files.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def files(self) -> frozenset[str]:
        return frozenset(
            Path(top, name).relative_to(self.folder).as_posix()
            for top, _, names in os.walk(self.folder)
            for name in names
            if os.path.isfile(os.path.join(top, name))
        )

    @cached_property
    def by_plain_name(self) -> dict[str, str]:
        return {plain_name(file): file for file in sorted(self.files)}

    @cached_property
    def _by_loose_name(self) -> dict[str, str]:
        return {plain.strip(): file for plain, file in self.by_plain_name.items()}

    @cached_property
    def _by_last_part(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for plain, file in self._by_loose_name.items():
            found.setdefault(plain.rpartition("/")[2].strip(), []).append(file)
        return found

    @cached_property
    def _by_stem(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for plain, file in self._by_loose_name.items():
            found.setdefault(_stem(plain), []).append(file)
        return found

    @cached_property
    def _by_words(self) -> dict[str, list[str]]:
        return self._by_key(_words)

    @cached_property
    def _by_origin(self) -> dict[str, list[str]]:
        return self._by_key(_origin)

    def _by_key(self, key_of: Callable[[str], str]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for file in sorted(self.files):
            found.setdefault(key_of(_decoded(file)), []).append(file)
        return found

    def meant(self, name: str) -> str:
        """Return the file that a name most likely means; empty where none or several could be."""
        readings = _readings(name)
        tails = [tail for text in readings for tail in _tails(text)]
        for tail in tails:
            if (
                found := tail
                if tail in self.files
                else self._by_loose_name.get(plain_name(tail).strip())
            ):
                return found
        for text in readings:
            same = self._by_last_part.get(plain_name(text).rpartition("/")[2].strip(), [])
            if len(same) == 1:
                return same[0]
        for text in readings:
            same = self._by_stem.get(_stem(plain_name(text).strip()), [])
            if len(same) == 1:
                return same[0]
        return self._of_tool(_decoded(name))

    def _of_tool(self, text: str) -> str:
        """Return the one file whose name Roboflow or Label Studio made of this, or this of it."""
        words, origin = _words(text), _origin(text)
        for index, key in (
            (self._by_words, words),
            (self._by_origin, words),
            (self._by_words, origin),
        ):
            same = index.get(key, []) if key else []
            if len(same) == 1:
                return same[0]
        return ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Mends, in the order in which they work, and how many of the missing pictures they find."""

    mends: Mends
    found: int

    def __str__(self) -> str:
        listed = (
            f"{mend}: {'true' if value is True else _quoted(value)}"
            for mend, value in self.mends.items()
        )
        return f"repair: file_names: {{{', '.join(listed)}}}"


def proposed(names: Sequence[str], missing: Sequence[str], there: Folder) -> Proposal:
    """Return the fewest mends that find the most of the missing pictures.

    A mend is applied to all names, so that one by which ``repair`` would stop (two names become
    one, or a name leads out of the folder), or which loses as many pictures as it finds, isn't
    proposed.

    Args:
        names: the file names of all images.
        missing: those of them that have no file.
        there: the folder of images.
    """
    present, best = set(names) - set(missing), Proposal({}, 0)
    some = missing[:: max(1, len(missing) // SAMPLE)]  # by which the order of trying is chosen
    if not there.files:
        return best
    tried = ((_hits(some, mends, there), mends) for mends in _candidates(some, there))
    made_by: dict[tuple[str, ...], list[str]] = {(): list(names)}
    for hits, mends in sorted(tried, key=lambda each: (-each[0], len(each[1]))):
        if hits * len(missing) <= best.found * len(some):
            break
        made = _made(made_by, mends, there)
        if len(set(made)) < len(made) or any(map(unsafe_name, made)):
            continue
        found = sum(
            name in there.files or (name == old and old in present)
            for old, name in zip(names, made, strict=True)
        ) - len(present)
        if found > best.found:
            best = Proposal(mends, found)
    return best


def _made(by: dict[tuple[str, ...], list[str]], mends: Mends, there: Folder) -> list[str]:
    """Return all names after mends, made of those after all but the last of them, and keep them.

    Args:
        by: the names by the mends that are behind them, written as text; takes more.
        mends: in their order.
        there: the folder of images.
    """
    listed = [(mend, value, f"{mend}: {value}") for mend, value in mends.items()]
    behind: tuple[str, ...] = ()
    for mend, value, text in listed:
        before, behind = by[behind], (*behind, text)
        if behind not in by:
            by[behind] = [mended_name(name, {mend: value}, there.by_plain_name) for name in before]
    return by[behind]


def _hits(names: Sequence[str], mends: Mends, there: Folder) -> int:
    return sum(mended_name(name, mends, there.by_plain_name) in there.files for name in names)


def _candidates(missing: Sequence[str], there: Folder) -> Iterator[dict[str, Any]]:
    """Yield the sets of mends that change anything: of encoded names, folders, blanks, and case."""
    choices: list[list[dict[str, Any]]] = [[{}], [{}]]
    mends: list[dict[str, Any]] = [{"unquote": True}, {"slashes": True}]
    for choice, mend in zip(choices, mends, strict=True):
        if _is_changed(missing, mend):
            choice.append(mend)
    for first in ({**a, **b} for a, b in product(*choices)):
        folders: list[dict[str, Any]] = [
            {},
            *({"strip_prefix": prefix} for prefix in _prefixes(missing, first, there)),
        ]
        if _is_changed(missing, {**first, "basename": True}, {**first, "slashes": True}):
            folders.append({"basename": True})
        for folder in folders:
            for trim in (
                [{}, {"trim": True}]
                if _is_changed(missing, {**first, **folder, "trim": True}, {**first, **folder})
                else [{}]
            ):
                yield from (
                    {**first, **folder, **trim, **case} for case in ({}, {"match_case": True})
                )


def _is_changed(names: Sequence[str], mends: Mends, beside: Mends | None = None) -> bool:
    return any(
        mended_name(name, mends, {}) != mended_name(name, beside or {}, {}) for name in names
    )


def _prefixes(missing: Sequence[str], first: Mends, there: Folder) -> list[str]:
    """Return the beginnings without which most names are files', whatever case and blanks."""
    found: Counter[str] = Counter()
    for name in missing:
        text = mended_name(name, first, {})
        found.update(
            text[: len(text) - len(tail)]
            for tail in _tails(text)
            if tail != text and plain_name(tail).strip() in there.by_plain_name
        )
    return [prefix for prefix, _ in found.most_common(PREFIXES)]


def _tails(name: str) -> Iterator[str]:
    """Yield a name, and what is left of it without its first folder, its first two, and so on.

    A query that Label Studio writes (``/data/local-files/?d=a/b.jpg``) ends as a folder does.
    """
    yield name
    for end in _FOLDER_END.finditer(name):
        yield name[end.end() :]


def _readings(name: str) -> list[str]:
    """Return what a name may stand for, decoded further each time."""
    plain = mended_name(name, {"slashes": True}, {})
    unquoted = mended_name(name, {"unquote": True, "slashes": True}, {})
    texts = (plain, unquoted, html.unescape(plain), html.unescape(unquoted))
    return list(dict.fromkeys((*texts, *(_QUERY.sub(r"\1", text) for text in texts))))


def _decoded(name: str) -> str:
    """Return a name without codes of addresses and of HTML, and without a query."""
    unquoted = mended_name(name, {"unquote": True, "slashes": True}, {})
    return _QUERY.sub(r"\1", html.unescape(unquoted))


def _words(name: str) -> str:
    """Return the stem of a decoded name as words, which tools join by other signs."""
    return _BETWEEN_WORDS.sub(" ", plain_name(_named_by_roboflow(name))).strip()


def _origin(name: str) -> str:
    """Return the same of the name that a file had before Roboflow or Label Studio took it."""
    stem = _ROBOFLOW.sub("", _named_by_roboflow(name))
    return _BETWEEN_WORDS.sub(" ", plain_name(_LABEL_STUDIO.sub("", stem))).strip()


def _named_by_roboflow(name: str) -> str:
    """Return a stem without the ending that Roboflow writes into it."""
    return _ENDING_IN_NAME.sub("", _stem(name))


def _stem(name: str) -> str:
    """Return the last part of a name without its ending."""
    return PurePosixPath(name).stem


def _quoted(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)
