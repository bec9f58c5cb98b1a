"""An erasing has room in every size that comes to it."""

from typing import Any

import pytest
from coco_recipe_albumentations.pipeline.read import Pipeline

np = pytest.importorskip("numpy")
pytest.importorskip("albumentations")


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (
            {"scale": [0.8, 0.9], "ratio": [0.2, 5]},
            "covers at most 0.2 of any picture, and scale begins at 0.8",
        ),
        ({"scale": [0.4, 0.9]}, "covers at most 0.301 of any picture"),
        ({"scale": [0, 0]}, "no area"),
    ],
)
def test_an_erasing_without_room_is_refused(given: dict[str, Any], word: str) -> None:
    """Albumentations ends with a TypeError of its own there, or with a division by 0."""
    (found,) = Pipeline.of(
        [{"OneOf": {"transforms": [{"Erasing": {"p": 1, **given}}, "Blur"]}}]
    ).problems
    assert word in found.what
    assert "scale" in found.hint
    library = pytest.importorskip("albumentations")
    with pytest.raises((TypeError, ZeroDivisionError)):
        library.Erasing(p=1, **{name: tuple(value) for name, value in given.items()})(
            image=np.zeros((50, 60, 3), np.uint8)
        )


@pytest.mark.parametrize(
    ("before", "refused"),
    [
        ([], True),
        (["Blur", {"Affine": {"p": 1}}], True),
        ([{"Resize": {"width": 60, "height": 60, "p": 1}}], False),
        ([{"Resize": {"width": 60, "height": 60, "p": 0.5}}], True),
        (
            [
                {
                    "OneOf": {
                        "p": 1,
                        "transforms": [
                            {"Resize": {"width": 60, "height": 60, "p": 1}},
                            {"Blur": {"p": 1}},
                        ],
                    }
                }
            ],
            True,
        ),
    ],
)
def test_an_erasing_is_tried_on_every_size_that_comes_to_it(
    before: list[Any], refused: bool
) -> None:
    form = [*before, {"Erasing": {"scale": [0.2, 0.3], "ratio": [0.5, 2], "p": 0.3}}]
    Pipeline.of(form).check_sizes([(60, 50), (100, 60)])
    if refused:
        with pytest.raises(
            ValueError,
            match=r"covers at most 0.125 in an image of 400x100 px.*let scale begin at 0.125",
        ):
            Pipeline.of(form).check_sizes([(60, 50), (400, 100), (100, 60)])
    else:
        Pipeline.of(form).check_sizes([(60, 50), (400, 100), (100, 60)])
