"""Kinds of values: what flows from step to step. Plugins add kinds as they add steps."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from coco_recipe.errors import CocoRecipeError, PluginError
from coco_recipe.manifest import Counts
from coco_recipe.values.expected import Expected, Span
from coco_recipe.values.facts import Facts

Form = Mapping[str, Any]  # JSON
Folders = Mapping[str, Path]  # of pictures, by the name of an input or step
Written = tuple[Form, Mapping[str, str]]  # the form, and the SHA-256 of each file by its name
T = TypeVar("T")


def _no_files(value: Any) -> tuple[Path, ...]:
    return ()


def _no_folders(value: Any) -> Folders:
    return {}


def _no_rows(value: Any) -> Counts:
    return Counts()


def _of_rows(counts: Counts) -> Expected:
    """Return what a value has, as far as its record says."""
    exact = Span.exact
    return Expected(
        Span() if counts.images is None else exact(counts.images),
        Span() if counts.annotations is None else exact(counts.annotations),
        classes=None
        if counts.categories is None
        else {name: exact(n) for name, n in counts.categories.items()},
        others={name: exact(n) for name, n in (counts.rows or {}).items()},
    )


def _is_sound(value: Any) -> None:
    pass


def _no_facts(value: Any) -> Facts:
    return Facts()


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueKind(Generic[T]):
    """A kind of values: how the core keeps them, counts them and describes them.

    A value must not change once a step has returned it.

    Attributes:
        name: its name in manifests and messages, as ``dataset``.
        type: the class of its values, which ports name (``Port(Dataset)``). It isn't a tuple: a
            tuple stands for several values.
        write: ``write(value, folder, name) -> (form, hashes)`` writes what isn't in files yet into
            the step's folder, each file named after ``name``. The form is JSON, from which ``read``
            makes the value again; the hashes are the SHA-256 of each file that was written.
        read: ``read(form, folder, folders) -> value`` reads it from the committed folder;
            ``folders`` has the folders of pictures that the value named.
        files: the files of the value that the step itself wrote; they lie in the step's folder.
        folders: the folders of pictures that the value refers to, by the name of an input or step.
        counts: the rows of a value, for the record.
        expected: the numbers that ``plan`` shows of a value; without it, those of ``counts``.
        facts: what later steps may know of a value before they run.
        unknown: the facts of a value of which nothing is known.
        load: ``load(path, of, name) -> value`` reads a file that was made elsewhere, as a recipe's
            input: ``{kind: <name>, file: <path>}``. ``of`` is the COCO file that the input names,
            or None; ``name`` is the input's. Raises DatasetError where the file is wrong.
        check: raises DatasetError or ValueError where a value that a plugin's step gave isn't
            sound, as the reading of such an input would.
        in_books: its images and annotations are in the books of each step that they flow through.
    """

    name: str
    type: type[T]
    write: Callable[[T, Path, str], Written]
    read: Callable[[Form, Path, Folders], T]
    files: Callable[[T], Iterable[Path]] = _no_files
    folders: Callable[[T], Folders] = _no_folders
    counts: Callable[[T], Counts] = _no_rows
    expected: Callable[[T], Expected] | None = None
    facts: Callable[[T], Facts] = _no_facts
    unknown: Facts = field(default_factory=Facts)
    load: Callable[[Path, Path | None, str], T] | None = None
    check: Callable[[T], None] = _is_sound
    in_books: bool = False


@dataclass(frozen=True, slots=True)
class ValueKinds:
    """The kinds of values that there are, by the class of their values, and who offers them."""

    by_type: Mapping[type, ValueKind[Any]] = field(default_factory=dict)
    offered_by: Mapping[type, str] = field(default_factory=dict)

    def with_kind(self, kind: ValueKind[Any], plugin: str) -> "ValueKinds":
        """Return these kinds with another one, which a plugin offers.

        Raises:
            PluginError: it isn't a kind of values, or another plugin offers one of its name or
                class.
        """
        if not isinstance(kind, ValueKind):
            raise PluginError(
                f"coco_recipe_values yields {type(kind).__name__}, expected ValueKind"
            )
        label = f"kind of values '{kind.name}'"
        if not isinstance(kind.type, type) or issubclass(kind.type, tuple):
            raise PluginError(
                f"{label}: its type must be a class and no tuple, which stands for several values; "
                f"found {kind.type!r}"
            )
        for other in self.by_type.values():
            if kind.name == other.name or kind.type is other.type:
                raise PluginError(
                    f"offers the {label} ({kind.type.__name__}), and {self.offered_by[other.type]} "
                    f"offers '{other.name}' ({other.type.__name__}); remove one of them"
                )
        return ValueKinds({**self.by_type, kind.type: kind}, {**self.offered_by, kind.type: plugin})

    def __contains__(self, kind: type) -> bool:
        return kind in self.by_type

    def __getitem__(self, kind: type) -> ValueKind[Any]:
        return self.by_type[kind]

    def of(self, value: object) -> ValueKind[Any]:
        """Return the kind of one value."""
        found = next((self.by_type[t] for t in type(value).__mro__ if t in self.by_type), None)
        assert found is not None, f"BUG: {type(value).__name__} is no kind of value"
        return found

    def named(self, name: str) -> ValueKind[Any]:
        """Return a kind by its name.

        Raises:
            CocoRecipeError: no plugin that is loaded offers it.
        """
        for kind in self.by_type.values():
            if kind.name == name:
                return kind
        raise CocoRecipeError(
            f"no plugin offers the kind of values '{name}'; the kinds are {', '.join(self.names())}"
        )

    def names(self) -> list[str]:
        """Return the names of all kinds, in order."""
        return sorted(kind.name for kind in self.by_type.values())

    def counts(self, value: object) -> Counts | list[Counts]:
        """Return the rows of a value; a list where it is several."""
        if isinstance(value, tuple):
            return [self.of(item).counts(item) for item in value]
        return self.of(value).counts(value)

    def expected(self, value: object) -> Expected | tuple[Expected, ...]:
        """Return the numbers of a value that is there; a tuple where it is several."""
        if isinstance(value, tuple):
            return tuple(self._expected(item) for item in value)
        return self._expected(value)

    def _expected(self, value: object) -> Expected:
        kind = self.of(value)
        return kind.expected(value) if kind.expected else _of_rows(kind.counts(value))

    def facts(self, value: object) -> Facts | tuple[Facts, ...]:
        """Return what is known of a value; a tuple where it is several."""
        if isinstance(value, tuple):
            return tuple(self.of(item).facts(item) for item in value)
        return self.of(value).facts(value)


def each(value: Any) -> tuple[Any, ...]:
    """Return the values of a port: those of a tuple, or the one."""
    return value if isinstance(value, tuple) else (value,)
