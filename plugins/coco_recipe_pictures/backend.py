"""What a library of transforms must offer, so that ``augment`` works with its pipelines.

A plugin offers one with the hook ``coco_recipe_backends``. It reads a pipeline, reports what is
wrong with it and what it may do to annotations, and makes carriers, which move the pixels and
report what was done to places; the annotations are followed here.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from coco_recipe import Package, StepProblem
from coco_recipe_pictures.pipeline_file import PipelineFile

if TYPE_CHECKING:
    from coco_recipe_pictures.geometry.carried import Carried
    from coco_recipe_pictures.geometry.instance import Instance
    from coco_recipe_pictures.pictures import Picture

DEFAULT = "albumentations"
ImageSize = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A transform whose border may repeat the picture.

    Attributes:
        what: says so, for a message that names the transform.
        mirrors: some of what the border shows is mirrored.
    """

    what: str
    mirrors: bool


@dataclass(frozen=True, slots=True)
class Effects:
    """What a pipeline may do to annotations, in whatever copy.

    Attributes:
        moves: it may move pixels, so that annotations must follow.
        mirrors: it may leave the picture mirrored, borders apart.
        turns: it may turn the picture upside down or on its side.
        untraceable: names of its transforms that move pixels in a way that nothing can follow.
        moved_outlines: names of its transforms that move outlines without moving the picture, as a
            dilation does, each with by how many pixels.
        repeats: its borders that repeat the picture.
        tilts: names of its transforms that turn the picture by other angles than 90° and its
            multiples, each with the largest one in degrees.
        erodes: names of its transforms that may cut boxes though they are safe for them, each with
            the share that may be lost.
        names: of its outermost transforms, in order, for people.
        keeps: every annotation is whole in each copy: nothing is cut off, hidden or distorted.
        limits: what of an annotation must stay by the pipeline's own words, which the step doesn't
            follow: the limit, its value, and the step's parameter that is meant by it.
    """

    moves: bool = False
    mirrors: bool = False
    turns: bool = False
    untraceable: tuple[str, ...] = ()
    moved_outlines: tuple[tuple[str, int], ...] = ()
    repeats: tuple[Repeat, ...] = ()
    tilts: tuple[tuple[str, float], ...] = ()
    erodes: tuple[tuple[str, float], ...] = ()
    names: tuple[str, ...] = ()
    keeps: bool = False
    limits: tuple[tuple[str, float, str], ...] = ()


class Carrier(Protocol):
    """A pipeline as it is built in a worker."""

    def __call__(
        self,
        picture: "Picture",
        instances: "Sequence[Instance]",
        key: int,
        *,
        with_matrix: bool = False,
    ) -> "Carried":
        """Send one picture through the pipeline; `geometry.carried.carried` makes the result.

        Args:
            picture: uint8 (H, W, 3), RGB; it stays as it is.
            instances: its annotations.
            key: all randomness of this call depends on it, and on nothing else.
            with_matrix: give the matrix of the whole pipeline, where each move has one.

        Raises:
            ValueError: an annotation can't be followed.
        """
        ...


class Builder(Protocol):
    """What makes carriers in a worker.

    It can be pickled, and is equal to one that makes the same.
    """

    def __hash__(self) -> int: ...

    @property
    def needs_size(self) -> bool:
        """Whether there is another carrier for each size of picture."""
        return False

    def carrier(self, size: ImageSize | None) -> Carrier:
        """Return a carrier for pictures of (width, height); None where no size is needed."""
        ...


class Pipeline(Protocol):
    """A pipeline that has been read.

    What it complains of is at key paths below the step's ``with``: ``("pipeline", ...)``.
    A subclass has the answers of a pipeline that fits any size, without maps of pixels, borders
    that repeat the picture, and files.
    """

    @property
    def problems(self) -> Sequence[StepProblem]:
        """What keeps it from running as it is meant, found without loading the library."""
        ...

    @property
    def effects(self) -> Effects:
        """What it may do to annotations."""
        ...

    def warps(self) -> bool:
        """Report whether it may move annotations by no matrix; this may load the library."""
        return False

    @property
    def builder(self) -> Builder:
        """What makes its carriers; it has no problems."""
        ...

    @property
    def with_plain_borders(self) -> "Pipeline":
        """The pipeline with borders of one colour where they would repeat the picture."""
        return self

    def check_sizes(self, known: Collection[ImageSize]) -> None:
        """See whether it goes together with (width, height) of images; none if none is known.

        Raises:
            StepProblems: it doesn't.
        """
        return

    def canonical(self) -> Mapping[str, Any]:
        """Return the form for records and keys, equal for equal pipelines; it can be read again.

        It has the backend's name as ``library``, and the library's version.
        """
        ...

    def files(self) -> Sequence[Path]:
        """Return the files that it reads."""
        return ()


@runtime_checkable
class Backend(Protocol):
    """A library of transforms.

    Attributes:
        name: what a pipeline's key ``library`` says.
        needs: the packages that it can't do without.
        preload: modules that a worker will import, early; they count for the step's key.
    """

    @property
    def name(self) -> str: ...

    @property
    def needs(self) -> tuple[Package, ...]: ...

    @property
    def preload(self) -> tuple[str, ...]: ...

    def read(self, form: object, file: PipelineFile | None, *, allow_files: bool) -> Pipeline:
        """Read a pipeline; what is wrong with it is among its problems.

        Args:
            form: what the recipe or the file says.
            file: the file that says it; None where the recipe does.
            allow_files: transforms that read files of their own are allowed.
        """
        ...
