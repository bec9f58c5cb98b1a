"""Every kind of finding has a case here that makes it, and the whole message that it gives."""

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from builders import coco, write_recipe
from messages_of_kinds import MESSAGES

from coco_recipe import (
    FindingsError,
    events,
    files,
    plugins,
    system_errors,
)
from coco_recipe.running import checking, stages

np = pytest.importorskip("numpy")
cv2 = pytest.importorskip("cv2")
pytest.importorskip("albumentations")
from PIL import Image as PilImage  # noqa: E402


@dataclass
class Case:
    """What makes a finding: an annotation file that is checked (as text, if given), or a recipe
    that is run; ``head`` makes an input ``weights`` with so many rows of classes.
    """

    data: dict[str, Any] = field(default_factory=coco)
    steps: list[dict[str, Any]] = field(default_factory=list)
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    other: dict[str, Any] | None = None
    text: str = ""
    plugin: str = ""
    links: Mapping[str, str] = field(default_factory=dict)
    head: int = 0

    def told(self, folder: Path) -> list[tuple[str, str]]:
        """Return the kind and the message of each finding, in order."""
        for name, content in self.pictures.items():
            (folder / "images").mkdir(exist_ok=True)
            (folder / "images" / name).write_bytes(content)
        for name, target in self.links.items():
            (folder / "images" / name).symlink_to(target)
        (folder / "raw.json").write_text(self.text or json.dumps(self.data), "utf-8")
        if not self.steps:
            images = folder / "images" if self.pictures else None
            found = checking.of_file(folder / "raw.json", images, plugins.find().checks)
            return [(one.kind.name, str(one).replace(f"{folder}/", "")) for one in found]
        inputs = {
            "raw": {"annotations": "raw.json"} | ({"images": "images"} if self.pictures else {})
        }
        if self.other is not None:
            (folder / "other.json").write_text(json.dumps(self.other), "utf-8")
            inputs["other"] = inputs["raw"] | {"annotations": "other.json"}
        if self.head:
            torch = pytest.importorskip("torch")
            state = {"roi_head.bbox_head.fc_cls.weight": torch.ones(self.head, 2)}
            torch.save({"state_dict": state}, folder / "weights.pth")
            inputs["weights"] = {"checkpoint": "weights.pth"}
        texts: list[str] = []
        plugin_files = [folder / "plugin.py"] if self.plugin else []
        for path in plugin_files:
            path.write_text(self.plugin)
        try:
            stages.run(
                stages.prepare(write_recipe(folder, self.steps, inputs=inputs), (), plugin_files),
                out=folder / "out",
                observers=[
                    lambda event: (
                        texts.append(str(event.finding).replace(f"{folder}/", ""))
                        if isinstance(event, events.Found) and not event.stops
                        else None
                    )
                ],
            )
        except FindingsError as error:
            texts += [str(finding).replace(f"{folder}/", "") for finding in error.findings]
        return [(text.partition("\n")[0].rpartition("(")[2].rstrip(")"), text) for text in texts]


IMPORT_TORCH = ("class_rows_missed",)
CASES: dict[str, Callable[[], Case]] = {}


def _changed(table: str = "annotations", /, **keys: Any) -> dict[str, Any]:
    """Return a sound data set with other values in the second row of a table; None takes the key
    out.
    """
    data = coco(3, [(1, 1), (2, 2)])
    for key, value in keys.items():
        data[table][1].pop(key, None)
        if value is not None:
            data[table][1][key] = value
    return data


def _rows(kind: str, table: str = "annotations", /, **keys: Any) -> None:
    CASES[kind] = lambda: Case(_changed(table, **keys))


def _case(name: str) -> Callable[[Callable[[], Case]], Callable[[], Case]]:
    def register(make: Callable[[], Case]) -> Callable[[], Case]:
        CASES[name] = make
        return make

    return register


