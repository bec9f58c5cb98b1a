"""The pages of docs/ that say what the code says: run as a script, it writes them anew."""

import ast
import inspect
import re
from collections.abc import Iterator
from functools import partial
from itertools import groupby
from pathlib import Path

import click
import msgspec
from builders import REPOSITORY
from coco_recipe_report import templates

from coco_recipe import cli, manifest, plugins
from coco_recipe.commands import step_page
from coco_recipe.errors import CocoRecipeError, HeldError, PluginError, RecipeError, RunError
from coco_recipe.publishing import card
from coco_recipe.publishing import marks as published
from coco_recipe.record_schema import described
from coco_recipe.running import cache

HELP = ["-h", "--help"]  # as below the command line


def steps() -> str:
    """Return docs/steps.md: the page of each step, as ``coco-recipe steps NAME`` shows it."""
    offers = sorted(plugins.find().offers.values(), key=lambda offer: offer.step.name)
    pages = (
        f"## {offer.step.name}\n\n```\n{step_page.page(offer).partition(chr(10))[2].strip()}\n```\n"
        for offer in offers
    )
    return "\n".join(
        [
            "# Steps\n\nWhat `coco-recipe steps NAME` shows of each step: what it does, its inputs "
            "and outputs, and the\nparameters that stand below `with`.\n",
            *pages,
        ]
    )


def errors() -> str:
    """Return docs/errors.md: each error that a caller of ``coco_recipe.run`` can catch."""
    plugins.find()
    rows = (
        f"| `{kind.__name__}` | `{kind.__bases__[0].__name__}` | {_exit_code(kind)} "
        f"| {(inspect.getdoc(kind) or '').partition('.')[0].replace('``', '`')} |\n"
        for kind in _below(CocoRecipeError)
    )
    return (
        "# Errors\n\nWhat a user can cause is a `CocoRecipeError`; its text is what the command "
        "line prints: file, line, column,\nwhat is wrong, and a hint. Anything else is a "
        "fault of coco-recipe (`BUG`, exit code 101). A step raises `ValueError` or "
        "`StepProblems`, which become a\n`StepError` or a `RecipeError` with the recipe's "
        "line ([when a step fails](debugging.md)).\n\n"
        "| error | is a | exit code | when |\n|---|---|---|---|\n" + "".join(rows)
    )


def _below(kind: type[CocoRecipeError]) -> Iterator[type[CocoRecipeError]]:
    yield kind
    for inner in sorted(kind.__subclasses__(), key=lambda inner: inner.__name__):
        if inner.__module__.startswith("coco_recipe"):
            yield from _below(inner)


def _exit_code(kind: type[CocoRecipeError]) -> int:
    """Return the code with which the command line ends for an error."""
    if issubclass(kind, HeldError):
        return 3
    return 2 if issubclass(kind, RecipeError | PluginError | RunError) else 1


def commands() -> str:
    """Return docs/commands.md: the help of each command."""
    pages = (f"## {name}\n\n```\n{text}\n```\n" for name, text in _helps(cli.cli, "coco-recipe"))
    return "\n".join(
        [
            "# Commands\n\nWhat `--help` shows of each command. Exit codes: 0 done, 1 failed, "
            "2 a wrong recipe or "
            "command,\n3 another run is at work in the run directory, 101 a fault of coco-recipe, "
            "130 interrupted,\n"
            "143 and 129 ended by SIGTERM and SIGHUP.\n",
            *pages,
        ]
    )


def lint() -> str:
    """Return docs/lint.md, the pages of the rules written anew between their marks."""
    page = (REPOSITORY / "docs/lint.md").read_text("utf-8")
    rules = sorted(plugins.find().rules, key=lambda rule: rule.kind.name)
    table = "".join(
        f"| [`{rule.kind.name}`](#{rule.kind.name}) | {rule.looks_at} | "
        f"{rule.page.partition(chr(10))[0]} |\n"
        for rule in rules
    )
    head = f"| rule | looks at | what it does |\n|---|---|---|\n{table}"
    texts = "".join(
        f"\n## {rule.kind.name}\n\n{rule.page.replace('``', '`')}\n\n"
        f"What to do: {rule.kind.remedy}\n"
        for rule in rules
    )
    marks = re.compile(r"(<!-- rules -->\n).*?(<!-- end -->)", re.DOTALL)
    return marks.sub(lambda found: f"{found[1]}{head}{texts}{found[2]}", page)


