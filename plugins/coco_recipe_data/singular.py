"""The words that a table's name may be the plural of: ``person`` for ``people``."""

_IRREGULAR = {
    "people": "person",
    "children": "child",
    "men": "man",
    "feet": "foot",
    "teeth": "tooth",
    "geese": "goose",
    "mice": "mouse",
}
_ENDINGS = (
    ("ices", ("ex", "ix")),
    ("ies", ("y", "ie")),
    ("ves", ("f", "fe")),
    ("ses", ("sis", "s")),
    ("xes", ("x", "xis")),
    ("zzes", ("z", "zz")),
    ("es", ("", "is")),
    ("s", ("",)),
    ("a", ("um", "on")),
    ("ae", ("a",)),
    ("i", ("us",)),
)


def singulars(name: str) -> tuple[str, ...]:
    """Return the name itself, as of ``series``, and every word that it may be the plural of.

    Some are none.
    """
    found = [name]
    for plural, one in _IRREGULAR.items():
        if name.endswith(plural):
            found.append(name.removesuffix(plural) + one)
    for ending, ones in _ENDINGS:
        if name.endswith(ending) and name != ending:
            found += [name.removesuffix(ending) + one for one in ones]
    return tuple(dict.fromkeys(found))
