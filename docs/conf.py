"""How Sphinx makes the site of these pages: `make docs`."""

from typing import Any

from sphinx.application import Sphinx

project = "coco-recipe"
author = "The coco-recipe developers"
project_copyright = author
extensions = ["myst_parser"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = project
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
# what a page quotes is shown as it is, so no lexer is asked about lines of a terminal
highlight_language = "text"
exclude_patterns = ["_static"]


def _tell_language(
    app: Sphinx, page: str, template: str, context: dict[str, Any], tree: object
) -> None:
    """Let browsers, screen readers and fonts know which pages are in Chinese."""
    context["language"] = "zh" if page.startswith("zh/") else "en"


def setup(app: Sphinx) -> None:
    app.connect("html-page-context", _tell_language)
