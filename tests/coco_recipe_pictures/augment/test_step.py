"""The step as a whole: what comes out, what is in the books, what is made again."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from augmenting import Bench
from builders import coco

from coco_recipe.errors import DatasetError, FindingsError, RecipeError, StepError
from coco_recipe.running import stages
from coco_recipe.running.session import Session
from coco_recipe.running.store import Store

np = pytest.importorskip("numpy")
cv2 = pytest.importorskip("cv2")
pytest.importorskip("albumentations")

UNOPENED = {"unreadable_pictures": "warning"}
SHORT = [{"HorizontalFlip": {"p": 1}}]
CROP = [{"Crop": {"x_min": 6, "y_min": 0, "x_max": 60, "y_max": 40, "p": 1}}]
DICT = {
    "__version__": "2.0.8",
    "transform": {
        "__class_fullname__": "Compose",
        "p": 1.0,
        "transforms": [{"__class_fullname__": "HorizontalFlip", "p": 1}],
    },
}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.mark.parametrize("form", ["short", "dict", "json file", "yaml file"])
def test_a_flip_moves_the_box_with_its_pixels(form: str, bench: Bench) -> None:
    (bench.folder / "p.json").write_text(json.dumps(DICT))
    (bench.folder / "p.yaml").write_text(json.dumps(DICT))
    data = bench.run(
        {"short": SHORT, "dict": DICT, "json file": "p.json", "yaml file": "p.yaml"}[form]
    )
    assert [row["bbox"] for row in data["annotations"]] == [[53, 2, 10, 10]] * 2
    picture = cv2.imread(str(bench.step / "images" / data["images"][0]["file_name"]))
    ys, xs = np.nonzero(picture[:, :, 0])
    assert (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1) == (53, 2, 63, 12)


@pytest.mark.slow
def test_what_falls_out_is_in_the_ledger_with_the_reason_and_the_figure(bench: Bench) -> None:
    assert len(bench.run(CROP, min_visibility=0.5)["annotations"]) == 2  # of 10 px, 5 are left
    data = bench.run(CROP, min_visibility=0.6)
    assert (len(data["images"]), data["annotations"]) == (2, [])
    ledger = bench.lines("dropped.jsonl")
    assert [(row["id"], row["visibility"], row["area"], row["reason"]) for row in ledger] == [
        (n, 0.5, 50, "visibility is below min_visibility (0.6)") for n in (1, 2)
    ]
    assert {row["reason"] for row in _dropped(bench, CROP, min_area_px=51)} == {
        "area is below min_area_px (51.0)"
    }
    assert {row["reason"] for row in _dropped(bench, CROP, min_side_px=6)} == {
        "a side is below min_side_px (6.0)"
    }
    away = [{"Crop": {"x_min": 30, "y_min": 20, "x_max": 60, "y_max": 40, "p": 1}}]
    assert {row["reason"] for row in _dropped(bench, away)} == {"nothing of it is left in the copy"}


def _dropped(bench: Bench, pipeline: Any, **params: Any) -> list[dict[str, Any]]:
    bench.run(pipeline, **params)
    return bench.lines("dropped.jsonl")


def test_keypoints_that_no_category_has_are_missed_before_anything_runs(tmp_path: Path) -> None:
    data = coco(1, [(1, 1)])
    data["categories"][0]["keypoints"] = ["nose", "left_eye", "right_eye"]
    pairs = [["nose", "nose"], ["left_eye", "rihgt_eye"]]
    with pytest.raises(
        RecipeError,
        match=r"with.mirrored_keypoints\[1\]\[1\]: .*no category has the keypoint 'rihgt_eye'\n"
        "    hint: did you mean 'right_eye'",
    ):
        Bench(tmp_path, data).run(SHORT, mirrored_keypoints=pairs)


def test_a_crop_in_a_pipelines_file_that_does_not_fit_is_told_with_the_files_line(
    bench: Bench,
) -> None:
    (bench.folder / "crop.yaml").write_text(
        "transforms:\n  - NoOp: {}\n  - CenterCrop: {width: 65, height: 8}\n"
    )
    with pytest.raises(
        RecipeError,
        match=r"with.pipeline: step 'more' \(augment\): .*crop.yaml:3: CenterCrop needs 65x8 px",
    ):
        bench.run("crop.yaml")


def _sources(data: dict[str, Any]) -> list[str]:
    return [row["coco_recipe"]["source"] for row in data["images"]]


@pytest.mark.parametrize(
    ("pipeline", "place", "message"),
    [
        ([{"HorizontalFlp": {}}], "pipeline[0]", "did you mean 'HorizontalFlip'"),
        ([{"GaussNoise": {"var_limit": 3}}], "pipeline[0].GaussNoise.var_limit", "var_limit"),
        ([{"Lambda": {}}], "pipeline[0]", "Lambda"),
        ([{"Normalize": {"p": 1}}], "pipeline[0]", "Normalize"),
        ([{"Blur": {"blur_limit": "many"}}], "steps[0].with.pipeline[0]", "blur_limit"),
        ({"x": 1}, "with.pipeline.x", "must be a mapping"),
        ("none.yaml", "with", "there is no file"),
    ],
)
def test_a_wrong_pipeline_is_refused_at_its_place(
    pipeline: Any, place: str, message: str, bench: Bench
) -> None:
    with pytest.raises(RecipeError) as caught:
        bench.run(pipeline)
    assert message in str(caught.value)
    assert place in str(caught.value)
    assert not bench.out.exists() or not (bench.out / "steps").exists()


def test_everything_of_an_annotation_moves_together_and_the_rest_travels_along(
    tmp_path: Path,
) -> None:
    data = coco(1, [(1, 1)])
    data["categories"][0]["keypoints"] = ["nose", "left_eye", "right_eye"]
    data["annotations"][0] |= {
        "segmentation": [[1, 2, 11, 2, 11, 12]],
        "area": 50,
        "attributes": {"worn": True},
        "keypoints": [5, 5, 2, 2, 3, 1, 0, 0, 0],
        "num_keypoints": 2,
        "caption": "猫",
    }
    data["annotations"].append(
        {"id": 9, "image_id": 1, "category_id": 2, "caption": "no geometry at all"}
    )
    first, second = Bench(tmp_path, data).run(SHORT)["annotations"]
    assert first["bbox"] == [53, 2, 10, 10]
    assert sorted(map(tuple, np.reshape(first["segmentation"], (-1, 2)).tolist())) == [
        (53, 2),
        (53, 12),
        (63, 2),
    ]
    assert first["area"] == 50
    assert first["keypoints"] == [58, 5, 2, 0, 0, 0, 61, 3, 1]  # the eyes have traded places
    assert (first["num_keypoints"], first["attributes"], first["caption"]) == (
        2,
        {"worn": True},
        "猫",
    )
    assert second == data["annotations"][1] | {"id": 11, "image_id": 2}


def test_an_identity_pipeline_gives_back_the_same_numbers(tmp_path: Path) -> None:
    data = coco(1, [(1, 1)])
    data["annotations"][0] |= {
        "bbox": [10.1, 0.3333333, 1e-4, 7.7],
        "area": 123.456,
        "segmentation": [[10.1, 0.3333333, 11.9, 3.1234567, 10.2, 8]],
    }
    data["annotations"].append(
        {"id": 2, "image_id": 1, "category_id": 1, "bbox": [10.1, 1, 1e-4, 2], "area": 7}
    )
    for name in ("NoOp", "RGBShift"):
        out = Bench(tmp_path / name, data).run([{name: {"p": 1}}])["annotations"]
        assert [row | {"id": 0, "image_id": 0} for row in out] == [
            row | {"id": 0, "image_id": 0} for row in data["annotations"]
        ]


def test_a_bad_picture_stops_the_run_before_the_step_or_is_listed(bench: Bench) -> None:
    (bench.folder / "images/1.jpg").write_bytes((bench.folder / "images/1.jpg").read_bytes()[:60])
    with pytest.raises(
        FindingsError, match=r"image 1 \('1\.jpg'\): the PNG file is cut off"
    ) as told:
        bench.run(SHORT)
    assert "augment: bad_images: quarantine goes on without them" in str(told.value)
    assert not bench.step.exists()
    data = bench.run(SHORT, bad_images="quarantine")
    assert _sources(data) == ["raw/2.jpg"]
    assert bench.record().notes["quarantined"] == {"1.jpg": "the PNG file is cut off"}
    assert Counter(row["kind"] for row in bench.lines("dropped.jsonl")) == {
        "image": 1,
        "annotation": 1,
    }


def test_a_box_outside_its_image_is_refused_before_a_picture_is_opened(tmp_path: Path) -> None:
    data = coco(1, [(1, 1)])
    data["annotations"][0]["bbox"] = [60, 2, 10, 10]
    bench = Bench(tmp_path, data)
    bench.findings = UNOPENED
    (tmp_path / "images/1.jpg").write_bytes(b"not a picture")
    with pytest.raises(
        FindingsError,
        match=r"annotation 1 on image 1 .*has the box .*not inside its 64x48 px; .*"
        r"the size wrong \(repair: sizes: from_pictures\); else filter_annotations",
    ):
        bench.run(SHORT)


@pytest.mark.slow
def test_sizes_come_from_each_image_and_are_checked_before_anything_runs(tmp_path: Path) -> None:
    data = coco(2, [(1, 1), (2, 1)])
    data["images"][1] |= {"width": 32, "height": 24}
    bench = Bench(tmp_path, data)
    crop = {
        "RandomSizedBBoxSafeCrop": {"width": "${image.width}", "height": "${image.height}", "p": 1}
    }
    assert [(row["width"], row["height"]) for row in bench.run([crop])["images"]] == [
        (64, 48),
        (32, 24),
    ]
    with pytest.raises(
        RecipeError, match=r"steps\[0\].with.pipeline\[0\]: .*RandomSizedBBoxSafeCrop.*width"
    ):
        bench.run(
            [
                {
                    "RandomSizedBBoxSafeCrop": {
                        "width": "${image.width - 40}",
                        "height": "${image.height}",
                        "p": 1,
                    }
                }
            ]
        )
    bench.data["images"][1] |= {
        "width": 32,
        "height": 96,
    }  # no image has the least of both, or the greatest
    (bench.folder / "images/2.jpg").write_bytes(b"not a picture")
    bench.findings = UNOPENED
    with pytest.raises(
        StepError, match=r"pipeline\[0\]: CenterCrop needs 56x8 px, the smallest image has 32x96"
    ):
        bench.run([{"CenterCrop": {"width": "${image.height - 40}", "height": 8}}])


@pytest.mark.slow
def test_a_stop_just_before_the_commit_loses_no_work_and_leaves_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(store: Store, step_id: str, manifest: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Store, "commit", stop)
        with pytest.raises(KeyboardInterrupt):
            bench.run(SHORT, copies=3)
    bench.run(SHORT, copies=1, format="jpg")
    assert bench.made_now() == 2, "another format is another file"
    assert {path.suffix for path in (bench.step / "images").iterdir()} == {".jpg"}
    with monkeypatch.context() as patch:
        patch.setattr(Store, "commit", stop)
        with pytest.raises(KeyboardInterrupt):
            bench.run(SHORT, copies=3)
    bench.run(SHORT, copies=2)
    assert bench.made_now() == 0
    assert len(list((bench.step / "images").iterdir())) == 4


def test_a_limit_of_pixels_holds_for_what_was_made_without_it_too(bench: Bench) -> None:
    bench.run(SHORT)
    with pytest.raises(StepError, match=r"has 64x48 px, more than max_pixels \(3000\)"):
        bench.run(SHORT, max_pixels=3000)


def test_a_changed_reference_image_is_noticed_and_a_missing_one_found_before_anything_runs(
    bench: Bench,
) -> None:
    reference = bench.folder / "reference.png"
    reference.write_bytes((bench.folder / "images/1.jpg").read_bytes())
    fda = [{"FDA": {"reference_images": [str(reference)], "p": 1}}]
    bench.run(fda, allow_files=True)
    reference.write_bytes(cv2.imencode(".png", np.full((48, 64, 3), 99, np.uint8))[1].tobytes())
    bench.run(fda, allow_files=True)
    assert bench.made_now() == 2
    reference.unlink()
    with pytest.raises(
        RecipeError, match=r"steps\[0\].with: .*there is no reference image .*reference.png"
    ):
        bench.run(fda, allow_files=True)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"segmentation": [1, 2, 3, 4, 5, 6]},
            "a segmentation that is neither a mask nor polygons",
        ),
        (
            {"segmentation": {"size": [9, 9], "counts": [81]}},
            r"a mask of \[9, 9\] \(height, width\), its image is of \[48, 64\]",
        ),
        (
            {"segmentation": {"size": [48, 64], "counts": [100, 20, 7000]}},
            "the runs of a mask of 48x64 sum to 7120, not to 3072",
        ),
        (
            {"segmentation": {"size": [48, 64], "counts": "!!"}},
            "the letter '!' can't stand in a compressed mask",
        ),
        (
            {"segmentation": [[1, 2, 1e9, 4, 5, 6]]},
            "a polygon with a vertex at 1000000000 px, where no picture reaches",
        ),
        (
            {"segmentation": [[1, 2, 3, -(10**400), 5, 6]]},
            r"a polygon with a vertex at -1.79769313486232e\+308 px",
        ),
        (
            {"keypoints": [1, 2, 2, 3, 1e9, 2]},
            "a keypoint at 1000000000 px, where no picture reaches",
        ),
        (
            {"keypoints": [-1000001, 2, 1, 0, 0, 0]},
            "a keypoint at -1000001 px, where no picture reaches",
        ),
        ({"keypoints": 5}, "keypoints is 5"),
        ({"keypoints": [1, 2, 2]}, "3 numbers for 2 keypoints"),
    ],
)
def test_geometry_that_is_none_is_refused_before_a_picture_is_opened(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    data = coco(1, [(1, 1)])
    data["categories"][0]["keypoints"] = ["left_eye", "right_eye"]
    data["annotations"][0] |= changes
    bench = Bench(tmp_path, data)
    bench.findings = UNOPENED
    (tmp_path / "images/1.jpg").write_bytes(b"not a picture")
    told = (
        rf"annotation 1( on image 1 \('1.jpg'\))?:?( has)?( a mask that can't be read:)? {reason}"
    )
    with pytest.raises((StepError, DatasetError, FindingsError), match=told):
        bench.run(SHORT)


@pytest.mark.parametrize(
    "segmentation", [[[]], [[10, 10, 30, 30]], {"size": [48, 64], "counts": [3072]}]
)
def test_a_box_whose_segmentation_shows_nothing_moves_as_a_box(
    tmp_path: Path, segmentation: Any
) -> None:
    data = coco(1, [(1, 1)])
    data["annotations"][0]["segmentation"] = segmentation
    (found,) = Bench(tmp_path, data).run(SHORT)["annotations"]
    assert (found["bbox"], found["area"], found["segmentation"]) == (
        [53, 2, 10, 10],
        100,
        [],
    )  # nothing stale


def test_a_keypoint_that_is_not_labelled_may_stand_anywhere(tmp_path: Path) -> None:
    data = coco(1, [(1, 1)])
    data["categories"][0]["keypoints"] = ["left_eye", "right_eye"]
    data["annotations"][0] |= {"keypoints": [5, 6, 2, 1e9, -1e9, 0]}
    (found,) = Bench(tmp_path, data).run(SHORT)["annotations"]
    assert found["keypoints"] == [0, 0, 0, 58, 6, 2]


def test_keypoints_without_a_box_keep_their_area_and_need_not_be_labelled(tmp_path: Path) -> None:
    data = coco(1, [(1, 1), (1, 1), (1, 1)])
    for row, keypoints in zip(data["annotations"], ([5, 6, 2], [0, 0, 0], [70, 6, 2]), strict=True):
        row |= {"keypoints": keypoints, "num_keypoints": int(any(keypoints)), "area": 500}
        del row["bbox"]
    bench = Bench(tmp_path, data)
    found = bench.run(SHORT)["annotations"]  # the last one's keypoint lies outside its picture
    assert [(row["area"], row["keypoints"]) for row in found] == [
        (500, [58, 6, 2]),
        (500, [0, 0, 0]),
    ]
    assert [line["id"] for line in bench.lines("dropped.jsonl")] == [3]


def test_a_preview_shows_what_goes_into_quarantine(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from coco_recipe_pictures.sheet import contact_sheet as sheet

    from coco_recipe.running import forecast

    shown, draw_sheet = [], sheet.contact_sheet
    monkeypatch.setattr(
        sheet, "contact_sheet", lambda rows, **kw: [shown.extend(rows), draw_sheet(rows, **kw)][1]
    )
    bench.run(SHORT, bad_images="quarantine")
    (bench.folder / "images/1.jpg").write_bytes(b"not a picture")
    target = bench.folder / "sheet.png"
    opened = Session.open(stages.prepare(bench.folder / "recipe.yaml"), bench.out)
    forecast.preview(opened, "more", target, images=2)
    assert cv2.imread(str(target)) is not None
    assert [row[0].title for row in shown] == [
        "1.jpg: in quarantine: is text, not a picture",
        "2.jpg",
    ]


def test_an_area_that_came_without_a_box_stays_where_nothing_moves(tmp_path: Path) -> None:
    data = coco(1, [(1, 1)])
    data["annotations"][0] |= {"segmentation": [[1, 2, 11.5, 2, 11, 12.25]], "area": 702.1057451}
    del data["annotations"][0]["bbox"]
    (found,) = Bench(tmp_path, data).run([{"NoOp": {"p": 1}}])["annotations"]
    assert (found["area"], "bbox" in found) == (702.1057451, False)


@pytest.mark.parametrize(("size", "lost"), [([0.97, 0.97], True), ([0.01, 0.01], False)])
def test_copies_without_any_box_are_a_warning(
    size: list[float], lost: bool, tmp_path: Path
) -> None:
    bench = Bench(tmp_path)
    hole = {
        "CoarseDropout": {
            "num_holes_range": [1, 1],
            "hole_height_range": size,
            "hole_width_range": size,
            "p": 1,
        }
    }
    data = bench.run([hole], min_visibility=0.5)
    assert (len(data["images"]), bool(data["annotations"])) == (2, not lost)
    assert ("no_boxes_left" in {row.kind for row in bench.record().findings}) is lost
