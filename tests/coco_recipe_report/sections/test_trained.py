"""A training is drawn from its scalars."""

import json
from dataclasses import replace
from pathlib import Path

from coco_recipe_report.sections import trained

from coco_recipe import RunFacts

LINES = [
    *({"epoch": 1, "iter": n, "lr": 0.01, "loss": 4.0 / n, "loss_cls": 2.0 / n} for n in (1, 2)),
    {"epoch": 1, "iter": 2, "val": {"coco/bbox_mAP": 0.25, "coco/bbox_mAP_s": -1.0}},
    {"epoch": 2, "iter": 3, "lr": 0.001, "loss": 1.0},
    {"epoch": 2, "iter": 3, "val": {"coco/bbox_mAP": 0.5, "coco/bbox_mAP_s": -1.0}},
]


def test_losses_rates_and_metrics(facts: RunFacts, tmp_path: Path) -> None:
    folder = tmp_path / "steps" / "parts"
    folder.mkdir(parents=True)
    text = "".join(json.dumps(line) + "\n" for line in LINES)
    (folder / "scalars.jsonl").write_text(text + '{"epoch": 3, "it')
    (found,) = trained.gather(replace(facts, folder=tmp_path))
    assert (found.step, found.epochs, found.iterations) == ("parts", 2, 3)
    keys = {title: [name for name, _ in keys] for title, _, keys in found.figures}
    assert keys == {
        "Loss": ["loss", "loss_cls"],
        "Learning rate": ["lr"],
        "On val, by epoch": ["bbox_mAP"],
    }
    assert "bbox_mAP: 0.5 at epoch 2" in found.figures[2][1]


def test_a_run_without_scalars_trained_nothing(facts: RunFacts) -> None:
    assert trained.gather(facts) == []