def _helps(command: click.Command, name: str) -> Iterator[tuple[str, str]]:
    command._help_option = None  # click keeps that of the first context, as of another test
    ctx = click.Context(
        command, info_name=name, terminal_width=100, max_content_width=100, help_option_names=HELP
    )
    if not isinstance(command, click.Group):
        yield name, command.get_help(ctx)
        return
    for part in command.list_commands(ctx):
        inner = command.get_command(ctx, part)
        assert inner is not None, part
        yield from _helps(inner, f"{name} {part}")


def run_directory(path: str = "docs/run_directory.md") -> str:
    """Return a page, the tables of keys written anew between their marks."""
    page = (REPOSITORY / path).read_text("utf-8")
    marks = re.compile(r"(<!-- keys of (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
    return marks.sub(lambda found: f"{found[1]}{_table(struct(found[2]))}{found[3]}", page)


def architecture() -> str:
    """Return docs/architecture.md, its list of modules written anew."""
    page = (REPOSITORY / "docs/architecture.md").read_text("utf-8")
    marks = re.compile(r"(<!-- modules -->\n).*?(<!-- end -->)", re.DOTALL)
    folders = [REPOSITORY / "coco_recipe", *sorted((REPOSITORY / "plugins").glob("coco_recipe_*"))]
    lists = "".join(text for folder in folders for text in _modules(folder))
    return marks.sub(lambda found: f"{found[1]}{lists}{found[2]}", page)


def _modules(folder: Path) -> Iterator[str]:
    """Yield the modules of a package, folder by folder, each with the first line of its text."""
    files = sorted(folder.rglob("*.py"), key=lambda path: (path.parent, path.name))
    for parent, paths in groupby(files, key=lambda path: path.parent):
        yield f"\n### {parent.relative_to(REPOSITORY).as_posix()}\n\n"
        for path in paths:
            first = (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").partition("\n")[0]
            if path.name == "__init__.py":
                yield f"{first}\n\n| module | what |\n|---|---|\n"
            else:
                yield f"| `{path.name}` | {first.replace('``', '`')} |\n"


def struct(name: str) -> type[msgspec.Struct]:
    """Return a Struct of what a run records, by its name."""
    homes = (manifest, published, cache, card)
    found: type[msgspec.Struct] = next(getattr(one, name) for one in homes if hasattr(one, name))
    return found


def _table(kind: type[msgspec.Struct]) -> str:
    texts = described(kind)
    rows = (
        f"| `{key}` | {texts[key].replace('``', '`')} |\n" for key in kind.__struct_encode_fields__
    )
    return "".join(["| key | what |\n|---|---|\n", *rows])


def tells(page: str, name: str) -> bool:
    """Say whether the page of the run directory names a file, given by its path in there.

    Pictures are told as folders; what is named after an output, a part, an epoch or a checkpoint
    is told with ``<port>``, ``<part>``, ``N``, ``<step>`` or ``<label>`` in its place.
    """
    kinds = [
        (r"steps/[^/]+/images/.+", "images/"),
        (r".+/(train|val)/[^/]+[.](jpg|png)", "<part>/"),
        (r"steps/[^/]+/(dataset|train|val)[.]json", "&lt;port&gt;.json"),
        (r".+/annotations/instances_[^/]+[.]json", "annotations/instances_<part>.json"),
        (r".+/checkpoints/epoch_[0-9]+[.]pth", "checkpoints/epoch_N.pth"),
        (r".+/results/[^/]+[.]bbox[.]json", "results/<label>.bbox.json"),
        (r".+/results/[^/]+/[^/]+[.]bbox[.]json", "results/<step>/<label>.bbox.json"),
        (r"steps/[^/]+/data/([^/]+)", r"data/\1"),
    ]
    told = next(
        (re.sub(f"^{kind}$", written, name) for kind, written in kinds if re.fullmatch(kind, name)),
        name.rpartition("/")[2],
    )
    return f"`{told}`" in page or bool(re.search(rf"^##+ {re.escape(told)}$", page, re.MULTILINE))


PAGES = {
    "docs/steps.md": steps,
    "docs/commands.md": commands,
    "docs/lint.md": lint,
    "docs/errors.md": errors,
    "docs/run_directory.md": run_directory,
    "docs/cache.md": partial(run_directory, "docs/cache.md"),
    "docs/architecture.md": architecture,
}

if __name__ == "__main__":
    for path, page in PAGES.items():
        (REPOSITORY / path).write_text(page(), "utf-8")
    templates.COMPILED.write_bytes(templates.compiled())
