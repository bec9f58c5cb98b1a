"""What a worker of augment imports whatever the library is, so that it is there early."""

import cv2
import numpy as np

from coco_recipe_pictures.augment import copying  # noqa: F401
from coco_recipe_pictures.geometry import carried  # noqa: F401

__version__ = f"cv2 {cv2.__version__}, numpy {np.__version__}"  # Dask compares these
