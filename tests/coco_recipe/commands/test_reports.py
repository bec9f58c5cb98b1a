"""Findings and problems as lines for GitHub."""

import json
from pathlib import Path

import pytest
from builders import coco, command, write_recipe


def test_lines_for_github_name_the_file_one_line_a_finding(tmp_path: Path) -> None:
    folder = tmp_path / "a,b: 100%"
    folder.mkdir()
    data = coco(2, [(1, 1)], names=("cat", "100%\r\n: d,og"))
    data["annotations"][0] |= {"bbox": [1, 2, 0, 10], "area": 0}
    (folder / "raw.json").write_text(json.dumps(data))
    lines = command(
        "check", "a,b: 100%/raw.json", "--format", "github", cwd=tmp_path
    ).stdout.splitlines()
    assert len(lines) == 4
    assert all(
        line.startswith("::warning file=a%2Cb%3A 100%25/raw.json::raw.json: 1 ") for line in lines
    ), lines
    assert (
        "category 2 ('100%25\\r\\n: d,og') (unused_categories)%0A    hint: repair: "
        "categories: drop_unused" in lines[2] + lines[3]
    )


@pytest.mark.parametrize("verb", ["check", "run", "plan"])
def test_errors_of_a_recipe_name_the_annotation_file_for_github(verb: str, tmp_path: Path) -> None:
    data = coco(2, [(1, 1), (9, 2)])
    write_recipe(tmp_path, [{"id": "x", "use": "reindex", "in": "raw"}], data)
    out = command(verb, "recipe.yaml", "--format", "github", cwd=tmp_path).stdout
    assert (
        "::error file=raw.json::raw: 1 annotation points to an image that is not in the "
        "file: annotation 2: image 9" in out
    )
    data["annotations"][0]["area"] = "wide"
    write_recipe(tmp_path, [{"id": "x", "use": "reindex", "in": "raw"}], data)
    out = command(verb, "recipe.yaml", "--format", "github", cwd=tmp_path).stdout
    assert out.startswith(
        "::error file=raw.json::raw: 1 area is not numeric: annotation 1: {'area': 'wide'}"
    )
