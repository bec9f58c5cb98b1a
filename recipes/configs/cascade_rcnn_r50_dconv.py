"""Cascade R-CNN R50-FPN with deformable convolutions: the notebook's second detector.

Multi-scale training (1333 x 800 to 1333 x 1200) and tests at 1333 x 1000, 5 pictures at a time,
learning rate 0.05, half precision with a fixed loss scale; all else as the first detector. Half
precision needs a GPU; on a CPU the same is trained in full precision.
"""

_base_ = "cascade_rcnn_r50.py"

train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadAnnotations", with_bbox=True),
    dict(type="RandomResize", scale=[(1333, 800), (1333, 1200)], keep_ratio=True),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PackDetInputs"),
]
test_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="Resize", scale=(1333, 1000), keep_ratio=True),
    dict(type="LoadAnnotations", with_bbox=True),
    dict(
        type="PackDetInputs",
        meta_keys=("img_id", "img_path", "ori_shape", "img_shape", "scale_factor"),
    ),
]
# in the stages c3 to c5, not modulated, one group
model = dict(
    backbone=dict(
        dcn=dict(type="DCN", deform_groups=1, fallback_on_stride=False),
        stage_with_dcn=(False, True, True, True),
    )
)
train_dataloader = dict(batch_size=5, num_workers=6, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
optim_wrapper = dict(type="AmpOptimWrapper", loss_scale=512.0, optimizer=dict(lr=0.05))
