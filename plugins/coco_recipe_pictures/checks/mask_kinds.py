"""The kinds of findings about segmentations; naming them loads no numpy."""

from coco_recipe import POLYGONS_TOO_SHORT, SEGMENTATIONS_OF_NO_AREA, Kind

POLYGONS_OF_NO_AREA = Kind(
    "polygons_of_no_area",
    "warning",
    "segmentations have polygons of no area beside others",
    "repair: segmentations: drop_degenerate",
)
OUTSIDE = Kind(
    "segmentations_outside",
    "warning",
    "segmentations lie outside of their picture",
    "filter_annotations: past_the_edge: drop",
)
PAST_THE_EDGE = Kind(
    "segmentations_past_the_edge",
    "warning",
    "segmentations reach out of their picture",
    "filter_annotations: past_the_edge: clip",
)
FAR_OUTSIDE = Kind(
    "segmentations_far_outside",
    "warning",
    "segmentations have vertices far outside of their picture",
    "correct these rows or drop them: such numbers are no places in the picture",
)
NOT_THE_BOX = Kind(
    "bbox_not_of_segmentation",
    "warning",
    "boxes are at odds with their segmentation",
    "repair: bbox: from_segmentation",
)
NOT_THE_AREA = Kind(
    "area_not_of_segmentation",
    "warning",
    "areas are at odds with their segmentation",
    "repair: area: recompute",
)
CROWD_POLYGONS = Kind(
    "crowds_with_polygons",
    "warning",
    "crowds (iscrowd 1) have polygons, where COCO has a run-length mask",
    "leave them if your trainer ignores crowds; else set iscrowd to 0",
)
KINDS = (
    SEGMENTATIONS_OF_NO_AREA,
    POLYGONS_TOO_SHORT,
    POLYGONS_OF_NO_AREA,
    OUTSIDE,
    PAST_THE_EDGE,
    FAR_OUTSIDE,
    NOT_THE_BOX,
    NOT_THE_AREA,
    CROWD_POLYGONS,
)
