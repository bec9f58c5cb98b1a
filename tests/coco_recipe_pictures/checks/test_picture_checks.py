"""Pictures at which a step would stop are told before any step runs: all of them, and only those
that come to it.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, write_recipe

np = pytest.importorskip("numpy")
cv2 = pytest.importorskip("cv2")
pytest.importorskip("albumentations")

AUGMENT = {
    "id": "more",
    "use": "augment",
    "in": "raw",
    "with": {"pipeline": [{"HorizontalFlip": {"p": 1}}]},
}
EXPORT = {"id": "out", "use": "export_coco", "in": {"all": "raw"}}


def _picture(width: int = 64, height: int = 48, kind: Any = np.uint8) -> bytes:
    shade = np.arange(width * height, dtype=kind).reshape(height, width)
    return bytes(cv2.imencode(".png", shade)[1].tobytes())


def _exif(width: int, height: int, orientation: int = 6) -> bytes:
    data = cv2.imencode(".jpg", np.zeros((height, width, 3), np.uint8))[1].tobytes()
    body = (
        b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"
        + bytes([orientation])
        + b"\0\0\0\0\0\0\0"
    )
    return bytes(data[:2] + b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body + data[2:])


BAD = {
    "1.jpg": b"hello, world" * 9,
    "2.jpg": _picture()[:90],
    "3.jpg": _picture(kind=np.uint16),
    "4.jpg": _picture(60, 48),
}
FOUND = {
    "unreadable_pictures": "image 1 ('1.jpg'): is text, not a picture",
    "cut_off_pictures": "image 2 ('2.jpg'): the PNG file is cut off",
    "pictures_of_16_bits": "image 3 ('3.jpg'): 16 bits",
    "sizes_not_of_pictures": "image 4 ('4.jpg'): 64 x 48, the picture has 60 x 48",
}


def _folder(
    folder: Path,
    steps: list[dict[str, Any]],
    pictures: dict[str, bytes] = BAD,
    images: int = 5,
    **top: Any,
) -> Path:
    """Write a data set, a recipe, and its pictures: those that are given, and good ones."""
    (folder / "images").mkdir()
    data = coco(images, [(n, 1 if n < 3 else 2) for n in range(1, images + 1)])
    for row in data["images"]:
        if pictures.get(row["file_name"], b"?"):
            (folder / "images" / row["file_name"]).write_bytes(
                pictures.get(row["file_name"], _picture())
            )
    return write_recipe(
        folder, steps, data, inputs={"raw": {"annotations": "raw.json", "images": "images"}}, **top
    )


def _severities(folder: Path, *options: str) -> dict[tuple[str, str], int]:
    """Return how many rows each kind has as errors and as warnings, as ``check RECIPE`` tells."""
    done = command("check", "recipe.yaml", "--format", "json", *options, cwd=folder)
    return {
        (row["kind"], row["severity"]): row["count"]
        for row in json.loads(done.stdout)
        if row["kind"] in FOUND
    }


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["run", "plan", "check"])
def test_all_bad_pictures_above_augment_are_told_at_once_before_it_runs(
    verb: str, tmp_path: Path
) -> None:
    _folder(tmp_path, [AUGMENT])
    done = command(verb, "recipe.yaml", cwd=tmp_path)
    assert done.returncode == 1
    told = done.stdout + done.stderr
    for kind, row in FOUND.items():
        assert f"{row} ({kind})\n    hint: step 'more' would stop at it: " in told
    assert "error: raw: 1 picture can't be read" in told
    assert "bad_images: quarantine goes on without them" in told
    assert "repair: sizes: from_pictures" in told
    assert not (tmp_path / "runs/test/steps").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("steps", "choices"),
    [
        ([AUGMENT | {"with": AUGMENT["with"] | {"bad_images": "quarantine"}}], {}),  # type: ignore[operator]
        ([EXPORT], {}),
        ([AUGMENT], dict.fromkeys(FOUND, "warning")),
    ],
    ids=["quarantine", "export only", "the recipe's choice"],
)
def test_where_nothing_stops_they_are_warnings(
    steps: list[dict[str, Any]], choices: dict[str, str], tmp_path: Path
) -> None:
    _folder(tmp_path, steps, findings=choices)
    assert _severities(tmp_path) == {(kind, "warning"): 1 for kind in FOUND}
    if not choices:
        assert command("run", "recipe.yaml", cwd=tmp_path).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("above", "where", "errors"),
    [
        (
            {"use": "filter_categories", "with": {"keep": ["dog"], "images_left_empty": "drop"}},
            {},
            {3, 4},
        ),
        (
            {"use": "filter_categories", "with": {"drop": ["dog"], "images_left_empty": "drop"}},
            {},
            {1, 2},
        ),
        (None, {"where": {"categories": ["cat"]}}, {1, 2}),
        (None, {"where": {"fields": {"file_name": "5.jpg"}}}, set()),
        (None, {"balance": {"boxes": {"cat": 4}}}, {1, 2}),
    ],
)
def test_only_pictures_that_come_to_the_step_are_errors(
    above: dict[str, Any] | None, where: dict[str, Any], errors: set[int], tmp_path: Path
) -> None:
    steps = [{"id": "few", "in": "raw"} | above] if above else []
    augment = AUGMENT | {"in": "few" if above else "raw", "with": AUGMENT["with"] | where}  # type: ignore[operator]
    _folder(tmp_path, [*steps, augment])
    assert _severities(tmp_path) == {
        (kind, "error" if n in errors else "warning"): 1 for n, kind in enumerate(FOUND, 1)
    }


@pytest.mark.slow
def test_one_kind_is_divided_into_pictures_that_come_to_the_step_and_others(tmp_path: Path) -> None:
    few = {
        "id": "few",
        "in": "raw",
        "use": "filter_categories",
        "with": {"keep": ["dog"], "images_left_empty": "drop"},
    }
    _folder(tmp_path, [few, AUGMENT | {"in": "few"}], {f"{n}.jpg": b"{}" for n in (1, 3, 4)})
    assert _severities(tmp_path) == {
        ("unreadable_pictures", "error"): 2,
        ("unreadable_pictures", "warning"): 1,
    }
    done = command("run", "recipe.yaml", cwd=tmp_path)
    assert (
        "error: raw: 2 pictures can't be read: image 3 ('3.jpg'): is JSON, not a picture; image 4"
        in done.stderr
    )
    assert "warning: raw: 1 picture can't be read: image 1 ('1.jpg')" in done.stderr


@pytest.mark.slow
def test_a_second_augmentation_opens_the_pictures_of_the_first(tmp_path: Path) -> None:
    first = AUGMENT | {"with": AUGMENT["with"] | {"bad_images": "quarantine"}}  # type: ignore[operator]
    _folder(tmp_path, [first, AUGMENT | {"id": "again", "in": "more"}])
    assert {severity for _, severity in _severities(tmp_path)} == {"warning"}
    assert command("run", "recipe.yaml", cwd=tmp_path).returncode == 0


@pytest.mark.slow
def test_a_repair_above_mends_sizes_and_stops_where_it_cannot_measure(tmp_path: Path) -> None:
    repair = {"id": "mended", "use": "repair", "in": "raw", "with": {"sizes": "from_pictures"}}
    _folder(
        tmp_path,
        [repair, AUGMENT | {"in": "mended"}],
        {"2.jpg": _picture(60, 48), "3.jpg": b"x", "4.jpg": b"PK\3\4"},
    )
    assert _severities(tmp_path) == {
        ("unreadable_pictures", "error"): 2,
        ("sizes_not_of_pictures", "warning"): 1,
    }
    assert (
        "hint: step 'mended' would stop at them"
        in command("plan", "recipe.yaml", cwd=tmp_path).stderr
    )
    for name in ("3.jpg", "4.jpg"):
        (tmp_path / "images" / name).write_bytes(_picture())
    assert command("run", "recipe.yaml", cwd=tmp_path).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize(("exif", "severity"), [("apply", "error"), ("ignore", "warning")])
def test_a_size_as_stored_stops_only_a_step_that_turns_pictures(
    exif: str, severity: str, tmp_path: Path
) -> None:
    augment = AUGMENT | {"with": AUGMENT["with"] | {"exif": exif}}  # type: ignore[operator]
    _folder(tmp_path, [augment], {"2.jpg": _exif(64, 48)})
    assert _severities(tmp_path) == {("sizes_not_of_pictures", severity): 1}
    assert command("run", "recipe.yaml", cwd=tmp_path).returncode == (severity == "error")


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["error", "quarantine"])
def test_a_box_of_the_turned_picture_goes_into_quarantine_with_it(
    policy: str, tmp_path: Path
) -> None:
    augment = AUGMENT | {"with": AUGMENT["with"] | {"bad_images": policy}}  # type: ignore[operator]
    _folder(
        tmp_path, [augment], {"2.jpg": _exif(64, 48)}, findings={"sizes_not_of_pictures": "warning"}
    )
    data = json.loads((tmp_path / "raw.json").read_text())
    data["annotations"][1]["bbox"] = [30, 50, 10, 10]  # inside 48x64, outside 64x48
    (tmp_path / "raw.json").write_text(json.dumps(data))
    done = command("run", "recipe.yaml", cwd=tmp_path)
    if policy == "error":
        assert done.returncode == 1
        assert "annotation 2 on image 2 ('2.jpg'): has the box [30, 50, 10, 10]" in done.stderr
        assert "EXIF orientation, the boxes may be right and the size wrong" in done.stderr
        return
    assert done.returncode == 0, done.stderr
    made = json.loads((tmp_path / "runs/test/steps/more/dataset.json").read_text())
    assert sorted(row["coco_recipe"]["root"] for row in made["images"]) == [
        f"raw/{n}.jpg" for n in (1, 3, 4, 5)
    ]
    record = json.loads((tmp_path / "runs/test/provenance.jsonl").read_text().splitlines()[1])
    assert list(record["notes"]["quarantined"]) == ["2.jpg"]


@pytest.mark.slow
def test_sizes_turned_by_exif_are_told_apart_from_others_wherever_they_stand(
    tmp_path: Path,
) -> None:
    wrong = {f"{n}.jpg": _picture(60, 48) for n in range(1, 8)}
    _folder(
        tmp_path, [EXPORT], wrong | {"8.jpg": _exif(64, 48), "9.jpg": _exif(64, 48, 8)}, images=9
    )
    done = command("check", "raw.json", "images", "--format", "json", cwd=tmp_path)
    plain, turned = (
        row for row in json.loads(done.stdout) if row["kind"] == "sizes_not_of_pictures"
    )
    assert (plain["count"], turned["count"]) == (7, 2)
    assert plain["remedy"] == (
        "repair: sizes: from_pictures, once it is known what the boxes of those that EXIF turns "
        "were drawn on: it takes them, too"
    )
    assert "augment: exif: ignore" in turned["remedy"]
    assert "EXIF turns it (orientation 8) to 48 x 64" in turned["first"][1]["value"]


def _checked(folder: Path, image: bytes, **row: int) -> dict[str, dict[str, Any]]:
    """Check one picture beside one annotation; return the findings by kind."""
    (folder / "images").mkdir()
    (folder / "images/1.jpg").write_bytes(image)
    data = coco(1, [(1, 1)])
    data["images"][0] |= row
    (folder / "raw.json").write_text(json.dumps(data), "utf-8")
    done = command("check", "raw.json", "images", "--format", "json", cwd=folder)
    return {found["kind"]: found for found in json.loads(done.stdout)}


@pytest.mark.slow
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_that_leaves_the_size_as_it_is_is_told(orientation: int, tmp_path: Path) -> None:
    """Upside down, mirrored, or square: both readings have the size of the row."""
    found = _checked(tmp_path, _exif(64, 64, orientation), width=64, height=64)
    assert ("pictures_turned_by_exif" in found) == (orientation > 1)
    assert "sizes_not_of_pictures" not in found


@pytest.mark.slow
def test_exif_that_opencv_leaves_is_told_with_both_ways_on(tmp_path: Path) -> None:
    import picture_files

    exif = picture_files.drawn().getexif()
    exif[274] = 8
    data = picture_files.saved(picture_files.drawn(width=64, height=48), "WEBP", exif=exif)
    found = _checked(tmp_path, data, width=48, height=64)
    (row,) = found["sizes_not_of_pictures"]["first"]
    assert row["value"] == (
        "48 x 64 as EXIF turns it (orientation 8, which OpenCV doesn't follow in WEBP: 64 x 48)"
    )
    assert "write the pictures again as EXIF turns" in found["sizes_not_of_pictures"]["remedy"]
    assert "pictures_turned_by_exif" in found


@pytest.mark.parametrize(
    ("sizes", "told"),
    [
        ([(128, 96), (128, 96)], "look enlarged after labelling (2 times as large)"),
        ([(32, 24), (32, 24)], "look shrunk after labelling (0.5 times as large)"),
        ([(100, 75)], "look enlarged after labelling (1.562 times as large)"),
        ([(128, 96), (32, 24)], ""),
        ([(128, 48), (128, 48)], ""),
    ],
)
def test_pictures_that_differ_by_one_scale_are_told_as_rescaled(
    sizes: list[tuple[int, int]], told: str, tmp_path: Path
) -> None:
    wrong = {f"{n}.jpg": _picture(*size) for n, size in enumerate(sizes, 1)}
    _folder(tmp_path, [EXPORT], wrong, images=4)
    done = command("check", "raw.json", "images", "--format", "json", cwd=tmp_path)
    (found,) = (row for row in json.loads(done.stdout) if row["kind"] == "sizes_not_of_pictures")
    assert found["remedy"].startswith("repair: sizes: from_pictures")
    assert told in found["remedy"]
    assert bool(told) == ("after labelling" in found["remedy"])


@pytest.mark.slow
def test_missing_pictures_hide_nothing_of_the_others(tmp_path: Path) -> None:
    _folder(tmp_path, [AUGMENT], BAD | {"5.jpg": b""})
    for verb in ("run", "plan", "check"):
        done = command(verb, "recipe.yaml", cwd=tmp_path)
        told = done.stdout + done.stderr
        assert done.returncode == 1
        assert (
            "raw (images, 5 images): 1 picture is not in the folder of images: image 5 "
            "('5.jpg') (missing_pictures)" in told
        )
        assert all(row in told for row in FOUND.values()), told


@pytest.mark.slow
def test_rows_that_stop_the_run_hide_no_picture(tmp_path: Path) -> None:
    _folder(tmp_path, [AUGMENT])
    data = json.loads((tmp_path / "raw.json").read_text())
    data["annotations"][0]["image_id"] = 99
    (tmp_path / "raw.json").write_text(json.dumps(data))
    done = command("run", "recipe.yaml", cwd=tmp_path)
    assert "annotation 1: image 99 (dangling_image_ids)" in done.stderr
    assert all(row in done.stderr for row in FOUND.values()), done.stderr
