"""Say in a few words what a step does with its parameters."""

import inspect
import re

from coco_recipe.planning.plan import PlannedStep

_END = re.compile(r"(?<=[.:])\s")


def told(step: PlannedStep) -> str:
    """Return what a step does, as a clause; secrets of the environment aren't in it.

    The step says it (``Step.tell``); where it doesn't, the first sentence of its page stands for
    it.
    """
    if step.step.tell is None:
        return first_sentence(step)
    try:
        text = step.step.tell(step.bound)
    except Exception:  # a plugin's words are no reason to stop
        return first_sentence(step)
    return step.hidden.in_text(" ".join(text.split()).rstrip("."))


def first_sentence(step: PlannedStep) -> str:
    """Return the first sentence of a step's page, begun with a small letter."""
    page = " ".join((inspect.getdoc(step.step.run) or "").partition("\n\n")[0].split())
    sentence = _END.split(page)[0].rstrip(".:")
    is_word = sentence[1:2].islower()
    return sentence[:1].lower() + sentence[1:] if is_word else sentence
