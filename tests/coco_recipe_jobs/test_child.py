"""Jobs are read by their class, and what happens is written as events."""

import json
from pathlib import Path

import pytest
from coco_recipe_jobs import child, events
from coco_recipe_jobs.job import EVENTS, SCRATCH, Job

from coco_recipe import StepProblem, StepProblems


class Count(Job, frozen=True, kw_only=True, tag="count"):
    """Count to a number."""

    to: int


class Rest(Job, frozen=True, kw_only=True, tag="rest"):
    """Do nothing."""


def _count(job: Count, report: child.Reporter) -> dict[str, int]:
    for n in range(1, job.to + 1):
        report.progress(n, job.to, figures={"half": n / 2})
    report.note("path", Path("a/b"))
    if job.to > 3:
        raise StepProblems([StepProblem(("to",), "is too far", "to: 3")])
    return {"counted": job.to // (job.to - 2)}


WORK: child.Work = {Count: _count, Rest: lambda job, report: None}


def _heard(
    folder: Path, monkeypatch: pytest.MonkeyPatch, job: dict[str, object]
) -> tuple[int, list[events.Event]]:
    monkeypatch.chdir(folder)
    (folder / SCRATCH).mkdir(exist_ok=True)
    (folder / "job.json").write_text(json.dumps(job))
    code = child.do(Path("job.json"), WORK)
    return code, [events.read(line) for line in (folder / EVENTS).read_bytes().splitlines()]


def test_progress_notes_and_the_result_are_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, heard = _heard(tmp_path, monkeypatch, {"do": "count", "to": 3})
    assert code == 0
    assert heard[:3] == [events.Progress(n, 3, "", {"half": n / 2}) for n in (1, 2, 3)]
    note, done = heard[3:]
    assert isinstance(note, events.Note)
    assert isinstance(done, events.Done)
    assert (note.key, bytes(note.value)) == ("path", b'"a/b"')
    assert json.loads(bytes(done.result)) == {"counted": 3}


def test_complaints_come_back_as_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, heard = _heard(tmp_path, monkeypatch, {"do": "count", "to": 4})
    wrong = StepProblem(("to",), "is too far", "to: 3")
    assert code == 1
    assert heard[-1] == events.Failed("to: is too far; to: 3", (wrong,))


def test_another_error_comes_back_with_its_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, heard = _heard(tmp_path, monkeypatch, {"do": "count", "to": 2})
    failed = heard[-1]
    assert code == 1
    assert isinstance(failed, events.Failed)
    assert failed.text.startswith("ZeroDivisionError: ")
    assert failed.problems == ()


@pytest.mark.parametrize(
    ("job", "said"),
    [
        ({"do": "count"}, "missing required field `to`"),
        ({"do": "count", "to": 1, "form": 2}, "contains unknown field `form`"),
        ({"do": "count", "to": "1"}, "Expected `int`, got `str`"),
        ({"do": "sing"}, "Invalid value 'sing'"),
        ({"do": "rest", "device": "tpu"}, "Invalid enum value 'tpu'"),
    ],
    ids=["missing", "unknown", "of another type", "another job", "another value"],
)
def test_a_job_that_is_not_of_the_program_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, job: dict[str, object], said: str
) -> None:
    code, heard = _heard(tmp_path, monkeypatch, job)
    [failed] = heard
    assert code == 1
    assert isinstance(failed, events.Failed)
    assert "job.json is no job of this program" in failed.text
    assert said in failed.text
