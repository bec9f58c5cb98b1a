"""The commands of the core; each module has a few that belong together."""
