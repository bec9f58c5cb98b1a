"""A greedy soup takes in what makes it no worse."""

from pathlib import Path

from training import CPU, TINY, Shapes, provenance


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


def test_a_soup_of_checkpoints_with_different_configs_is_refused(shapes: Shapes) -> None:
    drawn = [
        {
            "id": f"drawn_{n}",
            "use": "init_weights",
            "with": {
                "config": "small.py",
                "classes": ["disc", "square", "triangle"],
                "set": {**TINY, "model.test_cfg.max_per_img": 10 * n},
                **CPU,
            },
        }
        for n in (1, 2)
    ]
    soup = {
        "id": "soup",
        "use": "greedy_soup",
        "in": {"checkpoints": ["drawn_1", "drawn_2"], "dataset": "val"},
        "with": CPU,
    }
    said = shapes.fails("two_configs", [*drawn, soup])
    assert "the checkpoints carry different ones (that of initial-2 is another)" in said