SHARP = [[1, 2, 11, 2, 11, 12, 1, 12]]
for table, singular in (
    ("images", "image"),
    ("annotations", "annotation"),
    ("categories", "category"),
):
    _rows(f"{table}_without_id", table, id=None)
    _rows(f"{singular}_ids_out_of_range", table, id=-7)
    _rows(f"repeated_{singular}_ids", table, id=1)
_rows("repeated_file_names", "images", file_name="1.jpg")
_rows("repeated_category_names", "categories", name="cat")
_rows("empty_category_names", "categories", name="  ")
_rows("unsafe_file_names", "images", file_name="a/../../b.jpg")
_rows("dangling_image_ids", image_id=44)
_rows("dangling_category_ids", category_id=44)
_rows("annotations_without_category", category_id=None)
_rows("annotations_without_box", bbox=None)
_rows("annotations_without_area", area=None)
_rows("annotations_without_crowd_flag", iscrowd=None)
_rows("images_without_size", "images", height=0)
_rows("boxes_of_no_area", bbox=[1, 2, 10, -3])
_rows("boxes_outside", bbox=[1, 60, 10, 10])
_rows("boxes_past_the_edge", bbox=[60, 2, 10, 10])
_rows("areas_not_positive", area=-1)
_rows("area_not_of_box", area=7)
_rows("segmentations_flat", segmentation=SHARP[0])
_rows("segmentations_of_pairs", segmentation=[[[1, 2], [11, 2], [11, 12]]])
_rows("segmentations_of_texts", segmentation=[["1", "2", "11", "2", "11", "12"]])
_rows("segmentations_of_unknown_form", segmentation={"mask": "a.png"})
_rows("polygons_too_short", segmentation=[[1, 2, 11, 2, 11]])
_rows("polygons_of_huge_numbers", segmentation=[[1, 2, 1e9, 2, 11, 12]])
_rows("crowd_flags", iscrowd=3)
_rows("crowd_flags_of_wrong_type", iscrowd="yes")
_rows("areas_of_wrong_type", area="wide")
_rows("boxes_of_wrong_type", bbox=[1, 2, 3])
_rows("sizes_of_wrong_type", "images", width=64.5)
_rows("ids_of_wrong_type", category_id="two")
_rows("names_of_wrong_type", "images", file_name=5)
_rows("categories_alike", "categories", name="Cat ")
_rows("file_names_alike", "images", file_name="1.JPG")
_rows("texts_of_wrong_type", "images", date_captured=2021)
_rows("licenses_of_wrong_type", "images", license="CC-BY")
_rows("sizes_too_large", "images", width=2**33)
_rows("keys_of_wrong_type", "categories", frequency=3)
_rows("num_keypoints_of_wrong_type", num_keypoints="2")
_rows("category_keypoints_of_wrong_type", "categories", skeleton=[["head", "tail"]])
_rows("segmentations_of_no_area", segmentation=[[1, 2, 11, 2, 5, 2]])
_rows("polygons_of_no_area", segmentation=[*SHARP, [3, 3, 9, 3, 5, 3]])
_rows(
    "segmentations_outside", bbox=[1, 2, 10, 10], segmentation=[[100, 2, 110, 2, 110, 12, 100, 12]]
)
_rows("segmentations_past_the_edge", segmentation=[[1, 2, 70, 2, 70, 12, 1, 12]])
_rows("segmentations_far_outside", segmentation=[[1, 2, 5000, 2, 11, 12]])
_rows("bbox_not_of_segmentation", segmentation=[[21, 22, 31, 22, 31, 32, 21, 32]])
_rows("area_not_of_segmentation", segmentation=SHARP, area=60)
_rows("masks_of_another_size", segmentation={"size": [9, 9], "counts": [0, 81]})
_rows("masks_with_wrong_runs", segmentation={"size": [48, 64], "counts": [100, 20, 7000]})
_rows("crowds_with_polygons", segmentation=SHARP, iscrowd=1)
CASES["no_categories"] = lambda: Case({**coco(), "categories": []})
CASES["unused_categories"] = lambda: Case(coco(names=("cat", "dog", "cow")))
CASES["rows_of_wrong_type"] = lambda: Case(coco() | {"images": [*coco()["images"], 7]})
CASES["boxes_normalised"] = lambda: Case(
    coco()
    | {
        "annotations": [
            row | {"bbox": [0.1, 0.2, 0.3, 0.4], "area": 0.12} for row in coco()["annotations"]
        ]
    }
)
CASES["repeated_keys"] = lambda: Case(
    text=json.dumps(coco()).replace('"area": 100', '"area": 100, "area": 100', 1)
)


