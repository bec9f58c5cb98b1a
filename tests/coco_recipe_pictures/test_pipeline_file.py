"""Files of pipelines: YAML and JSON, each problem with file and line."""

import re
from pathlib import Path
from typing import Any

import pytest
from coco_recipe_albumentations.pipeline.read import Pipeline
from coco_recipe_pictures import pipeline_file

from coco_recipe.errors import RecipeError
from coco_recipe.language import source

np = pytest.importorskip("numpy")
pytest.importorskip("albumentations")


def _whats(form: Any, **options: Any) -> list[str]:
    return [found.what for found in Pipeline.of(form, **options).problems]


def test_a_problem_in_a_file_names_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(
        "- HorizontalFlip: {p: 0.5}\n- Blurr:\n    p: 1\n- Blur:\n    limit: 3\n", "utf-8"
    )
    assert _whats(str(path)) == [
        f"{path}:2: Albumentations 2.0.8 has no transform 'Blurr'",
        f"{path}:5: Blur of Albumentations 2.0.8 has no argument 'limit'",
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("p.json", '{"a": 1,}', r"p\.json:1:9: is not JSON"),
        ("p.json", '[{"Resize": {"p": NaN}}]', "NaN, which is not JSON"),
        ("p.json", '{"a": 1, "a": 2}', "the key 'a' is there twice"),
        ("p.json", "[" * 100_000, "nested too deep"),
        (
            "p.json",
            '\n{"h": IMAGE_H, "width": IMAGE_WIDTH}',
            r"p\.json:2:7: IMAGE_H is no value: write a number; .*:2:25: IMAGE_WIDTH is no "
            r'value: write "\$\{image\.width\}"',
        ),
        ("p.yaml", "a: [1", r"p\.yaml:\d+:\d+: is not YAML"),
        (
            "p.yaml",
            "- a: 1\n  a: 2",
            r"p\.yaml:2:3: the key 'a' is there twice \(first in line 1\): remove one",
        ),
        (
            "p.yaml",
            "!!python/object/apply:os.system [ls]",
            r"p\.yaml:1:1: has the tag tag:yaml\.org,2002:python/object/apply:os\.system: "
            r"remove it",
        ),
        ("p.yaml", "[" * 101, "nested more than 100 deep"),
        ("p.json", "[" * 101 + "]" * 101, "nested more than 100 deep"),
        ("p.yaml", "a: &a [*a]", "nested more than 100 deep"),
        ("p.yaml", "[" * 5000, "nested more than 100 deep"),
        ("p.json", "\udcff", "is not UTF-8"),
        (
            "p.yaml",
            "a: &a [1,1,1,1,1,1,1,1]\n"
            + "\n".join(
                f"{new}: &{new} [{', '.join([f'*{old}'] * 8)}]"
                for old, new in zip("abcdefgh", "bcdefghi", strict=True)
            ),
            "more than 200000 values, aliases counted",
        ),
    ],
)
def test_a_file_that_is_no_pipeline_is_refused_at_its_place(
    name: str, text: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ValueError, match=message):
        pipeline_file.load(tmp_path / name)
    assert len(_whats(str(tmp_path / name))) == 1


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    assert _whats(str(tmp_path / "no.json")) == [
        f"{tmp_path / 'no.json'}: can't be read: No such file or directory"
    ]


def test_a_json_file_has_lines_also_where_yaml_would_not_read_it(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text('[\n\t{"Blur": {"p":\t1}},\n\t{"Blurr": {}}\n]', "utf-8")
    assert _whats(str(path)) == [f"{path}:3: Albumentations 2.0.8 has no transform 'Blurr'"]


@pytest.mark.parametrize(
    "scalar",
    [
        "no",
        "12:30",
        "0777",
        "0x1F",
        "0o17",
        "1_000",
        "1e-4",
        "+3",
        ".5",
        "~",
        "True",
        "'0x1F'",
        '"\\u00e4"',
        "!!str 5",
        "y",
    ],
)
def test_a_pipeline_reads_a_value_as_a_recipe_does(scalar: str, tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(f"[{{Blur: {{p: {scalar}}}}}]", "utf-8")
    mine, recipe = pipeline_file.load(path), source.load(path)
    assert repr(mine.form) == repr(recipe.data)
    assert mine.places == {at: (spot.line, spot.column) for at, spot in recipe.values.items()}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[{Blur: {p: .inf}}]", "1:13: .inf is not a finite number"),
        ("- {1: x}", "1:4: a key must be a string, not '1'"),
        ("- {<<: {p: 1}}", "1:4: merge keys"),
        ("- !!python/tuple {p: 1}", "1:3: has the tag"),
        ("- a\n---\n- b", "2:1: a second document begins here"),
    ],
)
def test_a_pipeline_is_refused_what_a_recipe_is(text: str, what: str, tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ValueError, match=re.escape(f"{path}:{what}")):
        pipeline_file.load(path)
    try:
        problems = source.load(path).problems
    except RecipeError as error:
        problems = error.problems
    assert str(problems[0]).startswith(f"{path}:{what.split(': ')[0]}:")
