"""What a module's code does, in a digest, and what it imports: read from its text, never imported.

Not in the digest, as it changes nothing of what the code does: comments, formatting, docstrings,
the annotations of functions and variables, ``if TYPE_CHECKING`` blocks, and imports of what only
annotations name. The annotations in a class's body are in it: the names and order of a dataclass's
fields stand there, and the types by which a msgspec Struct is decoded.
"""

import ast
import contextlib
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
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

    Of a package's module it is kept in the user's cache, so that the next process need not parse
    it; by the digest of its bytes it is known to be current.

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
    elif (kept := _kept(place := _place(path, module))) and kept.made_from == made_from:
        code = kept
    else:
        code = parse(data, module, is_package=path.name == "__init__.py", made_from=made_from)
        _keep(place, code)
    _known[str(path), module] = stamp, code
    return code


def parse(text: bytes | str, module: str, *, is_package: bool = False, made_from: str = "") -> Code:
    """Read a module's text.

    Raises:
        SyntaxError: it is not Python.
    """
    tree = ast.parse(text)
    package = module if is_package else module.rpartition(".")[0]
    reader = _Reader(package)
    body = [(statement, reader.block([statement])) for statement in tree.body]
    written = [text for _, text in body if text]
    passed_over = reader.annotated - reader.named
    imports = [(name, one) for name, one in reader.imports if name not in passed_over]
    names = (s for s in reader.strings if len(s) < 100 and _FILE_NAME.fullmatch(s))
    return Code(
        made_from,
        _short("\n".join([*written, *(f"{name}={one}" for name, one in imports)]).encode()),
        any(text and _acts(statement) for statement, text in body),
        tuple(dict.fromkeys(one for _, one in imports)),
        {name: one for name, one in _bound(tree, package) if name != "*"},
        tuple(sorted(names)),
    )


class _Reader:
    """Writes a syntax tree without what changes nothing, and keeps what it names and imports.

    What is written is the same whatever the version of Python that parsed the text. Imports aren't
    written where they stand, but kept, so that those can be left out that only annotations need.

    Attributes:
        annotated: the names that annotations name.
        named: the names that the rest names, and its strings.
        strings: its strings.
        imports: the name that each import binds, and what is imported.
    """

    def __init__(self, package: str) -> None:
        self.package = package
        self.annotated: set[str] = set()
        self.named: set[str] = set()
        self.strings: set[str] = set()
        self.imports: list[tuple[str, Import]] = []

    def block(self, statements: list[ast.stmt], *, is_class: bool = False) -> str:
        """Write statements, but for docstrings and what only a type checker reads."""
        lines = (self._statement(statement, is_class=is_class) for statement in statements)
        return ";".join(filter(None, lines))

    def _statement(self, node: ast.stmt, *, is_class: bool) -> str:
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                return ""
            case ast.Import() | ast.ImportFrom():
                self.imports += _imports(node, self.package)
                return ""
            case ast.If() if _last(node.test) == "TYPE_CHECKING":
                return self.block(node.orelse)
            case ast.AnnAssign() if not is_class:
                self._forget(node.annotation)
                return f"Assign({self._list([node.target])}={self._any(node.value)})" * bool(
                    node.value
                )
            case ast.Assign():
                return f"Assign({self._list(node.targets)}={self._any(node.value)})"
        return self._node(node)

    def _forget(self, annotation: ast.expr | None) -> None:
        """Pass over an annotation, but for the names in it."""
        for node in ast.walk(annotation) if annotation else ():
            if isinstance(node, ast.Name):
                self.annotated.add(node.id)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                self.annotated.update(re.findall(r"\w+", node.value))

    def _node(self, node: ast.AST) -> str:
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str):
                self.strings.add(node.value)
                self.named.add(node.value)
            return repr(node.value)
        if isinstance(node, ast.Name):
            self.named.add(node.id)
            return node.id
        passed_over = _PASSED_OVER
        if isinstance(node, ast.arg | ast.FunctionDef | ast.AsyncFunctionDef):
            self._forget(node.annotation if isinstance(node, ast.arg) else node.returns)
            passed_over = _PASSED_OVER | {"annotation", "returns"}
        elif isinstance(node, ast.Call) and _last(node.func) == "import_module":
            match node.args:
                case [ast.Constant(value=str(name))]:
                    self.imports.append(("", Import(name)))
        fields = []
        for name in node._fields:
            value = getattr(node, name, None)
            if value is None or value == [] or name in passed_over:
                continue
            if isinstance(value, list) and isinstance(value[0], ast.stmt):
                text = f"[{self.block(value, is_class=isinstance(node, ast.ClassDef))}]"
            else:
                text = self._any(value)
            fields.append(f"{name}={text}")
        return f"{type(node).__name__}({' '.join(fields)})"

    def _any(self, value: object) -> str:
        if isinstance(value, ast.AST):
            return self._node(value)
        return self._list(value) if isinstance(value, list) else repr(value)

    def _list(self, values: Sequence[object]) -> str:
        return f"[{','.join(map(self._any, values))}]"


def _imports(node: ast.Import | ast.ImportFrom, package: str) -> Iterator[tuple[str, Import]]:
    """Yield the names that an import binds, and what each stands for; and what else it brings."""
    for one in node.names:
        name = _binds(one)
        if isinstance(node, ast.ImportFrom):
            yield name, Import(_absolute(node, package), "" if one.name == "*" else one.name)
        else:
            yield name, Import(one.name)
            if not one.asname and "." in one.name:  # of the first, others may be taken, too
                yield name, Import(name)


def _last(node: ast.expr) -> str:
    """Return a name, or the last part of a dotted one; empty for another expression."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _binds(alias: ast.alias) -> str:
    return alias.asname or alias.name.partition(".")[0]


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


def _short(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _place(path: Path, module: str) -> Path | None:
    """Return the file in the user's cache in which a package's module is kept; None for others."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    if "." not in module or not os.path.isabs(base):
        return None
    name = hashlib.sha256(f"{module}/{path}".encode()).hexdigest()[:16]
    return Path(base, "coco-recipe", "code", f"{module}.{name}.json")


def _kept(place: Path | None) -> Code | None:
    try:
        return msgspec.json.decode(place.read_bytes(), type=Code) if place else None
    except (OSError, ValueError, msgspec.DecodeError):
        return None


def _keep(place: Path | None, code: Code) -> None:
    """Keep what is known of a module.

    Where nothing can be written, it is parsed again each time.
    """
    if place:
        partial = place.with_name(f"{place.name}.{os.getpid()}")
        with contextlib.suppress(OSError):
            place.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(msgspec.json.encode(code))
            os.replace(partial, place)
