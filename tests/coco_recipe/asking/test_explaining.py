"""A recipe is said in sentences."""

from pathlib import Path

from builders import coco, command, write_recipe

STEPS = [
    {"id": "clean", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}},
    {"id": "parts", "use": "split", "in": "clean", "with": {"folds": 2}},
    {
        "id": "out",
        "use": "export_coco",
        "in": {"a": "parts.fold_1"},
        "with": {"images": "none", "to": "data"},
    },
]


def test_inputs_steps_and_ends_are_told(tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path, STEPS, coco(), seed=7)
    shown = command("explain", recipe, cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert max(map(len, shown.stdout.splitlines())) <= 80
    assert not (tmp_path / "runs").exists()
    told = " ".join(shown.stdout.split())
    for sentence in (
        "The recipe 'test' has 1 input and 3 steps; its seed is 7.",
        "'raw' is the data set raw.json, without pictures.",
        "1. 'clean' (filter_categories): from 'raw', it drops the category dog.",
        "It gives parts.fold_1 and parts.fold_2.",
        "The result of 'out' appears in data, below the run directory.",
        "No later step reads 'parts.fold_2': it is kept.",
    ):
        assert sentence in told


def test_rows_that_are_missing_are_no_obstacle_to_words(tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path, STEPS[:1], coco(0, []))
    assert command("explain", recipe, cwd=tmp_path).returncode == 0
