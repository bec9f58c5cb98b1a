"""A greedy soup takes in what makes it no worse."""

from pathlib import Path

from training import CPU, Shapes, provenance


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
    shapes: Shapes, trained: Path
) -> None:
    import torch
    from coco_recipe_torch import checkpoints

    found = torch.load(trained / "fit/checkpoints/epoch_3.pth", weights_only=True)
    configs = [
        found["meta"]["cfg"].replace("'max_per_img': 100", f"'max_per_img': {n}") for n in (10, 20)
    ]
    assert configs[0] != configs[1]
    for number, config in enumerate(configs, 1):
        checkpoints.write(
            shapes.folder / f"carries_{number}.pth",
            found["state_dict"],
            classes=("disc", "square", "triangle"),
            meta={"cfg": config},
        )
    soup = {
        "id": "soup",
        "use": "greedy_soup",
        "in": {"checkpoints": ["first", "second"], "dataset": "val"},
        "with": CPU,
    }
    said = shapes.fails(
        "two_configs",
        [soup],
        first={"checkpoint": "carries_1.pth"},
        second={"checkpoint": "carries_2.pth"},
    )
    assert "the checkpoints carry different ones (that of second is another)" in said
