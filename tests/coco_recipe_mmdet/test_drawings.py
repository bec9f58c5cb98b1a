"""Pictures that a job leaves, with class names that can be read, and none that stops it."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("torch")
from coco_recipe_mmdet.inside import drawings
from coco_recipe_pictures.sheet import fonts
from PIL import Image


def _val(folder: Path, names: tuple[str, ...], *, images: int = 12) -> Path:
    """Write a data set: on each picture a box of the first class, and on the first also a crowd."""
    rows, pictures = [], []
    for n in range(1, images + 1):
        path = folder / f"{n}.png"
        Image.new("RGB", (80, 60), (90, 90, 90)).save(path)
        pictures.append({"id": n, "file_name": str(path), "width": 80, "height": 60})
        box = {"image_id": n, "category_id": 1, "bbox": [5, 5, 20, 20], "area": 400}
        rows.append({**box, "id": n, "iscrowd": 0})
    rows[-1]["iscrowd"] = 1
    categories = [{"id": n, "name": name} for n, name in enumerate(names, 1)]
    data = {"images": pictures, "annotations": rows, "categories": categories}
    path = folder / "val.json"
    path.write_text(json.dumps(data))
    return path


def _hits(images: int) -> list[dict[str, Any]]:
    """Find the box of each picture, of the odd ones at a wrong place."""
    return [
        {
            "image_id": n,
            "category_id": 1,
            "bbox": [5 + 40 * (n % 2), 5, 20, 20],
            "score": 0.9 - n / 100,
        }
        for n in range(1, images + 1)
    ]


def _size(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size


@pytest.mark.slow
def test_the_worst_and_the_best_pictures_are_drawn_once_each(tmp_path: Path) -> None:
    matched = drawings.Found(_val(tmp_path, ("cap", "瓶盖")), _hits(12))
    best = matched.thresholds()
    assert best["cap"].recall == pytest.approx(5 / 11, abs=1e-6)
    assert "瓶盖" not in best, "there is none to find"
    drawings.detections(tmp_path, matched)
    for name in ("confusion.png", "precision_recall.png", "f1.png", "predictions.png"):
        assert min(_size(tmp_path / name)) > 300
    shown = drawings._worst_and_best(matched, 0.0)
    assert [image.f1 for image in shown] == [0.0] * 6 + [1.0] * 3
    assert len({image.image_id for image in shown}) == 9


@pytest.mark.slow
def test_a_model_that_found_nothing_and_a_single_picture_are_drawn(tmp_path: Path) -> None:
    matched = drawings.Found(_val(tmp_path, ("cap",), images=2), [])
    assert matched.thresholds() == {}
    drawings.detections(tmp_path, matched)
    assert _size(tmp_path / "predictions.png")[0] > 800


def test_of_predictions_so_many_pictures_are_drawn_as_are_asked_for(tmp_path: Path) -> None:
    path = _val(tmp_path, ("cap",))
    sizes = []
    for most in (1, 12, 99):
        drawings.predictions(tmp_path / "p.png", path, _hits(12), most)
        sizes.append(_size(tmp_path / "p.png"))
    assert sizes[0][0] < sizes[1][0]
    assert sizes[1] == sizes[2]


@pytest.mark.parametrize("scale", [1.0, 1 / 255])
def test_the_first_batch_has_the_colours_of_its_pictures(tmp_path: Path, scale: float) -> None:
    import torch

    picture = torch.zeros(3, 40, 40)
    picture[2] = 250.0  # red, where channels are blue, green, red
    truth = SimpleNamespace(bboxes=torch.tensor([[4.0, 4.0, 20.0, 20.0]]), labels=torch.tensor([0]))

    class Sample(dict[str, str]):
        gt_instances = truth

    batch = {"inputs": [picture * scale], "data_samples": [Sample(img_path="a/b.png")]}
    drawings.first_batch(tmp_path / "b.png", batch, ["cap"], bgr=True)
    with Image.open(tmp_path / "b.png") as sheet:
        pixels = np.asarray(sheet.convert("RGB"))
    red = (pixels[..., 0] > 240) & (pixels[..., 1] < 10) & (pixels[..., 2] < 10)
    assert red.sum() > 50_000
    blue = (pixels[..., 2] > 240) & (pixels[..., 0] < 10)
    assert blue.sum() == 0


def test_what_can_not_be_drawn_is_noted_and_stops_nothing(tmp_path: Path) -> None:
    noted: dict[str, object] = {}
    report: Any = SimpleNamespace(note=noted.__setitem__)
    path = _val(tmp_path, ("cap",))
    (tmp_path / "1.png").write_bytes(b"no picture any more")
    with drawings.attempt(report, "predictions.png"):
        drawings.predictions(tmp_path / "p.png", path, _hits(12), 3)
    assert list(noted) == ["predictions.png not drawn"]
    assert "ValueError" in str(noted)
    assert not (tmp_path / "p.png").exists()


def test_names_that_no_font_has_are_told_by_their_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COCO_RECIPE_FONTS", str(tmp_path))
    names = drawings.names_of(["cap", "瓶盖", "größe"])
    assert [names.shown(name, n) for n, name in enumerate(("cap", "瓶盖", "größe"), 1)] == [
        "cap",
        "#2",
        "größe",
    ]


def test_a_name_that_its_font_lacks_leaves_the_others_as_they_are() -> None:
    if fonts.find_font("瓶盖") is None:
        pytest.skip("no font of this machine has Chinese")
    names = drawings.names_of(["瓶盖", "cap", "line\nbreak", "\U000e0041"])
    assert names.font
    assert [names.shown(name, n) for n, name in enumerate(("瓶盖", "cap", "line\nbreak"), 1)] == [
        "瓶盖",
        "cap",
        "#3",
    ]
