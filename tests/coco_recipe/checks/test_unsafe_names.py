"""What is proposed for names that can't be used leaves as many names as there were."""

import json
from pathlib import Path

import pytest
from builders import coco, write_recipe

from coco_recipe.checks import row_checks
from coco_recipe.dataset import Dataset, Image
from coco_recipe.running import stages


def _remedy(names: list[str]) -> str:
    images = tuple(Image(id=number, file_name=name) for number, name in enumerate(names, 1))
    (found,) = row_checks.findings(Dataset(images, (), ()), "raw", {"unsafe_file_names"})
    return found.remedy


@pytest.mark.parametrize(
    ("names", "mends"),
    [
        (["../1.jpg", "/data/2.jpg", "3.jpg"], "basename: true"),
        (["/d/train/1.jpg", "/d/val/1.jpg"], 'strip_prefix: "/d/"'),
        (["/d/train/1.jpg", "/d/train/2.jpg", "1.jpg"], 'strip_prefix: "/d/"'),
        (["../a/1.jpg", "../b/1.jpg", "2.jpg"], "strip_prefix: ../"),
        (["https://h/s/a/1.jpg", "https://h/s/b/1.jpg"], 'strip_prefix: "https://h/s/"'),
        (["~/1.jpg", "1.jpg", "/2.jpg"], None),
        (["..\\a\\1.jpg", "..\\b\\1.jpg"], 'strip_prefix: "..\\\\"'),
        (["..\\a\\1.jpg", "../b/1.jpg"], "slashes: true, strip_prefix: ../"),
        (["/1.jpg", "/1.jpg"], "basename: true"),  # they were one before
    ],
)
def test_mends_are_proposed_that_make_no_two_names_one(names: list[str], mends: str | None) -> None:
    if mends:
        assert _remedy(names) == f"repair: file_names: {{{mends}}}"
    else:
        assert _remedy(names) == (
            "give these files other names: repair: file_names: {basename: true} makes one file of "
            "'~/1.jpg' and '1.jpg' (1 name would be lost)"
        )


@pytest.mark.parametrize("name", ["", "..", "a/.."])
def test_a_name_without_a_file_is_told(name: str) -> None:
    assert "makes" in _remedy([name, "1.jpg"])
    assert f"of {name!r}" in _remedy([name, "1.jpg"])


def test_what_is_proposed_mends_the_names(tmp_path: Path) -> None:
    data = coco()
    for image, name in zip(data["images"], ("../a/1.jpg", "../b/1.jpg", "../c/1.jpg"), strict=True):
        image["file_name"] = name
    (tmp_path / "raw.json").write_text(json.dumps(data))
    with_it = {"file_names": {"strip_prefix": "../"}}
    path = write_recipe(
        tmp_path, [{"id": "r", "use": "repair", "in": {"dataset": "raw"}, "with": with_it}]
    )
    stages.run(stages.prepare(path), out=tmp_path / "out")
    written = json.loads((tmp_path / "out/steps/r/dataset.json").read_text())
    assert [image["file_name"] for image in written["images"]] == ["a/1.jpg", "b/1.jpg", "c/1.jpg"]
