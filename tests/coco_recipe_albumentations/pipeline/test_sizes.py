"""Expressions over an image's size."""

import random

import pytest
from coco_recipe_albumentations.pipeline import sizes
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${image.width}", 640),
        ("${image.height}", 480),
        ("${image.width // 3}", 213),
        ("${min(image.width, 500, 700)}", 500),
        ("${max(image.width, image.height) * 2 - 5}", 1275),
        ("${ (image.width - image.height) // 2 }", 80),
        ("${-7 // 2}", -4),
        ("${-(-image.width // 100)}", 7),
        ("${17}", 17),
        ("${image.width\n+\t1}", 641),
    ],
)
def test_an_expression_is_computed_by_hand(text: str, value: int) -> None:
    assert sizes.evaluate(text, (640, 480)) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a${image.width}", r"column 2: a value is one \$\{...\} as a whole"),
        ("${image.width}${image.height}", "column 1"),
        ("${}", "is not an expression"),
        ("${image.width +}", "column 16: is not an expression"),
        ("${image.size}", "column 3: 'image.size'"),
        ("${1 + width}", "column 7: 'width' is not allowed"),
        ("${image.width / 2}", "column 3"),
        ("${2 ** 9}", "column 3"),
        ("${image.width + 1.5}", "column 17: '1.5'"),
        ("${True}", "'True'"),
        ("${min(image.width)}", "'min"),
        ("${min(*image)}", "'min"),
        ("${open(1, 2)}", "'open"),
        ("${__import__('os')}", "is not allowed"),
        ("${[].__class__}", r"'\[' is not allowed"),
        ("${image.width if 1 else 2}", "is not allowed"),
        ("${1 // (image.width - 640)}", "column 9: divides by 0 for 640x480 px"),
        ("${lambda: 1}", "':' is not allowed"),
        ("${" + "(" * 150 + ")" * 40 + "}", "is not an expression"),
        ("${" + "1+" * 150 + "1}", "at most 200 characters"),
        ("${ｉmage.width}", "'ｉ' is not allowed"),
        ("${1 # + 2}", "'#' is not allowed"),
        ("${(image).width.real}", "is not allowed"),
    ],
)
def test_what_is_no_expression_is_refused_at_its_column(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sizes.evaluate(text, (640, 480))


NUMBERS = st.one_of(st.integers(0, 5000).map(str), st.sampled_from(["image.width", "image.height"]))
EXPRESSIONS = st.recursive(
    NUMBERS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "//"]), inner).map(
            lambda x: f"({x[0]} {x[1]} {x[2]})"
        ),
        st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(
            lambda x: f"{x[0]}({x[1]}, {x[2]})"
        ),
        inner.map(lambda x: f"(-{x})"),
    ),
    max_leaves=8,
)


@given(EXPRESSIONS, st.integers(1, 9000), st.integers(1, 9000))
def test_sound_expressions_give_what_python_gives(text: str, width: int, height: int) -> None:
    class Image:
        def __init__(self) -> None:
            self.width, self.height = width, height

    if len(text) > 190:
        return
    try:
        expected = eval(text, {"__builtins__": {}, "min": min, "max": max, "image": Image()})
    except ZeroDivisionError:
        with pytest.raises(ValueError, match="divides by 0"):
            sizes.evaluate(f"${{{text}}}", (width, height))
        return
    assert sizes.evaluate(f"${{{text}}}", (width, height)) == expected
    sizes.check(f"${{{text}}}")


def _outcome(text: str) -> bool:
    """Tell whether an expression gives a whole number or our own refusal; any other exception goes
    on.
    """
    try:
        return isinstance(sizes.evaluate(text, (640, 480)), int)
    except ValueError as error:
        return "an expression has" in str(error)


@given(st.text(alphabet="image.widthgtx0123456789+-*/(), _#'\"\\[]{}$\n", max_size=60))
def test_any_other_text_gives_a_number_or_a_value_error(body: str) -> None:
    assert _outcome(f"${{{body}}}")


def test_damaged_expressions_never_crash() -> None:
    rng = random.Random(3)
    sound = "${min(image.width, 640) // 2 + max(image.height, 3) * -1}"
    for _ in range(3000):
        letters = list(sound)
        for _ in range(rng.randint(1, 4)):
            letters[rng.randrange(2, len(letters))] = rng.choice("(),.*/+-09 aimage_")
        assert _outcome("".join(letters))


def test_mentions_looks_into_lists_and_mappings() -> None:
    assert sizes.mentions({"a": [1, {"b": "${image.width}"}]})
    assert not sizes.mentions({"a": [1, {"b": "$image.width"}]})
    assert sizes.fill({"a": [1, ("${image.width}",)]}, (3, 4)) == {"a": [1, [3]]}
