"""What a plugin draws of one row: an image of a data set, or what is around an annotation."""

from collections.abc import Callable
from dataclasses import dataclass

from coco_recipe.dataset import Annotation, Dataset, Image


@dataclass(frozen=True, slots=True)
class Crop:
    """What is to be drawn.

    Attributes:
        dataset: the rows as they are at a place.
        image: one of its images.
        annotation: one of the annotations on it; None for the whole image with all of them.
        title: what is to be said of it, in words.
        is_gone: it is dropped there.
    """

    dataset: Dataset
    image: Image
    annotation: Annotation | None
    title: str
    is_gone: bool = False


DrawCrop = Callable[[Crop], bytes]
