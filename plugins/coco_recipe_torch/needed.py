"""The package that steps on checkpoints need, and how the training stack is installed."""

from coco_recipe import Package

INSTALL = "coco-recipe doctor --for train prints the commands that install it"
TORCH = Package("torch", install=INSTALL)
