"""The configs of the mmdet package that the test of schedules fits to many lengths of a training.

    python tests/helpers/schedules.py     how many, and why the others are left out
    python tests/helpers/schedules.py -v  each by its name

A config is in it if it loads without a network and trains on boxes of COCO (CocoDataset).
"""

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence

from coco_recipe_mmdet import configs
from coco_recipe_mmdet.inside import config_source, settings

from coco_recipe import StepProblems

PARTS = ("_base_/", "common/")
NOT_LOADED = "doesn't load: needs another package, or is broken"


def of_package(every: int = 1) -> Iterator[tuple[str, settings.Tree | None, str]]:
    """Yield every N-th config's name; its content, or None and why it is left out."""
    folder = configs.package_folder()
    assert folder is not None
    root = folder / ".mim/configs"
    for path in sorted(root.rglob("*.py"))[::every]:
        name = path.relative_to(root).as_posix()
        if name.startswith(PARTS):
            yield name, None, "a part of others"
            continue
        try:
            tree = config_source.load(f"mmdet::{name}")
        except StepProblems:
            yield name, None, NOT_LOADED
            continue
        why = _why_not(tree)
        yield name, None if why else tree, why


def _why_not(tree: settings.Tree) -> str:
    sets = [node for _, node in settings.mappings(tree.get("train_dataloader"), ())]
    kinds = {str(node.get("type")) for node in sets if "ann_file" in node}
    others = sorted(kind for kind in kinds if not kind.endswith("CocoDataset"))
    if not kinds:
        return "trains on no annotation file"
    return f"trains on {', '.join(others)}" if others else ""


def main(arguments: Sequence[str]) -> None:
    """Print the numbers, and with ``-v`` the names."""
    found = defaultdict[str, list[str]](list)
    for name, _, why in of_package():
        found[why or "tested"].append(name)
    for why, names in sorted(found.items(), key=lambda item: (item[0] != "tested", -len(item[1]))):
        print(f"{len(names):5} {why}")
        if "-v" in arguments:
            print("".join(f"          {name}\n" for name in names), end="")
    print(f"{sum(map(len, found.values())):5} configs in all")


if __name__ == "__main__":
    main(sys.argv[1:])
