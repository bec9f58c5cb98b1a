"""The command diff: exit codes, forms, and names that would be escape sequences."""

import json
from pathlib import Path

from builders import coco, command


def _files(folder: Path, name: str = "鸟") -> None:
    (folder / "a.json").write_text(json.dumps(coco()), "utf-8")
    (folder / "b.json").write_text(json.dumps(coco(names=("cat", name))), "utf-8")


def test_the_exit_code_tells_a_difference_only_where_it_is_asked_for(tmp_path: Path) -> None:
    _files(tmp_path)
    done = command("diff", "a.json", "b.json", cwd=tmp_path)
    assert (done.returncode, "dog -> 鸟" in done.stdout) == (0, True)
    assert command("diff", "a.json", "b.json", "--exit-code", cwd=tmp_path).returncode == 1
    same = command("diff", "a.json", "a.json", "--exit-code", cwd=tmp_path)
    assert (same.returncode, same.stdout) == (0, "a.json -> a.json\nno difference\n")


def test_json_has_every_part(tmp_path: Path) -> None:
    _files(tmp_path)
    done = command("diff", "a.json", "b.json", "--format", "json", "-n", "0", cwd=tmp_path)
    told = json.loads(done.stdout)
    assert (told["kind"], told["differs"], told["recipe"]) == ("data", True, [])
    assert told["rows"]["relabelled"] == {"dog -> 鸟": 1}
    assert not any(told["rows"]["first"].values())


def test_a_name_that_is_an_escape_sequence_stays_text(tmp_path: Path) -> None:
    _files(tmp_path, "\x1b[31mred<script>")
    done = command("diff", "a.json", "b.json", cwd=tmp_path)
    assert "\x1b" not in done.stdout
    assert "<script>" in done.stdout


def test_unlike_kinds_are_a_wrong_command(tmp_path: Path) -> None:
    _files(tmp_path)
    done = command("diff", "a.json", "nothing.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert "there is no such annotation file, recipe or run directory" in done.stderr
