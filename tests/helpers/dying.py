"""Run a recipe and die just before the n-th change of its run directory, for every n; then run it
again and compare.

``dying.py RECIPE FOLDER`` prints the number of changes, and a line for each death after which the
result was another one.
"""

import os
import shutil
import sys
import traceback
from pathlib import Path
from typing import Any

from builders import tree

from coco_recipe.running import stages

CHANGES = ("os.rename", "os.link", "os.symlink", "os.remove", "os.mkdir", "os.rmdir")
WRITES = os.O_WRONLY | os.O_RDWR


class Changes:
    """Counts what this process does to a folder, and ends the process before change number
    ``last``.
    """

    def __init__(self, folder: Path, last: int = 0) -> None:
        self.folder, self.last, self.count = str(folder), last, 0
        sys.addaudithook(self.hear)

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in CHANGES or (event == "open" and arguments[2] & WRITES):
            paths = [os.fsdecode(a) for a in arguments if isinstance(a, str | bytes | os.PathLike)]
            if not any(self.folder in path for path in paths if os.path.isabs(path)):
                return  # an import may change other folders
            self.count += 1
            if self.count == self.last:
                os._exit(9)


def attempt(recipe: Path, out: Path, dies_at: int = 0) -> int:
    """Run a recipe in a fork of this process, which dies before change number ``dies_at``; return
    its exit code.
    """
    if pid := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    try:
        Changes(out, dies_at)
        stages.run(stages.prepare(recipe), out=out)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def main(recipe: Path, folder: Path) -> None:
    whole, out = folder / "whole", folder / "dying"
    changes = Changes(whole)
    stages.run(
        stages.prepare(recipe), out=whole
    )  # in this process, so that the forks have everything imported
    number, expected = changes.count, tree(whole)
    print(number)
    for at in range(1, number + 1):
        codes = attempt(recipe, out, at), attempt(recipe, out)
        found = tree(out)
        if codes != (9, 0) or found != expected:
            names = [
                name
                for name in sorted({*found, *expected})
                if found.get(name) != expected.get(name)
            ]
            print(f"death before change {at}: exit codes {codes}, other files: {', '.join(names)}")
        shutil.rmtree(out)


if __name__ == "__main__":
    # not a whole path: what is read of code isn't kept there
    os.environ["XDG_CACHE_HOME"] = "none"
    os.environ["MPLCONFIGDIR"] = sys.argv[2]  # matplotlib would keep its fonts below it
    main(Path(sys.argv[1]), Path(sys.argv[2]))
