"""lint: say what is doubtful in an experiment, though it runs."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from coco_recipe.commands import options, reports
from coco_recipe.commands.surroundings import plugins_print_apart
from coco_recipe.errors import PluginError, counted, did_you_mean

if TYPE_CHECKING:
    from coco_recipe.findings import Finding
    from coco_recipe.linting.rule import Rule

SLOW = ("pictures", "configs")


@click.command()
@click.argument("recipe", required=False, type=click.Path(path_type=Path))
@options.SET
@click.option("--quick", is_flag=True, help="Leave out rules that open pictures or run configs.")
@click.option(
    "--only", multiple=True, metavar="RULE", help="Ask this rule alone; may be given again."
)
@click.option("--rules", "is_list", is_flag=True, help="List the rules.")
@click.option("--explain", default="", metavar="RULE", help="Show the page of a rule.")
@click.option("--strict", is_flag=True, help="Exit 1 at warnings, too.")
@options.PLUGIN
@options.FORMAT
@options.TRACEBACK
def lint(
    recipe: Path | None,
    overrides: tuple[str, ...],
    quick: bool,
    only: tuple[str, ...],
    is_list: bool,
    explain: str,
    strict: bool,
    plugin_files: tuple[Path, ...],
    form: str,
) -> None:
    """Say what is doubtful in the experiment of RECIPE, though it runs: parts that share pictures,
    classes that a part lacks, rates that are far from the config's rule.

    Nothing is run but steps in memory, for the rows that come to the others. A recipe ignores a
    rule by its name: findings: {RULE: ignore}. Exit 1 if a finding is an error.
    """
    from coco_recipe import plugins

    if is_list or explain:
        with plugins_print_apart():
            rules = plugins.find(plugin_files).rules
        _tell(rules, explain)
        return
    if recipe is None:
        raise click.UsageError("name a RECIPE, or ask for --rules or --explain RULE")
    found, ignored = _found(recipe, overrides, plugin_files, only, quick=quick)
    if form == "text":
        for finding in found:
            click.echo(f"{finding.file}:{finding.line}: {finding.severity}: {finding}")
    else:
        click.echo(reports.findings(found, form), nl=form == "json")
    errors = sum(finding.severity == "error" for finding in found)
    if form == "text":
        more = f"; the recipe ignores {', '.join(ignored)}" if ignored else ""
        warnings = counted(len(found) - errors, "warning")
        click.echo(f"{counted(errors, 'error')}, {warnings}{more}")
    if errors or (strict and found):
        raise click.exceptions.Exit(1)


def _found(
    recipe: Path,
    overrides: Sequence[str],
    plugin_files: Sequence[Path],
    only: Sequence[str],
    *,
    quick: bool,
) -> "tuple[list[Finding], list[str]]":
    """Return what the rules find in a recipe, and the names of those that it ignores.

    Raises:
        RecipeError: the recipe is wrong.
        PluginError: there is no such rule.
    """
    import os

    from coco_recipe.engines import engine
    from coco_recipe.running import experiment
    from coco_recipe.running.rehearsal import Rehearsal
    from coco_recipe.running.session import Session

    with plugins_print_apart():
        planned = options.plan_of(recipe, overrides, plugin_files)
        chosen = [_named(planned.rules, name) for name in only] or planned.rules
        rules = [rule for rule in chosen if not (quick and rule.looks_at in SLOW)]
        session = Session.open(planned, with_pixels=False)
        looked_at = experiment.Planned(
            planned,
            session.inputs.facts,
            Rehearsal.ahead(planned, session.values),
            engine.local(len(os.sched_getaffinity(0)), environment=planned.environment()),
        )
        found = list(experiment.lint(looked_at, rules, _say))
    choices = planned.recipe.findings
    ignored = [rule.kind.name for rule in rules if choices.get(rule.kind.name) == "ignore"]
    return found, ignored


def _say(rule: "Rule") -> None:
    """Say which rule is asked, where it takes a while."""
    if rule.looks_at in SLOW:
        reports.say(f"{rule.kind.name}: looks at {rule.looks_at} ...")


def _tell(rules: "Sequence[Rule]", name: str) -> None:
    """Print the list of rules, or the page of one."""
    if name:
        rule = _named(rules, name)
        click.echo(f"{name} ({rule.kind.severity}; looks at {rule.looks_at})\n\n{rule.page}")
        click.echo(f"\nWhat to do: {rule.kind.remedy}")
        return
    width = max(len(rule.kind.name) for rule in rules)
    for rule in sorted(rules, key=lambda rule: rule.kind.name):
        first = rule.page.partition("\n")[0]
        click.echo(f"{rule.kind.name:{width}}  {rule.looks_at:8}  {first}")


def _named(rules: "Sequence[Rule]", name: str) -> "Rule":
    found = next((rule for rule in rules if rule.kind.name == name), None)
    if found is None:
        hint = did_you_mean(name, [rule.kind.name for rule in rules])
        raise PluginError(f"there is no rule '{name}'; {hint}")
    return found
