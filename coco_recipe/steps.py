"""The contract between the core and the plugins: Port, Package and Step."""

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from coco_recipe.dataset import Dataset
from coco_recipe.errors import show_path
from coco_recipe.findings import Finding, Row
from coco_recipe.json_types import Params
from coco_recipe.step_context import StepContext
from coco_recipe.values.expected import ExpectedByPort, Forecast
from coco_recipe.values.facts import Facts

Kinds = tuple[str, ...] | Callable[[Params], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Port:
    """One input or output of a step.

    Attributes:
        kind: the class of a kind of values, as Dataset or Checkpoint.
        many: several values, passed as a tuple; in a recipe, a list of references.
        optional: may be left out; the step then gets None.
        reads_only: the rows don't flow on to the outputs, so they are not in the step's books.
        role: what the rows are to the step: ``train`` where it learns from them, ``val`` where it
            measures on them; empty for neither.
        loose: the data set may have ``loose`` values, of a wrong type in the file: the step mends
            those of the kinds that it ``mends`` or ``understands``, and leaves the others in
            ``loose``.
    """

    kind: type
    many: bool = False
    optional: bool = False
    reads_only: bool = False
    loose: bool = False
    role: Literal["", "train", "val"] = ""


@dataclass(frozen=True, slots=True)
class OpenPorts:
    """Inputs whose names are the user's.

    ``run`` gets them as one mapping under the keyword ``name``.

    Attributes:
        name: the keyword.
        kind: as of `Port`.
        reads_only: as of `Port`.
        are_parts: the inputs are parts that should have nothing in common, by the user's names.
    """

    name: str
    kind: type
    reads_only: bool = False
    are_parts: bool = False


@dataclass(frozen=True, slots=True)
class Package:
    """A package that a step imports when it runs.

    Attributes:
        module: the name by which it is imported.
        dist: the distribution that has it, as its registry names it; empty if that is the module's.
            Another distribution that has the module will do as well.
        install: what to do where it isn't installed; empty for ``pip install`` of the distribution.
        environment: variables that a process must have before it imports the package; workers are
            started with them. No result may depend on them.
    """

    module: str
    dist: str = ""
    install: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)

    def remedy(self) -> str:
        """Return what to do where the package isn't installed."""
        return self.install or f"pip install {self.dist or self.module}"


@dataclass(frozen=True, slots=True)
class StepProblem:
    """A problem of a step: the key that it is about, what is wrong, what to do.

    Attributes:
        path: the keys and places that lead to it below ``with`` or ``in``.
        what: what is wrong, with the value.
        hint: what to do; empty where nobody knows.
        below: ``with`` for a parameter, ``in`` for an input.
    """

    path: tuple[str | int, ...]
    what: str
    hint: str = ""
    below: Literal["with", "in"] = "with"

    def __str__(self) -> str:
        return ": ".join(filter(None, (show_path(self.path), self.what))) + (
            f"; {self.hint}" if self.hint else ""
        )


