"""What a module's code does, in a digest, and what it imports: read from its text, never imported.

Not in the digest, as it changes nothing of what the code does: comments, formatting, docstrings,
the annotations of functions and variables, ``if TYPE_CHECKING`` blocks, and imports of what only
annotations name. The annotations in a class's body are in it: the names and order of a dataclass's
fields stand there, and the types by which a msgspec Struct is decoded.
"""

import ast
import hashlib
import importlib.util
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

_FORM = 1  # another number makes what was kept of modules void
_PASSED_OVER = {"ctx", "kind", "type_comment", "type_params"}
_FILE_NAME = re.compile(r"[\w-][\w./-]*\.\w+")
_Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class Import(msgspec.Struct, frozen=True, array_like=True):
    """One import: of a module, or with ``name`` of a name in it.

    Attributes:
        module: the module's absolute name.
        name: what is imported from it; empty for the module itself, ``*`` for all.
    """

    module: str
    name: str = ""


class Code(msgspec.Struct, frozen=True):
    """What is known of one module.

    Attributes:
        made_from: digest of its bytes, by which what was kept is known to be current.
        digest: of its syntax tree, without what changes nothing.
        acts: it does something when it is imported, beside importing and defining.
        imports: what its code imports, within functions too.
        bound: what the names stand for that its imports bind at the top.
        names: its strings that may be names of files.
    """

    made_from: str
    digest: str
    acts: bool = False
    imports: tuple[Import, ...] = ()
    bound: dict[str, Import] = {}
    names: tuple[str, ...] = ()


_known: dict[tuple[str, str], tuple[tuple[int, int, int], Code]] = {}


def code_of(path: Path, module: str) -> Code:
    """Return what is known of a module: read once, until its file is another.

    It is kept beside Python's own byte code, so that the next process need not parse it.

    Args:
        path: its file; one that isn't Python has only the digest of its bytes.
        module: its name, by which relative imports are told.

    Raises:
        OSError: the file can't be read.
        SyntaxError: it is not Python.
    """
    stat = path.stat()
    stamp = stat.st_ino, stat.st_mtime_ns, stat.st_size
    if (found := _known.get((str(path), module))) and found[0] == stamp:
        return found[1]
    data = path.read_bytes()
    made_from = hashlib.sha256(f"{_FORM}/{module}/".encode() + data).hexdigest()
    if path.suffix != ".py":
        code = Code(made_from, _short(data))
    elif (kept := _kept(path)) and kept.made_from == made_from:
        code = kept
    else:
        code = parse(data, module, is_package=path.name == "__init__.py", made_from=made_from)
        _keep(path, code)
    _known[str(path), module] = stamp, code
    return code


def parse(text: bytes | str, module: str, *, is_package: bool = False, made_from: str = "") -> Code:
    """Read a module's text.

    Raises:
        SyntaxError: it is not Python.
    """
    strip = _Strip()
    tree = strip.visit(ast.parse(text))
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    strings = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    package = module if is_package else module.rpartition(".")[0]
    bound = {name: one for name, one in _bound(tree, package) if name != "*"}
    _Unused(strip.annotated - used - set(strings)).visit(tree)
    return Code(
        made_from,
        _short("".join(_written(tree)).encode()),
        any(_acts(statement) for statement in tree.body),
        tuple(dict.fromkeys(_imports(tree, package))),
        bound,
        tuple(sorted({s for s in strings if len(s) < 100 and _FILE_NAME.fullmatch(s)})),
    )


class _Strip(ast.NodeTransformer):
    """Takes away what changes nothing, and keeps the names that annotations name."""

    def __init__(self) -> None:
        self.annotated: set[str] = set()

    def _forget(self, annotation: ast.expr | None) -> None:
        if annotation:
            named = (node.id for node in ast.walk(annotation) if isinstance(node, ast.Name))
            self.annotated.update(named)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        self._forget(node.annotation)
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self._forget(node.returns)
        node.returns = None
        return self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        self._forget(node.returns)
        node.returns = None
        return self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        fields = {id(line): line for line in node.body if isinstance(line, ast.AnnAssign)}
        others = ast.Module([line for line in node.body if id(line) not in fields], [])
        stripped = {id(line): line for line in self.generic_visit(others).body}  # type: ignore[attr-defined]
        node.body = [line for line in node.body if id(line) in fields or id(line) in stripped]
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        self._forget(node.annotation)
        if node.value is None:
            return None
        return self.generic_visit(ast.Assign([node.target], node.value))

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        if ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            self.generic_visit(rest := ast.Module(node.orelse, []))
            return rest.body
        return self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if is_text else self.generic_visit(node)


