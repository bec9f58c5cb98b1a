"""Settle what of a data set gets copies, before any is made.

All that the recipe must choose for it is settled with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from coco_recipe import Annotation, Dataset, Image, Params, StepProblems, facts_of
from coco_recipe_pictures.augment import choosing, keypoint_pairs, refusals
from coco_recipe_pictures.augment.choosing import Choice
from coco_recipe_pictures.backend import Pipeline


@dataclass(frozen=True, slots=True)
class Chosen:
    """What gets copies, and what trades places in a mirrored one.

    Attributes:
        choice: how many copies each image gets.
        annotations: all of the data set, by image id.
        images: those that get copies.
        swap: by category id, the keypoints (counted from 0) that trade places.
        mirror: by category id, the category that a row has in a mirrored picture.
    """

    choice: Choice
    annotations: Mapping[int, Sequence[Annotation]]
    images: tuple[Image, ...]
    swap: Mapping[int, tuple[tuple[int, int], ...]]
    mirror: Mapping[int, int]

    @classmethod
    def of(cls, dataset: Dataset, params: Params, pipeline: Pipeline) -> "Chosen":
        """Choose images, and see that the recipe says all that must be said about their rows.

        Args:
            dataset: the data set.
            params: the step's; None for those that the recipe doesn't set.
            pipeline: the pipeline as it is applied.

        Raises:
            StepProblems: parameters name what isn't there, or leave out what must be chosen.
            ValueError: no image is chosen.
        """
        StepProblems.if_any(choosing.problems(params, facts_of(dataset)))
        annotations = dataset.annotations_of()
        choice = choosing.choose(
            dataset,
            annotations,
            copies=params["copies"],
            where=params["where"],
            balanced=params["balance"],
        )
        swap = keypoint_pairs.mirrored_pairs(dataset.categories, params["mirrored_keypoints"])
        mirror = choosing.mirrored(dataset.categories, params["mirrored_categories"] or ())
        images = tuple(image for image, n in zip(dataset.images, choice.copies, strict=True) if n)
        rows = [row for image in images for row in annotations[image.id]]
        StepProblems.if_any(refusals.problems(pipeline, dataset, images, rows, swap, params))
        return cls(choice, annotations, images, swap, mirror)
