"""The keys of an annotation under which COCO-WholeBody has the parts of a person, in pixels.

See https://github.com/jin-s13/COCO-WholeBody. ``<part>_valid`` says whether a part is labelled.
"""

BOXES = frozenset(("face_box", "lefthand_box", "righthand_box"))  # x, y, w, h
POINTS = frozenset(
    ("face_kpts", "foot_kpts", "lefthand_kpts", "righthand_kpts")
)  # x, y, flag of each


def valid_key(key: str) -> str:
    """Return the key that says whether a part is labelled: ``face_valid`` for ``face_box``."""
    return f"{key.rpartition('_')[0]}_valid"
