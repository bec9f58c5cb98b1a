"""What a worker of augment imports for Albumentations, so that it is there before the first copy."""

from coco_recipe_albumentations.library import albumentations

_LIBRARY = albumentations()

from coco_recipe_albumentations import carrier  # noqa: E402, F401
from coco_recipe_albumentations.pipeline import building  # noqa: E402, F401

__version__ = f"albumentations {_LIBRARY.__version__}"  # Dask compares these