class _Unused(ast.NodeTransformer):
    """Takes away the imports of names."""

    def __init__(self, names: set[str]) -> None:
        self.names = names

    def visit_Import(self, node: ast.Import) -> ast.AST | None:
        return self._without(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        return self._without(node)

    def _without(self, node: ast.Import | ast.ImportFrom) -> ast.AST | None:
        node.names = [one for one in node.names if _binds(one) not in self.names]
        return node if node.names else None


def _binds(alias: ast.alias) -> str:
    return alias.asname or alias.name.partition(".")[0]


def _imports(tree: ast.AST, package: str) -> Iterator[Import]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                yield Import(one.name)
                if not one.asname:  # it binds the first name, of which others may be taken
                    yield Import(one.name.partition(".")[0])
        elif isinstance(node, ast.ImportFrom):
            for one in node.names:
                yield Import(_absolute(node, package), "" if one.name == "*" else one.name)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            match node.args:
                case [ast.Constant(value=str(name))]:
                    yield Import(name)


def _bound(tree: ast.AST, package: str) -> Iterator[tuple[str, Import]]:
    """Yield the names that imports bind at the top of a module, with what they stand for."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                yield _binds(one), Import(one.name if one.asname else _binds(one))
        elif isinstance(node, ast.ImportFrom):
            for one in node.names:
                yield _binds(one), Import(_absolute(node, package), one.name)
        elif not isinstance(node, _Scope | ast.ClassDef):
            yield from _bound(node, package)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    """Return the absolute name of the module that names are imported from."""
    if not node.level:
        return node.module or ""
    above = package.split(".")[: len(package.split(".")) + 1 - node.level]
    return ".".join([*above, *([node.module] if node.module else [])])


def _acts(statement: ast.stmt) -> bool:
    """Say whether a statement at the top of a module does more than import and define."""
    match statement:
        case ast.Import() | ast.ImportFrom() | ast.FunctionDef() | ast.AsyncFunctionDef():
            return False
        case ast.ClassDef() | ast.Pass():
            return False
        case ast.Assign(targets=targets):
            return not all(isinstance(target, ast.Name) for target in targets)
    return True


def _written(node: object) -> Iterator[str]:
    """Write a syntax tree, the same whatever the version of Python that parsed it."""
    if isinstance(node, ast.Constant):
        yield repr(node.value)
    elif isinstance(node, ast.AST):
        yield f"{type(node).__name__}("
        for name, value in ast.iter_fields(node):
            if value is not None and value != [] and name not in _PASSED_OVER:
                yield f"{name}="
                yield from _written(value)
        yield ")"
    elif isinstance(node, list):
        yield "["
        for item in node:
            yield from _written(item)
            yield ","
        yield "]"
    else:
        yield repr(node)


def _short(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _place(path: Path) -> Path:
    """Return the file that what is known of a module is kept in, beside its byte code."""
    return Path(importlib.util.cache_from_source(str(path))).with_suffix(".coco-recipe")


def _kept(path: Path) -> Code | None:
    try:
        return msgspec.json.decode(_place(path).read_bytes(), type=Code)
    except (OSError, NotImplementedError, msgspec.DecodeError):
        return None


def _keep(path: Path, code: Code) -> None:
    """Keep what is known of a module; where nothing can be written, it is parsed again each time."""
    if sys.dont_write_bytecode:
        return
    try:
        place = _place(path)
        partial = place.with_name(f"{place.name}.{os.getpid()}")
        place.parent.mkdir(exist_ok=True)
        partial.write_bytes(msgspec.json.encode(code))
        os.replace(partial, place)
    except (OSError, NotImplementedError):
        return
