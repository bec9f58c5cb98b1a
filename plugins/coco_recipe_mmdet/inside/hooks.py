"""mmengine hooks of a training: whole checkpoints, scalars, metrics, a stop at NaN."""

import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coco_recipe_jobs.training_record import Record
from mmengine.dist import broadcast_object_list, master_only
from mmengine.hooks import Hook

from coco_recipe import write_bytes
from coco_recipe_mmdet.inside.stack import seed_everything

if TYPE_CHECKING:
    from mmengine.runner import Runner
    from torch import Tensor
    from torch.optim import Optimizer

Content = dict[str, Any]  # what mmengine saves of a training
_WRITING = ".writing.pth"


class WholeCheckpoints(Hook):  # type: ignore[misc]
    """Saves weights for the recipe and a state to resume from, by rename, and records them.

    A kill leaves the old files or the new: mmengine's own hook writes in place, and deletes the old
    before the new.
    """

    priority = "VERY_LOW"  # after EMAHook has put its weights in the checkpoint's state_dict

    def __init__(
        self,
        record: Record,
        *,
        interval: int,
        keep: int,
        write: Callable[[Content, Path], tuple[str, str]],
    ) -> None:
        """Take the settings.

        Args:
            record: where saved epochs are put.
            interval: epochs between two checkpoints.
            keep: how many of the newest checkpoints stay; 0 keeps all.
            write: writes a file of weights; returns the SHA-256 of the file and of the tensors.
        """
        self.record = record
        self.interval = interval
        self.keep = keep
        self.write = write
        self.last: Content = {}

    def before_save_checkpoint(self, runner: "Runner", checkpoint: Content) -> None:
        """Remember what is saved, for the file of weights; leave out what a safe reader refuses."""
        # the curves are in scalars.jsonl; their objects are pickled code
        runtime = checkpoint["message_hub"]["runtime_info"]
        kept = {
            key: value
            for key, value in runtime.items()
            if isinstance(value, bool | int | float | str | None)
        }
        checkpoint["message_hub"] = {
            "log_scalars": {},
            "runtime_info": kept,
            "resumed_keys": dict.fromkeys(kept, True),
        }
        for key, value in checkpoint.items():
            checkpoint[key] = _plain(value) if key != "state_dict" else value
        self.last = checkpoint

    def after_train_epoch(self, runner: "Runner") -> None:
        """Save, if this epoch is due or the last."""
        epoch = runner.epoch + 1
        if epoch % self.interval == 0 or epoch == runner.max_epochs:
            self._save(runner, epoch)

    def after_train(self, runner: "Runner") -> None:
        """Save the last epoch of a training that has ended early."""
        if runner.epoch not in self.record.data.checkpoints:
            self._save(runner, runner.epoch)

    @master_only  # type: ignore[untyped-decorator]
    def _save(self, runner: "Runner", epoch: int) -> None:
        states = self.record.states
        checkpoints = self.record.checkpoints
        runner.save_checkpoint(
            str(states), _WRITING, meta={"epoch": epoch, "iter": runner.iter}, by_epoch=True
        )
        sha256, fingerprint = self.write(self.last, checkpoints / _WRITING)
        _put(checkpoints / _WRITING, checkpoints / f"epoch_{epoch}.pth")
        _put(states / _WRITING, states / f"epoch_{epoch}.pth")
        self.record.saved(epoch, sha256, fingerprint)
        self.record.forget_old(self.keep)
        self.last = {}


class Metrics(Hook):  # type: ignore[misc]
    """Puts the metrics of each validation on record; makes up for one that a kill prevented."""

    def __init__(self, record: Record) -> None:
        self.record = record

    def before_train(self, runner: "Runner") -> None:
        """Validate the epoch that is resumed from, if that wasn't done."""
        epoch = runner.epoch
        loop = runner.train_loop
        due = epoch and (epoch % loop.val_interval == 0 or epoch == runner.max_epochs)
        if due and runner.val_loop is not None and epoch not in self.record.metrics:
            runner.val_loop.run()

    @master_only  # type: ignore[untyped-decorator]
    def after_val_epoch(self, runner: "Runner", metrics: dict[str, float] | None = None) -> None:
        """Keep the metrics of this epoch."""
        named = {
            key.partition("/")[2] or key: value if math.isfinite(value) else None
            for key, value in (metrics or {}).items()
        }
        self.record.measured(runner.epoch, named)


class EarlyStop(Hook):  # type: ignore[misc]
    """Ends the training when the last validations have not been better than one before them.

    It looks at the record alone, so that a resumed training ends where an undisturbed one does.
    """

    priority = "VERY_LOW"  # after the metrics are on record

    def __init__(self, record: Record, patience: int) -> None:
        """Take the record, and how many validations without a better one end the training."""
        self.record = record
        self.patience = patience

    def before_train(self, runner: "Runner") -> None:
        """End a training at once that was interrupted when it was due to end."""
        self._look(runner)

    def after_val_epoch(self, runner: "Runner", metrics: dict[str, float] | None = None) -> None:
        """End the training if it is time."""
        self._look(runner)

    def _look(self, runner: "Runner") -> None:
        # only the first process has the record
        due = [self.record.validations_since_best() >= self.patience]
        broadcast_object_list(due)
        if due[0]:
            runner.train_loop.stop_training = True


