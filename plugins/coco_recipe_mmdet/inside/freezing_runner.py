"""mmengine's Runner, with parts of the model that a training leaves as they are."""

from collections.abc import Sequence
from types import MethodType
from typing import TYPE_CHECKING, Any

from mmengine.runner import Runner

from coco_recipe import StepProblem, StepProblems

if TYPE_CHECKING:
    from torch.nn import Module


class FreezingRunner(Runner):  # type: ignore[misc]
    """A Runner that freezes parts of its model before anything wraps it.

    Attributes:
        parts: their names, as ``backbone`` or ``backbone.layer1``.
    """

    parts: tuple[str, ...] = ()

    def build_model(self, model: Any) -> "Module":
        """Build the model, and freeze the parts."""
        built: Module = super().build_model(model)
        freeze(built, self.parts)
        return built


def freeze(model: "Module", parts: Sequence[str]) -> None:
    """Leave out parts of a model from learning; their batch norms keep their statistics.

    Raises:
        StepProblems: the model has no such part; names those that it has. Or nothing is left that
            learns.
    """
    for name in parts:
        if name not in dict(model.named_modules()):
            names = ", ".join(child for child, _ in model.named_children())
            what = f"the model has no part '{name}'; it has {names}"
            raise StepProblems([StepProblem(("freeze",), what)])
        part = model.get_submodule(name)
        part.requires_grad_(False)
        part.eval()
        # the model's own train() reaches every part
        part.train = MethodType(lambda self, mode=True: self, part)
    if parts and not any(parameter.requires_grad for parameter in model.parameters()):
        what = "nothing of the model is left that learns"
        raise StepProblems([StepProblem(("freeze",), what, "name fewer of its parts")])
