"""Cascade R-CNN R50-FPN, schedule 1x: the notebook's first detector.

Learning rate, batch, warm-up, clipping and RoIAlign are the notebook's; what isn't named here is
mmdet's 1x schedule, which the notebook had as well. Not so: class names and numbers come from the
recipe's data, where the notebook kept the 81 outputs for COCO.
"""

_base_ = "mmdet::cascade_rcnn/cascade-rcnn_r50_fpn_1x_coco.py"

# two samples in each bin of a region. Not so: mmdet 3 aligns regions to the pixels' centres
# (aligned=True), as the checkpoints of 2020 were trained; mmdet 1 had half a pixel of offset
model = dict(roi_head=dict(bbox_roi_extractor=dict(roi_layer=dict(sampling_ratio=2))))
train_dataloader = dict(batch_size=2, num_workers=2)
optim_wrapper = dict(
    optimizer=dict(type="SGD", lr=0.02, momentum=0.9, weight_decay=0.0001),
    clip_grad=dict(max_norm=35, norm_type=2),
)
param_scheduler = [
    dict(type="LinearLR", start_factor=1 / 3, by_epoch=False, begin=0, end=500),
    dict(type="MultiStepLR", begin=0, end=12, by_epoch=True, milestones=[8, 11], gamma=0.1),
]
