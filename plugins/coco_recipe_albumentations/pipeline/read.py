"""A pipeline that is read once: its problems, sizes, canonical form and builder."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from coco_recipe_pictures import pipeline_file
from coco_recipe_pictures.backend import Effects
from coco_recipe_pictures.pipeline_file import PipelineFile

from coco_recipe import StepProblem, StepProblems, sha256
from coco_recipe_albumentations import catalogue, effects
from coco_recipe_albumentations.pipeline import checks, erasing, growth, sizes
from coco_recipe_albumentations.pipeline.building import Builder
from coco_recipe_albumentations.pipeline.fits import not_positive, too_large
from coco_recipe_albumentations.pipeline.forms import Written, parse

MAX_SHOWN = 5


@dataclass(frozen=True)
class Pipeline:
    """A pipeline, read and parsed.

    What it complains of is at the key path of the step's parameter ``pipeline``, or names the line
    of its file.

    Attributes:
        written: its transforms as they are written; of one with problems, those that can be read.
        unread: what keeps it from being read as a whole, at key paths below the pipeline.
        file: its file; None where the recipe itself has it.
        allow_files: transforms that read files (reference images) are allowed.
    """

    written: Written
    unread: tuple[StepProblem, ...] = ()
    file: PipelineFile | None = None
    allow_files: bool = False

    @classmethod
    def of(cls, value: Any, *, allow_files: bool = False) -> "Pipeline":
        """Read a step's parameter ``pipeline``; what is wrong with it is among ``problems``.

        Args:
            value: a short list (``- HorizontalFlip: {p: 0.5}``), Albumentations' own dict, what
                `canonical` gives, the path of a file, or what this gave before.
            allow_files: transforms that read files are allowed.
        """
        if isinstance(value, cls):
            return value
        if not isinstance(value, str):
            return cls.parsed(value, allow_files=allow_files)
        try:
            file = pipeline_file.load(Path(value))
        except ValueError as error:
            return cls(Written(()), (StepProblem((), str(error)),), allow_files=allow_files)
        return cls.parsed(file.form, file, allow_files=allow_files)

    @classmethod
    def parsed(
        cls, form: Any, file: PipelineFile | None = None, *, allow_files: bool = False
    ) -> "Pipeline":
        """Parse a form, which ``file`` has."""
        problems: list[StepProblem] = []
        written = parse(form, problems)
        return cls(written, tuple(problems), file, allow_files)

    @cached_property
    def problems(self) -> tuple[StepProblem, ...]:
        """What keeps it from running as it is meant, found without importing the library."""
        found = list(self.unread)
        if self.written.transforms or not found:
            found += checks.check(self.written, allow_files=self.allow_files)
        return tuple(self._placed(found))

    @cached_property
    def builder(self) -> Builder:
        """What makes its transforms, also in a worker.

        Raises:
            StepProblems: it has problems.
        """
        _refuse(self.problems)
        return Builder.of(self.written)

    @cached_property
    def effects(self) -> Effects:
        """What it may do to annotations."""
        return effects.of(self.written)

    def warps(self) -> bool:
        """Report whether it may move annotations by no matrix; loads the library."""
        return effects.warps(self.written)

    @cached_property
    def needs_size(self) -> bool:
        """Whether it has to be built for each size of image, because it has ``${...}`` in it."""
        return any(sizes.mentions(transform.arguments) for transform in self.written.walk())

    @cached_property
    def with_plain_borders(self) -> "Pipeline":
        """The pipeline with borders of one colour where they would repeat the picture."""
        return replace(self, written=self.written.with_arguments(_with_plain_borders))

    def build(self, size: sizes.Size | None = None) -> list[Any]:
        """Return its transforms, to be put into a Compose.

        Args:
            size: (width, height) of the image, in pixels; may be left out where ``needs_size`` is
                False.

        Raises:
            StepProblems: it has problems, or the library refuses or would ignore something.
        """
        builder = self.builder
        with self._placing():
            return builder.build(size)

    def canonical(self) -> dict[str, Any]:
        """Return the form for records and keys: equal for equal pipelines, whatever form they have.

        Every argument stands in it, as the library reads it (``blur_limit: 5`` is ``[3, 5]``); an
        expression stays as text. Files that the pipeline reads are there by the hash of their
        content. The result is itself a form that builds.

        Raises:
            StepProblems: as `build`.
        """
        version, _ = catalogue.load()
        builder = self.builder
        with self._placing():
            rows = builder.rows()
        hashes = {str(path): sha256(path) for path in self.files()}
        return {
            "library": "albumentations",
            "version": version,
            "p": float(self.written.p),
            "transforms": rows,
        } | ({"files": hashes} if hashes else {})

    def files(self) -> list[Path]:
        """Return the pictures that it reads, in its order; it has no problems."""
        named = (
            transform.arguments.get("reference_images", ()) for transform in self.written.walk()
        )
        return [Path(name) for names in named for name in names]

    def check_sizes(self, known: Collection[sizes.Size]) -> None:
        """See whether it goes together with sizes of images, so that it can't fail after hours.

        It is built for those of the least and the greatest width and height; expressions are
        evaluated for all.

        Args:
            known: (width, height) of images, in pixels; where none is known, it is built only if it
            needs no size.

        Raises:
            StepProblems: it has problems, an expression gives no positive whole number, the library
                refuses it, a crop is larger than the smallest image, an Erasing finds no room, or
                a picture grows beyond bounds; names transform, argument, value and size.
        """
        _refuse(self.problems)
        if not known:
            if not self.needs_size:
                self.build()
                self._check_growth(known)
            return
        least = (min(width for width, _ in known), min(height for _, height in known))
        for size in sorted(set(known)) if self.needs_size else [least]:
            wrong = list(not_positive(self.written, size)) or list(too_large(self.written, size))
            _refuse(list(self._placed(wrong)))
        _refuse(list(self._placed(erasing.without_room(self.written, known))))
        for size in {
            pick(known, key=lambda size: size[axis]) for pick in (min, max) for axis in (0, 1)
        }:
            self.build(size)
        self._check_growth(known)

    def _check_growth(self, known: Collection[sizes.Size]) -> None:
        """Refuse what makes pictures too large; the library has found its arguments sound."""
        _refuse(list(self._placed(growth.too_many_pixels(self.written, known))))

    def _placed(self, found: Iterable[StepProblem]) -> Iterator[StepProblem]:
        """Yield problems below the pipeline, where a reader of the recipe finds their place."""
        for one in found:
            if self.file is None:
                yield replace(one, path=("pipeline", *one.path))
            else:
                yield StepProblem(
                    ("pipeline",),
                    f"{self.file.where(one.path)}: {one.what}",
                    one.hint.replace("FILE", str(self.file.path)),
                )

    @contextmanager
    def _placing(self) -> Iterator[None]:
        """Give what a builder complains of the place where a reader of the recipe finds it."""
        try:
            yield
        except StepProblems as error:
            raise StepProblems(self._placed(error.problems)) from error.__cause__


def _refuse(problems: Sequence[StepProblem]) -> None:
    more = len(problems) - MAX_SHOWN
    StepProblems.if_any(
        [*problems[:MAX_SHOWN], StepProblem(("pipeline",), f"and {more} more")]
        if more > 0
        else problems
    )


def _with_plain_borders(value: Any) -> Any:
    """Return arguments in which borders that would repeat the picture are of one colour."""
    if isinstance(value, dict):
        return {
            key: 0
            if key == "border_mode" and child in tuple(checks.REPEATING)
            else _with_plain_borders(child)
            for key, child in value.items()
        }
    return [_with_plain_borders(child) for child in value] if isinstance(value, list) else value
