"""A rate beside what p asks for is odd where chance doesn't explain it."""

import pytest
from coco_recipe_report.drawing.pictures import Camera
from coco_recipe_report.sections import augmentation
from coco_recipe_report.seen.collected import Collected
from coco_recipe_report.seen.copies import BINS, Copies, Fired


def _copies(fired: int, *, again: int = 0) -> Copies:
    one = Fired("A", "", 0.5, True, fired)
    return Copies("s", 100, 0, again, (one,), (1,) * BINS, (0,) * BINS, ())


@pytest.mark.parametrize(("fired", "is_odd"), [(50, False), (60, False), (61, True), (0, True)])
def test_two_standard_errors(fired: int, is_odd: bool) -> None:
    copies = _copies(fired)
    rate = augmentation._rate(copies.fired[0], copies)
    assert (rate.low, rate.high) == pytest.approx((0.4, 0.6))
    assert rate.is_odd == is_odd


def test_copies_that_were_tried_again_shift_rates() -> None:
    copies = _copies(80, again=3)
    assert not augmentation._rate(copies.fired[0], copies).is_odd


def test_the_sheet_of_a_run(seen: Collected, camera: Camera) -> None:
    (found,) = augmentation.gather(seen, camera)
    source, (copy, *_) = found.sheet[0]
    assert source.data
    assert copy.data
    assert [bins[:2] for bins in found.bins][-1] == (90, 100)
    assert sum(kept for _, _, kept, *_ in found.bins) == sum(found.copies.kept)
