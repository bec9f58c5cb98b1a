"""How long a training is: its epochs, and the iterations of each."""

from dataclasses import dataclass
from math import ceil

from coco_recipe_mmdet.inside.settings import Tree


@dataclass(frozen=True, slots=True)
class Length:
    """How long a training is, and how long the one was that the config is written for.

    Attributes:
        epochs: of the training.
        iterations: of each epoch.
        own_epochs: the config's; None where it counts iterations.
        own_iterations: the config's, of the whole training; None where it counts epochs.
    """

    epochs: int
    iterations: int
    own_epochs: int | None = None
    own_iterations: int | None = None

    @property
    def total(self) -> int:
        """The iterations of the whole training."""
        return self.epochs * self.iterations

    @property
    def stretch(self) -> float:
        """The training's epochs for one of the config's."""
        return self.epochs / self.own_epochs if self.own_epochs else 1.0


def iterations(loader: Tree, images: int, processes: int = 1) -> int:
    """Return how many iterations an epoch of a data loader has, one at least.

    Args:
        loader: the settings of the data loader.
        images: how many pictures the data set has that it reads.
        processes: how many processes share them.
    """
    found = batches(loader, images, processes)
    return max(1, min(found, loader.get("num_batch_per_epoch") or found))


def batches(loader: Tree, images: int, processes: int = 1) -> int:
    """Return how many batches the pictures fill, for each process; see `iterations`.

    It is 0 where the loader drops batches that aren't full, and none is.
    """
    each = ceil(_pictures(loader.get("dataset") or {}, images) / processes)
    size = loader.get("batch_size") or 1
    sampler = loader.get("batch_sampler") or {}
    whole = loader.get("drop_last") or sampler.get("drop_last")
    return each // size if whole else ceil(each / size)


def _pictures(dataset: Tree, images: int) -> int:
    """Return how many pictures an epoch has; mmdet's wrappers repeat and join data sets."""
    if isinstance(parts := dataset.get("datasets"), list | tuple):
        return sum(_pictures(part, images) for part in parts)
    if isinstance(inner := dataset.get("dataset"), dict):
        return int(dataset.get("times", 1)) * _pictures(inner, images)
    return images
