"""Numbers that are known before a run, or bounded, and what becomes of them."""

import pytest

from coco_recipe.values.expected import Expected, Span, joined

EXACT = Expected(Span.exact(4), Span.exact(6), Span.exact(1), {"cat": Span.exact(6)})


@pytest.mark.parametrize(
    ("span", "inside", "outside"),
    [
        (Span.exact(3), [3], [2, 4]),
        (Span(2, 5), [2, 5], [1, 6]),
        (Span(2), [2, 10**9], [1]),
        (Span(), [0, 10**9], []),
    ],
)
def test_a_span_has_the_numbers_between_its_bounds(
    span: Span, inside: list[int], outside: list[int]
) -> None:
    assert all(n in span for n in inside)
    assert not any(n in span for n in outside)


def test_sums_of_bounds_are_bounds_and_what_is_unknown_stays_so() -> None:
    assert Span(1, 2) + Span.exact(3) == Span(4, 5)
    assert Span(1, 2) + Span(3) == Span(4, None)
    assert Span(1, 2).times(3) == Span(3, 6)
    assert Span(2).times(3) == Span(6, None)


def test_images_stay_where_boxes_go_and_may_become_negatives() -> None:
    fewer = EXACT.of_fewer_boxes()
    assert (fewer.images, fewer.boxes, fewer.negatives) == (Span.exact(4), Span(0, 6), Span(1, 4))
    assert fewer.classes == {"cat": Span(0, 6)}


def test_where_images_go_their_boxes_go_with_them() -> None:
    fewer = EXACT.of_fewer_images()
    assert (fewer.images, fewer.boxes, fewer.negatives) == (Span(0, 4), Span(0, 6), Span(0, 1))


def test_joined_data_sets_have_classes_by_name_and_unknown_ones_make_all_unknown() -> None:
    other = Expected(Span(1, 2), Span.exact(1), Span.exact(0), {"dog": Span.exact(1)})
    both = joined([EXACT, other])
    assert (both.images, both.boxes) == (Span(5, 6), Span.exact(7))
    assert both.classes == {"cat": Span.exact(6), "dog": Span.exact(1)}
    assert joined([EXACT, Expected()]).classes is None
    assert joined([EXACT, Expected()]).images == Span(4, None)
    assert joined([]).images == Span.exact(0)
