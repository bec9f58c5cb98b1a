"""Initial weights are drawn from a seed."""

import json

from training import TINY, Shapes


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
    outputs = json.loads((steps / "a/manifest.json").read_text())["outputs"]["checkpoint"]["form"]
    assert len(outputs["classes"]) == 80
    assert outputs["classes"][0] == "person"
    assert len(outputs["fingerprint"]) == 64
