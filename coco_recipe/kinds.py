"""The kinds of findings that the core itself makes."""

from coco_recipe.checks.equal_pictures import ACROSS, ACROSS_PARTS
from coco_recipe.checks.missing_files import MISSING
from coco_recipe.checks.repeated_keys import REPEATED
from coco_recipe.checks.trainers import TRAINERS_SKIP
from coco_recipe.findings import Kind

NO_IMAGES = Kind(
    "no_images_left",
    "warning",
    "outputs have no image",
    "see what the step dropped (steps/<id>/dropped.jsonl), and loosen it",
)
NO_BOXES = Kind(
    "no_boxes_left",
    "warning",
    "outputs have no box, and there were some before",
    "see what the step dropped (steps/<id>/dropped.jsonl), and loosen it",
)
NO_BOX_OF_CLASS = Kind(
    "classes_left_without_boxes",
    "warning",
    "classes had boxes before and have none now",
    "drop the class (filter_categories), or loosen what took its boxes",
)
UNREAD = Kind(
    "unread_steps",
    "warning",
    "steps stand above the last published one unread",
    "name it under 'in' of a later step, or remove it",
)
LITTLE_ROOM = Kind(
    "little_room_on_disk",
    "warning",
    "steps have too little room for what will be written",
    "make room, or write elsewhere (--out); a run that stops goes on from there",
)
STOPPING = Kind(
    "rows_that_stop_a_step",
    "error",
    "rows can't be taken by the step",
    "correct them, or drop them above the step",
    needed=True,
)
LINKED_OUT = Kind(
    "links_out_of_the_folder",
    "error",
    "pictures lead out of the folder of images, by links",
    "follow_links: true, if you trust what they lead to",
    needed=True,
)
LEFT_OUT = Kind(
    "checks_left_out",
    "warning",
    "checks are left out without coco-recipe[augment]",
    "pip install 'coco-recipe[augment]'",
)
OUTSIDE = Kind(
    "files_outside_the_step",
    "warning",
    "files have appeared or changed outside of the step's folder while it was at work",
    "let the step write below ctx.workdir; if it was you who changed them, run it again",
)
CORE_KINDS = {
    kind.name: kind
    for kind in (
        STOPPING,
        LITTLE_ROOM,
        LINKED_OUT,
        LEFT_OUT,
        NO_IMAGES,
        NO_BOXES,
        NO_BOX_OF_CLASS,
        UNREAD,
        OUTSIDE,
        MISSING,
        REPEATED,
        ACROSS,
        ACROSS_PARTS,
        TRAINERS_SKIP,
    )
}
