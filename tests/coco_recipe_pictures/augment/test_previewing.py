"""A preview shows the images that are asked for, in the format that the file's name has."""

from pathlib import Path

import pytest

cv2 = pytest.importorskip("cv2")
np = pytest.importorskip("numpy")
pytest.importorskip("albumentations")

from builders import coco, command, write_recipe  # noqa: E402
from coco_recipe_pictures.sheet import contact_sheet as sheet  # noqa: E402

from coco_recipe.errors import StepError  # noqa: E402
from coco_recipe.running import forecast, stages  # noqa: E402
from coco_recipe.running.session import Session  # noqa: E402


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    for n in (1, 2, 3):
        cv2.imwrite(str(tmp_path / f"images/{n}.jpg"), np.full((48, 64, 3), 60 * n, np.uint8))
    step = {
        "id": "more",
        "use": "augment",
        "in": "raw",
        "with": {"pipeline": [{"HorizontalFlip": {"p": 1.0}}]},
    }
    write_recipe(
        tmp_path, [step], coco(), inputs={"raw": {"annotations": "raw.json", "images": "images"}}
    )
    return tmp_path


def _preview(folder: Path, target: str, *names: str) -> bytes:
    opened = Session.open(stages.prepare(folder / "recipe.yaml"), folder / "out")
    forecast.preview(opened, "more", folder / target, images=names or 1)
    return (folder / target).read_bytes()


@pytest.mark.parametrize(
    ("target", "begin"), [("a.png", b"\x89PNG"), ("a.JPG", b"\xff\xd8\xff"), ("a.webp", b"RIFF")]
)
def test_the_format_is_that_of_the_name(target: str, begin: bytes, folder: Path) -> None:
    assert _preview(folder, target).startswith(begin)


def test_another_ending_is_refused_and_nothing_is_written(folder: Path) -> None:
    with pytest.raises(StepError, match=r"a.txt: a sheet can be written as .png, .jpg"):
        _preview(folder, "a.txt")
    assert not (folder / "a.txt").exists()


def test_images_can_be_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown, draw_sheet = [], sheet.contact_sheet
    monkeypatch.setattr(
        sheet, "contact_sheet", lambda rows, **kw: [shown.extend(rows), draw_sheet(rows, **kw)][1]
    )
    _preview(folder, "a.png", "3.jpg", "1.jpg")
    assert [row[0].title for row in shown] == ["3.jpg", "1.jpg"]
    with pytest.raises(StepError, match=r"there is no image '4.jpg'"):
        _preview(folder, "a.png", "4.jpg")


@pytest.mark.slow
def test_the_command_takes_names_and_an_ending(folder: Path) -> None:
    done = command(
        "preview", "recipe.yaml", "more", "--image", "2.jpg", "--to", "x.jpg", cwd=folder
    )
    assert done.returncode == 0, done.stderr
    assert (folder / "x.jpg").read_bytes().startswith(b"\xff\xd8\xff")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_a_preview_is_drawn_again_over_a_preview_and_over_nothing_else(
    name: str, folder: Path
) -> None:
    first = _preview(folder, name)
    assert _preview(folder, name) == first
    picture = (folder / "images/1.jpg").read_bytes()
    (folder / name).write_bytes(picture)
    with pytest.raises(StepError, match="is there already, and no preview; name another file"):
        _preview(folder, name)
    assert (folder / name).read_bytes() == picture


def test_a_preview_marks_what_a_border_shows_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = coco(1, [(1, 1), (1, 2)])
    for row, box in zip(data["annotations"], ([2, 5, 10, 8], [19, 5, 10, 8]), strict=True):
        row |= {"bbox": box, "area": 80}
    pad = {"Pad": {"padding": [20, 0, 0, 0], "border_mode": 2, "p": 1}}
    step = {
        "id": "more",
        "use": "augment",
        "in": "raw",
        "with": {"pipeline": [pad], "repeated": "label", "min_visibility": 0.2},
    }
    write_recipe(
        folder, [step], data, inputs={"raw": {"annotations": "raw.json", "images": "images"}}
    )
    shown, draw_sheet = [], sheet.contact_sheet
    monkeypatch.setattr(
        sheet, "contact_sheet", lambda rows, **kw: [shown.extend(rows), draw_sheet(rows, **kw)][1]
    )
    _preview(folder, "a.png")
    source, copy = shown[0]
    assert [(mark.label, mark.reason) for mark in source.marks] == [("cat", ""), ("dog", "")], (
        "none of them fell out"
    )
    assert [(mark.label, mark.bbox) for mark in copy.marks] == [
        ("cat", (22, 5, 10, 8)),
        ("dog", (39, 5, 10, 8)),
        ("cat", (8, 5, 10, 8)),
    ]
