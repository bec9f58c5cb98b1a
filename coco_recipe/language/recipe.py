"""validate: Source -> Recipe, what a recipe says once its shape is right."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coco_recipe.errors import Problem
from coco_recipe.findings import Choice
from coco_recipe.json_types import Params
from coco_recipe.language import schema_check, schemas
from coco_recipe.language.source import Source
from coco_recipe.regular import why_none
from coco_recipe.yaml_text import KeyPath


@dataclass(frozen=True, slots=True)
class Input:
    """A value to start from; paths as the recipe has them. Its ``kind`` is named by its key.

    ``sha256`` is how the hash of the annotation file, checkpoint or other file must begin.
    ``follow_links`` says whether pictures may be links to elsewhere: to anywhere, or to below one
    of some folders, which are paths as the others.
    """

    name: str
    annotations: str = ""
    images: str = ""
    checkpoint: str = ""
    classes: tuple[str, ...] = ()
    sha256: str = ""
    other_kind: str = ""
    file: str = ""
    of: str = ""
    follow_links: bool | tuple[str, ...] = False

    @property
    def kind(self) -> str:
        """The name of its kind of values."""
        return self.other_kind or ("checkpoint" if self.checkpoint else "dataset")


@dataclass(frozen=True, slots=True)
class RecipeStep:
    """One entry of ``steps``; ``at`` is its key path in the source."""

    id: str
    use: str
    inputs: Any
    params: Params
    at: KeyPath


FORMAT = 1  # it goes up where an older coco-recipe would misread a recipe, and only then


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recipe whose shape is right; ``findings`` are its choices of severity by kind."""

    source: Source
    name: str
    seed: int
    inputs: tuple[Input, ...]
    steps: tuple[RecipeStep, ...]
    findings: Mapping[str, Choice] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The folder that the recipe's paths are relative to."""
        return self.source.origin.parent


def validate(source: Source, problems: list[Problem]) -> Recipe:
    """Check the shape of a recipe; append what is wrong, and return what is well formed.

    Reading goes on after a problem, so that the references and parameters of the rest are checked
    too. Of a recipe in another format nothing is judged but that.
    """
    if other := _of_another_format(source):
        problems.append(other)
        return Recipe(source, "", 0, (), ())
    found = list(schema_check.problems(schemas.shipped("shape"), source.data, source, ()))
    problems.extend(found)
    data = source.data if isinstance(source.data, dict) else {}
    inputs = [_input(name, row, source, problems) for name, row in _items(data.get("inputs"))]
    steps = [
        RecipeStep(
            row["id"],
            row["use"],
            row.get("in"),
            row["with"] if isinstance(row.get("with"), dict) else {},
            ("steps", i),
        )
        for i, row in enumerate(data["steps"] if isinstance(data.get("steps"), list) else [])
        if isinstance(row, dict)
        and isinstance(row.get("id"), str)
        and isinstance(row.get("use"), str)
    ]
    seed = data.get("seed", 0)
    choices = data.get("findings") if not found else {}
    return Recipe(
        source,
        str(data.get("name", "")),
        seed if isinstance(seed, int) else 0,
        tuple(inputs),
        tuple(steps),
        choices or {},
    )


def _of_another_format(source: Source) -> Problem | None:
    """Return what is wrong with the number of a recipe's format, where it is a whole number."""
    data = source.data if isinstance(source.data, dict) else {}
    number = data.get("coco_recipe")
    if isinstance(number, bool) or not isinstance(number, int) or number == FORMAT:
        return None
    what = f"is in format {number} of recipes, and this coco-recipe reads format {FORMAT}"
    if number > FORMAT:
        remedy = "a newer coco-recipe reads it: python -m pip install --upgrade coco-recipe"
    else:
        remedy = f"there was no such format; write coco_recipe: {FORMAT}"
    return Problem(source.where(("coco_recipe",)), what, remedy)


def _items(value: Any) -> list[tuple[str, dict[str, Any]]]:
    return (
        [(k, v) for k, v in value.items() if isinstance(v, dict)] if isinstance(value, dict) else []
    )


def _input(name: str, row: dict[str, Any], source: Source, problems: list[Problem]) -> Input:
    at = ("inputs", name)
    if sum(key in row for key in ("annotations", "checkpoint", "file")) != 1:
        problems.append(
            Problem(
                source.where(at),
                "must have one of 'annotations', 'checkpoint' and 'kind' with 'file'",
            )
        )
    elif ("kind" in row) != ("file" in row) or ("of" in row and "file" not in row):
        problems.append(
            Problem(
                source.where(at),
                "'kind' and 'file' stand together, and 'of' with them",
                "{kind: predictions, file: results.json, of: val.json}",
            )
        )
    for key, is_there in (
        ("annotations", Path.is_file),
        ("checkpoint", Path.is_file),
        ("images", Path.is_dir),
        ("file", Path.is_file),
        ("of", Path.is_file),
    ):
        path = row.get(key)
        if isinstance(path, str) and not is_there(source.origin.parent / path):
            kind = "folder" if key == "images" else "file"
            what = why_none(source.origin.parent / path, path, kind)
            hint = source.relative_to((*at, key)) if what.startswith("there is no") else ""
            problems.append(Problem(source.where((*at, key)), what, hint))
    text = {
        key: row[key]
        for key in ("annotations", "images", "checkpoint", "sha256", "file", "of")
        if isinstance(row.get(key), str)
    }
    if isinstance(row.get("kind"), str):
        text["other_kind"] = row["kind"]
    return Input(
        name,
        **text,
        classes=_texts(row.get("classes")),
        follow_links=_links(row.get("follow_links")),
    )


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _links(value: Any) -> bool | tuple[str, ...]:
    return _texts(value) if isinstance(value, list) else value is True
