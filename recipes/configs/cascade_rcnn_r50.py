"""Cascade R-CNN R50-FPN, schedule 1x: the notebook's first detector.

Class names and numbers come from the recipe's data.
"""

_base_ = "mmdet::cascade_rcnn/cascade-rcnn_r50_fpn_1x_coco.py"
