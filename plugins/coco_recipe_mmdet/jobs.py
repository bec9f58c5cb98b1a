"""The jobs that steps hand to the process that mmdet runs in, and what comes out of them."""

from typing import Literal

import msgspec
from coco_recipe_jobs.job import Job, Program, folder_of
from coco_recipe_jobs.scores import Score
from coco_recipe_torch.class_rows import Layout

PROGRAM = Program(
    "coco_recipe_mmdet.inside.job",
    tuple(map(folder_of, ("coco_recipe_torch", "coco_recipe_pictures", "coco_recipe_mmdet"))),
    # a config may use it, and it would ask the package index for updates
    {"NO_ALBUMENTATIONS_UPDATE": "1"},
)


class ModelJob(Job, frozen=True, kw_only=True):
    """What every job with a detector's config has.

    Attributes:
        config: ``mmdet::path/in/the/package.py`` or an absolute path; None for the config that the
            checkpoint carries.
        set: the recipe's changes to the config, by dotted path.
        trust_set: whether ``set`` may name code to run.
        workers: processes that load pictures, for each data loader; None leaves the config's.
        classes: class names, in the order of the model's outputs.
        seed: what random numbers start from.
    """

    config: str | None
    set: dict[str, object]
    trust_set: bool = False
    workers: int | None = None
    classes: tuple[str, ...]
    seed: int = 0


class TrainJob(ModelJob, frozen=True, kw_only=True, tag="train"):
    """Train a detector; see the parameters of the step ``train``.

    Attributes:
        key: the step's key, for which checkpoints are on record.
        val: whether there is a data set to validate on.
        without_masks: which annotations have no segmentation, in words; empty where all have one.
        images: how many pictures of ``train`` are used; 0 where that isn't known yet.
        checkpoint: the checkpoint to start from, as an absolute path.
        resume: the state of an interrupted training to go on from, relative to the step's folder.
        trackers: what is given the losses and metrics beside our own files, by name.
    """

    key: str
    val: bool
    without_masks: str = ""
    images: int = 0
    checkpoint: str | None = None
    resume: str | None = None
    epochs: int | None = None
    more_epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    scale_lr: bool | int | None = None
    warmup: int | str | None = None
    clip_grad: float | bool | None = None
    image_size: int | tuple[int, int] | None = None
    augmentation: bool | str = True
    freeze: int | str | tuple[str, ...] | None = None
    ema: bool | float | None = None
    early_stopping: int | None = None
    amp: bool | None = None
    val_interval: int | None = None
    best_by: str = "bbox_mAP"
    checkpoint_interval: int = 1
    keep: int = 0
    empty_images: bool = True
    strict: bool = True
    trackers: tuple[str, ...] = ()


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A checkpoint of a job: its label, and its file as an absolute path."""

    label: str
    path: str


class DetectorJob(ModelJob, frozen=True, kw_only=True):
    """What every job has that lets detectors look at pictures.

    Attributes:
        checkpoints: the weights; one for jobs of one checkpoint.
        images: how many pictures the data set has.
        batch_size: pictures at a time; None leaves the config's.
        best_by: the metric that picks the best; empty where nothing is measured.
        without_masks: which annotations have no segmentation, in words; empty where all have one.
        tta: look at each picture several times, as the config says or mirrored, and join what is
            found.
    """

    checkpoints: tuple[Source, ...] = ()
    images: int = 0
    batch_size: int | None = None
    best_by: str = ""
    without_masks: str = ""
    tta: bool = False


class EvaluateJob(DetectorJob, frozen=True, kw_only=True, tag="evaluate"):
    """Measure checkpoints; gives a `Score` for each."""


class PredictJob(DetectorJob, frozen=True, kw_only=True, tag="predict"):
    """Write what a checkpoint finds; gives `Predicted`.

    Without ``classes``, the checkpoint says them.

    Attributes:
        draw: on how many pictures to draw what was found.
    """

    draw: int = 0


class SoupJob(DetectorJob, frozen=True, kw_only=True, tag="greedy_soup"):
    """Average the checkpoints that make it better; gives `Soup`."""


class BatchNormJob(DetectorJob, frozen=True, kw_only=True, tag="recompute_batch_norm"):
    """Measure the statistics of batch norms; gives `Renormed`."""


class InitJob(ModelJob, frozen=True, kw_only=True, tag="init_weights"):
    """Draw the weights of a model; gives `Initial`."""


class ClassRowsJob(ModelJob, frozen=True, kw_only=True, tag="class_rows"):
    """Find the class tensors of a config's model, and how their rows lie; gives `ClassRows`.

    Attributes:
        carried: the text of the config that the checkpoint carries, where ``config`` is None.
        old: how many classes the checkpoint has.
        shapes: the shapes of its tensors by key; None where the checkpoint isn't there yet, and
            the config alone is looked at.
        background: ``first`` where the row of the background is the first.
    """

    carried: str | None = None
    old: int
    shapes: dict[str, list[int]] | None = None
    background: str = "last"


class ExportJob(ModelJob, frozen=True, kw_only=True, tag="export_model"):
    """Write a detector as a file that needs no mmdet; gives `Exported`.

    Attributes:
        checkpoints: the weights, one.
        format: of the file.
        file: its name.
        width: of the pictures that it takes, in px.
        height: of them, in px.
        key: the step's key, for the file's metadata.
    """

    checkpoints: tuple[Source, ...]
    format: Literal["onnx", "torchscript"]
    file: str
    width: int
    height: int
    key: str


class PreflightJob(Job, frozen=True, kw_only=True, tag="preflight"):
    """Resolve the config of a job that isn't due yet; gives `Looked`."""

    job: TrainJob | EvaluateJob | ExportJob