class Scalars(Hook):  # type: ignore[misc]
    """Writes a JSON line for every iteration and validation.

    It stops the training at a loss that isn't finite.
    """

    priority = "BELOW_NORMAL"  # before Progress, which tells what is written here

    def __init__(self, path: Path) -> None:
        self.path = path
        self.last: dict[str, float] = {}
        self._norm: float | None = None

    def before_train(self, runner: "Runner") -> None:
        """Forget the lines after the iteration that is resumed from; measure gradients."""
        _cut(self.path, runner.iter, runner.epoch)
        wrapper = runner.optim_wrapper
        if not getattr(wrapper, "clip_grad_kwargs", True):  # else mmengine measures them
            wrapper.optimizer.register_step_pre_hook(self._measure)

    def after_train_iter(
        self,
        runner: "Runner",
        batch_idx: int,
        data_batch: object = None,
        outputs: "dict[str, Tensor] | None" = None,
    ) -> None:
        """Write this iteration.

        Raises:
            ValueError: a loss isn't finite.
        """
        losses = {
            key: float(value.detach()) for key, value in (outputs or {}).items() if "loss" in key
        }
        odd = [key for key, value in losses.items() if not math.isfinite(value)]
        done = runner.iter + 1
        epoch = runner.epoch + 1
        if odd:
            raise ValueError(
                f"{odd[0]} is {losses[odd[0]]} at iteration {done} (epoch {epoch}); lower the "
                "learning rate, lengthen the warm-up, or clip gradients "
                "(set: {optim_wrapper.clip_grad: {max_norm: 35}})"
            )
        self.last = {**learning_rates(runner.optim_wrapper.get_lr()), **losses}
        norm = _clipped_norm(runner) if self._norm is None else self._norm
        if norm is not None and math.isfinite(norm):
            self.last["grad_norm"] = norm
        self._norm = None
        self._write({"epoch": epoch, "iter": done, **self.last})

    def after_val_epoch(self, runner: "Runner", metrics: dict[str, float] | None = None) -> None:
        """Write the metrics of a validation."""
        self._write({"epoch": runner.epoch, "iter": runner.iter, "val": metrics or {}})

    def _measure(self, optimizer: "Optimizer", args: object, kwargs: object) -> None:
        """Keep the Euclidean norm of all gradients of this step."""
        import torch

        norms = [
            parameter.grad.detach().norm()
            for group in optimizer.param_groups
            for parameter in group["params"]
            if parameter.grad is not None
        ]
        self._norm = float(torch.stack(norms).norm()) if norms else None

    @master_only  # type: ignore[untyped-decorator]
    def _write(self, line: dict[str, object]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def learning_rates(found: dict[str, list[float]]) -> dict[str, float]:
    """Return the learning rates of the groups of parameters, those that differ, in their order.

    Args:
        found: by optimizer, as mmengine's ``get_lr`` has them; of a single one, below ``lr``.
    """
    rates = dict.fromkeys(
        rate for name, many in found.items() if name.endswith("lr") for rate in many
    )
    return {f"lr_{n}" if n else "lr": rate for n, rate in enumerate(rates)} or {"lr": 0.0}


def _clipped_norm(runner: "Runner") -> float | None:
    """Return the norm that mmengine measures where it clips gradients; None where it doesn't."""
    scalars = runner.message_hub.log_scalars
    return float(scalars["train/grad_norm"].current()) if "train/grad_norm" in scalars else None


class SeedEachEpoch(Hook):  # type: ignore[misc]
    """Seeds each epoch, so that a resumed training goes on as an uninterrupted one does."""

    priority = "VERY_HIGH"

    def __init__(self, seed: int, rank: int) -> None:
        self.seed = seed
        self.rank = rank

    def before_train_epoch(self, runner: "Runner") -> None:
        """Seed by epoch and process."""
        seed_everything(self.seed + 1009 * runner.epoch + 100003 * self.rank)


def _plain(value: Any) -> Any:
    """Make Python's numbers of NumPy's, which a safe reader knows nothing of."""
    if isinstance(value, dict):
        return {key: _plain(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_plain(child) for child in value)
    return value.item() if type(value).__module__ == "numpy" and hasattr(value, "item") else value


def _put(made: Path, final: Path) -> None:
    with made.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(made, final)


@master_only  # type: ignore[untyped-decorator]
def _cut(path: Path, iteration: int, epoch: int) -> None:
    if not path.is_file():
        return
    kept = []
    for line in path.read_text("utf-8").splitlines(keepends=True):
        try:
            values = json.loads(line)
        except ValueError:
            break
        if values["iter"] <= iteration and values["epoch"] <= epoch:
            kept.append(line)
    write_bytes(path, "".join(kept).encode())  # whole or as it was, also where it is killed now
