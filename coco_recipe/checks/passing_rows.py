"""Annotations that pass part by part and aren't kept, as checks of rows see them."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, NoReturn

from coco_recipe.checks.rows import Rows, Survey
from coco_recipe.dataset import Annotation, Dataset


class NotKeptError(Exception):
    """A check asks for rows that have passed: it needs all of them at once."""


class PassingRows(Rows):
    """Rows of which the annotations pass once.

    Only those that a survey notices are kept, so checks whose kinds are in `row_checks.IN_PASSING`
    can be asked.

    Args:
        others: the images and categories.
        parts: the annotations, in the file's order.
    """

    def __init__(self, others: Dataset, parts: Iterable[Sequence[Annotation]]) -> None:
        super().__init__(others)
        self._parts = parts

    @cached_property
    def survey(self) -> Survey:
        found = Survey()
        for rows in self._parts:
            self.look_at(rows, found)
        return found

    @property
    def annotations(self) -> NoReturn:
        raise NotKeptError

    @property
    def boxes(self) -> Any:
        raise NotKeptError
