"""The step as a whole: what comes out, what is in the books, what is made again."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from builders import coco, recorded, write_recipe

from coco_recipe import manifest
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


def draw(folder: Path, data: dict[str, Any]) -> None:
    """Draw the pictures of a data set: black, with a white rectangle at (1, 2, 10, 10)."""
    for row in data["images"]:
        picture = np.zeros((row["height"], row["width"], 3), np.uint8)
        picture[2:12, 1:11] = 255
        path = folder / "images" / row["file_name"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cv2.imencode(".png", picture)[1].tobytes())


class Bench:
    """A folder with a data set and a recipe of one augmentation; ``out`` is its run directory.

    ``findings`` is what the recipe chooses; with ``UNOPENED`` a picture that is none lets the step begin.
    """

    def __init__(self, folder: Path, data: dict[str, Any] | None = None) -> None:
        self.folder, self.out = folder, folder / "out"
        self.data = data or coco(2, [(1, 1), (2, 2)])
        self.findings: dict[str, str] = {}
        draw(folder, self.data)

    def run(self, pipeline: Any, **params: Any) -> dict[str, Any]:
        """Run; return the new annotations."""
        step = {
            "id": "more",
            "use": "augment",
            "in": "raw",
            "with": {"pipeline": pipeline, "format": "png"} | params,
        }
        path = write_recipe(
            self.folder,
            [step],
            self.data,
            findings=self.findings,
            inputs={"raw": {"annotations": "raw.json", "images": "images"}},
        )
        stages.run(stages.prepare(path), out=self.out)
        found: dict[str, Any] = json.loads((self.step / "dataset.json").read_text("utf-8"))
        return found

    @property
    def step(self) -> Path:
        return self.out / "steps/more"

    def lines(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.step / name).read_text("utf-8").splitlines()]

    def record(self) -> manifest.StepRecord:
        return recorded(self.step)

    def made_now(self) -> int:
        return int(self.record().clock.this_run["images made"])

    def stamps(self) -> dict[str, int]:
        """Return the inode of each new image: it tells whether the file is the same one as before."""
        return {
            path.name: path.stat().st_ino
            for path in (self.step / "images").rglob("*")
            if path.is_file()
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


def test_size_ids_names_and_origin_of_a_copy(bench: Bench) -> None:
    data = bench.run([{"Transpose": {"p": 1}}], copies=2)
    assert [(row["id"], row["width"], row["height"]) for row in data["images"]] == [
        (n, 48, 64) for n in (3, 4, 5, 6)
    ]
    assert data["images"][1]["coco_recipe"] == {
        "root": "raw/1.jpg",
        "source": "raw/1.jpg",
        "step": "more",
        "copy": 2,
    }
    assert [(row["id"], row["image_id"], row["category_id"]) for row in data["annotations"]] == [
        (3, 3, 1),
        (4, 4, 1),
        (5, 5, 2),
        (6, 6, 2),
    ]


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


def test_a_copy_that_no_try_makes_acceptable_is_given_up_with_the_reason(bench: Bench) -> None:
    data = bench.run(CROP, accept={"no_visibility_between": [0.1, 0.6]}, max_tries=3)
    assert data["images"] == data["annotations"] == []
    first = next(row for row in bench.lines("dropped.jsonl") if row["kind"] == "image")
    assert (
        first["why"]
        == "none of 3 tries was accepted: 3 x an annotation is between 0.1 and 0.6 visible"
    )
    assert bench.record().counts.made == manifest.Made(2, 2)


def test_another_try_has_another_seed_and_the_record_says_which_was_taken(tmp_path: Path) -> None:
    bench = Bench(tmp_path, coco(20, [(n, 1) for n in range(1, 21)]))
    half = [{"Crop": {"x_min": 30, "y_min": 0, "x_max": 60, "y_max": 40, "p": 0.5}}]
    data = bench.run(half, accept={"min_annotations": 1}, max_tries=50)
    assert len(data["images"]) == 20
    tries = [row["made"]["number_of_try"] for row in bench.lines("augmented.jsonl")]
    assert set(tries) > {1}
    assert len({row["made"]["key"] for row in bench.lines("augmented.jsonl")}) == 20
    assert not any(row["made"].get("applied") for row in bench.lines("augmented.jsonl"))


def test_a_negative_breaks_no_rule_about_annotations(tmp_path: Path) -> None:
    assert (
        len(
            Bench(tmp_path, coco(2, [])).run(CROP, accept={"min_annotations": 1, "max_lost": 0})[
                "images"
            ]
        )
        == 2
    )


@pytest.mark.parametrize(("unchanged", "images"), [("keep", 40), ("retry", 40), ("skip", None)])
def test_a_copy_in_which_nothing_fired(unchanged: str, images: int | None, bench: Bench) -> None:
    data = bench.run([{"HorizontalFlip": {"p": 0.5}}], copies=20, unchanged=unchanged, max_tries=50)
    fired = Counter(bool(row["made"].get("applied")) for row in bench.lines("augmented.jsonl"))
    assert len(data["images"]) == (images or fired[True])
    assert (fired[False] == 0) is (unchanged == "retry")
    assert 0 < fired[True] <= 40


def test_only_images_that_fit_are_augmented(tmp_path: Path) -> None:
    data = coco(4, [(1, 1), (2, 2), (3, 2)])
    for row, camera in zip(data["images"], "abab", strict=True):
        row["camera"] = camera
    bench = Bench(tmp_path, data)
    assert _sources(bench.run(SHORT, where={"categories": ["dog"]})) == ["raw/2.jpg", "raw/3.jpg"]
    assert _sources(bench.run(SHORT, where={"fields": {"camera": "b"}})) == [
        "raw/2.jpg",
        "raw/4.jpg",
    ]
    assert _sources(
        bench.run(SHORT, where={"categories": ["dog"], "fields": {"camera": ["a", "c"]}})
    ) == ["raw/3.jpg"]
    with pytest.raises(
        RecipeError, match=r"with.where.categories\[1\]: step 'more' .*: there is no category 'cow'"
    ):
        bench.run(SHORT, where={"categories": ["cat", "cow"]})
    with pytest.raises(
        RecipeError,
        match=r"with.where.fields.widht: .*no image has the field 'widht'\n.*mean 'width'",
    ):
        bench.run(SHORT, where={"fields": {"widht": 64}})
    with pytest.raises(RecipeError, match="where: none of 4 images fits"):
        bench.run(SHORT, where={"fields": {"camera": "z"}})


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


def test_balancing_fills_the_rare_class_and_shows_what_came_of_it(tmp_path: Path) -> None:
    bench = Bench(tmp_path, coco(3, [(1, 1), (2, 1), (3, 1), (3, 2)]))
    bench.run(SHORT, balance={"boxes": {"dog": 4}, "max_copies": 10})
    assert bench.record().notes["balance"] == {
        "cat": {"before": 3, "wanted": 3, "planned": 6, "after": 6},
        "dog": {"before": 1, "wanted": 4, "planned": 4, "after": 4},
    }


def test_a_balance_that_cannot_be_is_refused_and_one_that_falls_short_says_so(bench: Bench) -> None:
    with pytest.raises(RecipeError, match=r"with.balance.boxes.cow: .*there is no category 'cow'"):
        bench.run(SHORT, balance={"boxes": {"cow": 4}})
    with pytest.raises(RecipeError, match="copies: stands beside 'balance'"):
        bench.run(SHORT, balance={"boxes": 4}, copies=2)
    bench.run(SHORT, balance={"boxes": {"dog": 9}, "max_copies": 2})
    assert bench.record().clock.this_run["below the balance's target"] == "dog 3 of 9"


def test_flips_of_one_copy_are_drawn_independently(bench: Bench) -> None:
    data = bench.run([{"HorizontalFlip": {"p": 0.5}}, {"VerticalFlip": {"p": 0.5}}], copies=40)
    assert {tuple(row["bbox"][:2]) for row in data["annotations"]} == {
        (1, 2),
        (53, 2),
        (1, 36),
        (53, 36),
    }


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


def test_large_ids_survive(tmp_path: Path) -> None:
    data = coco(1, [(1, 1)])
    data["annotations"][0]["id"] = 900100581904
    assert Bench(tmp_path, data).run(SHORT)["annotations"][0]["id"] == 900100581905


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


def test_the_record_of_a_copy_is_enough_to_make_its_pixels_again(bench: Bench) -> None:
    from coco_recipe.running import forecast

    pipeline = [{"Affine": {"rotate": [-30, 30], "p": 1}}, {"HorizontalFlip": {"p": 0.5}}]
    names = [row["file_name"] for row in bench.run(pipeline, copies=3, format="jpg")["images"]]
    for name in names:
        assert forecast.replay(bench.out, name) == (
            (bench.step / "images" / name).read_bytes(),
            True,
        )
    line = bench.lines("augmented.jsonl")[0]
    assert (line["image"], line["source"], line["root"], line["copy"]) == (
        names[0],
        "raw/1.jpg",
        "raw/1.jpg",
        1,
    )
    name, parameters = line["made"]["applied"][0]
    assert name == "Affine"
    assert -30 <= parameters["rotate"] <= 30
    (bench.folder / "images/1.jpg").write_bytes(b"other")
    with pytest.raises(StepError, match="has changed since the run"):
        forecast.replay(bench.out, names[0])


def test_only_what_changed_is_made_again(tmp_path: Path) -> None:
    bench = Bench(tmp_path, coco(6, [(n, 1) for n in range(1, 7)]))
    pipeline = [{"HorizontalFlip": {"p": 0.5}}]
    bench.run(pipeline, copies=2)
    assert bench.made_now() == 12
    before, names = bench.stamps(), sorted(bench.stamps())
    bench.run(pipeline, copies=2)
    assert (bench.stamps(), bench.made_now()) == (before, 12)  # the step was not run at all

    for name in names[:3]:
        (bench.step / "images" / name).unlink()
    bench.run(pipeline, copies=2)
    assert bench.made_now() == 3
    assert {name for name in names if bench.stamps()[name] == before[name]} == set(names[3:])

    stamps = bench.stamps()
    picture = np.full((48, 64, 3), 7, np.uint8)
    (bench.folder / "images/4.jpg").write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    bench.run(pipeline, copies=2)
    assert bench.made_now() == 2
    assert {name for name in names if bench.stamps()[name] != stamps[name]} == {
        "4.more-1.png",
        "4.more-2.png",
    }

    bench.data["images"].insert(0, {"id": 77, "file_name": "new.jpg", "width": 64, "height": 48})
    draw(bench.folder, {"images": bench.data["images"][:1]})
    bench.run(pipeline, copies=2)
    assert bench.made_now() == 2
    bench.run(pipeline, copies=3)
    assert bench.made_now() == 7
    bench.run(pipeline, copies=2)
    assert bench.made_now() == 0
    assert len(bench.stamps()) == 14


def test_a_damaged_copy_is_not_taken_for_a_whole_one(bench: Bench) -> None:
    names = [row["file_name"] for row in bench.run(SHORT)["images"]]
    good = (bench.step / "images" / names[0]).read_bytes()
    (bench.step / "images" / names[0]).write_bytes(good[:-1] + b"x")
    bench.run(SHORT)
    assert bench.made_now() == 1
    assert (bench.step / "images" / names[0]).read_bytes() == good


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


def test_only_the_images_that_are_chosen_must_be_large_enough(tmp_path: Path) -> None:
    data = coco(2, [(1, 1), (2, 1)])
    data["images"][1] |= {"width": 32, "height": 24}
    bench = Bench(tmp_path, data)
    crop = [{"RandomCrop": {"width": 40, "height": 40, "p": 1}}]
    assert len(bench.run(crop, where={"fields": {"width": 64}})["images"]) == 1
    with pytest.raises(RecipeError, match="needs 40x40 px, the smallest image has 32x24"):
        bench.run(crop)


def test_what_is_copied_for_balance_does_not_depend_on_the_order_of_the_file(
    tmp_path: Path,
) -> None:
    data = coco(4, [(1, 1), (2, 1), (3, 1), (4, 1)])
    first = _sources(Bench(tmp_path / "a", data).run(SHORT, balance={"boxes": 6}))
    turned = data | {"images": data["images"][::-1], "annotations": data["annotations"][::-1]}
    assert len(first) == 2
    assert sorted(
        _sources(Bench(tmp_path / "b", turned).run(SHORT, balance={"boxes": 6}))
    ) == sorted(first)


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


def test_names_of_copies_do_not_depend_on_the_order_of_images_whose_names_differ_by_the_ending(
    tmp_path: Path,
) -> None:
    names = []
    for order in (1, -1):
        data = coco(3, [(1, 1)])
        for row, name in zip(data["images"], ("a.png", "a.jpg", "b.jpg"), strict=True):
            row["file_name"] = name
        data["images"] = data["images"][::order]
        (tmp_path / str(order)).mkdir()
        found = Bench(tmp_path / str(order), data).run(SHORT)["images"]
        names.append({row["coco_recipe"]["source"]: row["file_name"] for row in found})
    assert (
        names[0]
        == names[1]
        == {
            "raw/a.png": "a.more-1.1.png",
            "raw/a.jpg": "a.more-1.2.png",
            "raw/b.jpg": "b.more-1.png",
        }
    )


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


def test_force_makes_every_copy_again(bench: Bench) -> None:
    bench.run(SHORT)
    before = bench.stamps()
    stages.run(stages.prepare(bench.folder / "recipe.yaml"), out=bench.out, force=True)
    assert bench.made_now() == 2
    assert not set(before.values()) & set(bench.stamps().values())


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
