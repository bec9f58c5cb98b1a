"""The templates of the page, as Python code that was made of them ahead.

Making it takes a fifth of a page. `compiled.json` beside the templates has the code. It counts only
for these very templates, and for the version of jinja2 that made it; otherwise they are compiled
when they are used. It is written by ``python tests/helpers/pages.py``.
"""

import hashlib
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import jinja2
import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from coco_recipe import about
from coco_recipe_report.drawing.svg import plain

FOLDER = Path(__file__).with_name("template")
COMPILED = FOLDER / "compiled.json"


class Compiled(msgspec.Struct, frozen=True):
    """Templates as Python code.

    Attributes:
        jinja2: the version of jinja2 that made the code.
        made_of: a digest of it and of the templates.
        code: by the template's name.
    """

    jinja2: str
    made_of: str
    code: dict[str, str]


def environment() -> Environment:
    """Return what the page is written with: texts are escaped, and a name must be known."""
    found = Environment(
        autoescape=True,
        loader=_Loader(FOLDER),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=plain,
    )
    found.globals["about"] = about
    return found


def compiled() -> bytes:
    """Compile the templates; return what stands in `COMPILED`."""
    of = environment()
    code = {name: of.compile(text, name, name, raw=True) for name, text in _sources().items()}
    made = Compiled(jinja2.__version__, _digest(), code)
    return msgspec.json.format(msgspec.json.encode(made), indent=1) + b"\n"


class _Loader(FileSystemLoader):
    """Loads the code of a template where there is one of it as it stands."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        found = msgspec.json.decode(COMPILED.read_bytes(), type=Compiled)
        self._code = found.code if found.made_of == _digest() else {}

    def load(
        self,
        environment: Environment,
        name: str,
        globals: MutableMapping[str, Any] | None = None,
    ) -> Template:
        if name not in self._code:
            return super().load(environment, name, globals)
        code = compile(self._code[name], name, "exec")
        return environment.template_class.from_code(environment, code, globals or {})


def _sources() -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in sorted(FOLDER.glob("*.j2"))}


def _digest() -> str:
    """Return a digest of the templates and of the version of jinja2."""
    told = msgspec.json.encode([jinja2.__version__, _sources()])
    return hashlib.sha256(told).hexdigest()
