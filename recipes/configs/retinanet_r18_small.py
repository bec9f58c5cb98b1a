"""RetinaNet with ResNet-18 for small pictures, which a CPU trains in minutes, from nothing.

It learns from nothing only when no stage is frozen and batch norm is trained.
"""

_base_ = "mmdet::retinanet/retinanet_r18_fpn_1x_coco.py"

side = 160
train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadAnnotations", with_bbox=True),
    dict(type="Resize", scale=(side, side), keep_ratio=True),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PackDetInputs"),
]
test_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="Resize", scale=(side, side), keep_ratio=True),
    dict(type="LoadAnnotations", with_bbox=True),
    dict(
        type="PackDetInputs",
        meta_keys=("img_id", "img_path", "ori_shape", "img_shape", "scale_factor"),
    ),
]
model = dict(
    backbone=dict(init_cfg=None, frozen_stages=-1, norm_eval=False),
    bbox_head=dict(anchor_generator=dict(octave_base_scale=2)),
)  # anchors from 16 px on: a defect is 10 to 50 px wide
train_dataloader = dict(batch_size=8, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(batch_size=8, dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
train_cfg = dict(max_epochs=12)
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type="AdamW", lr=5e-4, weight_decay=1e-4),
    clip_grad=dict(max_norm=10),
)  # from nothing, the class loss jumps without it
param_scheduler = [
    dict(type="LinearLR", start_factor=0.01, by_epoch=False, begin=0, end=30),
    dict(
        type="CosineAnnealingLR",
        by_epoch=True,
        begin=0,
        end=12,
        T_max=12,
        eta_min_ratio=0.02,
        convert_to_iter_based=True,
    ),
]
