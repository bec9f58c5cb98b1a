"""Find what runs evaluated: a detector's boxes, the truth that they were held against, and by what.

A step evaluates if it gives metrics and predictions, whatever its name.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from coco_recipe import (
    Dataset,
    Predictions,
    RecordedRun,
    RunError,
    did_you_mean,
    recorded_run,
)

EVALUATE = "add a step that evaluates (evaluate); 'coco-recipe diff' compares what runs left"
METRIC = ("bbox", "mAP")  # picks the best where the step doesn't say


@dataclass(frozen=True)
class Evaluation:
    """What one checkpoint found on a data set.

    Attributes:
        name: what tells it from the others.
        run: the run directory.
        step: the step that evaluated it.
        use: the name of what that step uses.
        label: the checkpoint's.
        results: COCO results by kind, as ``bbox``.
        truth: the COCO file with what was to be found.
        evaluator: versions and code of what counts, by name.
        pictures: hashes of the pictures' input, by port, where the data came right from one.
    """

    name: str
    run: Path
    step: str
    use: str
    label: str
    results: Mapping[str, Path]
    truth: Path
    evaluator: Mapping[str, str]
    pictures: Mapping[str, str]

    @cached_property
    def data(self) -> Dataset:
        """The truth, its pictures named relative to the folder that they have in common."""
        return _with_names_below(Predictions(self.results, self.truth).dataset())

    def rows(self, kind: str) -> list[dict[str, Any]]:
        """Return the rows of COCO results of a kind.

        Raises:
            RunError: they have gone, or aren't JSON.
        """
        try:
            found: list[dict[str, Any]] = json.loads(self.results[kind].read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise RunError(f"{self.results[kind]}: can't be read: {error}") from error
        return found


def find(places: Sequence[str], against: str | None = None) -> list[Evaluation]:
    """Return the evaluations of runs: one of each, or all of a run that stands alone.

    The baseline stands first.

    Args:
        places: ``RUN``, ``RUN:STEP`` or ``RUN:STEP:LABEL``. A run stands for the best checkpoint of
            the last step that evaluates.
        against: the baseline: a place, a name or a label of those that are compared; None for the
            first.

    Raises:
        RunError: a place is none, a run has no evaluation, there is one evaluation in all, or the
            baseline is none of them, or several.
    """
    found = _named(places)
    if against is None:
        return found
    if against in places and len(places) == len(found):
        baseline = found[places.index(against)]
    else:
        baseline = _baseline(found, against)
    return [baseline, *(one for one in found if one is not baseline)]


def _baseline(found: Sequence[Evaluation], against: str) -> Evaluation:
    known = [(one.name, one.label, f"{one.step}:{one.label}") for one in found]
    same = [one for one, names in zip(found, known, strict=True) if against in names]
    if not same:
        hint = did_you_mean(against, [one.name for one in found])
        raise RunError(f"--against: there is no '{against}' among what is compared; {hint}")
    if len(same) > 1:
        names = ", ".join(f"'{one.name}'" for one in same)
        raise RunError(f"--against: '{against}' may be any of {names}; name one of these")
    return same[0]


def _named(places: Sequence[str]) -> list[Evaluation]:
    """Return the evaluations of places, with names that tell them apart."""
    if len(places) == 1:
        found = _in(places[0])
        if len(found) > 1:
            return [replace(one, name=f"{one.step}: {one.label}") for one in found]
        raise RunError(f"{places[0]}: has one evaluation, {found[0].label}; name another run")
    chosen = [_chosen(place) for place in places]
    for names in (
        [one.run.resolve().name for one in chosen],
        [f"{one.run.resolve().name}: {one.label}" for one in chosen],
        list(places),
    ):
        if len(set(names)) == len(names):
            break
    numbered = Counter[str]()
    for n, name in enumerate(names):
        numbered[name] += 1
        names[n] = name if numbered[name] == 1 else f"{name} ({numbered[name]})"
    return [replace(one, name=name) for one, name in zip(chosen, names, strict=True)]


def _chosen(place: str) -> Evaluation:
    """Return the best evaluation of a place's last step."""
    found = _in(place)
    last = [one for one in found if one.step == found[-1].step]
    best = _best(recorded_run(last[0].run), last[0].step)
    return next((one for one in last if one.label == best), last[0])


