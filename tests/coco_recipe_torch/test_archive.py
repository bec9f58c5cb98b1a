"""A file's structure is checked before anything unfolds."""

import pickle
import zipfile
from pathlib import Path

import pytest
from coco_recipe_torch import checkpoints

torch = pytest.importorskip(
    "torch", reason="the training stack is not installed: make test does it"
)
from checkpoint_files import refused, saved, state  # noqa: E402


@pytest.mark.slow
def test_a_zip_bomb_is_refused_before_anything_unfolds(tmp_path: Path) -> None:
    path = saved(tmp_path / "good.pth", {"state_dict": state()})
    bomb = tmp_path / "bomb.pth"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(
                entry.filename,
                bytes(50_000_000) if entry.filename.endswith("data/0") else old.read(entry),
            )
    assert bomb.stat().st_size < 100_000
    refused(bomb, "is compressed")


def test_entries_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    path, bomb = saved(tmp_path / "good.pth", {"state_dict": state()}), tmp_path / "bomb.pth"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(bomb, "w") as new:
        for entry in old.infolist():
            new.writestr(entry.filename, old.read(entry))
        new.filelist[-1].header_offset = new.filelist[0].header_offset
    refused(bomb, "overlap")


@pytest.mark.parametrize("percent", [0, 10, 50, 90, 99])
@pytest.mark.parametrize("new_format", [True, False])
def test_a_file_that_is_cut_off_is_refused(tmp_path: Path, percent: int, new_format: bool) -> None:
    path = saved(
        tmp_path / "cut.pth", {"state_dict": state()}, _use_new_zipfile_serialization=new_format
    )
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * percent // 100])
    if not percent:
        refused(path, "is empty (0 bytes)")
    else:
        refused(path, "is cut off or damaged" if new_format else "is refused")


def test_a_safetensors_file_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    path = tmp_path / "cut.safetensors"
    checkpoints.write(path, state())
    path.write_bytes(path.read_bytes()[:-10])
    refused(path, "is refused")


def _place_of(path: Path, ending: str) -> int:
    """Return where the bytes of a zip's entry begin in its file."""
    with zipfile.ZipFile(path) as archive:
        entry = next(one for one in archive.infolist() if one.filename.endswith(f"/{ending}"))
    header = path.read_bytes()[entry.header_offset :][:30]
    lengths = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    return entry.header_offset + 30 + lengths


@pytest.mark.parametrize("entry", ["data/0", "data.pkl", "version"])
@pytest.mark.parametrize("mask", [b"\x01", b"\x80\x40"])
def test_flipped_bits_are_refused_and_the_entry_is_named(
    tmp_path: Path, entry: str, mask: bytes
) -> None:
    path = saved(tmp_path / "flipped.pth", {"state_dict": state()})
    data = bytearray(path.read_bytes())
    at = _place_of(path, entry)
    for n, bits in enumerate(mask):
        data[at + n] ^= bits
    path.write_bytes(data)
    refused(path, f"is damaged: its entry 'flipped/{entry}' isn't what was written")


def test_a_changed_header_of_an_entry_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "flipped.pth", {"state_dict": state()})
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        data[archive.infolist()[-1].header_offset + 31] ^= 1
    path.write_bytes(data)
    refused(path, "is damaged: its entry 'flipped/.data/serialization_id' isn't what was written")


def test_a_file_that_was_written_without_checksums_is_read(tmp_path: Path) -> None:
    torch.serialization.set_crc32_options(False)
    try:
        path = saved(tmp_path / "plain.pth", {"state_dict": state()})
    finally:
        torch.serialization.set_crc32_options(True)
    assert checkpoints.read(path).state["bn.num_batches_tracked"] == 7


def test_a_bare_pickle_is_told_as_one(tmp_path: Path) -> None:
    path = tmp_path / "model_final.pkl"
    path.write_bytes(pickle.dumps({"model": {}, "__author__": "Detectron2"}))
    refused(path, "is a bare pickle, as Detectron2's model zoo has them")
