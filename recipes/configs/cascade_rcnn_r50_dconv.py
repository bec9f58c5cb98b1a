"""Cascade R-CNN R50-FPN with deformable convolutions, half precision, multi-scale training.

The notebook's second detector: pictures of 1333 x 800 to 1200 in training and 1333 x 1000 in
testing, 5 at a time, learning rate 0.05, 12 epochs. Half precision needs a GPU; on a CPU the same
is trained in full precision.
"""

_base_ = "mmdet::dcn/cascade-rcnn_r50-dconv-c3-c5_fpn_1x_coco.py"

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
train_dataloader = dict(batch_size=5, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
train_cfg = dict(max_epochs=12)
optim_wrapper = dict(type="AmpOptimWrapper", loss_scale="dynamic", optimizer=dict(lr=0.05))
model = dict(test_cfg=dict(rcnn=dict(score_thr=0.05)))
