"""The rules of the core: those that need no package, and know no step by its name."""

from coco_recipe.linting import classes, families, films, unused
from coco_recipe.linting.rule import Rule

RULES: tuple[Rule, ...] = (
    *unused.RULES,
    *families.RULES,
    *films.RULES,
    *classes.RULES,
)
