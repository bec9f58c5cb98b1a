"""Mends of one file name, as ``repair: file_names`` applies them and as hints propose them."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from coco_recipe.files import plain_name


def mended_name(name: str, mends: Mapping[str, Any], by_plain_name: Mapping[str, str]) -> str:
    """Return a file name after mends, applied in their order.

    Args:
        name: the name.
        mends: ``unquote``, ``slashes``, ``basename``, ``trim`` and ``match_case`` are True,
            ``strip_prefix`` is a text.
        by_plain_name: the files that there are by their plain names, for ``match_case``.

    Returns:
        The mended name; the same where no mend applies.
    """
    for mend, value in mends.items():
        if mend == "unquote":
            name = unquote(name)
        elif mend == "slashes":
            name = name.replace("\\", "/")
        elif mend == "basename":
            name = name.replace("\\", "/").rpartition("/")[2]
        elif mend == "strip_prefix":
            name = name.removeprefix(value)
        elif mend == "trim":
            name = name.strip()
        else:
            name = by_plain_name.get(plain_name(name), name)
    return name
