"""The command line: the commands of the core and of plugins, and the exit codes."""

import functools
import gc
import os
import sys
import traceback

import click

from coco_recipe import guard
from coco_recipe.commands import (
    asking,
    checks,
    cleaning,
    completing,
    differing,
    linting,
    lists,
    origins,
    pictures,
    reports,
    running,
    starting,
    surroundings,
)
from coco_recipe.commands.options import Shown
from coco_recipe.errors import CocoRecipeError, HeldError, PluginError, RecipeError, RunError

GC_OBJECTS = 200_000  # made between two looks of the collector at all rows, which hold no cycles
SWITCH_SECONDS = 0.0005  # a thread that hashes waits at most so long for one that imports
COMMANDS = (
    asking.init,
    asking.stats,
    asking.why,
    differing.diff,
    origins.whence,
    running.run,
    running.plan,
    running.explain,
    checks.validate,
    checks.check,
    checks.verify,
    linting.lint,
    cleaning.clean,
    pictures.preview,
    pictures.replay,
    lists.steps,
    lists.schema,
    completing.completion,
    starting.recipes,
    starting.plugin,
)


class _Commands(click.Group):
    """The core's commands, and those of plugins, which are looked for only when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*self.commands, *_plugin_commands()])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return self.commands.get(cmd_name) or _plugin_commands().get(cmd_name)


@functools.cache
def _plugin_commands() -> dict[str, click.Command]:
    from coco_recipe import plugin_commands

    return plugin_commands.find()


# color: what looks like an escape sequence is shown as one, not left out
@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "color": True})
@click.version_option(package_name="coco-recipe")
def cli() -> None:
    """Make a COCO data set and a detector again, exactly, from one recipe."""


for command in COMMANDS:
    cli.add_command(command)


def main() -> None:
    """Run the command line and exit.

    The codes: 0 done, 1 failed, 2 a wrong recipe or command, 3 another run is at work there, 101
    our bug, 130 interrupted, 143 and 129 ended by SIGTERM or SIGHUP.
    """
    try:
        _main()
    except KeyboardInterrupt:  # before the command begins, or while the first one was being told
        guard.end(surroundings.interrupted([]))


def _main() -> None:
    surroundings.use_utf8()
    if completing.VARIABLE in os.environ:  # a shell asks for words
        cli.main(prog_name="coco-recipe", complete_var=completing.VARIABLE)
    if not {"-h", "--help", "--version"}.intersection(sys.argv):
        guard.begin()
    gc.set_threshold(GC_OBJECTS)
    sys.setswitchinterval(SWITCH_SECONDS)
    with surroundings.prepared() as came:
        try:
            code = _run(came)
            guard.over()
        except KeyboardInterrupt:  # while the first one was being told
            code = surroundings.interrupted(came)
    guard.end(code)


def _run(came: list[int]) -> int:
    """Run the command line; return the exit code."""
    shown, stdout = Shown(), sys.stdout
    try:
        return cli.main(standalone_mode=False, obj=shown) or 0
    except (RecipeError, PluginError, RunError) as error:
        reports.report(error, shown)
        return 3 if isinstance(error, HeldError) else 2
    except CocoRecipeError as error:
        reports.report(error, shown)
        return 1
    except click.ClickException as error:
        error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        return surroundings.interrupted(came)
    except (Exception, SystemExit, GeneratorExit) as error:  # a plugin's sys.exit(0) is no success
        if sys.stdout is not stdout:  # click replaces it where the reader (head) has gone
            return 1
        if (code := surroundings.refused(error)) is not None:
            return code
        traceback.print_exc()
        click.echo(
            "BUG: this is a fault of coco-recipe; please report it with the lines above", err=True
        )
        return 101


if __name__ == "__main__":
    if not sys.flags.safe_path:
        # python -m puts the current folder first: a cv2.py there is not what a recipe asks for
        sys.path.pop(0)
    main()
