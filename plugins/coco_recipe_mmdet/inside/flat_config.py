"""Read a flat mmengine config as data: nothing of it is run."""

import ast
from typing import Any, NoReturn

from coco_recipe_mmdet.inside.settings import Tree


def read(text: str) -> Tree:
    """Return the settings of a flat config, as ``Config.pretty_text`` and ``Config.dump`` write it.

    Only ``name = value`` lines are read, of numbers, strings, lists, tuples, mappings and
    ``dict(...)``.

    Raises:
        ValueError: something else stands in it.
    """
    try:
        return dict(_setting(node) for node in ast.parse(text).body)
    except (SyntaxError, TypeError, RecursionError, MemoryError) as error:
        raise ValueError(f"is not a flat config: {error}") from error


def _setting(node: ast.stmt) -> tuple[str, object]:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return name, _value(value)
    _refuse(node)


def _value(node: ast.expr | None) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.List(elts=items):
            return [_value(item) for item in items]
        case ast.Tuple(elts=items):
            return tuple(_value(item) for item in items)
        case ast.Set(elts=items):
            return {_value(item) for item in items}
        case ast.Dict(keys=keys, values=values):
            return {_value(key): _value(value) for key, value in zip(keys, values, strict=True)}
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords) if all(
            k.arg for k in keywords
        ):
            return {str(k.arg): _value(k.value) for k in keywords}
        case ast.Call(func=ast.Name(id="float"), args=[ast.Constant(value=str(text))], keywords=[]):
            return float(text)
        case ast.Call(func=ast.Name(id="set"), args=[], keywords=[]):
            return set()
        case ast.Name(id="inf" | "nan" as text):
            return float(text)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand)
    _refuse(node)


def _refuse(node: ast.AST | None) -> NoReturn:
    code = ast.unparse(node)[:60] if node else ""
    raise ValueError(
        f"is not a flat config: line {getattr(node, 'lineno', '?')} is code that would have to "
        f"run: {code}"
    )
