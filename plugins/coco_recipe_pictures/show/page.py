"""A page to leaf through pictures: one file, which asks the network for nothing."""

import base64
import html
from collections.abc import Sequence

TEMPLATE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<!-- coco-recipe preview: may be written anew -->
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; font: 16px/1.4 system-ui, sans-serif; }}
body {{ margin: 0 auto; max-width: 1100px; padding: 1rem; }}
h1 {{ font-size: 1.1rem; }}
figure {{ margin: 0 0 2rem; }}
figure:focus {{ outline: 2px solid Highlight; outline-offset: .5rem; }}
figcaption {{ font-variant-numeric: tabular-nums; margin-bottom: .3rem; }}
img {{ display: block; height: auto; max-width: 100%; }}
small {{ opacity: .7; }}
@media print {{ figure {{ break-inside: avoid; }} }}
</style>
<h1>{title} <small>{count}; j and k, or the arrow keys, leaf through them</small></h1>
{figures}
<script>
const all = [...document.querySelectorAll("figure")];
addEventListener("keydown", event => {{
  const step = {{ArrowRight: 1, j: 1, ArrowLeft: -1, k: -1}}[event.key];
  if (!step || !all.length) return;
  const at = all.indexOf(document.activeElement) + step;
  const next = all[Math.min(Math.max(at, 0), all.length - 1)];
  next.focus({{preventScroll: true}});
  next.scrollIntoView({{block: "start"}});
  event.preventDefault();
}});
</script>
</html>
"""
FIGURE = """<figure tabindex="0"><figcaption>{number}. {caption}</figcaption>
<img alt="{caption}" src="data:image/jpeg;base64,{data}"></figure>"""


def page(title: str, pictures: Sequence[tuple[str, bytes]]) -> str:
    """Return a page.

    Args:
        title: what is shown.
        pictures: a caption and the bytes of a JPEG for each.
    """
    figures = (
        FIGURE.format(
            number=number,
            caption=html.escape(caption),
            data=base64.b64encode(data).decode("ascii"),
        )
        for number, (caption, data) in enumerate(pictures, 1)
    )
    count = f"{len(pictures)} pictures"
    return TEMPLATE.format(title=html.escape(title), count=count, figures="\n".join(figures))
