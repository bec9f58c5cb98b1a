"""Places under keys that nobody moves are known by name and form."""

from typing import Any

import pytest

pytest.importorskip("albumentations")

from rows_with_places import places_of

CORNERS = [[40, 30], [100, 30], [100, 60]]


RUNS = {"size": [48, 64], "counts": [10, 20, 3042]}


@pytest.mark.parametrize(
    ("keys", "places"),
    [
        ({"center": {"x": 70, "y": 45}}, ["center"]),
        ({"attributes": {"front_point": [40, 30]}}, ["attributes.front_point"]),
        (
            {"attributes": {"plate": {"bbox": [50, 30, 10, 10], "text": "A 1"}}},
            ["attributes.plate.bbox"],
        ),
        (
            {"parts": [{"name": "head", "bbox": [50, 30, 10, 10]}, {"name": "tail", "bbox": None}]},
            ["parts[].bbox"],
        ),
        ({"extra": {"text_polygon": [40, 30, 100, 30, 100, 60]}}, ["extra.text_polygon"]),
        ({"polyline": [[40, 30], [100, 60]]}, ["polyline"]),
        ({"lane": [[40, 30, 100, 60]]}, ["lane"]),
        ({"mask": RUNS}, ["mask"]),
        ({"visible": RUNS | {"counts": "abc1"}}, ["visible"]),
        ({"rect": {"left": 40, "top": 30, "width": 60, "height": 30}}, ["rect"]),
        ({"x": 40, "y": 30}, ["x", "y"]),
        ({"points": "40,30;100,60"}, ["points"]),
        # CVAT
        ({"points": "40.5,30.25;100,60"}, ["points"]),
        ({"xtl": "40.0", "ytl": "30.0"}, ["xtl", "ytl"]),
        (
            {"elements": [{"label": "nose", "points": [40, 30], "outside": False}]},
            ["elements[].points"],
        ),
        # LabelMe, Label Studio
        (
            {"shapes": [{"label": "a", "points": CORNERS, "shape_type": "polygon", "group_id": 1}]},
            ["shapes[].points"],
        ),
        (
            {
                "value": {
                    "x": 4.0,
                    "y": 5.0,
                    "width": 7,
                    "height": 8,
                    "rotation": 0,
                    "rectanglelabels": ["a"],
                }
            },
            ["value.x", "value.y", "value.width", "value.height"],
        ),
        ({"value": {"format": "rle", "rle": [0, 1, 2, 3, 9], "brushlabels": ["a"]}}, ["value.rle"]),
        # VIA
        (
            {
                "shape_attributes": {
                    "name": "polygon",
                    "all_points_x": [1, 2, 3],
                    "all_points_y": [4, 5, 6],
                }
            },
            ["shape_attributes.all_points_x", "shape_attributes.all_points_y"],
        ),
        (
            {"shape_attributes": {"name": "circle", "cx": 40, "cy": 30, "r": 9}},
            ["shape_attributes.cx", "shape_attributes.cy", "shape_attributes.r"],
        ),
        # Datumaro, Supervisely, Labelbox, V7, BDD100K
        ({"position": [40, 30]}, ["position"]),
        ({"points": {"exterior": CORNERS, "interior": []}}, ["points"]),
        ({"bitmap": {"data": "eJwB", "origin": [40, 30]}}, ["bitmap"]),
        ({"boundingBox": {"x": 4, "y": 3, "w": 10, "h": 10}}, ["boundingBox"]),
        (
            {"polygon": {"path": [{"x": 4, "y": 3}, {"x": 9, "y": 3}, {"x": 9, "y": 8}]}},
            ["polygon"],
        ),
        ({"box2d": {"x1": 4, "y1": 3, "x2": 9, "y2": 8}}, ["box2d"]),
        (
            {"poly2d": [{"vertices": CORNERS, "types": "LLL", "closed": True}]},
            ["poly2d[].vertices"],
        ),
        # COCO-Stuff, LVIS, COCOA, DensePose, SAM
        ({"amodal_segm": [[40, 30, 100, 30, 100, 60]]}, ["amodal_segm"]),
        ({"dp_masks": [RUNS, []]}, ["dp_masks"]),
        ({"point_coords": [[40.5, 30.5]]}, ["point_coords"]),
        ({"visible_mask": [RUNS]}, ["visible_mask"]),
        # DOTA, TextOCR, HierText
        ({"hbb": [40, 30, 100, 60]}, ["hbb"]),
        ({"rbbox": [70, 45, 60, 30, 0.4]}, ["rbbox"]),
        ({"bezier_pts": list(range(16))}, ["bezier_pts"]),
        (
            {
                "paragraphs": [
                    {"lines": [{"words": [{"vertices": CORNERS, "text": "a"}], "text": "a"}]}
                ]
            },
            ["paragraphs[].lines[].words[].vertices"],
        ),
        # KITTI, nuScenes
        (
            {
                "location": [1.5, 1.7, 20.0],
                "rotation_y": -1.5,
                "alpha": -1.6,
                "dimensions": [1.5, 1.6, 3.9],
            },
            ["location", "rotation_y", "alpha"],
        ),
        (
            {
                "bbox_cam3d": [1, 2, 3, 4, 5, 6, 0.5],
                "velo_cam3d": [1.5, 2.5],
                "center2d": [40.0, 30.0, 12.5],
            },
            ["bbox_cam3d", "velo_cam3d", "center2d"],
        ),
        # other names, other forms
        (
            {"bb_left": 4, "bb_top": 3, "bb_width": 9, "bb_height": 8},
            ["bb_left", "bb_top", "bb_width", "bb_height"],
        ),
        ({"lefteye_x": 4, "lefteye_y": 3}, ["lefteye_x", "lefteye_y"]),
        ({"topLeft": [4, 3], "bottomRight": [9, 8]}, ["topLeft", "bottomRight"]),
        ({"start": [4, 3], "end": [9, 8]}, ["start", "end"]),
        ({"left_wheel": [4, 3]}, ["left_wheel"]),
        ({"landmarks": {"left_eye": [4, 3], "nose": {"x": 5, "y": 6}}}, ["landmarks"]),
        ({"landmarks": {"chin_tip": [4, 3], "type": "5pt"}}, ["landmarks.chin_tip"]),
        ({"head_pose": {"yaw": 10, "pitch": 0, "roll": 5}}, ["head_pose"]),
        ({"ellipse": [40, 30, 9, 5, 30]}, ["ellipse"]),
        ({"geometry": {"type": "Polygon", "coordinates": [CORNERS]}}, ["geometry.coordinates"]),
        ({"geometry": "POLYGON ((40 30, 100 30, 100 60))"}, ["geometry"]),
        ({"lines": "[[40, 30], [100, 60]]"}, ["lines"]),
        (
            {"relations": [{"object": {"x": 4, "y": 3, "w": 9, "h": 8}}]},
            [
                "relations[].object.x",
                "relations[].object.y",
                "relations[].object.w",
                "relations[].object.h",
            ],
        ),
        ({"outline": "M40,30 L100,60 Z"}, ["outline"]),
        ({"fixations": [[4, 3]]}, ["fixations"]),
        ({"px": 4, "py": 3}, ["px", "py"]),
        ({"roi": {"x": 0, "y": 3, "width": 9, "height": 8}}, ["roi"]),
    ],
    ids=str,
)
def test_places_are_found_by_name_and_form(keys: dict[str, Any], places: list[str]) -> None:
    assert places_of(keys) == places