class StepProblems(ValueError):
    """Parameters and inputs of a step that can't go together; each problem has its key path.

    A step raises it in ``foresee``, where the recipe's line is told, and where it runs, if it
    couldn't be foreseen.
    """

    def __init__(self, problems: Iterable[StepProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(map(str, self.problems)))

    @classmethod
    def if_any(cls, problems: Iterable[StepProblem]) -> None:
        """Raise it if there are problems.

        Args:
            problems: all that was found.

        Raises:
            StepProblems: there is one or more.
        """
        if found := tuple(problems):
            raise cls(found)


class Backend(Protocol):
    """What a plugin offers for a step of another to work with, as a library of transforms.

    A step that works with backends says in its own package what else one must have.
    """

    @property
    def name(self) -> str:
        """By which a recipe chooses it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step that a recipe can use.

    Attributes:
        name: the word after ``use:``.
        run: ``run(ctx, *, <ports>, <params>) -> {port: value}``; its docstring is the step's page.
        inputs: input ports by name, or open ports.
        outputs: outputs by name (a kind, or a Port for a tuple of values), or a function from the
            parameters to them.
        params: JSON Schema (draft-07) of ``with``: an object, each property with a description. A
            property with ``format: recipe-file`` (or ``recipe-folder``) is relative to the recipe;
            one with ``format: publish-folder`` a folder, relative to the run directory, where the
            committed result appears.
        read: ``read(params, backends) -> {name: value}`` reads once, when the recipe is planned,
            what parameters name or hold, as a file of settings. ``backends`` are those that
            plugins offer, by name. All functions of the step, ``run`` too, get these values in
            place of what is written. It raises nothing: what is wrong with a value is for
            ``check`` to say.
        check: finds what the schema can't say.
        foresee: ``foresee(params, facts) -> {port: Facts}``: what will be known of each output,
            from the parameters and what is known of each input port (a tuple of Facts where a port
            takes many). Called before any step runs; raises StepProblems where inputs and
            parameters can't go together (another ValueError is told at the step's ``use``). Without
            it nothing is known.
        examine: ``examine(params, facts, values)`` looks at rows: it raises as ``foresee`` does,
            and is called beside it. ``values()`` returns the values of input ports, as ``run`` gets
            them, without those that can't be had before the run: a step above writes files, opens
            pictures, or fails; None where there is none. It runs the steps above, which live in
            memory; so it is asked only where the parameters and facts leave something open. What
            can't be known then, the step itself says when it runs.
        forecast: ``forecast(params, expected, values) -> Forecast``: how much each output will
            have, exactly or between bounds, for ``plan``. ``expected`` is what is known of each
            input port (`Expected`, or a tuple of them where a port takes many), ``values()``
            returns all that ``run`` gets, or None where one can't be had. Asked where the step
            can't be run before the run: it writes files, or stands below one that does. Without it
            nothing is known, and ``plan`` says so.
        tell: ``tell(params) -> text``: what the step does with these parameters, as a clause that
            begins with a verb ("drops the class 背景"), for ``plan`` and ``explain``. Without it,
            the first sentence of the step's page stands for it.
        room: ``room(params, facts) -> bytes``: about how many bytes the step will write, from what
            is known of its inputs; None where that can't be told. Asked before any step runs.
        review: ``review(step_id, params, facts) -> findings``: what is worth knowing before the run
            and stops nothing by itself, as a pipeline that mirrors classes with a direction. Called
            where ``foresee`` is.
        refuses: names of kinds of findings that this step can't take: it would crash on such rows,
            or misassign or lose them; or a function from the parameters to them.
        stops_at: ``stops_at(params, dataset, pictures) -> pictures``: at which of these pictures,
            given by their paths, the step would stop. They are those of a kind that it ``refuses``;
            the data set is what comes to it. Called before any step runs; without it, it stops at
            all that come.
        stops_at_rows: ``stops_at_rows(params, dataset) -> rows``: the rows at which the step would
            stop, each with the reason. Called before any step runs, with what comes to the step,
            where an input has a finding that the step ``doubts``.
        doubts: names of kinds of findings that may mean rows at which the step stops.
        mends: names of kinds of findings that are gone behind this step; or a function from the
            parameters to them.
        understands: names of kinds of values of a wrong type that the step takes in where their
            meaning can be told (a number in quotes); or a function from the parameters to them.
        checks: what of its inputs must be checked before it runs, beside rows: pictures, masks.
        preflight: ``preflight(ctx, params, facts)`` looks at what takes seconds to look at, as code
            that a parameter names; called at the start of a run, for a step that will run. Raises
            as ``foresee`` does.
        publishes: ``publishes(params, values) -> names``: the files that the step will publish, by
            name, each with the file that it is a copy of, or None for one that it writes;
            ``values`` has what is known of its inputs, by port. Called before any step runs.
        preview: ``preview(ctx, target, images, *, <ports>, <params>)`` writes a picture of what the
            step would do to so many images, or to those with the file names in the tuple
            ``images``.
        replay: ``replay(ctx, name, *, <ports>, <params>) -> bytes`` makes one file of
            ``ctx.earlier`` again.
        needs: packages that must be installed; or a function from the parameters to them.
        files: further files that the result depends on, which the parameters name indirectly (a
            file that a named file is built on); called once the parameters are sound. Raises
            ValueError where they can't be told.
        varies: its pictures are random variants of those that come to it.
        divides: its outputs are parts that should have nothing in common: ``families`` where it
            keeps together what goes back to one original, ``rows`` where it doesn't.
        writes: the result lives in files, is committed to disk and reused; else it lives in memory.
        reads_pixels: the result depends on the bytes of the images; or a function from the
            parameters to whether it does.
        resumes: ``ctx.workdir`` comes with what an interrupted run left in it; the step answers for
            what it finds there, and leaves nothing but its output.
        preload: modules that the workers of ``ctx.map`` use, or a function from the parameters to
            them; they are imported while the inputs are read, and count for the step's key.
        imports: modules that ``run`` imports in this process and that take long to import; where no
            input has rows they are imported by a thread while files are hashed.
        also: modules, by name, that make the result in another process, where the step's own code
            doesn't import them. The result depends on them and on what they import of the
            project's and plugins' packages. Libraries that they need here, the step ``needs``.
        apart: modules, by name, that the step's code imports and on which no result depends, as
            those of a preview.
    """

    name: str
    run: Callable[..., Mapping[str, Any]]
    inputs: Mapping[str, Port] | OpenPorts
    outputs: Mapping[str, type | Port] | Callable[[Params], Mapping[str, type | Port]]
    params: Params = field(default_factory=lambda: {"type": "object", "properties": {}})
    read: Callable[[Mapping[str, Any], Mapping[str, Backend]], Mapping[str, Any]] | None = None
    check: Callable[[Params], Iterable[StepProblem]] | None = None
    foresee: Callable[[Mapping[str, Any], Mapping[str, Any]], Mapping[str, Facts]] | None = None
    examine: (
        Callable[
            [Mapping[str, Any], Mapping[str, Any], Callable[[], Mapping[str, Any] | None]], None
        ]
        | None
    ) = None
    forecast: (
        Callable[
            [Mapping[str, Any], ExpectedByPort, Callable[[], Mapping[str, Any] | None]], Forecast
        ]
        | None
    ) = None
    tell: Callable[[Mapping[str, Any]], str] | None = None
    review: Callable[[str, Mapping[str, Any], Mapping[str, Any]], Iterable[Finding]] | None = None
    room: Callable[[Mapping[str, Any], Mapping[str, Any]], int | None] | None = None
    refuses: Kinds = ()
    stops_at: Callable[[Mapping[str, Any], Dataset, Container[str]], Iterable[str]] | None = None
    stops_at_rows: Callable[[Mapping[str, Any], Dataset], Iterable[Row]] | None = None
    doubts: tuple[str, ...] = ()
    mends: Kinds = ()
    understands: Kinds = ()
    checks: tuple[Literal["pictures", "masks"], ...] = ()
    preflight: Callable[[StepContext, Mapping[str, Any], Mapping[str, Any]], None] | None = None
    publishes: (
        Callable[[Mapping[str, Any], Mapping[str, Any]], Mapping[str, Path | None]] | None
    ) = None
    preview: Callable[..., None] | None = None
    replay: Callable[..., bytes] | None = None
    needs: tuple[Package, ...] | Callable[[Params], tuple[Package, ...]] = ()
    files: Callable[[Params], Iterable[Path]] | None = None
    varies: bool = False
    divides: Literal["", "families", "rows"] = ""
    writes: bool = False
    reads_pixels: bool | Callable[[Params], bool] = False
    resumes: bool = False
    preload: tuple[str, ...] | Callable[[Params], tuple[str, ...]] = ()
    imports: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()

    @property
    def open_inputs(self) -> OpenPorts | None:
        """The input ports whose names are the user's; None where they are the step's own."""
        return self.inputs if isinstance(self.inputs, OpenPorts) else None

    def input(self, name: str) -> Port:
        """Return an input port by its name; any name is one where the names are the user's.

        Args:
            name: the port's.

        Returns:
            The port.

        Raises:
            KeyError: the step has no such input.
        """
        if isinstance(self.inputs, OpenPorts):
            return Port(self.inputs.kind, reads_only=self.inputs.reads_only)
        return self.inputs[name]

    def input_names(self) -> tuple[str, ...]:
        """Return the names of the keywords that bring the step's inputs."""
        return (self.inputs.name,) if isinstance(self.inputs, OpenPorts) else tuple(self.inputs)

    def given(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the keywords that bring these input values to the step's function.

        Args:
            values: input values by port.

        Returns:
            The keywords by name; None for a port that is left out.
        """
        if isinstance(self.inputs, OpenPorts):
            return {self.inputs.name: dict(values)}
        return {name: values.get(name) for name in self.inputs}

    def read_for(self, params: Params, backends: Mapping[str, Backend]) -> Mapping[str, Any]:
        """Return the parameters as the step's functions get them: what it reads once is read.

        Args:
            params: the parameters as the recipe has them, with defaults filled in.
            backends: the libraries of transforms, by name.

        Returns:
            The parameters; those that the step reads have what was read.

        Raises:
            StepProblems: what a parameter names can't be read.
        """
        return {**params, **self.read(params, backends)} if self.read else params

    def reads_pixels_for(self, params: Params) -> bool:
        """Report whether the result depends on the bytes of the images.

        Args:
            params: the parameters, which are read.

        Returns:
            Whether it does with these parameters.
        """
        return self.reads_pixels(params) if callable(self.reads_pixels) else self.reads_pixels

    def preload_for(self, params: Params) -> tuple[str, ...]:
        """Return the modules that the step's workers use.

        Args:
            params: the parameters, which are read.

        Returns:
            Names of modules, which workers import while inputs are looked at.
        """
        return self.preload(params) if callable(self.preload) else self.preload

    def needs_for(self, params: Params) -> tuple[Package, ...]:
        """Return the packages that must be installed for these parameters.

        Args:
            params: the parameters, which are read.

        Returns:
            The packages; one that is missing is a problem of the recipe.
        """
        return self.needs(params) if callable(self.needs) else self.needs

    def refused_for(self, params: Params) -> frozenset[str]:
        """Return the kinds of findings that the step can't take with these parameters.

        Args:
            params: the parameters, which are read.

        Returns:
            The names of the kinds.
        """
        return frozenset(self.refuses(params) if callable(self.refuses) else self.refuses)

    def mended_for(self, params: Params) -> frozenset[str]:
        """Return the kinds of findings that are gone behind the step with these parameters.

        Args:
            params: the parameters, which are read.

        Returns:
            The names of the kinds.
        """
        return frozenset(self.mends(params) if callable(self.mends) else self.mends)

    def understood_for(self, params: Params) -> frozenset[str]:
        """Return the kinds of wrong types that the step takes in where their meaning is clear.

        Args:
            params: the parameters, which are read.

        Returns:
            The names of the kinds.
        """
        return frozenset(
            self.understands(params) if callable(self.understands) else self.understands
        )

    def outputs_for(self, params: Params) -> dict[str, Port]:
        """Return the output ports for these parameters.

        Args:
            params: the parameters, which are read; ``split`` has a port for each of ``fractions``.

        Returns:
            The ports by name.
        """
        outputs = self.outputs(params) if callable(self.outputs) else self.outputs
        return {
            name: port if isinstance(port, Port) else Port(port) for name, port in outputs.items()
        }
