"""COCO's 80 class names are those of the data sets that carry them, in order of their ids."""

from coco_recipe_torch.coco_names import COCO_NAMES


def test_the_names_are_mmdets_own() -> None:
    import pytest

    pytest.importorskip("mmdet")
    from mmdet.datasets import CocoDataset

    assert CocoDataset.METAINFO["classes"] == COCO_NAMES
    assert len(set(COCO_NAMES)) == 80
