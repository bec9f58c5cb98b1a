"""Steps that write pictures say the same of them, each in its own words where these differ."""

import pytest
from coco_recipe_pictures import picture_params, tile_params
from coco_recipe_pictures.augment import params


@pytest.mark.parametrize("schema", [params.PARAMS, tile_params.PARAMS], ids=["augment", "tile"])
def test_both_steps_have_them(schema: dict[str, dict[str, object]]) -> None:
    rules = schema["properties"]
    assert rules["quality"] is picture_params.QUALITY
    assert rules["exif"] is picture_params.EXIF


def test_words_are_the_steps_own() -> None:
    assert picture_params.file_format("the tiles")["description"] == "File format of the tiles."
    assert picture_params.max_pixels("It is bad.")["description"] == "It is bad."
