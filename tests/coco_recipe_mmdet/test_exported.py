"""A detector as a module: pixels in, boxes out; and families for which that can't be."""

import pytest

pytestmark = pytest.mark.slow

pytest.importorskip("mmdet")


@pytest.mark.parametrize("rgb", [True, False])
def test_channels_and_pixels_are_what_the_model_was_trained_with(rgb: bool) -> None:
    import torch
    from coco_recipe_mmdet.inside import exported
    from torch import nn

    asked: list[torch.Tensor] = []

    class Head(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.test_cfg = {"nms": {"iou_threshold": 0.65}}

        def forward(self, features: tuple[torch.Tensor]) -> tuple[torch.Tensor]:
            return features

        def predict_by_feat(self, answers: torch.Tensor, **given: object) -> list[object]:
            asked.append(answers)
            assert given["with_nms"] is False
            return [type("Found", (), {"bboxes": answers, "scores": answers, "labels": answers})]

    class Model(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.bbox_head = Head()
            self.data_preprocessor = nn.Module()
            self.data_preprocessor._enable_normalize = True
            self.data_preprocessor.mean = torch.tensor([10.0, 20.0, 30.0])
            self.data_preprocessor.std = torch.tensor([2.0, 4.0, 5.0])

        def extract_feat(self, pixels: torch.Tensor) -> tuple[torch.Tensor]:
            return (pixels,)

    module = exported.Exported(Model(), 1, 1, rgb=rgb)
    module(torch.tensor([12.0, 24.0, 40.0]).reshape(1, 3, 1, 1))
    red_first = [(12 - 10) / 2, (24 - 20) / 4, (40 - 30) / 5]
    blue_first = [(40 - 10) / 2, (24 - 20) / 4, (12 - 30) / 5]
    found = asked[0].flatten().tolist()
    assert found == pytest.approx(red_first if rgb else blue_first)
    assert module.iou == 0.65


def test_a_family_that_suppresses_boxes_in_its_midst_is_refused_with_the_reason() -> None:
    from coco_recipe_mmdet.inside import config_source, exported
    from mmdet.registry import MODELS
    from mmdet.utils import register_all_modules
    from mmengine.config import Config

    register_all_modules(init_default_scope=True)
    tree = config_source.load("mmdet::faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py")
    tree["model"]["backbone"]["init_cfg"] = None
    model = MODELS.build(Config(tree).model)
    with pytest.raises(ValueError, match="FasterRCNN can't be exported: it picks regions by mmcv"):
        exported.Exported(model, 96, 96, rgb=True)
