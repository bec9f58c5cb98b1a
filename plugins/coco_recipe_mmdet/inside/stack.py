"""What every job does first: pick the device, register mmdet, read checkpoints safely."""

import functools
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from coco_recipe_jobs.job import Job

from coco_recipe import StepProblem, StepProblems, with_names, with_values
from coco_recipe_mmdet.inside import later, weights

# of a transform of lanes, and of one that takes transforms of another library
SELDOM_USED = (
    "imgaug",
    "imgaug.augmenters",
    "imgaug.augmentables",
    "imgaug.augmentables.lines",
    "imgaug.augmentables.segmaps",
    "albumentations",
)
Content = dict[str, Any]  # of a checkpoint file


def begin(job: Job) -> str:
    """Prepare the process; return the device, ``cpu`` or ``cuda``.

    Raises:
        StepProblems: a GPU is asked for and there is none.
    """
    import cv2

    with later.put_off(*SELDOM_USED):
        from mmdet.utils import register_all_modules

        register_all_modules(init_default_scope=True)
    _mend_ssd()
    _read_safely()
    _keep_names()
    cv2.setNumThreads(0)
    return device(job)


def device(job: Job) -> str:
    """Return the device of a job, ``cpu`` or ``cuda``.

    Raises:
        StepProblems: a GPU is asked for and there is none.
    """
    import torch

    if job.device == "cuda" and not torch.cuda.is_available():
        what = "cuda, but torch finds no GPU here"
        hint = "coco-recipe doctor says what there is (device: cpu)"
        raise StepProblems([StepProblem(("device",), what, hint)])
    return "cuda" if job.device != "cpu" and torch.cuda.is_available() else "cpu"


def seed_everything(seed: int) -> None:
    """Start every generator from a seed."""
    from mmengine.runner import set_random_seed

    set_random_seed(seed % 2**31)


def join(launcher: str, device: str) -> None:
    """Join the other processes of the job, over gloo on the CPU: mmengine's way asks for a GPU."""
    import torch.distributed

    if launcher == "slurm":
        os.environ.update(
            RANK=os.environ["SLURM_PROCID"],
            WORLD_SIZE=os.environ["SLURM_NTASKS"],
            LOCAL_RANK=os.environ.get("SLURM_LOCALID", "0"),
        )
    if launcher != "none" and device == "cpu":
        if launcher == "slurm" and "MASTER_ADDR" not in os.environ:
            import subprocess

            names = subprocess.run(
                ["scontrol", "show", "hostnames", os.environ["SLURM_NODELIST"]],
                capture_output=True,
                text=True,
                check=True,
            ).stdout.split()
            os.environ.update(
                MASTER_ADDR=names[0], MASTER_PORT=os.environ.get("MASTER_PORT", "29500")
            )
        torch.distributed.init_process_group("gloo")


def join_alone() -> None:
    """Make a group of this process alone: some batch norms ask for a group where they are built."""
    import torch.distributed

    store = torch.distributed.HashStore()
    torch.distributed.init_process_group("gloo", store=store, rank=0, world_size=1)


def leave() -> None:
    """Leave the group of processes."""
    import torch.distributed

    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def _mend_ssd() -> None:
    """Give SSD's head the loss that mmdet 3.x asks every head for, and that it alone hasn't.

    What boxes it finds is asked of ``loss_cls``, which may count classes in a way of its own.
    SSD's cross entropy is a function and counts them as all do, so that None tells the truth.
    """
    from mmdet.models.dense_heads import SSDHead

    if not hasattr(SSDHead, "loss_cls"):
        SSDHead.loss_cls = None


@functools.cache
def _keep_names() -> None:
    """Fill in places of pictures that the environment says, and show configs without its values.

    mmengine writes the config into its log, its working folder and every tracker.
    """
    from mmdet.datasets import CocoDataset
    from mmengine.config import Config
    from mmengine.visualization import Visualizer

    parse, pretty, add = CocoDataset.parse_data_info, Config.pretty_text.fget, Visualizer.add_config

    def parse_data_info(self: Any, raw: Content) -> Any:
        image = raw["raw_img_info"]
        image["file_name"] = with_values(image["file_name"])
        return parse(self, raw)

    def add_config(self: Any, config: Any) -> None:
        add(self, Config(with_names(config.to_dict())))

    CocoDataset.parse_data_info = parse_data_info
    Config.pretty_text = property(lambda self: with_names(pretty(self)))
    Visualizer.add_config = add_config


def _read_safely() -> None:
    """Let mmengine read every checkpoint with our reader: its own may run what it can't read.

    Its loaders of all schemes (files, http, torchvision://, open-mmlab://, s3://, ...) end at one
    of these two functions.
    """
    from mmengine.runner import checkpoint

    checkpoint._safe_torch_load = _load
    checkpoint.load_url = _load_url


def _load(file: object, map_location: object = None, weights_only: object = None) -> Content:
    if not isinstance(file, str | Path):
        raise ValueError(
            "a checkpoint comes neither from a file nor from http: download it, and name the file"
        )
    return weights.read_whole(str(file))


def _load_url(
    url: str, model_dir: str | None = None, map_location: object = None, progress: bool = True
) -> Content:
    """Download to where torch.hub keeps checkpoints, unless it is there; then read."""
    import torch.hub

    path = (
        Path(model_dir or Path(torch.hub.get_dir()) / "checkpoints") / Path(urlparse(url).path).name
    )
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(path), progress=progress)
    return weights.read_whole(str(path))
