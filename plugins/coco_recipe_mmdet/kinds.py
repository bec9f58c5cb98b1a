"""The kinds of findings that steps with a detector make."""

from coco_recipe import Kind

ROWS_MISSED = Kind(
    "class_rows_missed",
    "warning",
    "classes have the name of one of the checkpoint's but for case, blanks, underscores or Unicode "
    "form, and not its row",
    "map: {<name>: <the checkpoint's>} takes the row",
)
