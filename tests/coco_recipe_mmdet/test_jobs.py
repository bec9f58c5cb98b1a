"""Jobs cross the border whole: what is written is what is read, by the same classes."""

from pathlib import Path

import msgspec
import pytest
from coco_recipe_jobs import child
from coco_recipe_jobs.job import make
from coco_recipe_mmdet import jobs
from coco_recipe_mmdet.inside.job import WORK

TRAIN = jobs.TrainJob(config="a.py", set={"x.y": [1, None]}, classes=("帽",), key="k", val=True)
EVALUATE = jobs.EvaluateJob(
    config=None,
    set={},
    classes=("a", "b"),
    checkpoints=(jobs.Source(label="epoch_1", path="/w.pth"),),
    images=3,
)


def test_every_job_has_its_function_in_the_process() -> None:
    kinds = [kind for kind in vars(jobs).values() if isinstance(kind, type)]
    tagged = {
        kind
        for kind in kinds
        if issubclass(kind, jobs.Job) and kind not in (jobs.Job, jobs.ModelJob, jobs.DetectorJob)
    }
    assert tagged == set(WORK)


@pytest.mark.parametrize(
    "job",
    [TRAIN, EVALUATE, jobs.PreflightJob(python="/env/bin/python", job=TRAIN)],
    ids=["train", "evaluate", "preflight"],
)
def test_a_job_is_read_as_it_was_written(job: jobs.Job, tmp_path: Path) -> None:
    path = tmp_path / "job.json"
    path.write_bytes(msgspec.json.encode(job))
    assert child.read(path, tuple(WORK)) == job


def test_the_parameters_of_a_step_become_a_job_and_others_stay_away() -> None:
    given = {"config": "c.py", "set": {}, "epochs": 3, "to": "folder", "trust": ".", "amp": None}
    job = make(jobs.TrainJob, given, classes=["a"], key="k", val=False)
    assert (job.epochs, job.classes, job.amp, job.keep) == (3, ("a",), None, 0)
    with pytest.raises(msgspec.ValidationError, match="unknown field `epoch`"):
        make(jobs.TrainJob, given, classes=["a"], key="k", val=False, epoch=3)
    with pytest.raises(msgspec.ValidationError, match="missing required field `key`"):
        make(jobs.TrainJob, given, classes=["a"], val=False)
    with pytest.raises(msgspec.ValidationError, match="Expected `int"):
        make(jobs.TrainJob, {**given, "epochs": "3"}, classes=["a"], key="k", val=False)


def test_the_process_gets_the_code_of_this_project_and_no_more() -> None:
    names = [path.name for path in jobs.PROGRAM.all_code()]
    plugins = [f"coco_recipe_{name}" for name in ("jobs", "torch", "pictures", "mmdet")]
    assert names == ["coco_recipe", *plugins]


def test_the_function_of_every_job_is_there() -> None:
    pytest.importorskip("mmdet")
    for function in WORK.values():
        assert callable(child._function(function)), function
