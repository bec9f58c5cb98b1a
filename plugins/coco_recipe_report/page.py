"""Write the page of a run: one file, which asks the network for nothing."""

from collections.abc import Sequence
from pathlib import Path

from coco_recipe import RunError, about, write_bytes
from coco_recipe_report.gather import gather

NAME = "report.html"
MARK = b'content="coco-recipe report"'
TEMPLATE = Path(__file__).with_name("page.html.j2")


def write(run: Path, target: Path, plugin_files: Sequence[Path] = ()) -> Path:
    """Write the page of a finished run.

    Its bytes depend on the run's results only; a page that is the same isn't written again.

    Args:
        run: the run directory.
        target: the file to write.
        plugin_files: the plugin files that the run used.

    Returns:
        The file.

    Raises:
        RunError: the folder is no run directory, or the file is there already and no report.
    """
    if target.exists() and MARK not in target.read_bytes()[:4096]:
        raise RunError(f"{target}: is there already, and no report; name another file (--to)")
    data = page(run, plugin_files)
    if not target.exists() or target.read_bytes() != data:
        write_bytes(target, data)
    return target


def page(run: Path, plugin_files: Sequence[Path] = ()) -> bytes:
    """Return the page of a finished run, as HTML in UTF-8.

    Raises:
        RunError: the folder is no run directory.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    template = environment.from_string(TEMPLATE.read_text("utf-8"))
    return template.render(r=gather(run, plugin_files), about=about).encode("utf-8")