def _in(place: str) -> list[Evaluation]:
    """Return all evaluations of a place, in order."""
    folder, *rest = _divided(place)
    found = list(_of_run(recorded_run(Path(folder))))
    if not found:
        raise RunError(f"{folder}: has no evaluation: {EVALUATE}")
    for name, attribute in zip(rest, ("step", "label"), strict=False):
        known = [getattr(one, attribute) for one in found]
        found = [one for one in found if getattr(one, attribute) == name]
        if not found:
            hint = did_you_mean(name, list(dict.fromkeys(known)))
            raise RunError(f"{place}: there is no evaluation '{name}'; {hint}")
    return found


def _divided(place: str) -> list[str]:
    """Return a place's run directory, step and label.

    Raises:
        RunError: there is no such folder.
    """
    parts = place.split(":")
    for n in range(len(parts), 0, -1):
        folder = ":".join(parts[:n])
        if folder and Path(folder).is_dir():
            step, *label = parts[n:] or [""]
            return [folder, *filter(None, [step, ":".join(label)])]
    raise RunError(f"{place}: there is no such run directory (RUN[:STEP[:LABEL]])")


def _of_run(run: RecordedRun) -> Iterator[Evaluation]:
    for record in run.steps:
        manifest = run.manifest(record.step)
        values = run.stored(record.step)
        if manifest is None or "metrics" not in {value.kind for value in values}:
            continue
        folder = run.folder / "steps" / record.step
        for value in values:
            if value.kind == "predictions":
                yield Evaluation(
                    name="",
                    run=run.folder,
                    step=record.step,
                    use=record.use,
                    label=value.form["label"],
                    results={of: folder / name for of, name in value.form["results"].items()},
                    truth=folder / value.form["images"],
                    evaluator=_evaluator(record.use, manifest.parts.code, record.environment),
                    pictures={
                        port: given["images"]
                        for port, given in record.inputs.items()
                        if isinstance(given, Mapping) and "images" in given
                    },
                )


def _evaluator(use: str, code: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """Return what the figures are counted by: the step, pycocotools, and the code around it."""
    counting = {name: digest for name, digest in code.items() if "coco_metrics" in name}
    known = {"pycocotools": environment.get("pycocotools", ""), **counting}
    return {"step": use, **{name: told for name, told in known.items() if told}}


def _best(run: RecordedRun, step: str) -> str:
    """Return the label of a step's best checkpoint: as it says, else by the mAP of boxes."""
    record = next(record for record in run.steps if record.step == step)
    said = record.notes.get("best")
    if isinstance(said, Mapping) and isinstance(said.get("label"), str):
        return str(said["label"])
    scores = {
        path[0]: figure
        for value in run.stored(step)
        if value.kind == "metrics"
        for path, figure in value.form.get("figures", [])
        if tuple(path[1:]) == METRIC and figure is not None
    }
    return max(scores, key=lambda label: scores[label], default="")


def _with_names_below(data: Dataset) -> Dataset:
    """Return a data set with the names of its pictures relative to the folder that all lie in."""
    # a place that the environment said is as good as an absolute one
    names = [
        f"/{name}" if name.startswith("${env:") else name
        for name in (image.file_name.replace("\\", "/") for image in data.images)
    ]
    folders = {os.path.dirname(name) for name in names}
    are_absolute = all(map(os.path.isabs, folders))
    common = os.path.commonpath(folders) if folders and are_absolute else ""
    images = tuple(
        msgspec.structs.replace(image, file_name=os.path.relpath(name, common) if common else name)
        for image, name in zip(data.images, names, strict=True)
    )
    return data.replace(images=images)
