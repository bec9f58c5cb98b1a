"""Write the page of a run: one file, which asks the network for nothing and runs nothing."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from coco_recipe import (
    RunError,
    RunFacts,
    manifest,
    open_page,
    regular,
    seal_page,
    write_bytes,
)
from coco_recipe_report.drawing import flow
from coco_recipe_report.drawing.pictures import Camera
from coco_recipe_report.drawing.svg import Palette
from coco_recipe_report.sections import (
    augmentation,
    books,
    boxes,
    cards,
    classes,
    findings,
    proof,
    splits,
    stopped,
    training,
    verdict,
)
from coco_recipe_report.seen.collected import Collected
from coco_recipe_report.seen.records import facts_as_read

NAME = "report.html"
REFUSED = "refused.html"  # the page of a run that was refused before any work
FORM = 5  # a page of another form is written anew
LEAST_FILES, IMAGES_PER_FILE = 24, 64  # of pictures: the page is to take a small part of a run


def write(facts: RunFacts, seen: Collected, target: Path) -> bool:
    """Write the page of a run; its bytes depend on the run's results only.

    Args:
        facts: what the run recorded.
        seen: what was seen of its values.
        target: the file.

    Returns:
        Whether it was written; not where it stands already.

    Raises:
        RunError: the file is there already, and no page of a run.
        OSError: what is there is no regular file.
    """
    before = regular.read(target) if target.exists() else b""
    if before and open_page(before) is None:
        raise RunError(
            f"{target}: is there already, and no page of a run; move it away, or name "
            "another file (coco-recipe report --to)"
        )
    data = page(facts, seen)
    if data == before:
        return False
    write_bytes(target, data)
    return True


def page(facts: RunFacts, seen: Collected) -> bytes:
    """Return the page of a finished run, as HTML in UTF-8."""
    from coco_recipe_report import templates

    template = templates.environment().get_template("page.html.j2")
    images = sum(one.images for one in seen.figures.values())
    palette = Palette(name for one in seen.figures.values() for name in one.classes)
    camera = Camera(palette, LEAST_FILES + images // IMAGES_PER_FILE, facts.hashes)
    html = template.render(_sections(facts_as_read(facts), seen, camera, palette)).encode("utf-8")
    return seal_page(html, source_of(facts, camera.unlike))


def source_of(facts: RunFacts, unlike: Collection[str] = ()) -> str:
    """Return a digest of what the page depends on: the results, findings and versions.

    Args:
        facts: what the run recorded.
        unlike: pictures that aren't shown, since they have changed: the page is not yet as it will
            be.
    """
    import msgspec

    from coco_recipe import digest

    clock = manifest.Clock()
    steps = [msgspec.structs.replace(one, clock=clock) for one in facts.steps]
    run = msgspec.structs.replace(facts.run, clock=manifest.RunClock())
    told = [FORM, msgspec.to_builtins(run), msgspec.to_builtins(steps), facts.recipe]
    told += [msgspec.to_builtins(facts.stopped)] if facts.stopped else []
    return digest([*told, sorted(unlike)] if unlike else told)


def _sections(facts: RunFacts, seen: Collected, camera: Camera, palette: Palette) -> dict[str, Any]:
    """Return what the templates show; the pictures that tell most are taken first."""
    shown: dict[str, Any] = {
        "verdict": verdict.gather(facts, seen),
        "stopped": stopped.gather(facts),
        "findings": findings.gather(facts, seen, camera),
        "flow": flow.draw(facts) if facts.steps else None,
        "training": training.gather(facts, camera, palette),
        "augmentation": augmentation.gather(seen, camera),
        "classes": classes.gather(facts, seen, palette),
        "boxes": boxes.gather(facts, seen),
        "splits": splits.gather(facts, seen, camera),
        "books": books.gather(facts, seen, camera),
        "cards": cards.gather(facts),
        "proof": proof.gather(facts),
    }
    titles = {
        "stopped": "Where it stopped",
        "findings": "Findings",
        "flow": "Flow",
        "books": "Books",
        "classes": "Classes",
        "boxes": "Boxes",
        "splits": "Pictures and parts",
        "augmentation": "Augmentation",
        "training": "Training",
        "cards": "Steps",
        "proof": "Proof",
    }
    always = ("findings", "proof")
    shown["titles"] = [(id_, told) for id_, told in titles.items() if id_ in always or shown[id_]]
    return shown
