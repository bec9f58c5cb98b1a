"""The command lines of jobs."""

from typing import Any

import pytest
from coco_recipe_jobs.job import Job, Program, command


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        ({"launcher": "none"}, ["PY", "-m", "some_trainer.program", "J"]),
        (
            {"launcher": "pytorch", "gpus": 4},
            [
                "PY",
                "-m",
                "torch.distributed.run",
                "--standalone",
                "--nproc_per_node=4",
                "-m",
                "some_trainer.program",
                "J",
            ],
        ),
        (
            {
                "launcher": "pytorch",
                "gpus": 8,
                "nnodes": 2,
                "node_rank": 1,
                "master_addr": "10.0.0.1",
                "master_port": 1234,
            },
            [
                "PY",
                "-m",
                "torch.distributed.run",
                "--nnodes=2",
                "--node_rank=1",
                "--master_addr=10.0.0.1",
                "--master_port=1234",
                "--nproc_per_node=8",
                "-m",
                "some_trainer.program",
                "J",
            ],
        ),
        (
            {"launcher": "slurm", "gpus": 8, "nnodes": 2, "partition": "gpu"},
            [
                "srun",
                "--nodes=2",
                "--ntasks=16",
                "--ntasks-per-node=8",
                "--gres=gpu:8",
                "--partition=gpu",
                "--kill-on-bad-exit=1",
                "--input=all",
                "PY",
                "-u",
                "-m",
                "some_trainer.program",
                "J",
            ],
        ),
    ],
    ids=["one", "torchrun", "torchrun on two machines", "slurm"],
)
def test_the_command_line_of_each_launcher(job: dict[str, Any], expected: list[str]) -> None:
    program = Program("some_trainer.program", ())
    assert command(program, Job(python="PY", **job), "J") == expected
