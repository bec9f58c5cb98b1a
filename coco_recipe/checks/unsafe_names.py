"""What to do about file names that can't be used below a folder: mends that leave no two alike."""

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile

from coco_recipe.checks.file_names import mended_name
from coco_recipe.checks.name_mends import Mends, Proposal
from coco_recipe.checks.rows import Rows
from coco_recipe.coco_json import unsafe_name
from coco_recipe.errors import counted

_FOLDER = re.compile(r"[/\\]+")
_BASENAME = {"basename": True}


def remedy(rows: Rows) -> str:
    """Return the first mends that make every name usable and no two names one; else say why not.

    Args:
        rows: of a data set, of which a name at least can't be used.
    """
    names = list(dict.fromkeys(image.file_name for image in rows.images))
    unsafe = [name for name in names if unsafe_name(name)]
    for mends in _candidates(unsafe):
        made = [mended_name(name, mends, {}) for name in names]
        if len(set(made)) == len(names) and not any(map(unsafe_name, made)):
            return str(Proposal(mends, len(unsafe)))
    return f"give these files other names: {Proposal(_BASENAME, 0)} {_fault(names)}"


def _candidates(unsafe: Sequence[str]) -> Iterator[Mends]:
    """Yield mends, those that are written the shortest first, then those that keep the least."""
    yield _BASENAME
    for first in ({}, {"slashes": True}):
        shared = _beginning([mended_name(name, first, {}) for name in unsafe])
        for end in reversed(list(_FOLDER.finditer(shared))):
            yield {**first, "strip_prefix": shared[: end.end()]}


def _beginning(texts: Sequence[str]) -> str:
    """Return what texts have in common, character by character, from the first on."""
    pairs = zip(min(texts), max(texts), strict=False)
    return "".join(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _fault(names: Sequence[str]) -> str:
    """Say what is wrong with the last parts of names."""
    first: dict[str, str] = {}
    for name in names:
        made = mended_name(name, _BASENAME, {})
        if unsafe_name(made):
            return f"makes {made!r} of {name!r}"
        if (other := first.setdefault(made, name)) != name:
            more = len(names) - len({mended_name(each, _BASENAME, {}) for each in names})
            return (
                f"makes one file of {other!r} and {name!r} ({counted(more, 'name')} would be lost)"
            )
    return "leaves none"