class Rate(msgspec.Struct, frozen=True):
    """The learning rate of a training.

    Attributes:
        optimizer: its type, as ``SGD``.
        rate: as it is trained with, scaled to the batch where the config or the step says so.
        of_config: the rate that the config has by itself.
        batch: pictures of an iteration, over all processes.
        base: pictures of an iteration that the config's rate is for; 0 where it doesn't say.
        clips: whether gradients are clipped.
    """

    optimizer: str
    rate: float
    of_config: float
    batch: int
    base: int
    clips: bool


class Looked(msgspec.Struct, frozen=True):
    """What a preflight has seen: what is changed in the config, and a training's rate."""

    changed: list[str]
    rate: Rate | None = None


class Predicted(msgspec.Struct, frozen=True):
    """What a checkpoint found.

    Attributes:
        files: with what was found, by kind, relative to the step's folder.
        boxes: how many.
        classes: the class names, in the order of the model's outputs.
    """

    files: dict[str, str]
    boxes: int
    classes: tuple[str, ...]


class Exported(msgspec.Struct, frozen=True):
    """A detector as a file.

    Attributes:
        file: its name.
        differences: by how much its answers differ from the model's at most, by output.
    """

    file: str
    differences: dict[str, float]


class Soup(msgspec.Struct, frozen=True):
    """What a greedy soup is made of.

    Attributes:
        rows: every measurement in order; the last one is the soup's.
        taken: the labels of the checkpoints in it.
        score: its metric.
        scores: the metric of each checkpoint alone, by label.
        fingerprint: SHA-256 over the tensors.
    """

    rows: list[Score]
    taken: list[str]
    score: float
    scores: dict[str, float]
    fingerprint: str


class Renormed(msgspec.Struct, frozen=True):
    """How many buffers of batch norms were replaced; SHA-256 over the tensors."""

    changed: int
    fingerprint: str


class ClassRows(msgspec.Struct, frozen=True):
    """The class tensors of a checkpoint.

    Attributes:
        layouts: how the rows of each lie, by key.
        missing: keys of other tensors that the model has and the checkpoint hasn't.
    """

    layouts: dict[str, tuple[Layout, ...]]
    missing: list[str]


class Initial(msgspec.Struct, frozen=True):
    """SHA-256 over the tensors that were drawn."""

    fingerprint: str
