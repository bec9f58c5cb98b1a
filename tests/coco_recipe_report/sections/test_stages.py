"""The data sets of a page: raw ones, what is copied, and what the run was for."""

from pathlib import Path

from coco_recipe_report.sections.stages import results, stages

from coco_recipe import Flow, RunFacts, manifest

ROWS = manifest.Counts(images=1, annotations=1)


def _step(name: str, *ports: str) -> manifest.StepRecord:
    return manifest.StepRecord(
        step=name, use="u", counts=manifest.Balance(out=dict.fromkeys(ports, ROWS))
    )


def test_of_a_run_that_publishes(facts: RunFacts) -> None:
    assert stages(facts) == {
        "raw": ("raw", ""),
        "parts.train": ("parts", "train"),
        "train": ("all", "dataset"),
        "val": ("parts", "val"),
    }


def test_what_nobody_reads_is_a_result() -> None:
    flows = (Flow("raw", "", "a", "dataset", ROWS, False),)
    steps = (_step("a", "train", "val"),)
    facts = RunFacts(Path("r"), manifest.RunRecord(), ("raw",), steps, flows, {}, "", "")
    assert results(facts) == {"a.train": ("a", "train"), "a.val": ("a", "val")}


def test_two_trainings_of_one_data_set_are_one_result() -> None:
    flows = tuple(
        Flow("raw", "", name, port, ROWS, False)
        for name, port in (("fit", "train"), ("fit", "val"), ("more", "train"))
    )
    facts = RunFacts(
        Path("r"), manifest.RunRecord(), ("raw",), (_step("fit"), _step("more")), flows, {}, "", ""
    )
    assert stages(facts) == {"raw": ("raw", "")}
