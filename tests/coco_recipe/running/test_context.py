"""What a step is told of the run that it is part of."""

import json
from pathlib import Path

import pytest
from builders import recorded
from odd_steps import PLUGIN, opened

from coco_recipe.errors import StepError
from coco_recipe.running import stages


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    path = tmp_path / "plugin.py"
    path.write_text(PLUGIN)
    return path


def test_a_step_that_resumes_finds_what_an_interrupted_run_left(
    tmp_path: Path, plugin: Path
) -> None:
    planned = opened(tmp_path, [{"id": "r", "use": "resume", "in": "raw"}], plugin).plan
    with pytest.raises(StepError, match="stopped half-way"):
        stages.run(planned, out=tmp_path / "out")
    left = tmp_path / "out/steps/.r.partial"
    for name in (
        "manifest.json",
        "dropped.jsonl",
        ".manifest.json.partial",
    ):  # of a kill just before the commit
        (left / name).write_text("{}")
    stages.run(planned, out=tmp_path / "out")
    assert list(json.loads((tmp_path / "out/steps/r/manifest.json").read_text())["files"]) == [
        "left"
    ]
    assert '"found": "half"' in (tmp_path / "out/steps/r/manifest.json").read_text()
    (tmp_path / "out/steps/r/left").write_text("damaged")
    stages.run(planned, out=tmp_path / "out")
    assert '"earlier": true' in (tmp_path / "out/steps/r/manifest.json").read_text()
    with pytest.raises(StepError, match="stopped half-way"):
        stages.run(planned, out=tmp_path / "out", force=True)


@pytest.mark.slow
def test_a_step_is_told_a_digest_of_its_code_so_that_it_takes_nothing_from_an_older_one(
    tmp_path: Path, plugin: Path
) -> None:
    with pytest.raises(StepError):
        stages.run(
            opened(tmp_path, [{"id": "r", "use": "resume", "in": "raw"}], plugin).plan,
            out=tmp_path / "out",
        )
    stages.run(
        opened(tmp_path, [{"id": "r", "use": "resume", "in": "raw"}], plugin).plan,
        out=tmp_path / "out",
    )
    first = recorded(tmp_path / "out/steps/r").notes["code"]
    plugin.write_text(PLUGIN.replace('"half"', '"a half"'))
    stages.run(
        opened(tmp_path, [{"id": "r", "use": "resume", "in": "raw"}], plugin).plan,
        out=tmp_path / "out",
    )
    assert recorded(tmp_path / "out/steps/r").notes["code"] not in ("", first)


CLOCKED = PLUGIN.replace(
    'ctx.note("labels", [c.label for c in checkpoints])',
    """ctx.note("sources", list(ctx.sources["checkpoints"]))
    (ctx.workdir / "log.txt").write_text(str(__import__("time").time_ns()))
    (ctx.workdir / "times").mkdir()
    (ctx.workdir / "times/each.csv").write_text(str(__import__("time").time_ns()))
    (ctx.workdir / "result.txt").write_text("the same")
    ctx.clock(ctx.workdir / "log.txt")
    ctx.clock(ctx.workdir / "times")
    ctx.clock(ctx.workdir / "never written")""",
)


def test_a_step_is_told_what_each_of_its_values_is_of(tmp_path: Path) -> None:
    plugin = tmp_path / "plugin.py"
    plugin.write_text(CLOCKED)
    steps = [
        {"id": "a", "use": "many", "in": "raw"},
        {"id": "b", "use": "many", "in": "raw"},
        {"id": "t", "use": "take", "in": {"checkpoints": ["b.several", "a.several"]}},
    ]
    planned = opened(tmp_path, steps, plugin).plan
    stages.run(planned, out=tmp_path / "out")
    assert recorded(tmp_path / "out/steps/t").notes["sources"] == ["b", "b", "a", "a"]


def test_files_that_differ_between_runs_stand_with_the_clock_and_are_nobodys_strays(
    tmp_path: Path,
) -> None:
    plugin = tmp_path / "plugin.py"
    plugin.write_text(CLOCKED)
    steps = [
        {"id": "a", "use": "many", "in": "raw"},
        {"id": "t", "use": "take", "in": {"checkpoints": "a.several"}},
    ]
    planned = opened(tmp_path, steps, plugin).plan
    digests = []
    for _ in range(2):
        stages.run(planned, out=tmp_path / "out", force=True)
        record = recorded(tmp_path / "out/steps/t")
        assert list(record.clock.files) == ["log.txt", "times/each.csv"]
        digests.append(record.files)
    assert digests[0] == digests[1], "the result is the same"
    assert digests[0].count == 1
    assert not (tmp_path / "out/kept").exists()
    (tmp_path / "out/steps/t/log.txt").write_text("a person wrote into it")
    again = stages.run(planned, out=tmp_path / "out")
    assert list(again.reused) == ["a", "t"]