@_case("boxes_as_corners")
def _() -> Case:
    data = coco(1, [(1, 1), (1, 2), (1, 1)])
    for row, box in zip(
        data["annotations"], ([30, 20, 60, 40], [5, 5, 20, 20], [40, 30, 64, 48]), strict=True
    ):
        row |= {"bbox": box, "area": (box[2] - box[0]) * (box[3] - box[1])}
    return Case(data)


def _with_points(points: list[Any], **keys: Any) -> Case:
    data = _changed(keypoints=points, **keys)
    data["categories"][1]["keypoints"] = ["head", "tail"]
    return Case(data)


CASES["keypoints_of_wrong_number"] = lambda: _with_points([1, 2, 2])
CASES["keypoints_of_wrong_type"] = lambda: _with_points([1, 2, "2", 5, 6, 2])
CASES["keypoints_far_outside"] = lambda: _with_points([1, 2, 0, 5, -700, 2])
CASES["keypoint_flags"] = lambda: _with_points([1, 2, 3, 5, 6, 2])
CASES["num_keypoints_at_odds"] = lambda: _with_points([1, 2, 0, 5, 6, 2], num_keypoints=2)


def _picture(picture: Any = None, form: str = "JPEG", **options: Any) -> bytes:
    target = io.BytesIO()
    (PilImage.new("RGB", (64, 48), (9, 90, 200)) if picture is None else picture).save(
        target, form, **options
    )
    return target.getvalue()


def _pictures(name: str, second: bytes) -> None:
    """Register a case of three pictures, of which the second is that one."""
    good = {
        f"{n}.jpg": _picture(PilImage.new("RGB", (64, 48), (n, 90, 200)), quality=90 + n)
        for n in (1, 3)
    }
    CASES[name] = lambda: Case(pictures=good | ({"2.jpg": second} if second else {}))


DEEP = bytes(cv2.imencode(".png", np.full((48, 64), 999, np.uint16))[1].tobytes())
_pictures("missing_pictures", b"")
_pictures("sizes_not_of_pictures", _picture(PilImage.new("RGB", (48, 64))))
UPSIDE_DOWN = PilImage.new("RGB", (64, 48))
UPSIDE_DOWN.getexif()[274] = 3
_pictures("pictures_turned_by_exif", _picture(UPSIDE_DOWN, exif=UPSIDE_DOWN.getexif()))
_pictures("unreadable_pictures", b"<!DOCTYPE html><html>not found</html>")
_pictures("cut_off_pictures", _picture()[:200])
_pictures("pictures_of_16_bits", DEEP)
_pictures("pictures_with_alpha", _picture(PilImage.new("RGBA", (64, 48), (1, 2, 3, 4)), "PNG"))
_pictures("pictures_of_cmyk", _picture(PilImage.new("CMYK", (64, 48))))
_pictures(
    "pictures_of_several_frames",
    _picture(None, "GIF", save_all=True, append_images=[PilImage.new("RGB", (64, 48))]),
)
_pictures("bytes_after_pictures", _picture() + b"\0" * 512)
_pictures("pictures_of_another_format", _picture(None, "PNG"))
_pictures("equal_pictures", _picture(PilImage.new("RGB", (64, 48), (1, 90, 200)), quality=91))
CASES["checks_left_out"] = lambda: Case(pictures={f"{n}.jpg": _picture() for n in (1, 2, 3)})

