"""Templates that were compiled ahead are those that stand beside them."""

import jinja2
import msgspec
import pytest
from coco_recipe_report import templates
from coco_recipe_report.templates import Compiled


@pytest.fixture
def found() -> Compiled:
    """What was compiled ahead."""
    found = msgspec.json.decode(templates.COMPILED.read_bytes(), type=Compiled)
    if found.jinja2 != jinja2.__version__:
        pytest.skip(f"jinja2 is {jinja2.__version__}, and {found.jinja2} has compiled them")
    return found


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the templates that are compiled when they are used."""
    names: list[str] = []
    load = templates.FileSystemLoader.load

    def loaded(self: object, environment: object, name: str, *more: object) -> object:
        names.append(name)
        return load(self, environment, name, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(templates.FileSystemLoader, "load", loaded)
    return names


def test_the_code_is_that_of_the_templates_as_they_stand(found: Compiled) -> None:
    now = msgspec.json.decode(templates.compiled(), type=Compiled)
    assert found == now, "python tests/helpers/pages.py writes it anew"


def test_nothing_is_compiled_when_a_page_is_written(told: list[str], found: Compiled) -> None:
    environment = templates.environment()
    assert environment.autoescape
    for name in found.code:
        environment.get_template(name)
    assert told == []


def test_templates_that_were_changed_are_compiled_when_they_are_used(
    told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(templates.jinja2, "__version__", "0")
    templates.environment().get_template("flow.html.j2")
    assert told == ["flow.html.j2"]
