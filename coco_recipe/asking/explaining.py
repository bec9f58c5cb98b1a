"""explain: say in sentences what a recipe does."""

from collections.abc import Iterator

from coco_recipe.asking.telling import told
from coco_recipe.errors import counted
from coco_recipe.language.recipe import Input
from coco_recipe.planning.plan import Plan, PlannedStep, Reference


def sentences(planned: Plan) -> Iterator[str]:
    """Yield what a recipe does: its inputs, each step in order, and what comes out of it.

    Args:
        planned: the plan; nothing of it is run, and no input is read.
    """
    hidden = planned.recipe.source.hidden
    yield from map(hidden.in_text, _sentences(planned))


def _sentences(planned: Plan) -> Iterator[str]:
    recipe = planned.recipe
    yield (
        f"The recipe '{recipe.name}' has {counted(len(recipe.inputs), 'input')} and "
        f"{counted(len(planned.steps), 'step')}; its seed is {recipe.seed}."
    )
    for item in recipe.inputs:
        yield _input(item)
    many = {step.id for step in planned.steps if len(step.outputs) > 1}
    for number, step in enumerate(planned.steps, 1):
        yield f"{number}. {_step(step, many)}"
    yield from _ends(planned, many)


def _input(item: Input) -> str:
    if item.annotations:
        pictures = f", with pictures in {item.images}" if item.images else ", without pictures"
        told_hash = ", whose SHA-256 is given" if item.sha256 else ""
        return f"'{item.name}' is the data set {item.annotations}{pictures}{told_hash}."
    place = item.checkpoint or item.file
    return f"'{item.name}' is the {item.kind} {place}."


def _step(step: PlannedStep, many: set[str]) -> str:
    """Say what a step takes, does and gives."""
    taken = [
        f"{_named(ref, many)}{' (which it only reads)' * step.step.input(port).reads_only}"
        for port, refs in step.inputs.items()
        for ref in refs
    ]
    source = f"from {_and(taken)}, " if taken else ""
    gives = ""
    if len(step.outputs) > 1:
        gives = f" It gives {_and([f'{step.id}.{port}' for port in step.outputs])}."
    return f"'{step.id}' ({step.step.name}): {source}it {told(step)}.{gives}"


def _ends(planned: Plan, many: set[str]) -> Iterator[str]:
    """Say what is published, and what no later step reads."""
    for step in planned.steps:
        for folder in step.published().values():
            yield f"The result of '{step.id}' appears in {folder}, below the run directory."
    read = planned.consumed()
    ends = [
        _named((step.id, port), many)
        for step in planned.steps
        for port in step.outputs
        if (step.id, port) not in read
    ]
    if ends:
        yield f"No later step reads {_and(ends)}: {'it is' if len(ends) == 1 else 'they are'} kept."


def _named(ref: Reference, many: set[str]) -> str:
    return f"'{ref[0]}.{ref[1]}'" if ref[0] in many else f"'{ref[0]}'"


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
