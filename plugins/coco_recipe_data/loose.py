"""Numbers under keys that no table lists.

They are each file's own, shared by all, or names of rows that nobody says.

One rule: a key whose last word (before ``_id``) is a thing that one file counts (``track_id``,
``object_id``) has numbers of that file; one whose word is a kind, a source, or a place in an order
(``class_id``, ``frame_id``) shares them with all; one whose word is a part that a row plays
(``subject_id``) names a row; of all others it isn't known.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Protocol

from coco_recipe import Complaint, Row

# CVAT, CocoVID and MOT files have the first ones, and texts under them are a file's own too
WITH_TEXTS = ("track_id", "instance_id", "video_id", "sequence_id", "scene_id")
BARE = ("track", "instance", "identity")
_OWN = {
    "track",
    "instance",
    "video",
    "sequence",
    "scene",
    "tracking",
    "tracklet",
    "trajectory",
    "traj",
    "inst",
    "object",
    "obj",
    "person",
    "player",
    "identity",
    "seq",
    "group",
    "clip",
}
_SHARED = {
    "class",
    "cls",
    "label",
    "dataset",
    "coco",
    "lvis",
    "flickr",
    "wikidata",
    "osm",
    "license",
    "frame",
}
_PAIRS = (
    ("subject", "object"),
    ("source", "target"),
    ("src", "dst"),
    ("from", "to"),
    ("head", "tail"),
    ("first", "second"),
)
_ALONE = {
    "ref",
    "pair",
    "partner",
    "next",
    "prev",
    "previous",
    "child",
    "linked",
    "matched",
    "related",
}
BARE_PAIRS = ("subject", "object", "source", "target")


class Use(Protocol):
    """An id that a row has under a key."""

    @property
    def what(self) -> str:
        """Return the row in words."""

    @property
    def key(self) -> str:
        """Return the key."""

    @property
    def value(self) -> Any:
        """Return the id."""


def base(key: str, told: Collection[str]) -> str:
    """Return the key that a key is a form of: ``prev_track_ids`` -> ``track_id``."""
    one = key.removesuffix("s") if key.endswith("_ids") else key
    return (
        one
        if key in told or one in told or not one.endswith("_id") or _word(one) not in _OWN
        else f"{_word(one)}_id"
    )


def _word(key: str) -> str:
    """Return the last word of a key before ``_id``; a key that doesn't end so is its own."""
    one = key.removesuffix("s") if key.endswith("_ids") else key
    return one.removesuffix("_id").rpartition("_")[2] if one.endswith("_id") else one


def is_whole(value: Any) -> bool:
    """Say whether a value is a whole number from 0 up; lower ones say that there is none."""
    return isinstance(value, int | float) and value >= 0 and value == value // 1


def own(
    uses: Sequence[Sequence[Use]], told: Mapping[str, str], roles: Collection[str]
) -> list[str]:
    """Return the keys, as `base` writes them, whose numbers are each file's own."""
    found = dict.fromkeys(base(use.key, told) for used in uses for use in used)
    return [
        key
        for key in found
        if (
            told[key] == "own"
            if key in told
            else key in BARE
            or (key.endswith("_id") and _word(key) in _OWN and _word(key) not in roles)
        )
    ]


def roles(uses: Sequence[Sequence[Use]], told: Mapping[str, str]) -> set[str]:
    """Return the words of keys that say what part another row plays, as ``subject`` or ``ref``."""
    words = {
        _word(use.key)
        for used in uses
        for use in used
        if is_whole(use.value) and base(use.key, told) not in told
    }
    pairs = {word for pair in _PAIRS if words.issuperset(pair) for word in pair}
    return pairs | (words & _ALONE)


def unsaid(
    home: str, uses: Sequence[Use], told: Mapping[str, str], roles: Collection[str]
) -> Iterator[Complaint]:
    """Complain of keys that name rows when ids change and nothing says which they name."""
    found = {
        use.key: use
        for use in reversed(uses)
        if is_whole(use.value) and _word(use.key) in roles and base(use.key, told) not in told
    }
    if found:
        keys = sorted(found)
        use = found[min(found)]
        listed = ", ".join(keys)
        kept = ", ".join(f"{key}: shared" for key in keys)
        yield Complaint(
            ("tables",),
            f"{use.what} of {home} has {use.key} {use.value!r}, and it is not known what {listed} "
            f"{'names' if len(keys) == 1 else 'name'}: ids of {home} change, so that another data "
            "set's row would be named after the merge",
            f"say it, tables: {{annotations: [{listed}]}} (or images, or another list), or ids: "
            f"{{{kept}}} if they name nothing whose id changes",
        )


def unknown(
    homes: Sequence[str],
    uses: Sequence[Sequence[Use]],
    told: Mapping[str, str],
    roles: Collection[str],
) -> Iterator[Row]:
    """Yield the keys under which data sets share numbers that count from 0 or 1.

    Keys of which it is known what they mean are left out.
    """
    found = [_unsaid_values(used, told, roles) for used in uses]
    counted = {key for values in found for key, numbers in values.items() if min(numbers) <= 1}
    before: dict[str, set[Any]] = {}
    for home, values in zip(homes, found, strict=True):
        for key in sorted(counted & {*values}):
            if common := values[key] & before.get(key, set()):
                yield Row(f"'{key}' of {home}", min(common))
            before.setdefault(key, set()).update(values[key])


def _unsaid_values(
    uses: Sequence[Use], told: Mapping[str, str], roles: Collection[str]
) -> dict[str, set[Any]]:
    values: dict[str, set[Any]] = {}
    for use in uses:
        word = _word(use.key)
        key = base(use.key, told)
        if (
            is_whole(use.value)
            and key.endswith("_id")
            and key not in told
            and word not in {"", *_OWN, *_SHARED, *roles}
        ):
            values.setdefault(key, set()).add(use.value)
    return values
