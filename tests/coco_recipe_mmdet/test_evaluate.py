import contextlib
import io
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from coco_recipe_mmdet import evaluate
from coco_recipe_mmdet.inside import inference, job_soup
from training import CPU, TINY, Shapes, provenance

from coco_recipe import (
    Checkpoint,
    Dataset,
    Facts,
    Misfit,
    manifest,
    shipped_values,
    stored_values,
)


def test_the_metrics_are_those_of_pycocotools_on_the_results_file(
    trained: Path, shapes: Shapes
) -> None:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    report = json.loads((trained / "score/metrics.json").read_text())
    assert [row["label"] for row in report["checkpoints"]] == [
        "epoch_1",
        "epoch_2",
        "epoch_3",
        f"{report['best']}-2",
    ]
    for row in report["checkpoints"]:
        results = json.loads((trained / "score" / row["results"]["bbox"]).read_text())
        assert results, "a score threshold of 0.001 finds something"
        with contextlib.redirect_stdout(io.StringIO()):
            truth = COCO(shapes.folder / "val/annotations.json")
            evaluation = COCOeval(truth, truth.loadRes(results), "bbox")
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
        ours = [
            row["bbox"][name] for name in ("mAP", "mAP_50", "mAP_75", "mAP_s", "mAP_m", "mAP_l")
        ]
        assert ours == pytest.approx(evaluation.stats[:6], abs=1e-6)
    by_label = {row["label"]: row["bbox"]["mAP"] for row in report["checkpoints"]}
    assert by_label[report["best"]] == max(by_label.values())
    assert (trained / "score/best.pth").samefile(trained / f"fit/checkpoints/{report['best']}.pth")


def test_an_average_is_evaluated_with_the_config_that_its_checkpoints_carry(trained: Path) -> None:
    report = json.loads((trained / "score_average/metrics.json").read_text())
    assert [row["label"] for row in report["checkpoints"]] == ["average"]
    assert 0 <= report["checkpoints"][0]["bbox"]["mAP_50"] <= 1


def test_the_metrics_of_the_training_are_those_of_evaluate(trained: Path) -> None:
    during = provenance(trained, "fit").notes["metrics"]
    after = provenance(trained, "score").notes["metrics"]
    for epoch in ("epoch_1", "epoch_2", "epoch_3"):
        assert after[epoch]["bbox"]["mAP_50"] == pytest.approx(
            during[epoch].get("bbox_mAP_50", 0.0), abs=6e-4
        )


def test_metrics_by_class_and_of_masks_counted_by_hand(tmp_path: Path) -> None:
    import pycocotools.mask

    square = [[0, 0, 10, 0, 10, 10, 0, 10]]
    truth = {
        "images": [{"id": 5, "width": 64, "height": 64}],
        "categories": [{"id": 3, "name": "帽"}, {"id": 7, "name": "b"}, {"id": 9, "name": "c"}],
        "annotations": [
            {
                "id": n,
                "image_id": 5,
                "category_id": c,
                "bbox": [0, 0, 10, 10],
                "area": 100,
                "iscrowd": 0,
                "segmentation": square,
            }
            for n, c in ((1, 3), (2, 7))
        ],
    }
    path = tmp_path / "truth.json"
    path.write_text(json.dumps(truth))
    mask = {
        "size": [64, 64],
        "counts": [0, *[10, 54] * 9, 10, 54 + 54 * 64],
    }  # ten columns of ten pixels, then nothing
    mask = pycocotools.mask.frPyObjects(mask, 64, 64)
    good = {"image_id": 5, "category_id": 3, "bbox": [0, 0, 10, 10], "score": 0.9}
    half = {
        "image_id": 5,
        "category_id": 7,
        "bbox": [0, 0, 10, 6],
        "score": 0.9,
    }  # IoU 0.6: right at .50, .55, .60 of ten
    found = inference.measure(
        path, {"bbox": [good, half], "segm": [{**good, "segmentation": mask}]}
    )
    assert {name: row["mAP"] for name, row in found["bbox"]["classes"].items()} == {
        "帽": 1.0,
        "b": 0.3,
        "c": -1.0,
    }
    assert found["bbox"]["mAP"] == pytest.approx(0.65)
    assert found["bbox"]["mAP_50"] == 1.0
    assert {name: row["mAP"] for name, row in found["segm"]["classes"].items()} == {
        "帽": 1.0,
        "b": 0.0,
        "c": -1.0,
    }
    nothing = inference.measure(path, {"bbox": []})["bbox"]
    assert (nothing["mAP"], nothing["classes"]["帽"]["mAP"], nothing["classes"]["c"]["mAP"]) == (
        0.0,
        0.0,
        -1.0,
    )
    assert (nothing["mAP_s"], nothing["mAP_l"]) == (
        0.0,
        -1.0,
    )  # there are small boxes to find and no large ones


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
    assert text == (trained / "score/results/epoch_3.bbox.json").read_text(), (
        "the same pictures in the same order"
    )


