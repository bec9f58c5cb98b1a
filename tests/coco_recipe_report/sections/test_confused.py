"""Confusions are counted by name, and of many classes the matrix has those that were mixed up."""

from coco_recipe_report.sections import confused


def test_few_classes_all_have_a_row_and_pairs_are_told_by_number() -> None:
    counts = [[8, 2, 0], [3, 5, 2], [1, 0, 0]]
    found = confused.gather(["a", "<b>"], counts)
    assert found.chosen == 0
    told = [(one.there, one.found, one.count, one.of) for one in found.pairs]
    assert told == [("<b>", "a", 3, 10), ("a", "<b>", 2, 10)]
    assert "&lt;b&gt; → a: 3 of 10" in found.matrix


def test_of_many_classes_the_mixed_up_ones_are_chosen_and_no_box_is_lost() -> None:
    number = 80
    counts = [[0] * (number + 1) for _ in range(number + 1)]
    for n in range(number):
        counts[n][n] = n
    counts[70][3] = 9
    counts[5][number] = 4
    names = [f"class {n}" for n in range(number)]
    found = confused.gather(names, counts)
    assert found.chosen == confused.CHOSEN
    assert [(one.there, one.found) for one in found.pairs] == [("class 70", "class 3")]
    assert "class 70 → class 3: 9 of 79" in found.matrix
    assert "56 other classes" in found.matrix
    kept = confused.most_confused(counts)[: confused.CHOSEN]
    assert set(kept[:2]) == {3, 70}
    _, rows = confused.joined(names, counts, kept)
    assert sum(map(sum, rows)) == sum(map(sum, counts))
    assert rows[-2][-1] == 4, "what was missed of the others"


def test_nothing_confused_has_no_pairs() -> None:
    assert confused.gather(["a"], [[2, 1], [0, 0]]).pairs == []
