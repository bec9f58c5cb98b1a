"""Shipped schemas are there."""

from coco_recipe.language.schemas import shipped


def test_the_shape_names_the_paths_of_inputs() -> None:
    rules = shipped("shape")["properties"]["inputs"]["additionalProperties"]["properties"]
    kinds = {name: rule["format"] for name, rule in rules.items() if "format" in rule}
    assert kinds == {
        "annotations": "recipe-file",
        "images": "recipe-folder",
        "checkpoint": "recipe-file",
        "file": "recipe-file",
        "of": "recipe-file",
    }
