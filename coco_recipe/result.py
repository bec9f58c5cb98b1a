"""What a run left, from Python: its values by step and port."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from coco_recipe.dataset import Dataset
from coco_recipe.errors import CocoRecipeError, did_you_mean
from coco_recipe.notebook import frames, html
from coco_recipe.planning.plan import Plan
from coco_recipe.running import forecast, recorded
from coco_recipe.running.session import Session
from coco_recipe.running.store import Store
from coco_recipe.values.checkpoint import Checkpoint
from coco_recipe.values.metrics import Metrics


@dataclass(frozen=True)
class Result:
    """What a run left.

    Values are named as a recipe refers to them: ``"more"``, ``"parts.train"``, ``("parts",
    "train")``.

    A value is read when it is asked for. Rows of a step that lives in memory weren't written: they
    are made again from the inputs, by running the steps in memory above.

    Attributes:
        folder: the run directory.
        ran: ids of the steps that were run.
        reused: ids of the steps that were unchanged.
        moved: published files that somebody changed, and where each is now.
        put_back: published files that had been changed or deleted, and are there again.
    """

    _plan: Plan = field(repr=False)
    folder: Path
    ran: tuple[str, ...]
    reused: tuple[str, ...]
    _keys: Mapping[str, str] = field(repr=False)
    moved: Mapping[Path, Path] = field(default_factory=dict)
    put_back: tuple[Path, ...] = ()

    def __getitem__(self, reference: str | tuple[str, str]) -> Any:
        """Return a step's output: a Dataset, a Checkpoint, or a tuple where the output is several.

        Raises:
            KeyError: no step has such an output.
            RunError: the run directory or an input was changed since the run.
        """
        name = reference if isinstance(reference, str) else ".".join(reference)
        ports = [step.outputs for step in self._plan.steps if step.id == name]
        key = (
            (name, next(iter(ports[0])))
            if ports and len(ports[0]) == 1
            else tuple(name.split(".", 1))
        )
        if key not in self._kinds:
            raise KeyError(
                f"there is no output '{name}'; "
                f"{did_you_mean(name, ['.'.join(k) for k in self._kinds])}"
            )
        return forecast.value(self._session, (key[0], key[1]), self._keys)

    @property
    def datasets(self) -> Mapping[str | tuple[str, str], Dataset]:
        """The data sets, by step and port."""
        return _Values(self, Dataset)

    @property
    def checkpoints(self) -> "Mapping[str | tuple[str, str], Checkpoint | tuple[Checkpoint, ...]]":
        """The checkpoints, by step and port; a tuple where an output is several."""
        return _Values(self, Checkpoint)

    def to_pandas(self) -> Mapping[str, Any]:
        """Return frames of the run: ``ledger`` and ``metrics``.

        See `coco_recipe.notebook.frames.of_run`.

        Raises:
            ImportError: pandas isn't installed; says how to install it.
        """
        steps = [(step.id, self.folder / "steps" / step.id) for step in self._plan.steps]
        measured = _Values(self, Metrics)
        return frames.of_run(steps, {name: measured[name] for name in measured})

    def _repr_html_(self) -> str:
        """Return what a notebook shows: a line for each step."""
        records = recorded.facts_of(self._plan, Store(self.folder)).steps
        return html.of_run(str(self.folder), records, self.ran)

    @cached_property
    def _kinds(self) -> dict[tuple[str, ...], type]:
        return {
            (step.id, port): rule.kind
            for step in self._plan.steps
            for port, rule in step.outputs.items()
        }

    @cached_property
    def _session(self) -> Session:
        return Session.open(self._plan, self.folder, with_pixels=False)


@dataclass(frozen=True)
class Cell:
    """A cell of a matrix that has run.

    Attributes:
        name: tells it from the others, as ``seed=1,copies=2``.
        folder: its run directory.
        result: what its run left; None where it failed.
        error: why it failed; None where it didn't.
    """

    name: str
    folder: Path
    result: Result | None
    error: CocoRecipeError | None


@dataclass(frozen=True)
class _Values(Mapping[Any, Any]):
    """The outputs of one kind; iterating gives their references."""

    result: Result
    kind: type

    def __getitem__(self, reference: Any) -> Any:
        value = self.result[reference]
        if not isinstance(value[0] if isinstance(value, tuple) and value else value, self.kind):
            raise KeyError(f"'{reference}' is no {self.kind.__name__}")
        return value

    def __iter__(self) -> Iterator[str]:
        several = {step.id for step in self.result._plan.steps if len(step.outputs) > 1}
        return (
            ".".join(key) if key[0] in several else key[0]
            for key, kind in self.result._kinds.items()
            if kind is self.kind
        )

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"<{self.kind.__name__}: {', '.join(self)}>"
