"""A copy's record says whether it must be made again, and is enough to make it."""

import re
from pathlib import Path

import pytest
from augmenting import Bench, draw
from builders import coco

from coco_recipe.errors import StepError
from coco_recipe.running import stages

np = pytest.importorskip("numpy")
cv2 = pytest.importorskip("cv2")
pytest.importorskip("albumentations")


SHORT = [{"HorizontalFlip": {"p": 1}}]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.mark.slow
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


@pytest.mark.slow
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
    assert bench.made_now() == 2, "the earlier result is there again, with its record"
    assert len(bench.stamps()) == 14


def test_a_damaged_copy_is_not_taken_for_a_whole_one(bench: Bench) -> None:
    names = [row["file_name"] for row in bench.run(SHORT)["images"]]
    good = (bench.step / "images" / names[0]).read_bytes()
    (bench.step / "images" / names[0]).write_bytes(good[:-1] + b"x")
    bench.run(SHORT)
    assert bench.made_now() == 1
    assert (bench.step / "images" / names[0]).read_bytes() == good


def test_force_makes_every_copy_again(bench: Bench) -> None:
    bench.run(SHORT)
    before = bench.stamps()
    stages.run(stages.prepare(bench.folder / "recipe.yaml"), out=bench.out, force=True)
    assert bench.made_now() == 2
    assert not set(before.values()) & set(bench.stamps().values())


@pytest.mark.parametrize("where", ["committed", "interrupted"])
def test_a_record_of_which_a_digit_has_changed_is_not_used(where: str, tmp_path: Path) -> None:
    bench = Bench(tmp_path, coco(4, [(n, 1) for n in range(1, 5)]))
    whole = bench.run(SHORT)
    record = bench.step / "augmented.jsonl"
    text = record.read_text()
    record.write_text(re.sub(r'("bbox":\[)([0-9])', r"\g<1>1\2", text, count=1))
    assert record.read_text() != text
    if where == "interrupted":
        bench.step.rename(bench.out / "steps/.more.partial")
        (bench.out / "steps/.more.partial/manifest.json").unlink()
    assert bench.run(SHORT) == whole
    assert bench.made_now() == (1 if where == "interrupted" else 4)
    assert record.read_text() == text
