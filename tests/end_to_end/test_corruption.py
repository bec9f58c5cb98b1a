"""Damage of any kind in any file of a finished run is found by verify, and used by no run."""

from pathlib import Path

import pytest
from builders import times

pytest.importorskip("cv2")
pytest.importorskip("albumentations")


@pytest.mark.slow
@pytest.mark.soak
def test_every_damage_is_found_and_none_is_used(tmp_path: Path) -> None:
    import corrupt

    run = corrupt.make(tmp_path)
    tally = corrupt.attempt(tmp_path, run, times(1000), seed=1, runs=times(200))
    assert sum(tally.damages.values()) >= 100
    assert (tally.missed, tally.used) == ([], [])
    assert tally.mended
    assert tally.stopped


@pytest.mark.slow
def test_the_harness_has_teeth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import corrupt

    from coco_recipe.running import verification

    run = corrupt.make(tmp_path)
    whole = verification.fault

    def naive(path: Path, sha256: str) -> str:
        return "" if path.is_file() and path.suffix == ".jpg" else whole(path, sha256)

    monkeypatch.setattr(verification, "fault", naive)
    tally = corrupt.attempt(tmp_path, run, 30, seed=1, runs=0)
    assert tally.missed
