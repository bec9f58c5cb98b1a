"""Fill in the variables of a recipe: ``${name}`` and ``${env:NAME}``."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from coco_recipe.errors import Problem, Where, did_you_mean, show_path
from coco_recipe.language.bases import Spot
from coco_recipe.yaml_text import KeyPath

_VARIABLE = re.compile(r"\$\{(env:)?([A-Za-z_][\w.]*)\}")
MAX_LOOK_UPS = 100_000


class Filler:
    """Replaces ``${name}`` and ``${env:NAME}`` in strings; other ``${...}`` is left to the step.

    A variable ``{env: NAME}`` is the environment's, too; with ``public: true`` it may be written.

    Attributes:
        hidden: what came from the environment and may not be written, each with its name.
        keeps: leave in place what may not be written.
    """

    def __init__(
        self,
        path: Path,
        places: Mapping[KeyPath, Spot],
        names: dict[str, Any],
        problems: list[Problem],
        settings: dict[KeyPath, Where],
        *,
        keeps: bool = False,
    ) -> None:
        self.hidden: dict[str, str] = {}
        self.keeps = keeps
        self.looked_up = 0
        self.path, self.places, self.names = path, places, names
        self.problems, self.settings = problems, settings

    def fill(self, value: Any, at: KeyPath) -> Any:
        if isinstance(value, dict):
            return {key: self.fill(child, (*at, key)) for key, child in value.items()}
        if isinstance(value, list):
            return [self.fill(child, (*at, i)) for i, child in enumerate(value)]
        if not isinstance(value, str) or "${" not in value:
            return value
        if (whole := _VARIABLE.fullmatch(value)) and not whole[2].startswith("image."):
            return self.look_up(whole, at, 0)
        return _VARIABLE.sub(
            lambda m: m[0] if m[2].startswith("image.") else str(self.look_up(m, at, 0)), value
        )

    def look_up(self, match: re.Match[str], at: KeyPath, depth: int) -> Any:
        name = match[2]
        value: Any = self.from_environment(name) if match[1] else self.names
        if match[1] and value is not None and self.keeps:
            return value
        if not match[1]:
            for part in name.split("."):
                value = value.get(part) if isinstance(value, dict) else None
            if setting := self.settings.get(("vars", *name.split("."))):
                self.settings[at] = setting  # what is wrong with the value is wrong there
            if isinstance(value, dict) and isinstance(variable := value.get("env"), str):
                value = self.from_environment(variable, is_public=value.get("public") is True)
                match = _VARIABLE.fullmatch(f"${{env:{variable}}}") or match
                if value is not None and self.keeps:
                    return value
        self.looked_up += 1
        if self.looked_up > MAX_LOOK_UPS + 1:
            return ""  # it is told
        if value is None or depth > 20 or self.looked_up > MAX_LOOK_UPS:
            file, line, column = self.places.get(at, Spot(self.path, 0, 0))
            what, hint = "is not set", did_you_mean(name, list(self.names))
            if match[1]:
                hint = f"set it before: export {name.removeprefix('env:')}=..."
            elif not hint:
                hint = f"give it a value under vars, or with --set vars.{name}=..."
            if depth > 20:
                what, hint = "refers to itself", "give one of them a value without variables"
            if self.looked_up > MAX_LOOK_UPS:
                what = f"makes the recipe look up more than {MAX_LOOK_UPS} variables"
                hint = "let fewer variables refer to others"
            self.problems.append(
                Problem(Where(str(file), line, column, show_path(at)), f"{match[0]} {what}", hint)
            )
            return ""
        if isinstance(value, str) and (inner := _VARIABLE.fullmatch(value)):
            return self.look_up(inner, at, depth + 1)
        if isinstance(value, str):
            return _VARIABLE.sub(lambda m: str(self.look_up(m, at, depth + 1)), value)
        return value

    def from_environment(self, name: str, *, is_public: bool = False) -> str | None:
        """Return a variable of the environment, or how it is written; None where it isn't set."""
        value = os.environ.get(name)
        if value is not None and not is_public:
            self.hidden[value] = f"${{env:{name}}}"
            return self.hidden[value] if self.keeps else value
        return value
