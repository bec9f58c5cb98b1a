"""coco-recipe doctor: machines as they can be, and what is said of them; and the one file of pinned
versions.
"""

import functools
import json
import re
from pathlib import Path

import pytest
from builders import command
from coco_recipe_doctor import diagnosis, doctor, machine
from seen_machines import bare, verdict_of


def test_the_text_shows_every_line_and_the_commands() -> None:
    found = bare()
    text = doctor.as_text(diagnosis.checks(found), diagnosis.verdicts(found))
    for line in diagnosis.checks(found):
        assert line.name in text
    for verdict in diagnosis.verdicts(found):
        for line in verdict.commands:
            assert f"        {line}" in text.splitlines()
    assert re.search(r"^  train\? +no$", text, re.MULTILINE)


def test_the_json_has_the_same_answers() -> None:
    found = bare()
    answer = json.loads(
        json.dumps(doctor.as_json(found, diagnosis.checks(found), diagnosis.verdicts(found)))
    )
    assert answer["verdicts"]["train"]["ready"] is False
    assert answer["verdicts"]["train"]["commands"] == list(verdict_of("train", found).commands)
    assert {"status": "stops", "name": "torch"}.items() <= next(
        line for line in answer["checks"] if line["name"] == "torch"
    ).items()


def test_an_interpreter_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    done = command("doctor", "--python", tmp_path / "python", cwd=tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert str(tmp_path / "python") in done.stderr


@pytest.mark.slow
def test_the_command_looks_at_this_machine_and_its_exit_status_answers_what_was_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("albumentations")
    monkeypatch.setattr(machine, "look", functools.cache(machine.look))  # it takes seconds
    done = command("doctor", "--for", "augment", "--format", "json", cwd=tmp_path)
    answer = json.loads(done.stdout)
    assert done.returncode == (0 if answer["verdicts"]["augment"]["ready"] else 1), done.stderr
    assert answer["probes"]["albumentations"]["version"] == "2.0.8"
    asked = command("doctor", "--for", "gpu", cwd=tmp_path)
    assert asked.returncode == (0 if answer["verdicts"]["gpu"]["ready"] else 1)
    assert "Can this machine" in asked.stdout
