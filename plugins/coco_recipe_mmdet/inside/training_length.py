"""How long a training is: its epochs, and the iterations of each."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from coco_recipe_mmdet.inside.settings import Tree

# how many pictures an epoch has when those of rare classes are repeated, by the share of pictures
# that a class isn't rare with
Balanced = Callable[[float], int]


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


def iterations(
    loader: Tree, images: int, processes: int = 1, balanced: Balanced | None = None
) -> int:
    """Return how many iterations an epoch of a data loader has, one at least.

    Args:
        loader: the settings of the data loader.
        images: how many pictures the data set has that it reads.
        processes: how many processes share them.
        balanced: see `Balanced`; None where the data isn't known, and no picture is repeated then.
    """
    found = batches(loader, images, processes, balanced)
    return max(1, min(found, loader.get("num_batch_per_epoch") or found))


def batches(loader: Tree, images: int, processes: int = 1, balanced: Balanced | None = None) -> int:
    """Return how many batches the pictures fill, for each process; see `iterations`.

    It is 0 where the loader drops batches that aren't full, and none is.
    """
    each = ceil(_pictures(loader.get("dataset") or {}, images, balanced) / processes)
    size = loader.get("batch_size") or 1
    sampler = loader.get("batch_sampler") or {}
    whole = loader.get("drop_last") or sampler.get("drop_last")
    return each // size if whole else ceil(each / size)


def balances(dataset: Tree) -> bool:
    """Return whether a data set repeats pictures of rare classes."""
    return str(dataset.get("type")).endswith("ClassBalancedDataset")


def _pictures(dataset: Tree, images: int, balanced: Balanced | None) -> Fraction:
    """Return how many pictures an epoch has; mmdet's wrappers repeat and join data sets."""
    if isinstance(parts := dataset.get("datasets"), list | tuple):
        return sum((_pictures(part, images, balanced) for part in parts), Fraction(0))
    if not isinstance(inner := dataset.get("dataset"), dict):
        return Fraction(images)
    found = int(dataset.get("times", 1)) * _pictures(inner, images, balanced)
    if balances(dataset) and balanced and images:
        # repeats follow from shares, which wrappers below leave as they are
        found *= Fraction(balanced(dataset["oversample_thr"]), images)
    return found
