"""Session: a plan with its opened inputs and its run directory."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coco_recipe.errors import RunError
from coco_recipe.known_files import KnownFiles
from coco_recipe.manifest import Manifest
from coco_recipe.planning.plan import Plan, Reference
from coco_recipe.running import opening, run_folder
from coco_recipe.running.ahead import Ahead
from coco_recipe.running.opening import Opened
from coco_recipe.running.store import Store
from coco_recipe.values import stored as stored_values


@dataclass(frozen=True, slots=True)
class Session:
    """A plan with what it is about: what its steps read, and what they have left on disk.

    Attributes:
        plan: the plan.
        folder: the run directory, which may not be there yet.
        store: the steps that are committed there.
        inputs: the recipe's inputs.
        with_pixels: whether the pictures of inputs are hashed, so that keys are those of a run.
    """

    plan: Plan
    folder: Path
    store: Store
    inputs: Opened
    with_pixels: bool

    @classmethod
    def open(
        cls,
        planned: Plan,
        out: Path | None = None,
        *,
        with_pixels: bool = True,
        store: Store | None = None,
        known: KnownFiles | None = None,
        ahead: Ahead | None = None,
    ) -> "Session":
        """Read the inputs of a plan, hold it against them, and hash them.

        Args:
            planned: the plan.
            out: the run directory; None for ``runs/<recipe name>``.
            with_pixels: look for the pictures and hash them, too.
            store: of the run directory, where there is one already.
            known: hashes of files that need not be read again.
            ahead: works steps while the rows are checked.

        Raises:
            RecipeError: steps can't go together with the rows; with every problem.
            DatasetError: an input is wrong.
        """
        folder = out or run_folder.default(planned)
        inputs = opening.opened(planned, with_pixels=with_pixels, known=known, ahead=ahead)
        return cls(planned, folder, store or Store(folder), inputs, with_pixels)

    @property
    def values(self) -> dict[Reference, Any]:
        """The values that are in memory at the moment: inputs, and what steps have given."""
        return self.inputs.values

    def folders(self) -> Mapping[str, Path]:
        """Return the folders of images, by input or step."""
        recipe = self.plan.recipe
        named = {item.name: recipe.folder / item.images for item in recipe.inputs if item.images}
        for step in self.plan.steps:
            if manifest := self.store.manifest(step.id):
                final = self.store.final(step.id)
                named |= {name: final / folder for name, folder in manifest.folders.items()}
        return named

    def value(self, ref: Reference) -> Any:
        """Return an input, a result that is in memory, or what a step committed.

        It stays in memory.
        """
        if ref not in self.values:
            self.values[ref] = self.read(ref)
        return self.values[ref]

    def read(self, ref: Reference) -> Any:
        """Return an output that a step has committed, read from its folder.

        Raises:
            RunError: it isn't as it was committed, or can't be read.
        """
        step_id, port = ref
        stored = self.committed(step_id).outputs[port]
        folder = self.store.final(step_id)
        for part in stored if isinstance(stored, list) else [stored]:
            for name in part.files:
                if damage := self.store.damage_of(step_id, self.committed(step_id), name):
                    raise RunError(f"{folder}: {damage}; run the same command again")
        return stored_values.read(self.plan.kinds, folder, stored, self.folders())

    def committed(self, step_id: str) -> Manifest:
        """Return the manifest of a step that is known to be committed."""
        manifest = self.store.manifest(step_id)
        assert manifest is not None, f"BUG: step '{step_id}' was neither kept nor committed"
        return manifest


@dataclass(frozen=True, slots=True)
class Committed(Mapping[Reference, Any]):
    """The outputs that steps have on disk, each read when it is asked for, and not kept."""

    session: Session

    def __getitem__(self, ref: Reference) -> Any:
        if ref not in list(self):
            raise KeyError(ref)
        return self.session.read(ref)

    def __iter__(self) -> Iterator[Reference]:
        for step in self.session.plan.steps:
            manifest = self.session.store.manifest(step.id)
            yield from ((step.id, port) for port in (manifest.outputs if manifest else ()))

    def __len__(self) -> int:
        return sum(1 for _ in self)
