"""Ids that are repeated, lead nowhere, or that nothing has."""

from collections.abc import Iterator
from typing import Any

from msgspec import UNSET

from coco_recipe.checks.rows import Rows, of_category, of_image, repeated
from coco_recipe.findings import Row


def repeated_image_ids(rows: Rows) -> Iterator[Row]:
    if len(rows.file_names) == len(rows.images):
        return iter(())
    again = repeated([image.id for image in rows.images])
    return (of_image(image) for image in rows.images if image.id in again)


def repeated_annotation_ids(rows: Rows) -> Iterator[Row]:
    again = repeated(rows.ids)
    return (rows.of(row) for row in (rows.annotations if again else ()) if row.id in again)


def repeated_category_ids(rows: Rows) -> Iterator[Row]:
    again = repeated([category.id for category in rows.categories])
    return (of_category(category) for category in rows.categories if category.id in again)


LARGEST_ID = 2**63 - 1  # hotcoco reads ids from 0, NumPy's and torch's whole numbers end here


def _is_out_of_range(number: int) -> bool:
    return not 0 <= number <= LARGEST_ID


def image_ids_out_of_range(rows: Rows) -> Iterator[Row]:
    numbers = rows.file_names.keys()
    if not numbers or (min(numbers) >= 0 and max(numbers) <= LARGEST_ID):
        return iter(())
    return (of_image(image) for image in rows.images if _is_out_of_range(image.id))


def annotation_ids_out_of_range(rows: Rows) -> Iterator[Row]:
    ids = rows.ids
    if not ids or (min(ids) >= 0 and max(ids) <= LARGEST_ID):
        return iter(())
    return (rows.of(row) for row in rows.annotations if _is_out_of_range(row.id))


def category_ids_out_of_range(rows: Rows) -> Iterator[Row]:
    return (of_category(category) for category in rows.categories if _is_out_of_range(category.id))


def dangling_images(rows: Rows) -> Iterator[Row]:
    known = rows.file_names.keys() | rows.unread("images")
    if rows.image_ids <= known:
        return iter(())
    return (
        rows.of(row, f"image {row.image_id}")
        for row in rows.annotations
        if row.image_id not in known
    )


def dangling_categories(rows: Rows) -> Iterator[Row]:
    known: set[Any] = {category.id for category in rows.categories} | {UNSET}
    known |= rows.unread("categories")
    if known == {UNSET} or rows.category_ids <= known:
        return iter(())
    return (
        rows.of(row, f"category {row.category_id}")
        for row in rows.annotations
        if row.category_id not in known
    )


def no_categories(rows: Rows) -> Iterator[Row]:
    if rows.categories or rows.unread("categories"):
        return iter(())
    return (
        rows.of(row, f"category {row.category_id}")
        for row in rows.annotations
        if row.category_id is not UNSET
    )


def without_category(rows: Rows) -> Iterator[Row]:
    if UNSET not in rows.category_ids:
        return iter(())
    return (rows.of(row) for row in rows.annotations if row.category_id is UNSET)


def unused_categories(rows: Rows) -> Iterator[Row]:
    if rows.unread("annotations"):  # they may have boxes of any
        return iter(())
    used = rows.category_ids
    return (of_category(category) for category in rows.categories if category.id not in used)
