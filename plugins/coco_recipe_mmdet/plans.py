"""What the steps on detectors say of themselves before a run: how much they use, and in words."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from coco_recipe_torch.plans import bytes_of, room

from coco_recipe import Expected, ExpectedByPort, FactsByPort, Forecast, Params, Span, counted
from coco_recipe_mmdet import datasets

__all__ = ["bytes_of", "room"]  # for the steps beside this, which name one module for all of it

Values = Callable[[], Mapping[str, Any] | None]
LISTED = 4
ONE = Expected(others={"checkpoints": Span.exact(1)})
DESCRIBED = 2  # files: job.json and command.txt
OF_TRAINING = 5  # config.py, curves.png, first_batch.png, scalars.jsonl, data/train.json
OF_VAL = 5  # data/val.json, and four pictures of what was found
OF_MEASURING = 8  # best, metrics.json, metrics.txt, data/images.json, and the same four


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
        many = Expected(others={"checkpoints": checkpoints})
        out = {"checkpoints": many, "checkpoint": ONE, "best": ONE}
        others = DESCRIBED + OF_TRAINING + OF_VAL * ("val" in expected)
        files = checkpoints + Span.exact(others)
        return Forecast(out, _used(with_, expected["train"], values), files)

    return forecast


def room_of_training(
    labels: Callable[[Params], tuple[str, ...] | None],
) -> Callable[[Params, FactsByPort], int | None]:
    """Return what says about how many bytes of checkpoints a training leaves.

    They have the size of the one that it starts from; without one, nobody knows.

    Args:
        labels: as of `train`; where they aren't known, one is kept for certain.
    """

    def kept(with_: Params, facts: FactsByPort) -> int | None:
        size = bytes_of(facts)
        return None if size is None else size * len(labels(with_) or ("one",))

    return kept


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


def evaluate(with_: Params, expected: ExpectedByPort, values: Values) -> Forecast:
    """Forecast a measurement: every picture is looked at by every checkpoint.

    Args:
        with_: the step's parameters.
        expected: what comes to it.
        values: aren't asked for.

    Returns:
        What it uses, and its files: one or two of results for each checkpoint, of boxes and masks.
    """
    looked = Span.exact(0)
    for one in expected["checkpoints"]:
        looked += one.others.get("checkpoints", Span(1))
    results = Span(looked.least, looked.times(2).most)
    uses = {"images": expected["dataset"].images, "checkpoints": looked}
    return Forecast({"best": ONE}, uses, results + Span.exact(DESCRIBED + OF_MEASURING))


def predict(with_: Params, expected: ExpectedByPort, values: Values) -> Forecast:
    """Forecast predictions: one or two files of results, and a picture where one is drawn.

    Args:
        with_: the step's parameters.
        expected: what comes to it.
        values: aren't asked for.

    Returns:
        What it uses, and its files.
    """
    files = Span(1, 2) + Span.exact(DESCRIBED + 2 + bool(with_["draw"]))  # images.json twice
    return Forecast(uses=looked_at(with_, expected, values).uses, files=files)


def greedy_soup(with_: Params, expected: ExpectedByPort, values: Values) -> Forecast:
    """Forecast a soup: the average, and the measurements.

    Args:
        with_: the step's parameters.
        expected: what comes to it.
        values: aren't asked for.

    Returns:
        One checkpoint, what it uses, and its files.
    """
    uses = looked_at(with_, expected, values).uses
    return Forecast({"checkpoint": ONE}, uses, Span.exact(DESCRIBED + 4))


def recompute_batch_norm(with_: Params, expected: ExpectedByPort, values: Values) -> Forecast:
    """Forecast a checkpoint with other statistics, taken from all pictures or the first ones.

    Args:
        with_: the step's parameters.
        expected: what comes to it.
        values: aren't asked for.

    Returns:
        One checkpoint, what it uses, and its files.
    """
    seen, first = expected["dataset"].images, with_.get("images")
    if first:
        most = first if seen.most is None else min(first, seen.most)
        seen = Span(min(first, seen.least), most)
    return Forecast({"checkpoint": ONE}, {"images": seen}, Span.exact(DESCRIBED + 2))


def init_weights(with_: Params, expected: ExpectedByPort, values: Values) -> Forecast:
    """Forecast drawn weights: one checkpoint.

    Args:
        with_: the step's parameters.
        expected: nothing comes to it.
        values: aren't asked for.

    Returns:
        One checkpoint, and its files.
    """
    return Forecast({"checkpoint": ONE}, files=Span.exact(DESCRIBED + 1))


def export_model(with_: Params, expected: ExpectedByPort, values: Values) -> Forecast:
    """Forecast a model in another form: its file, and what is said of it.

    Args:
        with_: the step's parameters.
        expected: what comes to it.
        values: aren't asked for.

    Returns:
        Its files.
    """
    return Forecast(files=Span.exact(DESCRIBED + 2))


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
    # the config is asked, by a job of its own, only for heads that aren't known by their names
    return Forecast({"checkpoint": ONE}, uses, Span(2, DESCRIBED + 2))


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
