"""Imported first by the process that workers are forked from, which imports for seconds.

It looks for its parent only when it has imported all; so the system does it meanwhile.
"""

import os

from coco_recipe.with_parent import PARENT, die_with

if _parent := os.environ.pop(PARENT, ""):
    die_with(int(_parent))