@pytest.mark.parametrize(
    ("keys", "places"),
    [
        ({"vanishing_point": [80, 20]}, ["vanishing_point"]),
        ({"principal_point": [80, 60]}, ["principal_point"]),
        ({"cam_intrinsic": [[800, 0, 80], [0, 800, 60], [0, 0, 1]]}, ["cam_intrinsic"]),
        ({"horizon_y": 31}, ["horizon_y"]),
        (
            {"camera": {"fx": 800, "fy": 800, "cx": 80, "cy": 60, "model": "pinhole"}},
            ["camera.fx", "camera.fy", "camera.cx", "camera.cy"],
        ),
        ({"K": [[800, 0, 80], [0, 800, 60], [0, 0, 1]]}, ["K"]),
        ({"lanes": [[-2, 40, 100, 60]]}, ["lanes"]),
        ({"ignore_regions": [[1, 2, 3, 4]]}, ["ignore_regions"]),
        ({"keypoints": [40, 30, 2]}, ["keypoints"]),
        ({"bbox": [4, 3, 9, 8]}, ["bbox"]),
    ],
    ids=str,
)
def test_places_of_images_are_found(keys: dict[str, Any], places: list[str]) -> None:
    assert places_of(keys, "images") == places


@pytest.mark.parametrize(
    "keys",
    [
        {"keypoint_scores": [0.9, 0.1]},
        {"keypoints_visible": [True, False]},
        {"kpt_conf": [0.9, 0.1]},
        {"attributes": {"visibility": [2, 1]}},
        {"scores": [0.9, 0.1]},
        {"joint_valid": [1, 0]},
    ],
    ids=str,
)
def test_values_for_each_keypoint_are_found(keys: dict[str, Any]) -> None:
    assert len(places_of({"keypoints": [1, 2, 2, 3, 4, 2]} | keys)) == 1


