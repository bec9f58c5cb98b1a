"""Some trials of each fault that takes no long time; `make faults` has all, in full."""

from pathlib import Path

import pytest

pytest.importorskip("cv2")
pytest.importorskip("albumentations")

import matrix
import outcome
from subject import Ended, Subject

QUICK = [row for row in outcome.ROWS if row.quick]


@pytest.mark.slow
@pytest.mark.parametrize("row", QUICK, ids=[row.id for row in QUICK])
def test_a_run_keeps_its_promises(row: outcome.Row, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    try:
        found = matrix.attempt(row, row.quick, tmp_path)
    except outcome.CannotTry as error:
        pytest.skip(str(error))
    assert found.tried > 0
    assert found.wrong == []


def test_rows_have_names_of_their_own_and_those_of_the_matrix() -> None:
    ids = [row.id for row in outcome.ROWS]
    assert len(ids) == len(set(ids))
    numbers = {int("".join(filter(str.isdigit, id))) for id in ids}
    assert {*range(1, 29), 29, 34, 35} - numbers == set()


@pytest.mark.slow
def test_the_judge_has_teeth(tmp_path: Path) -> None:
    subject = Subject(tmp_path)
    assert subject.goes_on() == ""
    (subject.out / "dataset/.left.partial").write_text("")
    assert "left.partial" in subject.differs()
    (subject.out / "dataset/.left.partial").unlink()
    picture = next(subject.out.glob("steps/turned/images/*"))
    picture.write_bytes(picture.read_bytes() + b"x")
    assert picture.name in subject.differs()
    assert "Traceback" in Ended(1, "Traceback").refused()
    assert "exit code 0" in Ended(0, "").refused()
    assert "['x']" in Ended(2, "y").refused("x")