def _output(step: Path, port: str) -> Any:
    found = manifest.read(step / "manifest.json")
    assert found
    return stored_values.read(shipped_values.KINDS, step, found.outputs[port], {})


def test_later_steps_can_read_what_was_measured_and_found(trained: Path) -> None:
    report = json.loads((trained / "score/metrics.json").read_text())
    metrics = _output(trained / "score", "metrics")
    assert list(metrics.figures) == [row["label"] for row in report["checkpoints"]]
    flat = dict(metrics.flat())
    for row in report["checkpoints"]:
        assert flat[row["label"], "bbox", "mAP"] == row["bbox"]["mAP"]
        assert flat[row["label"], "bbox", "mAP_l"] is None, "nothing is so large: -1 in the file"
        for name, one in row["bbox"]["classes"].items():
            assert flat[row["label"], "bbox", "classes", name, "boxes"] == one["boxes"]
    several = _output(trained / "score", "predictions")
    assert [one.label for one in several] == [row["label"] for row in report["checkpoints"]]
    guess = _output(trained / "guess", "predictions")
    assert guess.label == "epoch_3"
    assert guess.rows() == several[2].rows("bbox"), "the same pictures in the same order"
    assert [image.id for image in guess.dataset().images] == list(range(1, 13))
    for one in (guess, *several):
        one.check()
        assert one.counts == {"bbox": len(one.rows())}
    soup = json.loads((trained / "soup/metrics.json").read_text())["checkpoints"]
    figures = _output(trained / "soup", "metrics").figures
    assert [figures[row["label"]]["bbox"]["mAP"] for row in soup] == [
        row["bbox"]["mAP"] for row in soup
    ]


def test_a_picture_that_can_not_be_read_is_named(shapes: Shapes, trained: Path) -> None:
    folder = shapes.folder / "broken"
    folder.mkdir()
    (folder / "text.jpg").write_text("no picture")
    (folder / "empty.jpg").write_text("")
    start = {
        "checkpoint": str(trained.relative_to(shapes.folder) / "fit/checkpoints/epoch_3.pth"),
        "classes": ["a", "b", "c"],
    }
    steps = [
        {
            "id": "p",
            "use": "predict",
            "in": {"checkpoint": "start"},
            "with": {"folder": "broken", **CPU},
        }
    ]
    assert f"2 of the pictures in {folder} can't be read: empty.jpg, text.jpg" in shapes.fails(
        "broken", steps, start=start
    )
    shutil.copyfile(shapes.folder / "val/images/0001.png", os.fsencode(folder) + b"/\xff.png")
    assert "steps[0].with.folder: the name '\\udcff.png' in it is not UTF-8" in shapes.fails(
        "broken", steps, start=start
    )


def test_greedy_soup_is_no_worse_than_its_best_part(trained: Path) -> None:
    import torch

    notes = provenance(trained, "soup").notes
    parts = {key: value for key, value in notes["metric"].items() if key != "soup"}
    assert notes["metric"]["soup"] >= max(parts.values())
    assert notes["taken"][0] == max(parts, key=lambda label: parts[label])
    soup = torch.load(trained / "soup/soup.pth", weights_only=True)["state_dict"]
    states = [
        torch.load(trained / f"fit/checkpoints/{label}.pth", weights_only=True)["state_dict"]
        for label in notes["taken"]
    ]
    key = "bbox_head.retina_cls.weight"
    mean = torch.stack([state[key].double() for state in states]).mean(0).float()
    assert torch.equal(soup[key], mean)


def test_a_soup_of_checkpoints_with_different_configs_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Detector:
        def results(self, *_: Any) -> dict[str, list[Any]]:
            return {"bbox": []}

    monkeypatch.setattr(inference, "measure", lambda *_: {"bbox": {"mAP": 0.0}})
    monkeypatch.setattr(
        inference,
        "detectors",
        lambda *_: (
            ({"label": f"e{n}", "path": "x"}, detector)
            for n, detector in enumerate((Detector(), Detector()))
        ),
    )
    job = {"best_by": "bbox_mAP", "images": 1, "checkpoints": [1, 2]}
    with pytest.raises(
        ValueError, match=r"the checkpoints carry different ones \(that of e1 is another\)"
    ):
        job_soup.greedy_soup(job, None)


