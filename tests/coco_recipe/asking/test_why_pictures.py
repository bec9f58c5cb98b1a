"""The pictures of a history: which rows are drawn, how files are called, and what stays."""

from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, write_recipe

from coco_recipe.asking import why_pictures
from coco_recipe.asking.why import why
from coco_recipe.crops import Crop
from coco_recipe.errors import RunError

STEPS: list[dict[str, Any]] = [
    {"id": "清洗", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}},
    {"id": "num", "use": "reindex", "in": "清洗"},
    {"id": "parts", "use": "split", "in": "num", "with": {"every": 3}},
    {
        "id": "out",
        "use": "export_coco",
        "in": {"train": "parts.train", "val": "parts.val"},
        "with": {"images": "none"},
    },
]


def _text(crop: Crop) -> bytes:
    """Stand in for a drawing: what would be drawn, in words."""
    row = crop.annotation
    told = [crop.image.file_name, "all" if row is None else f"{row.id} {row.bbox}", crop.title]
    return "|".join([*told, *["gone"] * crop.is_gone]).encode()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    data = coco(boxes=[(1, 2), (2, 1), (3, 1)])
    data["annotations"][1]["bbox"] = [-5, 40, 20, 30]
    write_recipe(tmp_path, STEPS, data)
    assert command("run", "recipe.yaml", cwd=tmp_path).returncode == 0
    return tmp_path / "runs" / "test"


def _write(run: Path, target: Path, **asked: Any) -> dict[str, str]:
    answer = why(run, **asked)
    written, notes = why_pictures.write(answer.plan, run, answer.tracks, target, _text)
    assert notes == []
    assert sorted(written) == sorted(target.iterdir())
    return {path.name: path.read_text("utf-8") for path in written}


def test_a_row_is_drawn_as_it_was_at_each_step_under_its_id_there(run: Path) -> None:
    found = _write(run, run / "new" / "pictures", annotation=2, at="raw")
    assert list(found) == [
        "01-raw.png", "02-清洗.png", "03-num.png", "04-parts.png", "05-out.png"
    ]  # fmt: skip
    assert found["01-raw.png"].startswith("2.jpg|2 (-5, 40, 20, 30)|raw: annotation 2 on")
    assert found["03-num.png"] == "2.jpg|1 (-5, 40, 20, 30)|num: 2 -> 1"
    assert found["05-out.png"].endswith("|out: written as train")


def test_a_dropped_row_is_drawn_as_it_came_to_the_step(run: Path) -> None:
    found = _write(run, run / "pictures", annotation=1, at="raw")
    assert list(found) == ["01-raw.png", "02-清洗-dropped.png"]
    assert found["02-清洗-dropped.png"].startswith("1.jpg|1 (")
    assert found["02-清洗-dropped.png"].endswith("category 'dog' is dropped|gone")


def test_an_image_is_drawn_whole(run: Path) -> None:
    found = _write(run, run / "pictures", image="3.jpg")
    assert {text.split("|")[1] for text in found.values()} == {"all"}
    assert len(found) == 5


def test_several_histories_stand_apart(run: Path) -> None:
    found = _write(run, run / "pictures", annotation=1)  # published, and a raw one
    assert {name[:2] for name in found} == {"1-", "2-"}
    assert "2-02-清洗-dropped.png" in found


def test_files_that_are_there_stay_and_the_same_ones_are_no_obstacle(run: Path) -> None:
    target = run / "pictures"
    found = _write(run, target, annotation=2, at="raw")
    assert _write(run, target, annotation=2, at="raw") == found
    (target / "03-num.png").write_bytes(b"mine")
    (target / "01-raw.png").unlink()
    with pytest.raises(RunError, match=r"03-num.png: is there already, and another file"):
        _write(run, target, annotation=2, at="raw")
    assert (target / "03-num.png").read_bytes() == b"mine"
    assert not (target / "01-raw.png").exists()  # all or nothing


def test_a_link_that_leads_nowhere_is_not_followed(run: Path) -> None:
    (run / "pictures").mkdir()
    (run / "pictures" / "01-raw.png").symlink_to(run / "elsewhere.png")
    with pytest.raises(RunError, match="is there already"):
        _write(run, run / "pictures", annotation=2, at="raw")
    assert not (run / "elsewhere.png").exists()


def test_rows_that_cant_be_had_are_noted_and_the_others_drawn(run: Path) -> None:
    raw = run.parents[1] / "raw.json"
    raw.write_text(raw.read_text("utf-8").replace('"2.jpg"', '"renamed.jpg"'), "utf-8")
    answer = why(run, annotation=1, at="num")
    tracks = [track for track in answer.tracks if track.file_name == "renamed.jpg"]
    raw.write_text(raw.read_text("utf-8").replace('"renamed.jpg"', '"2.jpg"'), "utf-8")
    written, notes = why_pictures.write(answer.plan, run, tracks, run / "pictures", _text)
    assert written == []
    assert notes[0] == "raw: its rows aren't there to be drawn"
