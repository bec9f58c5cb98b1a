"""The keys of COCO-WholeBody."""

from coco_recipe.geometry import body_parts


def test_every_part_has_the_key_that_says_whether_it_is_labelled() -> None:
    keys = body_parts.BOXES | body_parts.POINTS
    assert {body_parts.valid_key(key) for key in keys} == {
        "face_valid",
        "foot_valid",
        "lefthand_valid",
        "righthand_valid",
    }
