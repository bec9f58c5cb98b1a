"""The packages that steps which open pictures need."""

from coco_recipe import Package

INSTALL = 'pip install "coco-recipe[augment]"'
NEEDS = (
    # its own lines would stand among ours
    Package("cv2", "opencv-python-headless", INSTALL, {"OPENCV_LOG_LEVEL": "SILENT"}),
    Package("numpy", install=INSTALL),
)
