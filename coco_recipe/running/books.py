"""The books of a step: what it gave is what it declared, and each row is accounted for."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from coco_recipe.errors import StepError
from coco_recipe.manifest import Balance, Counts, Made, data_sets
from coco_recipe.planning.plan import PlannedStep
from coco_recipe.running.context import Context
from coco_recipe.values.kind import each


def check_outputs(step: PlannedStep, outputs: Any) -> None:
    """See that a step gave the outputs that it declared.

    Raises:
        StepError: it gave others; names the step.
    """
    if not isinstance(outputs, Mapping) or outputs.keys() != step.outputs.keys():
        found = list(outputs) if isinstance(outputs, Mapping) else type(outputs).__name__
        raise StepError(
            f"{step.label}: gave the outputs {found}, declared are {list(step.outputs)}"
        )
    for port, value in outputs.items():
        declared = step.outputs[port]
        for item in each(value):
            if not isinstance(item, declared.kind):
                raise StepError(
                    f"{step.label}: output '{port}' is a {type(item).__name__}, "
                    f"declared is {declared.kind.__name__}"
                )
        if isinstance(value, tuple) is not declared.many:
            wanted = "a tuple" if declared.many else "one value"
            raise StepError(f"{step.label}: output '{port}' must be {wanted}")


def balance(
    step: PlannedStep, values: Mapping[str, Any], outputs: Mapping[str, Any], context: Context
) -> Balance:
    """Count the rows that came in, were made and went out.

    Args:
        step: the step.
        values: its input values by port.
        outputs: its output values by port.
        context: what it said of rows that it made or dropped.

    Raises:
        StepError: rows in + rows made isn't rows out + rows dropped, of images or annotations.
    """
    entered = {port: step.kinds.counts(value) for port, value in values.items()}
    out = {port: step.kinds.counts(value) for port, value in outputs.items()}
    if any(step.kinds[port.kind].in_books for port in step.outputs.values()):
        flowing = {port: n for port, n in entered.items() if not step.step.input(port).reads_only}
        _expect_closed(step, _rows(flowing), _rows(out), context)
    made = Made(context.made["image"], context.made["annotation"])
    return Balance(entered=entered, out=out, made=made)


def _expect_closed(
    step: PlannedStep, rows_in: Counter[str], rows_out: Counter[str], context: Context
) -> None:
    dropped = Counter(line["kind"] for line in context.dropped)
    for kind in ("image", "annotation"):
        came, made = rows_in[kind], context.made[kind]
        left, lost = rows_out[kind], dropped[kind]
        if came + made != left + lost:
            raise StepError(
                f"{step.label}: the books don't close: {came} {kind}s in + {made} made is not "
                f"{left} out + {lost} dropped; the step must account for each row "
                "(ctx.drop, ctx.make)"
            )


def _rows(counts: Mapping[str, Counts | list[Counts]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for _, one in data_sets(counts):
        total.update(image=one.images or 0, annotation=one.annotations or 0)
    return total
