"""Annotations that pass part by part and aren't kept, as checks of rows see them."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from operator import attrgetter
from typing import Any, NoReturn

from coco_recipe.checks.rows import Rows, Survey
from coco_recipe.dataset import Annotation, Dataset

KEPT = ("id", "image_id", "category_id", "iscrowd", "area")  # numbers take little memory


class NotKeptError(Exception):
    """A check asks for rows that have passed: it needs all of them at once."""


class PassingRows(Rows):
    """Rows of which the annotations pass once.

    Only those that a survey notices are kept, and a few columns of all, so checks whose kinds are
    in `row_checks.IN_PASSING` can be asked.

    Args:
        others: the images and categories.
        parts: the annotations, in the file's order.
    """

    def __init__(self, others: Dataset, parts: Iterable[Sequence[Annotation]]) -> None:
        super().__init__(others)
        self._parts = parts

    @cached_property
    def _passed(self) -> tuple[Survey, dict[str, list[Any]]]:
        survey, columns = Survey(), {key: list[Any]() for key in KEPT}
        for rows in self._parts:
            self.look_at(rows, survey)
            for key, column in columns.items():
                column += map(attrgetter(key), rows)
        return survey, columns

    @property
    def survey(self) -> Survey:
        return self._passed[0]

    @property
    def have_boxes(self) -> bool:
        return self.survey.boxes == len(self.ids)

    def _column(self, key: str) -> list[Any]:
        return self._passed[1][key]

    @property
    def annotations(self) -> NoReturn:
        raise NotKeptError

    @property
    def boxes(self) -> Any:
        raise NotKeptError
