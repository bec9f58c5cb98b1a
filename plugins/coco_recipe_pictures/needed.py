"""The packages that steps which open pictures need."""

from coco_recipe import Package

INSTALL = 'pip install "coco-recipe[augment]"'
NEEDS = (
    Package("cv2", "opencv-python-headless", INSTALL),
    Package("numpy", install=INSTALL),
)
