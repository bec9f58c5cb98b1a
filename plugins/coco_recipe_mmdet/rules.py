"""Rules of lint about trainings: learning rates, and gradients that nothing clips."""

from collections.abc import Iterator

import msgspec

from coco_recipe import Experiment, Finding, Kind, Row, Rule, StepInExperiment, StepProblems
from coco_recipe_mmdet import train
from coco_recipe_mmdet.jobs import Looked, Rate

FAR = 2.0  # times the rule
LARGE = 1.25  # times the rule, and without one these rates of mmdet's schedules:
LARGE_SGD, LARGE_ADAPTIVE = 0.02, 4e-4
OFF_RULE = Kind(
    "learning_rate_off_rule",
    "warning",
    "trainings have a learning rate far from the config's rule for the batch size",
    "scale_lr: true, or the learning_rate that is named",
)
UNCLIPPED = Kind(
    "large_rate_unclipped",
    "warning",
    "trainings have a large learning rate, and nothing clips the gradients",
    "clip_grad: 35, or a smaller learning_rate",
)
_seen: dict[bytes, Looked | None] = {}


def learning_rate_off_rule(experiment: Experiment) -> Iterator[Finding]:
    """Find learning rates that don't go with the batch size.

    A config's rate is for the pictures of one iteration that ``auto_scale_lr.base_batch_size``
    names, mostly 16: 8 GPUs with 2 each. With one GPU it is 8 times too large, and a detector
    learns badly or not at all (``nan``). The rule is linear (Goyal et al. 2017, arXiv:1706.02677);
    for Adam and its like the square root will do as well. Told is a rate of over twice the rule's,
    or under half of it. The config is run for it, in mmdet's process.

    Triggers: a config with 0.02 for 16 pictures, and ``batch_size: 2`` on one GPU; ``batch_size:
    5, learning_rate: 0.05``.

    Doesn't: ``scale_lr: true``; ``batch_size: 2, learning_rate: 0.0025``; a config that doesn't say
    what its rate is for.
    """
    for step, rate in _rates(experiment):
        if not rate.base:
            continue
        low, high = _rule(rate)
        if low / FAR <= rate.rate <= high * FAR:
            continue
        rule = f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"
        told = (
            f"{rate.rate:.4g} at {rate.batch} pictures an iteration; the config's "
            f"{rate.of_config:g} is for {rate.base}, which makes {rule}"
        )
        yield Finding.of(OFF_RULE, step.id, [Row(rate.optimizer, told)])


def large_rate_unclipped(experiment: Experiment) -> Iterator[Finding]:
    """Find large learning rates without clipping of gradients.

    One bad batch at a large rate is enough to lose a training. Large is a rate over the config's
    rule for the batch size, by a quarter or more; where the config has no rule, over 0.02 for SGD
    and 0.0004 for Adam and its like.

    Triggers: ``learning_rate: 0.05`` at 5 pictures, where the config doesn't clip.

    Doesn't: the same with ``clip_grad: 35``; the config's own rate at its own batch size.
    """
    for step, rate in _rates(experiment):
        usual = LARGE_ADAPTIVE if _is_adaptive(rate) else LARGE_SGD
        most = LARGE * _rule(rate)[1] if rate.base else usual
        if not rate.clips and rate.rate > most:
            told = f"{rate.rate:.4g} at {rate.batch} pictures an iteration"
            yield Finding.of(UNCLIPPED, step.id, [Row(rate.optimizer, told)])


def _rule(rate: Rate) -> tuple[float, float]:
    """Return the lowest and the highest rate that the config's rule gives for the batch."""
    share = rate.batch / rate.base
    shares = (share, share**0.5) if _is_adaptive(rate) else (share, share)
    return rate.of_config * min(shares), rate.of_config * max(shares)


def _is_adaptive(rate: Rate) -> bool:
    return rate.optimizer.lower() != "sgd"


def _rates(experiment: Experiment) -> Iterator[tuple[StepInExperiment, Rate]]:
    """Yield the trainings with their rates; a config that can't be run is told by the run."""
    for step in experiment.steps:
        if step.step.run is not train.STEP.run:
            continue
        job = train.tried(step.bound, experiment.facts_of(step))
        key = msgspec.json.encode(job)
        if key not in _seen:
            with experiment.context(step) as context:
                try:
                    _seen[key] = train.look(context, job)
                except StepProblems:
                    _seen[key] = None
        looked = _seen[key]
        if looked and looked.rate:
            yield step, looked.rate


RULES = (
    Rule(OFF_RULE, learning_rate_off_rule, "configs"),
    Rule(UNCLIPPED, large_rate_unclipped, "configs"),
)
