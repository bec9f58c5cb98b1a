"""What differs between what comes to a step and what it gives."""

from coco_recipe.asking.plan_rows import Output, PlanRow, as_json
from coco_recipe.values.expected import Expected, Span

ONE = Span.exact(1)


def _row(before: Expected, *after: Expected, read: Expected | None = None) -> PlanRow:
    outputs = tuple(Output(f"p{n}", "dataset", True, one) for n, one in enumerate(after))
    return PlanRow(
        name="s",
        use="odd",
        runs=True,
        sources={},
        uses={},
        entered=before,
        read=read,
        outputs=outputs,
    )


def _of(**classes: int | None) -> Expected:
    spans = {name: Span() if n is None else Span.exact(n) for name, n in classes.items()}
    return Expected(classes=spans)


def test_classes_that_are_gone_or_lose_their_last_box_are_lost() -> None:
    row = _row(_of(cat=1, dog=1, cow=0), _of(cat=0, cow=0, pet=1))
    assert row.classes_lost() == {"cat": ONE, "dog": ONE}
    assert row.classes_gained() == {"pet": ONE}


def test_a_class_that_one_part_has_is_not_lost() -> None:
    row = _row(_of(cat=2, dog=1), _of(cat=1, dog=1), _of(cat=1, dog=0))
    assert row.classes_lost() == {}
    assert row.without() == {"p1": ["dog"]}


def test_copies_lose_no_class_of_what_is_only_read() -> None:
    row = _row(_of(), _of(cat=1), read=_of(cat=1, dog=1))
    assert row.classes_gained() == {}
    assert row.classes_lost() == {"dog": ONE}


def test_nothing_is_gained_or_lost_where_classes_are_not_known() -> None:
    for row in (_row(Expected(), _of(cat=1)), _row(_of(cat=1), Expected())):
        assert row.classes_lost() == row.classes_gained() == row.without() == {}
    assert _row(_of(cat=1), _of(cat=None)).classes_lost() == {}


def test_programs_get_the_keys_that_they_have_always_got() -> None:
    told = as_json(_row(_of(), _of()), out=None)
    assert list(told)[:5] == ["step", "use", "runs", "why", "out"]
