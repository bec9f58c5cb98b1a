"""The proof has what the results depend on, and lines that can be run as they are."""

from dataclasses import replace
from pathlib import Path

from coco_recipe_report.sections import proof

from coco_recipe import RunFacts


def test_hashes_versions_and_lines(facts: RunFacts) -> None:
    found = proof.gather(facts)
    assert [(name, what) for name, what, _ in found.inputs] == [
        ("raw", "annotations"),
        ("raw", "images"),
    ]
    assert all(len(sha256) == 64 for *_, sha256 in found.inputs)
    assert {"coco-recipe", "albumentations"} <= {name for name, _ in found.versions}
    assert found.verify == "coco-recipe verify --inputs test"
    assert found.again == "coco-recipe run recipe.yaml"
    odd = proof.gather(replace(facts, folder=Path("a; rm b")))
    assert odd.verify.endswith("'a; rm b'")
