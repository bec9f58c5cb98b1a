"""The words that a table's name may be the plural of."""

import pytest
from coco_recipe_data.singular import singulars


@pytest.mark.parametrize(
    ("plural", "one"),
    [
        ("salespeople", "salesperson"),
        ("matrices", "matrix"),
        ("indices", "index"),
        ("cities", "city"),
        ("movies", "movie"),
        ("shelves", "shelf"),
        ("analyses", "analysis"),
        ("buses", "bus"),
        ("boxes", "box"),
        ("quizzes", "quiz"),
        ("data", "datum"),
        ("criteria", "criterion"),
        ("larvae", "larva"),
        ("loci", "locus"),
        ("tracks", "track"),
        ("series", "series"),
    ],
)
def test_the_singular_is_among_the_words(plural: str, one: str) -> None:
    found = singulars(plural)
    assert one in found
    assert found[0] == plural
    assert len({*found}) == len(found)


@pytest.mark.parametrize("name", ["s", "a", "es", ""])
def test_an_ending_alone_is_no_plural_of_nothing(name: str) -> None:
    assert "" not in singulars(name)[1:]
