"""The checks that this plugin offers; numpy is imported when one runs."""

from collections.abc import Iterable
from typing import Any

from coco_recipe import Check, Dataset, Finding
from coco_recipe_pictures.checks import mask_kinds, picture_checks


def _check_masks(dataset: Dataset, place: str, **options: Any) -> Iterable[Finding]:
    from coco_recipe_pictures.checks import mask_checks

    return mask_checks.check(dataset, place, **options)


CHECKS = (
    Check("pictures", "pictures", picture_checks.KINDS, picture_checks.check, needs=("PIL", "cv2")),
    Check("segmentations", "masks", mask_kinds.KINDS, _check_masks, needs=("numpy",)),
)
