"""Dataset <-> COCO JSON: lossless, fast, and exact about what is wrong.

A row's class is made for the keys that the file has (unknown ones become undecoded fields), so that
a file goes through with the same ids, the same extra keys and the same numbers, and polygons are
never decoded.
"""

import contextlib
import gc
import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import msgspec
from msgspec import Raw

from coco_recipe import not_finite, not_json, regular
from coco_recipe.dataset import Annotation, Category, Dataset, Image
from coco_recipe.errors import DatasetError
from coco_recipe.extra_keys import extended
from coco_recipe.system_errors import writing

CHUNK_ROWS = 1000  # that are encoded at once: what fits the processor's cache
BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # as some editors put before UTF-8
_BETWEEN_ROWS = re.compile(rb"\}\s*,\s*\{")
FEW_KEYS = 12  # unknown keys that are learned one by one, most often of the first row
_TABLES: dict[str, type[msgspec.Struct]] = {
    "images": Image,
    "annotations": Annotation,
    "categories": Category,
}
_INT_KEYS = {
    "images": ("id", "width", "height"),
    "annotations": ("id", "image_id", "category_id", "iscrowd"),
    "categories": ("id",),
}


_FOUND = {
    "array": "a list, as a results file has (predictions are not annotations)",
    "str": "a text",
    "int": "a number",
    "float": "a number",
    "bool": "true or false",
}


class MalformedError(DatasetError):
    """A file's text has no rows to look at further: it is in no encoding that JSON may have."""


def load(path: Path, *, home: str = "", images: Path | None = None) -> Dataset:
    """Read a COCO annotation file.

    Args:
        path: the file.
        home: the name of the input, which starts the identity of its images.
        images: the folder that ``file_name`` is relative to.

    Returns:
        The data set; ids, order, numbers and unknown keys as in the file.

    Raises:
        DatasetError: the file can't be read, isn't JSON, or isn't COCO; names the place.
    """
    return parse(read_bytes(path), name=str(path), home=home, images=images)


def read_bytes(path: Path) -> bytes:
    """Read a regular file.

    Raises:
        DatasetError: it isn't a regular file, or can't be read.
    """
    try:
        return regular.read(path)
    except regular.NotRegularError as error:
        raise DatasetError(f"{path}: {error.strerror}") from error
    except OSError as error:
        raise DatasetError(f"{path}: can't be read: {error.strerror}") from error


def parse(
    text: bytes, *, name: str = "<memory>", home: str = "", images: Path | None = None
) -> Dataset:
    """Make a data set of JSON text, as `load` does of a file.

    Args:
        text: the file's bytes.
        name: what messages call the file.
        home: the name of the input, which starts the identity of its images.
        images: the folder that ``file_name`` is relative to.

    Raises:
        DatasetError: as of `load`.
    """
    return of_top(decode_top(text, name), name=name, home=home, images=images)


def of_top(
    top: Mapping[str, Raw], *, name: str, home: str = "", images: Path | None = None
) -> Dataset:
    """Make a data set of a file's top-level keys, as `decode_top` returns them.

    Args:
        top: undecoded JSON by key.
        name: what messages call the file.
        home: the name of the input, which starts the identity of its images.
        images: the folder that ``file_name`` is relative to.

    Raises:
        DatasetError: as of `load`.
    """
    with _collected_later():
        images_rows, annotations, categories = (_rows(top, table, name) for table in _TABLES)
    return Dataset(
        images_rows,
        annotations,
        categories,
        home=home,
        folders={home: images} if images else {},
        extra={key: value for key, value in top.items() if key not in _TABLES},
    )


def annotations_of(text: bytes, name: str) -> tuple[Annotation, ...]:
    """Make rows of the JSON text of a list of annotations, as `load` does of a file's.

    Args:
        text: the list.
        name: what messages call the file.

    Raises:
        DatasetError: as of `load`.
    """
    with _collected_later():
        return _rows({"annotations": Raw(text)}, "annotations", name)


