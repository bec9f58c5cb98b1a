"""Two folders trade places, or the system says that it can't."""

from pathlib import Path

import pytest

from coco_recipe import exchange, files


def _folders(tmp_path: Path) -> tuple[Path, Path]:
    one, other = tmp_path / "einß", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
        (folder / folder.name).write_text(folder.name)
    return one, other


def test_two_folders_trade_places(tmp_path: Path) -> None:
    one, other = _folders(tmp_path)
    if not exchange.exchange(one, other):
        pytest.skip("this file system can't exchange folders")
    assert (one / "other").is_file()
    assert (other / "einß").is_file()


def test_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    one, _ = _folders(tmp_path)
    if exchange.exchange(one, one):
        with pytest.raises(FileNotFoundError):
            exchange.exchange(one, tmp_path / "absent")


@pytest.mark.parametrize("can", [True, False])
def test_a_folder_takes_the_place_of_another(
    can: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not can:
        monkeypatch.setattr(exchange, "_renameat2", lambda: None)
    one, other = _folders(tmp_path)
    files.put_in_place(one, other)
    assert [path.name for path in tmp_path.iterdir()] == ["other"]
    assert (other / "einß").is_file()


def test_a_folder_that_a_kill_left_aside_is_put_back(tmp_path: Path) -> None:
    final = tmp_path / "x"
    files.place_of_old(final).mkdir()
    files.put_back_old(final)
    assert final.is_dir()
    files.place_of_old(final).mkdir()
    (files.place_of_old(final) / "old").write_text("")
    files.put_back_old(final)
    assert [path.name for path in tmp_path.rglob("*")] == ["x"]
