"""Inputs are read once: the bytes that are hashed are those that are decoded."""

import hashlib
import json
from pathlib import Path

import pytest
from builders import coco

from coco_recipe import DatasetError
from coco_recipe.errors import RecipeError
from coco_recipe.language.recipe import Input
from coco_recipe.language.source import Source
from coco_recipe.running import inputs
from coco_recipe.testing import dataset, draw
from coco_recipe.values.shipped import KINDS


def _source(folder: Path, text: str) -> Source:
    (folder / "raw.json").write_text(text, "utf-8")
    return Source(folder / "recipe.yaml", "", {}, {}, {})


def test_a_data_set_comes_with_the_hash_of_its_file(tmp_path: Path) -> None:
    text = json.dumps(coco())
    source = _source(tmp_path, "\ufeff" + text)
    found = inputs.read_input(Input("raw", annotations="raw.json"), source, KINDS)
    digest = hashlib.sha256(b"\xef\xbb\xbf" + text.encode()).hexdigest()
    assert found.digests == {"annotations": digest}
    assert found.value.images == dataset().images


@pytest.mark.parametrize("kind", ["annotations", "checkpoint"])
def test_a_file_with_another_hash_is_refused(kind: str, tmp_path: Path) -> None:
    source = _source(tmp_path, json.dumps(coco()))
    given = {kind: "raw.json"}
    item = Input("raw", sha256="00000000", **given)  # type: ignore[arg-type]
    with pytest.raises(RecipeError, match=r"the SHA-256 of .*raw.json is \w{8}, not 00000000"):
        inputs.read_input(item, source, KINDS)


def test_pictures_have_one_digest_and_a_missing_one_is_named(tmp_path: Path) -> None:
    data = coco(2)
    given = dataset(data, images=draw(tmp_path / "images", data))
    known: dict[str, str] = {}
    first = inputs.pixel_digest(given, known)
    assert {Path(path).name for path in known} == {"1.jpg", "2.jpg"}
    (tmp_path / "images/2.jpg").write_bytes(b"other")
    assert inputs.pixel_digest(given, {}) != first
    (tmp_path / "images/1.jpg").unlink()
    with pytest.raises(DatasetError, match=r"raw: 1 picture can't be read: image 1 \('1.jpg'\)"):
        inputs.pixel_digest(given, {})
