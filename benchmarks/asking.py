"""How long questions take, held against what no program in Python can be without.

`coco-recipe --help` against the import of click; `stats` and `diff` of a large file against reading
it by the standard library's json. CPU time, the best of two after a first one that writes the
modules' bytecode, also where PYTHONDONTWRITEBYTECODE is set.

Marks: --help takes 3 times what click's import does, and 0.2 s at most; stats a quarter of json's
reading, diff a fifth of it for each file.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

CLI = (sys.executable, "-m", "coco_recipe.cli")


def seconds(*command: str | Path, environment: dict[str, str]) -> float:
    """Return the CPU time of a command and its children, the best of two after a first one."""
    found = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(found[1:])


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, nargs="?", help="a large COCO file, for stats and diff")
    file = parser.parse_args().file
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"PYTHONPYCACHEPREFIX": folder}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        click = seconds(sys.executable, "-c", "import click", environment=environment)
        told = seconds(*CLI, "--help", environment=environment)
        print(f"--help: {told:.2f} s of CPU, {told / click:.1f} times the import of click")
        if file is None:
            return
        read = f"import json; json.load(open({str(file)!r}, encoding='utf-8'))"
        plain = seconds(sys.executable, "-c", read, environment=environment)
        for name, words, files in (("stats", (file,), 1), ("diff", (file, file), 2)):
            told = seconds(*CLI, name, *words, environment=environment)
            print(f"{name}: {told:.2f} s of CPU, {told / plain / files:.2f} of json's reading")


if __name__ == "__main__":
    main()
