"""What a check for leaks says before a run."""

from coco_recipe_pictures.alike import plans

from coco_recipe import Expected, Span


def test_every_picture_is_looked_at() -> None:
    parts = {"train": Expected(Span.exact(8)), "val": Expected(Span(1, 3))}
    assert plans.forecast({}, parts, lambda: None).uses == {"images": Span(9, 11)}


def test_words_say_what_fails_the_run() -> None:
    every = {"families": True, "fails": ["equal", "family", "near"]}
    told = "looks for pictures of one part in another"
    assert plans.tell(every) == (
        f"{told}; the run fails at equal files, images of one original, near pictures"
    )
    assert (
        plans.tell(every | {"families": False, "fails": ["family"]}) == f"{told}, and warns of them"
    )
