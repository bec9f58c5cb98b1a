"""What a worker of augment imports, in one module: so that the process that workers are forked from can have it early."""

from coco_recipe_albumentations.library import albumentations

_LIBRARY = albumentations()

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from coco_recipe_pictures.geometry import carried as geometry  # noqa: E402, F401

__version__ = f"albumentations {_LIBRARY.__version__}, cv2 {cv2.__version__}, numpy {np.__version__}"  # Dask compares these