GOOD = {
    f"{n}.jpg": _picture(PilImage.new("RGB", (64, 48), (n, 90, 200)), quality=90 + n)
    for n in (1, 2, 3)
}
EXPORT = {
    "id": "out",
    "use": "export_coco",
    "in": {"all": "raw"},
    "with": {"images": "none", "to": "data"},
}
FLIP = {
    "id": "more",
    "use": "augment",
    "in": "raw",
    "with": {"pipeline": [{"HorizontalFlip": {"p": 1}}]},
}
TURN = FLIP | {"with": {"pipeline": [{"VerticalFlip": {"p": 1}}], "mirrored_categories": []}}
MERGE = {"id": "all", "use": "merge", "in": ["raw", "other"]}


def _filter(**params: Any) -> dict[str, Any]:
    return {"id": "few", "use": "filter_annotations", "in": "raw", "with": params}


def _other(**top: Any) -> dict[str, Any]:
    data = coco(2, [(1, 1), (2, 2)], **top)
    for row in data["images"]:
        row["file_name"] = f"other{row['id']}.jpg"
    return data


@_case("equal_pictures_across_inputs")
def _() -> Case:
    return Case(
        coco(1, [(1, 1)]),
        [MERGE, EXPORT | {"in": {"all": "all"}}],
        {"1.jpg": GOOD["1.jpg"], "other1.jpg": GOOD["1.jpg"], "other2.jpg": GOOD["2.jpg"]},
        _other(),
    )


def _leaking(**params: Any) -> Case:
    """Return a case of two equal pictures, one in each part."""
    both = {"train": "parts.train", "val": "parts.val"}
    parts = {"id": "parts", "use": "split", "in": "raw", "with": {"every": 3, "first": 0}}
    return Case(
        coco(3, [(1, 1), (2, 2)]),
        [parts, {"id": "look", "use": "check_leakage", "in": both, "with": params}],
        GOOD | {"2.jpg": GOOD["1.jpg"]},
    )


def _parted() -> Case:
    leaking = _leaking()
    ends = {"id": "out", "use": "export_coco", "in": leaking.steps[1]["in"]}
    return replace(leaking, steps=[leaking.steps[0], ends])


CASES["equal_pictures_across_parts"] = _parted
CASES["leaking_pictures"] = _leaking
CASES["pictures_alike"] = lambda: _leaking(fails=[])


def _keyed(data: dict[str, Any], **keys: Any) -> dict[str, Any]:
    data["annotations"][0] |= keys
    return data


