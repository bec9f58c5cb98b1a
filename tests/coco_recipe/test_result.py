"""What a run left, by step and port."""

from pathlib import Path

import pytest
from builders import CLEAN, PARTS, coco, write_recipe

import coco_recipe
from coco_recipe import coco_json


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    return write_recipe(tmp_path, [CLEAN, PARTS], coco(8, [(n, 1 + n % 2) for n in range(1, 9)]))


def test_the_result_gives_data_sets_by_step_and_port(recipe: Path) -> None:
    result = coco_recipe.run(str(recipe), out=str(recipe.parent / "out"), jobs=1)
    assert result.ran == ("clean", "parts")
    written = coco_json.load(next((recipe.parent / "out/steps/parts").rglob("train.json")))
    assert [image.id for image in result["parts", "train"].images] == [
        image.id for image in written.images
    ]
    assert result.datasets["parts.train"] == result["parts.train"]
    assert {"clean", "parts.train", "parts.val"} <= set(result.datasets)
    assert {row.category_id for row in result["clean"].annotations} == {1}
    assert dict(result.checkpoints) == {}
    with pytest.raises(KeyError, match=r"no output 'parts.trian'; did you mean 'parts.train'"):
        result["parts", "trian"]
    fresh = coco_recipe.run(recipe, out=recipe.parent / "out", jobs=1)
    assert fresh.ran == ()
    (recipe.parent / "raw.json").write_text((recipe.parent / "raw.json").read_text() + " ")
    with pytest.raises(coco_recipe.RunError, match="the input 'raw' has changed since the run"):
        fresh["clean"]
    coco_recipe.run(recipe, out=recipe.parent / "out", jobs=1)
    with pytest.raises(coco_recipe.RunError, match="was run anew since"):
        result["parts.train"]
