"""What a checkpoint finds is written as COCO results."""

import contextlib
import io
import json
from pathlib import Path


def test_predict_writes_results_for_a_folder_without_annotations(trained: Path) -> None:
    from pycocotools.coco import COCO

    text = (trained / "guess/results/predictions.bbox.json").read_text()
    results = json.loads(text)
    listed = json.loads((trained / "guess/images.json").read_text())
    assert len(listed["images"]) == 12
    assert [row["name"] for row in listed["categories"]] == ["disc", "square", "triangle"]
    with contextlib.redirect_stdout(io.StringIO()):
        loaded = COCO(trained / "guess/images.json").loadRes(results)
    assert len(loaded.anns) == len(results) > 0
    assert text == (trained / "score/results/fit/epoch_3.bbox.json").read_text(), (
        "the same pictures in the same order"
    )
