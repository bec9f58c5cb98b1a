"""Whole-number expressions over an image's size, as in ``"${min(image.width, 640) // 2}"``."""

import ast
import operator
import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

Size = tuple[int, int]
MAX_CHARACTERS = 200
_BINARY: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
}
_CALLS: dict[str, Callable[..., int]] = {"min": min, "max": max}
_STRANGE = re.compile(r"[^A-Za-z0-9_.,()+\-*/ ]")
ALLOWED = "whole numbers, image.width, image.height, min, max, +, -, *, // and parentheses"


def is_expression(value: Any) -> bool:
    """Report whether a value of a pipeline is text with a ``${...}`` in it."""
    return isinstance(value, str) and "${" in value


def mentions(value: Any) -> bool:
    """Report whether there is an expression anywhere in a value."""
    return any(True for _ in expressions(value))


def expressions(value: Any) -> Iterator[str]:
    """Yield the expressions in a value."""
    if isinstance(value, (dict, list, tuple)):
        for child in value.values() if isinstance(value, dict) else value:
            yield from expressions(child)
    elif is_expression(value):
        yield value


def evaluate(text: str, size: Size) -> int:
    """Compute an expression.

    Args:
        text: the whole value, ``${...}`` included.
        size: (width, height) of the image, in pixels.

    Raises:
        ValueError: the text is no such expression, or divides by 0; names the column, counted from
            1 in ``text``.
    """
    start, body = _body(text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python has remarks on text like '1if 2'
        try:
            tree = ast.parse(body, mode="eval").body
        except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
            column = start + (
                getattr(error, "offset", None) or len(body) + 1
            )  # Python tells no place for an early end
            raise _fault(text, column, "is not an expression") from error

    def value(node: ast.expr) -> int:
        if isinstance(node, ast.Constant) and type(node.value) is int:
            return node.value
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "image"
            and node.attr in ("width", "height")
        ):
            return size[node.attr == "height"]
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -value(node.operand)
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in _CALLS
            and len(node.args) > 1
            and not node.keywords
        ):
            return _CALLS[node.func.id]([value(argument) for argument in node.args])
        if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
            left, right = value(node.left), value(node.right)
            if isinstance(node.op, ast.FloorDiv) and right == 0:
                raise _fault(
                    text,
                    start + node.right.col_offset + 1,
                    f"divides by 0 for {size[0]}x{size[1]} px",
                )
            return _BINARY[type(node.op)](left, right)
        raise _fault(
            text,
            start + node.col_offset + 1,
            f"'{ast.get_source_segment(body, node)}' is not allowed",
        )

    return value(tree)


def check(text: str) -> None:
    """Raise ValueError where a value with ``${`` is no expression."""
    try:
        evaluate(text, (1_000_003, 1_000_033))  # primes, so that hardly any sound divisor is 0
    except ValueError as error:
        if "divides by 0" not in str(error):
            raise


def _body(text: str) -> tuple[int, str]:
    """Return where the expression inside ``${...}`` starts, and the expression."""
    if len(text) > MAX_CHARACTERS:
        raise ValueError(
            f"an expression has at most {MAX_CHARACTERS} characters, this one {len(text)}"
        )
    found = re.fullmatch(r"(\$\{[ \t\n]*)([^{}]*)\}", text)
    if found is None:
        raise _fault(text, text.find("${") + 1, "a value is one ${...} as a whole")
    start, body = len(found[1]), re.sub(r"[\t\n]", " ", found[2])
    if strange := _STRANGE.search(body):
        raise _fault(text, start + strange.start() + 1, f"{strange[0]!r} is not allowed")
    return start, body.rstrip()


def _fault(text: str, column: int, what: str) -> ValueError:
    return ValueError(f"'{text}', column {column}: {what}; an expression has {ALLOWED}")


def fill(value: Any, size: Size) -> Any:
    """Return a value with every expression in it computed."""
    if isinstance(value, dict):
        return {key: fill(child, size) for key, child in value.items()}
    if isinstance(value, (list, tuple)):
        return [fill(child, size) for child in value]
    return evaluate(value, size) if is_expression(value) else value
