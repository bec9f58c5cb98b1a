"""show: a sheet or a page of the telling images of a file, a recipe or a run."""

import re
from collections.abc import Sequence
from pathlib import Path

from coco_recipe import RunError, find_data
from coco_recipe_pictures.sheet.contact_sheet import FORMATS, is_ours
from coco_recipe_pictures.show import drawing, page
from coco_recipe_pictures.show.telling import Wanted, choose

PAGE = ".html"


def show(
    source: str,
    images: Path | None,
    plugin_files: Sequence[Path],
    wanted: Wanted,
    target: Path | None = None,
    *,
    as_page: bool = False,
    overrides: Sequence[str] = (),
    moved_to: Path | None = None,
) -> Path:
    """Write a sheet or a page of images.

    Args:
        source: FILE.json, RECIPE.yaml[:NAME[.PORT]] or RUN[:NAME[.PORT]].
        images: the folder of the pictures of a file; None for the file's own.
        plugin_files: plugin files to load.
        wanted: which images.
        target: the file to write; None makes a name of ``source``.
        as_page: write a page, not a picture; so does a name that ends with .html.
        overrides: values of --set, of a recipe.
        moved_to: the recipe's file, where it has moved without the run directory.

    Returns:
        The file that was written.

    Raises:
        RunError: there is nothing to show, or the file is there already and no sheet or page.
    """
    target = target or Path(f"{_plain(source)}{PAGE if as_page else '.png'}")
    suffix = target.suffix.lower()
    if suffix != PAGE and (as_page or suffix not in FORMATS):
        kinds = PAGE if as_page else ", ".join((*FORMATS, PAGE))
        raise RunError(f"{target}: end the name with {kinds}")
    if target.exists() and not is_ours(target.read_bytes()[:4096]):
        raise RunError(f"{target}: is there already, and none of ours; name another file (--to)")
    folder = images or Path(source).parent
    asked = find_data(
        source,
        folder,
        plugin_files,
        overrides=overrides,
        moved_to=moved_to,
        search=bool(wanted.finding),
    )
    chosen = choose(asked.parts, asked.findings, wanted)
    if not chosen:
        raise RunError(f"{source}: has no image")
    target.parent.mkdir(parents=True, exist_ok=True)
    if suffix == PAGE:
        pictures = [(drawing.title(one), drawing.single(one)) for one in chosen]
        target.write_text(page.page(source, pictures), "utf-8")
    else:
        target.write_bytes(drawing.sheet(chosen, FORMATS[suffix]))
    return target


def _plain(source: str) -> str:
    """Return a file name made of a source."""
    path, _, name = source.partition(":")
    return re.sub(r"[^\w.-]+", "-", f"{Path(path).stem}{f'-{name}' if name else ''}")