@pytest.mark.parametrize(
    "keys",
    [
        {"center": {"x": 0, "y": 0}},
        {"polyline": None},
        {"points": []},
        {"rect": {}},
        {"mask": "a.png"},
        {"mask": True},
        {"mask": {"size": [48, 64], "counts": [3072]}},
        {"polygon": "none"},
        {"attributes": {"scale": [1, 2]}},
        {"score": 0.5},
        {"track_points": 12},
        {"num_lanes": 2},
        {"bbox_mode": 1},
        {"size": [640, 480]},
        {"original_size": [640, 480]},
        {"track_id": 7, "frame_id": 8},
        {"neg_category_ids": [1, 2, 3, 4]},
        {"box_ids": [1, 2, 3, 4]},
        {"joints": 17},
        {"line_color": [0, 255, 0, 128]},
        {"fill_colour": [1, 2, 3, 4]},
        {"color": {"x": 0.3, "y": 0.6}},
        {"scale": {"x": 2, "y": 2}},
        {"mask_size": {"x": 2, "y": 2}},
        {"timestamp": 1700000000, "date": "2026-01-02"},
        {"time_points": [0.5, 2.5]},
        {"scores": [0.9, 0.1]},
        {"box_scores": [0.9, 0.1, 0.1, 0.2]},
        {"visibility": [1, 2]},
        {"point_embedding": [0.1, 0.2]},
        {"embedding": [0.1] * 8},
        {"region_features": [0.1] * 8},
        {"logits": [1, 2, 3, 4]},
        {"keypoint_names": ["nose", "tail"]},
        {"keypoint_colors": [[1, 2, 3], [4, 5, 6]]},
        {"num_keypoints": 3},
        {"left": True, "top": False},
        {"left": 3, "right": 2},
        {"x": 5},
        {"start": 1.5, "end": 3.5},
        {"direction": "left"},
        {"pose": "frontal"},
        {"line": 12},
        {"lane_types": [1, 2, 2, 1]},
        {"text_lines": ["a", "b"]},
        {"point_labels": [1, 0]},
        {"gps_location": [48.1, 11.5]},
        {"location": "Berlin"},
        {"tile_x": 3, "tile_y": 4},
        {"pixel_mean": [103.5, 116.2, 123.6]},
        {"attributes": [{"name": "colour", "value": [1, 2, 3]}]},
        {"attributes": {"occluded": 1, "pose": None}},
        {"info": {"bbox": None, "polygon": [], "points": 3}},
        {"shape": [48, 64, 3]},
        {"weights": [1, 2, 3, 4]},
        {"classes": [1, 2]},
        {"box_version": "1.2.3"},
        {"mask_path": "a/1.png"},
        {"bbox_quality": [0.1, 0.2, 0.3, 0.4]},
        {"coordinates": {"lat": 1.5, "lon": 2.5}},
        {"tokens_positive": [[0, 5], [6, 9]]},
        {"frame_range": [10, 50]},
        {"aspect_ratio": 1.5},
        {"area_px": 100},
    ],
    ids=str,
)
def test_what_is_no_place_is_not(keys: dict[str, Any]) -> None:
    assert places_of(keys) == []
    assert places_of({key: value for key, value in keys.items() if key != "size"}, "images") == []
