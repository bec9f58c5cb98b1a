"""The commands that installed plugins add, found without asking plugins for anything else."""

from typing import TYPE_CHECKING

import pluggy

from coco_recipe import hookspecs, installed

if TYPE_CHECKING:
    import click


def find() -> "dict[str, click.Command]":
    """Return the commands by name; a plugin that can't be used adds none (`plugins.find` says why).

    Of two commands of one name, the later plugin's is taken.
    """
    commands: dict[str, click.Command] = {}
    for plugin in installed.plugins(hookspecs.GROUP):
        manager = pluggy.PluginManager(hookspecs.PROJECT)
        manager.add_hookspecs(hookspecs)
        try:
            manager.register(plugin.entry.load())
            given = [one for some in manager.hook.coco_recipe_commands() for one in some]
            commands |= {str(command.name): command for command in given}
        except (Exception, SystemExit):  # a broken stranger must not stop commands of others
            continue
    return commands