CASES["no_images_left"] = lambda: Case(
    steps=[
        {
            "id": "few",
            "use": "filter_categories",
            "in": "raw",
            "with": {
                "drop": ["cat", "dog"],
                "images_left_empty": "drop",
                "images_never_annotated": "drop",
            },
        }
    ]
)
CASES["no_boxes_left"] = lambda: Case(steps=[_filter(min_side_px=20)])
CASES["classes_left_without_boxes"] = lambda: Case(
    _changed(bbox=[1, 2, 30, 30], area=900), [_filter(min_side_px=20)]
)
CASES["files_outside_the_step"] = lambda: Case(
    steps=[{"id": "mine", "use": "act", "in": "raw"}],
    plugin="""
from coco_recipe import Dataset, Port, Step, hookimpl

def act(ctx, *, dataset):
    (ctx.workdir.parents[1] / "mine.txt").write_text("")
    return {"dataset": dataset}

@hookimpl
def coco_recipe_steps():
    ports = {"dataset": Port(Dataset)}
    yield Step(name="act", run=act, inputs=ports, outputs={"dataset": Dataset})
""",
)
CASES["links_out_of_the_folder"] = lambda: Case(
    steps=[EXPORT],
    pictures={"2.jpg": GOOD["2.jpg"], "3.jpg": GOOD["3.jpg"]},
    links={"1.jpg": "/etc/passwd"},
)
CASES["little_room_on_disk"] = lambda: Case(steps=[FLIP], pictures=GOOD)
CASES["unread_steps"] = lambda: Case(
    steps=[{"id": "ids", "use": "reindex", "in": "raw"}, EXPORT], pictures=GOOD
)
CASES["filter_matches_nothing"] = lambda: Case(steps=[_filter(min_side_px=2)])
CASES["rows_that_trainers_skip"] = lambda: Case(
    _changed(bbox=[1, 2, 0.5, 10], area=5), [EXPORT], GOOD
)
CASES["rows_that_stop_a_step"] = lambda: Case(
    _changed(bbox=[60, 2, 10, 10]),
    [{"id": "few", "use": "filter_annotations", "in": "raw"}],
)
CASES["split_gives_up"] = lambda: Case(
    coco(10, [(1, 1), (2, 1), (3, 2), (4, 2)]),
    steps=[
        {
            "id": "parts",
            "use": "split",
            "in": "raw",
            "with": {"fractions": {"train": 0.9, "val": 0.1}, "method": "stratified"},
        }
    ],
)
CASES["top_level_keys_differ"] = lambda: Case(coco(note="a"), [MERGE], other=_other(note="b"))
CASES["merged_categories_alike"] = lambda: Case(
    steps=[MERGE],
    other=_other()
    | {"categories": [{"id": 1, "name": "CAT"}, {"id": 2, "name": "dog", "supercategory": "dog"}]},
)
CASES["class_rows_missed"] = lambda: Case(
    head=3,
    steps=[
        {
            "id": "fitted",
            "use": "adapt_head",
            "in": {"checkpoint": "weights", "dataset": "raw"},
            "with": {"from_classes": ["Cat", "cow"]},
        }
    ],
)
CASES["category_keys_differ"] = lambda: Case(
    steps=[MERGE],
    other=_other()
    | {
        "categories": [
            {"id": 1, "name": "cat", "supercategory": "pet"},
            {"id": 2, "name": "dog", "supercategory": "dog"},
        ]
    },
)
CASES["references_left_out"] = lambda: Case(
    _changed("categories", parent_id=1),
    [{"id": "few", "use": "filter_categories", "in": "raw", "with": {"keep": ["dog"]}}],
)
CASES["ids_shared"] = lambda: Case(
    _changed(camera_id=1), [MERGE], other=_keyed(_other(), camera_id=1)
)
CASES["negative_but_there"] = lambda: Case(
    _changed("images", neg_category_ids=[1]),
    [{"id": "one", "use": "map_categories", "in": "raw", "with": {"map": {"cat": "dog"}}}],
)
CASES["licenses_unlisted"] = lambda: Case(_changed("images", license=7), [MERGE], other=_other())
CASES["classes_with_a_direction"] = lambda: Case(coco(names=("arrow_left", "cat")), [FLIP], GOOD)
LIMITED = {
    "transform": {
        "__class_fullname__": "Compose",
        "transforms": [{"__class_fullname__": "HorizontalFlip", "p": 1}],
        "bbox_params": {"format": "coco", "min_area": 90, "min_visibility": 0.1},
    }
}
CASES["limits_of_the_pipeline"] = lambda: Case(
    coco(), [FLIP | {"with": {"pipeline": LIMITED, "min_visibility": 0.1}}], GOOD
)
CASES["directions_turned"] = lambda: Case(coco(names=("arrow_left", "cat")), [TURN], GOOD)


def test_there_is_a_case_and_a_message_for_every_kind_and_for_nothing_else() -> None:
    found = plugins.find()
    of_lint = {rule.kind.name for rule in found.rules}  # which have tests of their own
    kinds = {name for name in found.kinds if name in CASES or name not in of_lint}
    assert sorted(kinds - set(CASES)) == sorted(set(CASES) - kinds) == []
    assert sorted(kinds ^ set(MESSAGES)) == []


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] * (name in IMPORT_TORCH))
        for name in sorted(CASES)
    ],
)
def test_a_kind_is_found_and_its_message_is(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "checks_left_out":
        monkeypatch.setattr(files, "is_installed", lambda package: False)
    if name == "little_room_on_disk":
        monkeypatch.setattr(system_errors, "free", lambda path: 1000)
    told = [text for kind, text in CASES[name]().told(tmp_path) if kind == name]
    assert told == [MESSAGES[name]]
