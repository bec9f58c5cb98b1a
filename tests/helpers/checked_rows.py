"""What checks of rows find in a small data set."""

from typing import Any

from builders import coco


def changed_data(**changes: Any) -> dict[str, Any]:
    """Return a sound data set with changes: ``annotations__bbox=[...]`` sets a key of the table's
    first row.
    """
    data = coco(names=("cat", "dog"))
    for change, value in changes.items():
        table, _, key = change.partition("__")
        row = data[table][0]
        if value is None:
            del row[key]
        else:
            row[key] = value
    return data


EXPORT = {"id": "d", "use": "export_coco", "in": {"all": "raw"}, "with": {"images": "none"}}
