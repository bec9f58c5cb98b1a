"""Import Albumentations in a worker of augment before its first copy."""

from coco_recipe_albumentations.library import albumentations

_LIBRARY = albumentations()

from coco_recipe_albumentations import carrier  # noqa: E402, F401
from coco_recipe_albumentations.pipeline import building  # noqa: E402, F401

__version__ = f"albumentations {_LIBRARY.__version__}"  # Dask compares these
