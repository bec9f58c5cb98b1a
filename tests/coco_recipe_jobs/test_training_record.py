"""A training's record holds its files by hash, and knows from where to go on."""

from pathlib import Path

import pytest
from coco_recipe_jobs.training_record import Record, clear, file_of, key_of


def _saved(record: Record, epoch: int, score: float | None) -> None:
    for folder in (record.checkpoints, record.states):
        (folder / file_of(epoch)).write_text(f"{folder.name} {epoch}")
    from coco_recipe import sha256

    record.saved(epoch, sha256(record.checkpoints / file_of(epoch)), "print")
    record.measured(epoch, {"mAP": score})


def _trained(folder: Path, *scores: float | None) -> Record:
    record = Record(folder, "key", "mAP")
    for epoch, score in enumerate(scores, 1):
        _saved(record, epoch, score)
    return record


def test_a_record_is_read_again_for_the_same_key_only(tmp_path: Path) -> None:
    _trained(tmp_path, 0.1, None)
    again = Record(tmp_path, "key", "mAP")
    assert again.metrics == {1: {"mAP": 0.1}, 2: {"mAP": None}}
    assert again.epochs == {1: "epoch_1.pth", 2: "epoch_2.pth"}
    assert key_of(tmp_path) == "key"
    assert Record(tmp_path, "another").epochs == {}
    (tmp_path / ".job/record.json").write_text('{"key": "key", "epochs": 3}')
    assert key_of(tmp_path) == "", "a key that no record has"


def test_it_goes_on_from_the_newest_whole_state_behind_whole_checkpoints(tmp_path: Path) -> None:
    record = _trained(tmp_path, 0.1, 0.2, 0.3)
    (record.states / file_of(3)).write_text("cut")
    (record.checkpoints / ".writing.pth").write_text("half")
    again = Record(tmp_path, "key", "mAP")
    assert again.resume_from() == (2, again.states / file_of(2))
    assert sorted(path.name for path in again.checkpoints.iterdir()) == [
        "epoch_1.pth",
        "epoch_2.pth",
    ]
    (again.checkpoints / file_of(1)).write_text("damaged")
    assert Record(tmp_path, "key", "mAP").resume_from() is None


def test_the_best_stays_when_old_ones_go(tmp_path: Path) -> None:
    record = _trained(tmp_path, 0.2, 0.9, 0.9, 0.1, 0.3)
    record.forget_old(keep=2)
    assert list(record.epochs) == [2, 4, 5]
    assert record.best() == 2, "the first of equals"
    assert record.best_value(2) == 0.9
    assert sorted(path.name for path in record.states.iterdir()) == ["epoch_4.pth", "epoch_5.pth"]
    assert Record(tmp_path, "key", "loss").best() is None


def test_an_epoch_that_found_nothing_counts_as_0(tmp_path: Path) -> None:
    record = _trained(tmp_path, -0.5)
    _saved(record, 2, None)
    record.measured(2, {})
    assert record.best() == 2


def test_a_folder_is_emptied_and_what_links_point_to_stays(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other/kept").write_text("x")
    folder = tmp_path / "step"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub/file").write_text("y")
    (folder / "link").symlink_to(tmp_path / "other")
    clear(folder)
    assert list(folder.iterdir()) == []
    assert (tmp_path / "other/kept").read_text() == "x"


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ((), 0),
        ((0.5,), 0),
        ((0.5, 0.5), 1),
        ((0.1, 0.3, 0.2, None), 2),
        ((None, None), 1),
        ((0.1, 0.2, 0.3), 0),
    ],
)
def test_how_long_ago_the_best_was_is_in_validations(
    tmp_path: Path, scores: tuple[float | None, ...], expected: int
) -> None:
    record = Record(tmp_path, "key", "mAP")
    for number, score in enumerate(scores):
        record.measured(3 * number + 2, {"mAP": score})
    assert record.validations_since_best() == expected
    assert Record(tmp_path, "key", "mAP").validations_since_best() == expected
