"""Context: what a running step may know of its run, and what it says of its result."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec

from coco_recipe import files
from coco_recipe.dataset import Annotation, Category, Image
from coco_recipe.engines.engine import Engine, local
from coco_recipe.events import Progress
from coco_recipe.findings import Finding, Kind, Row
from coco_recipe.manifest import How, Placed
from coco_recipe.read_only import ReadOnlyDict
from coco_recipe.values import stored as stored_values

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass
class Context:
    """The StepContext that a running step gets."""

    step_id: str
    seed: int
    workdir: Path
    engine: Engine = field(default_factory=lambda: local(0))
    preload: tuple[str, ...] = ()
    on_progress: Callable[[Progress], None] = lambda progress: None
    on_said: Callable[[str], None] = lambda text: None
    key: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    lineage: str = ""
    find_earlier: Callable[[], Path | None] = lambda: None
    known_hashes: dict[str, str] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    this_run: dict[str, Any] = field(default_factory=dict)
    dropped: list[dict[str, Any]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    made: Counter[str] = field(default_factory=Counter)
    hashes: dict[str, str] = field(default_factory=dict)
    placed: list[Placed] = field(default_factory=list)
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    clocks: list[Path] = field(default_factory=list)

    @cached_property
    def earlier(self) -> Path | None:
        return self.find_earlier()

    @property
    def images(self) -> Path:
        return self.workdir / stored_values.IMAGES

    def rng(self) -> random.Random:
        return random.Random(self.seed)

    def note(self, key: str, value: Any, *, this_run: bool = False) -> None:
        (self.this_run if this_run else self.notes)[key] = value

    def say(self, text: str) -> None:
        self.on_said(f"{self.step_id}: {text}")

    def drop(self, row: Image | Annotation | Category, reason: str, **figures: Any) -> None:
        line: dict[str, Any] = {"id": row.id, "reason": reason, **figures}
        if isinstance(row, Annotation):
            line |= {"kind": "annotation", "image_id": row.image_id, "category_id": row.category_id}
        elif isinstance(row, Image):
            line |= {"kind": "image", "file_name": row.file_name}
        else:
            line |= {"kind": "category", "name": row.name}
        self.dropped.append(line)

    def make(self, *, images: int = 0, annotations: int = 0) -> None:
        self.made.update(image=images, annotation=annotations)

    def find(
        self, kind: Kind, rows: Iterable[Row] = (), *, count: int | None = None, remedy: str = ""
    ) -> None:
        found = Finding.of(kind, self.step_id, rows, count=count, remedy=remedy)
        if found.count:
            self.findings.append(found)

    def wrote(self, path: Path, sha256: str) -> None:
        self.hashes[path.relative_to(self.workdir).as_posix()] = sha256

    def clock(self, path: Path) -> None:
        self.clocks.append(path)

    def place(self, name: str, folder: str, file: str, *, sha256: str, how: str) -> None:
        checked = msgspec.convert(how, How)
        self.placed.append(Placed(name, folder, file, sha256, checked))

    def sha256(self, path: Path) -> str:
        if (found := self.known_hashes.get(str(path))) is None:
            found = self.known_hashes[str(path)] = files.sha256(path)
        return found

    def progress(
        self,
        done: int,
        total: int,
        text: str = "",
        *,
        figures: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        numbers = ReadOnlyDict({name: float(figure) for name, figure in figures.items()})
        self.on_progress(Progress(self.step_id, done, total, numbers, text))

    def map(
        self,
        function: Callable[[Item], Result],
        items: Iterable[Item],
        lost: Callable[[Item, str], Result] | None = None,
    ) -> Iterator[Result]:
        return self.engine.map(function, items, lost, self.preload)
