"""Step ``average_weights``: one checkpoint out of several, tensor by tensor."""

import importlib.util
from collections.abc import Iterator, Mapping, Sequence

from coco_recipe import (
    Checkpoint,
    Facts,
    FactsByPort,
    Params,
    Port,
    Step,
    StepContext,
    StepProblem,
    StepProblems,
)
from coco_recipe_torch import plans
from coco_recipe_torch.average_weights_params import PARAMS
from coco_recipe_torch.blending import average, blend, check_alike, weights_for
from coco_recipe_torch.checkpoints import make_checkpoint, read_checkpoint
from coco_recipe_torch.needed import TORCH

LABEL = "average"
_BELONGS = {"weights": "weighted", "alpha": "sequential", "decay": "ema"}


def choose(labels: Sequence[str], *, last: int | None, epochs: Sequence[int] | None) -> list[int]:
    """Return the places of the chosen checkpoints: the last N, those of some epochs, or all.

    Args:
        labels: of all checkpoints, in order.
        last: how many from the end; None for all.
        epochs: whose labels are wanted; None for all.

    Raises:
        StepProblems: there are fewer, or an epoch's label (``epoch_12``) stands nowhere or twice.
    """
    if last is not None and last > len(labels):
        raise StepProblems(
            [
                StepProblem(
                    ("last",),
                    f"{last} checkpoints are asked for, there are {len(labels)}",
                    f"last: {len(labels)}",
                )
            ]
        )
    if epochs is None:
        return list(range(len(labels)))[-(last or 0) :]
    there = ", ".join(label or "one without a label" for label in labels[:20]) + ", ..." * (
        len(labels) > 20
    )
    StepProblems.if_any(
        StepProblem(
            ("epochs", n),
            f"there {'are several checkpoints' if found else 'is no checkpoint'} of epoch {epoch}",
            f"there are: {there}",
        )
        for n, epoch in enumerate(epochs)
        if (found := labels.count(f"epoch_{epoch}")) != 1
    )
    return [labels.index(f"epoch_{epoch}") for epoch in epochs]


def average_weights(
    ctx: StepContext,
    *,
    checkpoints: Sequence[Checkpoint],
    method: str,
    weights: Sequence[float] | None,
    alpha: float | None,
    decay: float | None,
    last: int | None,
    epochs: Sequence[int] | None,
    batch_norm: str,
    format: str,
) -> Mapping[str, Checkpoint]:
    """Average checkpoints of one model: the mean, a weighted mean, or one blended into the next.

    Floating tensors are blended in float64, tensor by tensor from mapped files, and rounded once;
    integer buffers are the last one's. Checkpoints that differ in keys, shapes, types or class
    names, or have a value that is not finite, are refused. What was averaged, and with which
    shares, is in the record. The tensors aren't compared with what is recorded of them: the run has
    compared the files, where a hash of theirs is recorded.

    Args:
        ctx: the step's context.
        checkpoints: weights of one model.
        method: ``uniform``, ``weighted``, ``sequential`` or ``ema``.
        weights: a number for each chosen checkpoint (``weighted``).
        alpha: the share of the next (``sequential``).
        decay: what is kept of those before (``ema``).
        last: only the last so many.
        epochs: only those of these epochs.
        batch_norm: ``average`` or ``last``.
        format: ``pth`` or ``safetensors``.

    Returns:
        ``checkpoint``: the average.

    Raises:
        StepProblems: there are fewer checkpoints, or another number of weights.
        ValueError: the checkpoints differ, or have a value that is not finite.
    """
    chosen = [
        checkpoints[n] for n in choose([one.label for one in checkpoints], last=last, epochs=epochs)
    ]
    names = [str(checkpoint.path) for checkpoint in chosen]
    how = blend(method, len(chosen), weights=weights, alpha=alpha, decay=decay)
    sources = [read_checkpoint(checkpoint, checked=False) for checkpoint in chosen]
    check_alike(names, sources)
    shares = how.shares()
    averaged = [
        {
            "checkpoint": checkpoint.label or checkpoint.path.name,
            "share": round(share, 9),
            "weights": source.kind,
        }
        for checkpoint, share, source in zip(chosen, shares, sources, strict=True)
    ]
    ctx.note("averaged", averaged)
    if len(set(names)) < len(names):
        ctx.note(
            "twice", sorted({name.rpartition("/")[2] for name in names if names.count(name) > 1})
        )
    if len({source.kind for source in sources}) > 1:
        ctx.note("mixed", "some files hold a moving average (EMA), others plain weights")

    def done(key: str) -> None:
        for source in sources:
            source.release(key)

    state = average(
        [source.state for source in sources], how, batch_norm=batch_norm, names=names, done=done
    )
    classes = next((source.classes for source in sources if source.classes), ())
    config = (
        {"cfg": sources[-1].meta["cfg"]} if isinstance(sources[-1].meta.get("cfg"), str) else {}
    )
    made = make_checkpoint(
        ctx,
        f"averaged.{format}",
        state,
        classes=classes,
        label=LABEL,
        meta={**config, "averaged": averaged},
    )  # with the detector's config, evaluate can build it
    return {"checkpoint": made}


def _check(params: Params) -> Iterator[StepProblem]:
    for key, method in _BELONGS.items():
        if key in params and params["method"] != method:
            yield StepProblem(
                (key,),
                f"goes with 'method: {method}', found 'method: {params['method']}'",
                "leave it out",
            )
        elif key not in params and params["method"] == method:
            yield StepProblem(
                ("method",),
                f"'{method}' needs '{key}'",
                f"{key}: {PARAMS['properties'][key]['examples'][0]}",
            )
    if "last" in params and "epochs" in params:
        yield StepProblem(("last",), "stands beside 'epochs'", "leave one of them out")
    weights, count = params.get("weights"), params.get("last", len(params.get("epochs", ())))
    if weights and not sum(weights) > 0:
        yield StepProblem(("weights",), "add up to 0", "make one of them positive")
    if weights and count and len(weights) != count:
        yield weights_for(weights, count)
    if params["format"] == "safetensors" and importlib.util.find_spec("safetensors") is None:
        yield StepProblem(
            ("format",), "needs the package safetensors", 'pip install "coco-recipe[train]"'
        )


def _foresee(params: Params, facts: FactsByPort) -> Mapping[str, Facts]:
    known: tuple[Facts, ...] = facts["checkpoints"]
    classes = {fact.classes for fact in known if fact.classes is not None}
    if len(classes) > 1:
        listed = " / ".join(sorted(", ".join(names[:5]) for names in classes))
        raise StepProblems(
            [StepProblem(("checkpoints",), f"answer with different classes: {listed}", below="in")]
        )
    if all(fact.labels is not None for fact in known):
        chosen = choose(
            [label for fact in known for label in fact.labels or ()],
            last=params.get("last"),
            epochs=params.get("epochs"),
        )
        blend(params["method"], len(chosen), weights=params.get("weights"))
    return {
        "checkpoint": Facts(next(iter(classes), None), labels=(LABEL,), bytes=plans.bytes_of(facts))
    }


STEP = Step(
    name="average_weights",
    run=average_weights,
    inputs={"checkpoints": Port(Checkpoint, many=True)},
    outputs={"checkpoint": Checkpoint},
    params=PARAMS,
    check=_check,
    foresee=_foresee,
    needs=(TORCH,),
    imports=("torch",),
    apart=("coco_recipe_torch.plans",),
    forecast=plans.average,
    room=plans.room,
    tell=plans.tell_average,
    writes=True,
)