@contextlib.contextmanager
def _collected_later() -> Iterator[None]:
    """Let the garbage collector wait while rows are made, and pass over them for long.

    It would take half of the time, and rows hold no cycles.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            if not gc.get_freeze_count():
                gc.freeze()
                gc.unfreeze()  # into the oldest generation, which it rarely looks at
            gc.enable()


def write(dataset: Dataset, path: Path) -> str:
    """Write a data set as COCO JSON to ``path`` and flush it to disk.

    Args:
        dataset: the data set.
        path: the file; one that is there is written over.

    Returns:
        The SHA-256 of the file, in hexadecimal digits.
    """
    digest = hashlib.sha256()
    with writing(path), path.open("wb") as file:
        for chunk in encode(dataset):
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def encode(dataset: Dataset) -> Iterable[bytes]:
    """Yield a data set as COCO JSON, piece by piece.

    Extra keys first, as COCO's own files have them.
    """
    encoder = msgspec.json.Encoder()
    yield b"{"
    for key, value in dataset.extra.items():
        yield encoder.encode(key) + b": " + bytes(value) + b",\n"
    for table in _TABLES:
        yield encoder.encode(table) + b": ["
        rows = getattr(dataset, table)
        for start in range(0, len(rows), CHUNK_ROWS):
            lead = b"\n" if start == 0 else b",\n"
            yield lead + encoder.encode(rows[start : start + CHUNK_ROWS])[1:-1]
        yield b"]\n}\n" if table == "categories" else b"],\n"


def decode_top(text: bytes, name: str) -> dict[str, Raw]:
    """Return the top-level keys of an annotation file, undecoded.

    Raise a DatasetError where it is none.
    """
    text = text.removeprefix(BYTE_ORDER_MARK)
    if what := not_json.told(text):
        raise DatasetError(f"{name}: {what}")
    try:
        top = msgspec.json.decode(text, type=dict[str, Raw])
    except msgspec.ValidationError as error:
        found = str(error).partition("got ")[2].strip("`")
        found = _FOUND.get(found, found or "something else")
        raise DatasetError(
            f"{name}: $: expected an object with images, annotations and categories, found {found}"
        ) from error
    except UnicodeDecodeError as error:
        raise MalformedError(not_json.why(name, text, error)) from error
    except (msgspec.DecodeError, RecursionError) as error:
        _malformed(text, name, error)
    if what := not_json.not_utf_8(text):
        raise MalformedError(f"{name}: {what}")
    missing = [table for table in _TABLES if table not in top]
    if missing:
        keys = ", ".join(list(top)[:4]) + (", ..." if len(top) > 4 else "")
        told = f"the keys are: {keys}" if top else "it has no key"
        raise DatasetError(f"{name}: $: not a COCO file: no key '{missing[0]}' ({told})")
    return top


def divided(table: Raw, size: int) -> list[memoryview]:
    """Divide the text of a table's rows into parts of about so many bytes.

    Each ends between two rows, or where an object or a text in a row looks like it; in brackets
    all of them are JSON only if none does that.
    """
    text, parts, start = memoryview(table), [], 1
    if bytes(text[:1]) != b"[":
        return [text]
    while found := _BETWEEN_ROWS.search(text, start + size):
        parts.append(text[start : found.start() + 1])
        start = found.end() - 1
    return [*parts, text[start:-1]]


def _malformed(text: bytes, name: str, error: Exception) -> NoReturn:
    place = re.search(r"byte (\d+)", str(error))
    if isinstance(error, RecursionError):
        raise DatasetError(f"{name}: is nested too deep for COCO, and can't be read") from error
    if place is None:
        raise DatasetError(f"{name}: {not_json.end_told(text)}") from error
    at = int(place[1])
    line, column = text.count(b"\n", 0, at) + 1, at - text.rfind(b"\n", 0, at)
    around = text[max(at - 40, 0) : at + 12].decode("utf-8", "replace")
    hint = not_json.of_several(text) if "trailing characters" in str(error) else ""
    if re.match(rb"[a-zA-Z]", text[at : at + 1]) and re.search(
        rb"-?\b(NaN|Infinity)", text[max(at - 2, 0) : at + 12]
    ):
        places = not_finite.told(text)
        hint = "; NaN and Infinity are not JSON: correct these numbers or remove their rows" + (
            f" ({places})" if places else ""
        )
    raise DatasetError(
        f"{name}:{line}:{column}: is not JSON: {error}, near {around!r}{hint}"
    ) from error


def _rows(top: Mapping[str, Raw], table: str, name: str) -> tuple[Any, ...]:
    """Decode one table; learn the unknown keys on the way."""
    row_class = _TABLES[table]
    text = top[table]
    normalised = False
    learned = 0
    while True:
        try:
            return msgspec.json.decode(text, type=tuple[row_class, ...])  # type: ignore[valid-type]
        except msgspec.ValidationError as error:
            message = str(error)
            if unknown := re.match(
                r"Object contains unknown field `(.*?)`(?: - at `(.*)`)?$", message, re.DOTALL
            ):
                if ".coco_recipe" in (unknown[2] or ""):
                    _refuse(name, table, message, text)
                learned += 1
                is_plain = unknown[1].isascii() and unknown[1].isidentifier()
                keys = (
                    [unknown[1]]
                    if is_plain and learned <= FEW_KEYS
                    else _unknown_keys(_objects(text, table, name), row_class)
                )
                if bad := [key for key in keys if re.search(r'["\\\x00-\x1f]', key)]:
                    raise DatasetError(
                        f"{name}: $.{table}: the key {bad[0]!r} has a quote, a backslash or a "
                        "control character, with which it can't be kept; rename it"
                    ) from error
                row_class = extended(row_class, keys)
            elif re.match(r"Expected `[^`]*\bint`, got `float`", message) and not normalised:
                text, normalised = (
                    Raw(_with_whole_numbers(_objects(text, table, name), table)),
                    True,
                )
            elif "out of range" in message:  # of any number that Python has
                told = not_json.number_told(bytes(text), message)
                raise MalformedError(f"{name}: $.{table}{told}") from error
            else:
                _refuse(name, table, message, text)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise MalformedError(not_json.why(f"{name}: $.{table}", bytes(text), error)) from error


def _objects(text: Raw, table: str, name: str) -> list[dict[str, Raw]]:
    """Return the rows of a table, their values undecoded; refuse a row that is no object."""
    try:
        return msgspec.json.decode(text, type=list[dict[str, Raw]])
    except msgspec.ValidationError as error:
        _refuse(name, table, str(error), text)


def _unknown_keys(rows: list[dict[str, Raw]], row_class: type[msgspec.Struct]) -> list[str]:
    """Return the keys of the rows that ``row_class`` lacks, in order of appearance."""
    known, found = set(row_class.__struct_encode_fields__), {}
    for row in rows:
        if not row.keys() <= known:
            found.update(dict.fromkeys(key for key in row if key not in known))
    return list(found)


def _with_whole_numbers(rows: list[dict[str, Raw]], table: str) -> bytes:
    """Write ids, sizes and iscrowd such as 8000.0 as 8000; all else stays as it is, to the byte."""
    for row in rows:
        for key in _INT_KEYS[table]:
            value = msgspec.json.decode(row[key]) if key in row else None
            if isinstance(value, float) and value.is_integer():
                row[key] = Raw(b"%d" % int(value))
    return msgspec.json.encode(rows)


def _refuse(name: str, table: str, message: str, text: Raw) -> NoReturn:
    what, _, place = message.partition(" - at `$")
    hint = ""
    if table == "annotations" and b'"segments_info"' in bytes(text):
        hint = "; this is COCO's panoptic form, whose segments carry the categories: "
        hint += "convert it to instances first"
    elif "got `str`" in what and re.search(r"[._]id$", place.rstrip("`")):
        hint = "; COCO ids are whole numbers: remove the quotes, or number the rows"
    raise DatasetError(f"{name}: $.{table}{place.rstrip('`')}: {what.replace('`', '')}{hint}")


def unsafe_name(file_name: str) -> str:
    """Say why a file name can't be used below a folder.

    Args:
        file_name: as the annotation file has it.

    Returns:
        The reason, as the end of a sentence; empty if it can be used.
    """
    if ".." in file_name and ".." in re.split(r"[/\\]", file_name):
        return "leads out of the folder"
    if not file_name.strip() or file_name[0] in "/~\\" or "\0" in file_name or "://" in file_name:
        return "must be a relative path"
    return ""