def test_recompute_batch_norm_changes_only_the_buffers_of_batch_norms(trained: Path) -> None:
    import torch

    before, after = (
        torch.load(path, weights_only=True)["state_dict"]
        for path in (trained / "fit/checkpoints/epoch_3.pth", trained / "renormed/checkpoint.pth")
    )
    assert list(before) == list(after)
    changed = {key for key in before if not torch.equal(before[key], after[key])}
    assert changed
    assert all(
        key.endswith(("running_mean", "running_var", "num_batches_tracked")) for key in changed
    )
    batches = {int(value) for key, value in after.items() if key.endswith("num_batches_tracked")}
    assert (
        batches == {3}
    )  # 40 pictures, 16 at a time: the last are only 8, and each of them weighs as much as the others


def test_the_first_batch_norm_has_the_mean_over_the_pictures(trained: Path) -> None:
    import torch

    config, state = _model(trained / "renormed/checkpoint.pth")
    model, loader = config
    sums, n = torch.zeros(64, dtype=torch.float64), 0
    with torch.no_grad():
        for batch in loader:
            images = model.data_preprocessor(batch, False)["inputs"]
            sums += model.backbone.conv1(images).double().mean((0, 2, 3))
            n += 1
    assert torch.allclose(
        state["backbone.bn1.running_mean"].double(), sums / n, rtol=1e-4, atol=1e-5
    )


def _model(path: Path) -> tuple[tuple[Any, Any], dict[str, Any]]:
    import os

    import torch
    from coco_recipe_mmdet.inside import flat_config, stack

    stack.begin({"device": "cpu"})
    found = torch.load(path, weights_only=True)
    tree = flat_config.read(found["meta"]["cfg"])
    here = os.getcwd()
    os.chdir(path.parent)
    try:
        detector = inference.Detector(
            {"set": {}, "workers": 0, "classes": ["disc", "square", "triangle"], "batch_size": 8},
            tree,
            "cpu",
        )
    finally:
        os.chdir(here)
    detector.load(found["state_dict"], "it")
    return (detector.model, detector.loader), found["state_dict"]


def test_labels_are_made_unique() -> None:
    checkpoints = [
        Checkpoint(Path("a/x.pth"), label=label)
        for label in ("epoch_1", "epoch_1", "", "a/b", "epoch_1")
    ]
    assert evaluate.unique_labels(checkpoints) == ["epoch_1", "epoch_1-2", "x", "a_b", "epoch_1-3"]
    assert evaluate.unique_labels(
        [Checkpoint(Path("x"), label=label) for label in ("run-2", "run", "run")]
    ) == ["run-2", "run", "run-3"]


def test_checkpoints_with_other_classes_are_refused() -> None:
    from coco_recipe import Category

    dataset = Dataset((), (), (Category(1, "a"), Category(2, "b")))
    path = Path("x.pth")
    assert evaluate.class_order([Checkpoint(path, ("b", "a")), Checkpoint(path)], dataset) == (
        "b",
        "a",
    )
    with pytest.raises(ValueError, match="the checkpoint has not the data set's b"):
        evaluate.class_order([Checkpoint(path, ("a",))], dataset)
    with pytest.raises(ValueError, match="different orders"):
        evaluate.class_order([Checkpoint(path, ("b", "a")), Checkpoint(path, ("a", "b"))], dataset)
    with pytest.raises(Misfit, match="different orders"):
        evaluate.foresee(
            {},
            {"dataset": Facts(("a", "b")), "checkpoints": (Facts(("a", "b")), Facts(("b", "a")))},
        )


def test_init_weights_draws_the_same_weights_from_the_same_seed(shapes: Shapes) -> None:
    import torch

    with_ = {"config": "small.py", "classes": "coco", "seed": 3, "device": "cpu", "set": TINY}
    steps = shapes.run(
        "initial",
        [
            {"id": "a", "use": "init_weights", "with": with_},
            {"id": "b", "use": "init_weights", "with": with_},
            {"id": "c", "use": "init_weights", "with": with_ | {"seed": 4}},
        ],
    )
    a, b, c = (
        torch.load(steps / f"{name}/initial.pth", weights_only=True)["state_dict"] for name in "abc"
    )
    assert a["bbox_head.retina_cls.weight"].shape[0] == 9 * 80
    assert all(torch.equal(a[key], b[key]) for key in a)
    assert not torch.equal(a["bbox_head.retina_cls.weight"], c["bbox_head.retina_cls.weight"])
    outputs = json.loads((steps / "a/manifest.json").read_text())["outputs"]["checkpoint"]
    assert len(outputs["classes"]) == 80
    assert outputs["classes"][0] == "person"
    assert len(outputs["fingerprint"]) == 64
