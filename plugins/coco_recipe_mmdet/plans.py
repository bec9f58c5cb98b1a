"""What the steps on detectors say of themselves before a run: how much they use, and in words."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from coco_recipe import Expected, ExpectedByPort, Forecast, Params, Span, counted
from coco_recipe_mmdet import datasets

Values = Callable[[], Mapping[str, Any] | None]
LISTED = 4
ONE = Expected(others={"checkpoints": Span.exact(1)})


def train(
    labels: Callable[[Params], tuple[str, ...] | None],
) -> Callable[[Params, ExpectedByPort, Values], Forecast]:
    """Return the forecast of a training.

    Args:
        labels: gives the labels of the checkpoints that are kept; None where the config or the
            metric decides.
    """

    def forecast(with_: Params, expected: ExpectedByPort, values: Values) -> Forecast:
        kept, last = labels(with_), with_.get("more_epochs") or with_.get("epochs")
        if kept is not None:
            checkpoints = Span.exact(len(kept))
        else:
            few = with_["keep"] + 1 if with_["keep"] else None
            checkpoints = Span(1, min((n for n in (few, last) if n), default=None))
        out = {"checkpoints": Expected(others={"checkpoints": checkpoints})}
        return Forecast(out, _used(with_, expected["train"], values))

    return forecast


def _used(with_: Params, train: Expected, values: Values) -> dict[str, Span]:
    """Return what mmdet trains on: what it would skip isn't in it, where the rows are known."""
    found = values()
    if found is None:
        return {"images": train.images.or_fewer(), "boxes": train.boxes.or_fewer()}
    used = datasets.usage(found["train"], training=True, empty_images=with_["empty_images"])
    return {"images": Span.exact(used.images), "boxes": Span.exact(used.boxes)}


def looked_at(with_: Params, expected: ExpectedByPort, values: Values) -> Forecast:
    """Every picture is looked at; what is found on it, nobody knows."""
    seen = expected.get("dataset")
    return Forecast(uses={} if seen is None else {"images": seen.images})


def adapt_head(with_: Params, expected: ExpectedByPort, values: Values) -> Forecast:
    """Forecast an adapted checkpoint, which has the data set's classes.

    Args:
        with_: the step's parameters.
        expected: what comes to it.
        values: aren't asked for.

    Returns:
        One checkpoint, and the classes that it is fitted to, where they are known.
    """
    classes = expected["dataset"].classes
    uses = {} if classes is None else {"classes": Span.exact(len(classes))}
    return Forecast({"checkpoint": ONE}, uses, Span.exact(2))


def one_checkpoint(with_: Params, expected: ExpectedByPort, values: Values) -> Forecast:
    """Forecast a step that makes one checkpoint, whatever comes to it.

    Args:
        with_: the step's parameters.
        expected: what comes to it.
        values: aren't asked for.

    Returns:
        One checkpoint.
    """
    return Forecast({"checkpoint": ONE})


def tell_adapt_head(with_: Params) -> str:
    """Say which rows the data set's classes get.

    Args:
        with_: the step's parameters.

    Returns:
        The words.
    """
    if with_["method"] == "slice":
        return "gives the class heads the first rows, one for each class of the data set"
    new = with_["new_rows"]
    rows = f"those of {new['copy']}" if isinstance(new, dict) else f"new ones ({new})"
    return (
        "fits the class heads to the data set's classes: the old rows of the same name, for "
        f"others {rows}"
    )


def tell_train(with_: Params) -> str:
    """Say what is trained, and for how long."""
    told = f"trains the detector of {_config(with_)}"
    if more := with_.get("more_epochs"):
        return f"{told} for {_epochs(more, 'more ')}"
    epochs = with_.get("epochs")
    told += f" for {_epochs(epochs)}" if epochs else " for the epochs of its config"
    if with_.get("early_stopping"):
        validations = counted(with_["early_stopping"], "validation")
        told += f", or until {validations} in a row were no better"
    return told


def tell_evaluate(with_: Params) -> str:
    """Say by what the best checkpoint is chosen."""
    return f"measures checkpoints on pictures; {with_['best_by']} says which is best"


def tell_predict(with_: Params) -> str:
    """Say where the pictures are."""
    where = f" in {Path(with_['folder']).name}" if with_.get("folder") else ""
    return f"looks for objects on pictures{where}"


def tell_greedy_soup(with_: Params) -> str:
    """Say when a checkpoint joins the average."""
    return f"averages checkpoints, each only if the average has a better {with_['best_by']} with it"


def tell_init_weights(with_: Params) -> str:
    """Say for which classes weights are made."""
    classes = with_["classes"]
    told = "COCO's 80 classes" if classes == "coco" else _listed(classes)
    return f"makes the starting weights of {_config(with_)} for {told}"


def tell_recompute_batch_norm(with_: Params) -> str:
    """Say on how many pictures batch norms are measured."""
    some = f"the first {with_['images']} pictures" if with_.get("images") else "all pictures"
    return f"measures the batch norms of a checkpoint anew on {some}"


def tell_export_model(with_: Params) -> str:
    """Say which file is written."""
    return f"writes a checkpoint as {with_['format']}, to be used without mmdet"


def _epochs(n: int, more: str = "") -> str:
    return f"{n} {more}epoch{'s' * (n != 1)}"


def _config(with_: Params) -> str:
    return Path(str(with_.get("config", "?"))).name


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(map(str, names[:LISTED])) + more
