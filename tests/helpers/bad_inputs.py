"""Bad inputs: each case makes a folder and a command, and says what must come of it.

A case is an instance of a class of mistakes. Outcomes: ``refuse`` (exit 1 or 2, before any step
is committed), ``accept`` (exit 0), ``warn`` (exit 0, and it is told), ``quarantine`` (refused as
it is; listed and counted where the recipe says ``quarantine``).
"""

import bz2
import gzip
import io
import json
import lzma
import os
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from builders import coco

from coco_recipe.testing import draw

Outcome = Literal["refuse", "accept", "warn", "quarantine"]
Change = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Case:
    """A bad input.

    Attributes:
        id: what it is, after the class that it belongs to: ``yaml/empty``.
        make: writes files into a folder; returns the command's arguments.
        outcome: what must come of it.
        told: what the message must contain: the place, the offending value.
        needs: packages without which it can't be tried.
    """

    id: str
    make: Callable[[Path], list[str]]
    outcome: Outcome
    told: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


CASES: list[Case] = []
EXPORT = {"id": "out", "use": "export_coco", "in": {"all": "raw"}, "with": {"images": "none"}}
RUN = ["run", "recipe.yaml", "--jobs", "0"]


def case(
    id: str,
    make: Callable[[Path], list[str] | None],
    outcome: Outcome,
    *told: str,
    needs: tuple[str, ...] = (),
) -> None:
    CASES.append(Case(id, lambda folder: make(folder) or RUN, outcome, told, needs))


def recipe(folder: Path, steps: Any = (EXPORT,), data: Any = None, **top: Any) -> None:
    """Write a recipe, its annotation file, and a picture for each of its images."""
    data = coco(2) if data is None else data
    if isinstance(data, dict):
        (folder / "raw.json").write_text(json.dumps(data))
    with_pictures = {"images": "images"} if any(map(_reads_pictures, steps)) else {}
    given = {
        "coco_recipe": 1,
        "name": "test",
        "inputs": {"raw": {"annotations": "raw.json"} | with_pictures},
        "steps": list(steps),
    } | top
    (folder / "images").mkdir(exist_ok=True)
    (folder / "recipe.yaml").write_text(json.dumps(given, ensure_ascii=False), "utf-8")


def _reads_pictures(step: Any) -> bool:
    return isinstance(step, dict) and (
        step.get("use") in ("augment", "train") or "copy" in step.get("with", {}).values()
    )


# recipes as text

STEPS = "steps:\n  - {id: out, use: export_coco, in: {all: raw}, with: {images: none}}\n"
HEAD = "coco_recipe: 1\nname: test\n"
INPUTS = "inputs:\n  raw: {annotations: raw.json}\n"
TEXT = HEAD + INPUTS + STEPS
LONG_CHAIN = "".join(f"a{n}: &a{n} {{<<: *a{n - 1}}}\n" for n in range(1, 800))


def text(id: str, written: str | bytes, outcome: Outcome, *told: str) -> None:
    def make(folder: Path) -> None:
        recipe(folder)
        data = written if isinstance(written, bytes) else written.encode()
        (folder / "recipe.yaml").write_bytes(data)

    case(f"yaml/{id}", make, outcome, *told)


def keeping(written: str) -> str:
    """Return a recipe that keeps these categories."""
    return (
        HEAD
        + INPUTS
        + f"steps:\n  - {{id: a, use: filter_categories, in: raw, with: {{keep: {written}}}}}\n"
    )


text("empty", "", "refuse", "recipe.yaml", "is empty")
text("comment only", "# nothing\n", "refuse", "is empty")
text("blanks only", " \n\n", "refuse", "is empty")
text("list at the root", "- a\n- b\n", "refuse", "expected a mapping")
text("text at the root", "hello", "refuse", "expected a mapping")
text("two documents", TEXT + "---\n" + TEXT, "refuse", "second document", "recipe.yaml:7")
text("key twice at the top", TEXT + "name: other\n", "refuse", "'name' is there twice")
text(
    "key twice inside",
    HEAD + INPUTS.replace("raw.json}", "raw.json, annotations: b.json}") + STEPS,
    "refuse",
    "'annotations' is there twice",
)
text("alias", TEXT.replace("name: test", "name: &n test\ndescription: *n"), "accept")
for depth in (6, 9):
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, depth)
    )
    text(
        f"alias bomb of {depth} levels",
        TEXT + "vars:\n" + "".join(f"  {line}\n" for line in bomb.splitlines()),
        "refuse",
        "values",
    )
text("alias of itself", TEXT + "vars: &v {a: *v}\n", "refuse", "nested")
text("alias of itself in a list", TEXT + "vars: {a: &v [*v]}\n", "refuse", "nested")
text("alias of nothing", TEXT + "vars: {a: *gone}\n", "refuse", "recipe.yaml:7:11", "this anchor")
text(
    "asterisk without quotes", TEXT + "vars: {a: *.json}\n", "refuse", "recipe.yaml:7:12", "quotes"
)
text("at sign without quotes", TEXT + "vars: {a: @b}\n", "refuse", "recipe.yaml:7:11", "quotes")
text("colon in a text", TEXT + "description: a: b\n", "refuse", "recipe.yaml:7:15", "quotes")
text("bracket that doesn't end", TEXT + "vars: {a: [1, 2}\n", "refuse", "recipe.yaml:7:", "bracket")
text("anchor twice", TEXT + "vars: {a: &x 1, b: &x 2}\n", "refuse", "recipe.yaml:7:20", "anchor")
text(
    "merge chain",
    TEXT + "vars:\n  a0: &a0 {k: 1}\n" + "".join(f"  {line}\n" for line in LONG_CHAIN.splitlines()),
    "refuse",
    "merge keys",
)
text(
    "merge list",
    TEXT + "vars:\n  a: &a {k: 1}\n  b: {<<: [" + ", ".join(["*a"] * 2000) + "]}\n",
    "refuse",
    "merge keys",
)
for tag in (
    "!!python/object/apply:os.system ['touch marker']",
    "!custom x",
    "!!binary aGk=",
    "!!set {a}",
    "!!python/name:os.system x",
    "!!timestamp 2020-01-01",
):
    text(f"tag {tag.split(' ')[0]}", TEXT + f"vars: {{a: {tag}}}\n", "refuse", "tag", "remove it")
for word in ("no", "NO", "on", "off", "y", "Yes"):
    text(f"category {word}", keeping(f"[cat, {word}]"), "refuse", f"'{word}'")
for word in ("~", "null", "true", ".5", "[a]", "{a: 1}"):
    text(f"category as {word}", keeping(f"[cat, {word}]"), "refuse", "steps[0].with.keep")
text("whole number 0777", TEXT + "seed: 0777\n", "accept")
text("whole number 1_000", TEXT + "seed: 1_000\n", "refuse", "'1_000'", "seed")
text("time 12:30:45", TEXT + "description: 12:30:45\n", "accept")
for word in (".nan", ".inf", "-.inf", "1e999"):
    text(f"number {word}", TEXT + f"seed: {word}\n", "refuse", "finite", word)
text("whole number of 5,000 digits", TEXT + f"seed: {'9' * 5000}\n", "refuse", "5000 digits")
text("hexadecimal of 5,000 digits", TEXT + f"seed: 0x{'f' * 5000}\n", "refuse", "seed")
text("whole number of 300 digits", TEXT + f"seed: {'9' * 300}\n", "accept")
text("key of a number", TEXT + "1: x\n", "refuse", "a key must be a string")
text("key of a switch", TEXT + "true: x\n", "refuse", "a key must be a string")
text("key of nothing", TEXT + "~: x\n", "refuse", "a key must be a string")
text("key that is a list", TEXT + "? [a, b]\n: x\n", "refuse", "a key must be a string")
text("byte order mark", b"\xef\xbb\xbf" + TEXT.encode(), "accept")
text("UTF-16", TEXT.encode("utf-16"), "refuse", "UTF-8")
text("UTF-32", TEXT.encode("utf-32"), "refuse", "UTF-8", "save it")
text("GBK", TEXT.replace("name: test", "name: 瓶盖").encode("gbk"), "refuse", "UTF-8", "byte")
text("broken UTF-8", TEXT.encode() + b"# \xc3\x28\n", "refuse", "UTF-8", "byte")
text("Latin-1", TEXT.encode() + "# müde\n".encode("latin-1"), "refuse", "UTF-8")
text("NUL character", TEXT + "description: a\0b\n", "refuse", "recipe.yaml:7:15", "U+0000")
text("escape character", TEXT + "description: é\x1bb\n", "refuse", "recipe.yaml:7:15", "U+001B")
text("bell behind a comment", TEXT + "# \x07\n", "refuse", "recipe.yaml:7:3", "U+0007")
text("tab before a key", TEXT + "vars:\n\ta: 1\n", "refuse", "recipe.yaml:8:1", "not with tabs")
text("tab behind a value", TEXT + "description: a\t# why\n", "accept")
text("old Mac's line ends", TEXT.replace("\n", "\r"), "accept")
text("no line end", TEXT.rstrip("\n"), "accept")
text("document end", TEXT + "...\n", "accept")
text("directive", "%YAML 1.2\n---\n" + TEXT, "accept")
text("unknown directive", "%COCO 1\n---\n" + TEXT, "refuse", "recipe.yaml:1:", "directive")
text("seed -0", TEXT + "seed: -0\n", "accept")
text("seed 1.0", TEXT + "seed: 1.0\n", "accept")
text("seed in quotes", TEXT + "seed: '7'\n", "refuse", "recipe.yaml:7:7", "found '7'")
text("seed in other digits", TEXT + "seed: ７\n", "refuse", "recipe.yaml:7:7", "found '７'")
text("block text", TEXT + "description: |\n  a\n  b\n", "accept")
text("empty steps", HEAD + INPUTS + "steps:\n", "refuse", "steps", "expected a list, found None")
text("empty inputs", HEAD + "inputs:\n" + STEPS, "refuse", "inputs", "found None")
text("depth of 500", TEXT + "vars: {a: " + "[" * 500 + "]" * 500 + "}\n", "refuse", "deep")
text("depth of 100,000", TEXT + "vars: {a: " + "[" * 100_000, "refuse", "deep")
text("100 MB", b"# " + b"x" * 100_000_000, "refuse", "4000000 bytes")
text("tab as indent", "coco_recipe: 1\n\tname: x\n", "refuse", "recipe.yaml:2")
text("quote that doesn't end", TEXT + 'description: "a\n', "refuse", "is not YAML")
text("JSON", json.dumps({"coco_recipe": 1}), "refuse", "'name' is missing")
text("Windows line ends", TEXT.replace("\n", "\r\n"), "accept")
text("a picture", b"\x89PNG\r\n\x1a\n" + bytes(100), "refuse", "recipe.yaml", "is not UTF-8")
text("gzip", gzip.compress(TEXT.encode()), "refuse", "recipe.yaml", "is not UTF-8")
text("a COCO file", json.dumps(coco(2)), "refuse", "'coco_recipe' is missing")


def of_kind(id: str, name: str, put: Callable[[Path], None], *told: str) -> None:
    """Put something that is no file where a file is read."""

    def make(folder: Path) -> None:
        recipe(
            folder, [{"id": "more", "use": "augment", "in": "raw", "with": {"pipeline": "p.yaml"}}]
        )
        (folder / "p.yaml").write_text("- HorizontalFlip: {p: 1}\n")
        draw(folder / "images", coco(2))
        (folder / name).unlink()
        put(folder / name)

    case(id, make, "refuse", Path(name).name, *told)


def _socket(path: Path) -> None:
    os.mknod(path, 0o140644)


def _touched(path: Path) -> Path:
    path.touch()
    return path


KIND_TOLD = (
    {
        "FIFO": ("FIFO",),
        "folder": ("is a folder",),
        "socket": ("is a socket",),
        "/dev/zero": ("device",),
        "": ("is a link to 'nowhere'",),
        "itself": ("is a link to ",),
    },
    {"FIFO": ("FIFO",), "folder": ("is a folder",), "": ("No such file",), "itself": ("levels",)},
)
for name, place in (
    ("recipe", "recipe.yaml"),
    ("annotations", "raw.json"),
    ("pipeline", "p.yaml"),
    ("picture", "images/1.jpg"),
):
    for kind, put in {
        "FIFO": os.mkfifo,
        "folder": os.mkdir,
        "socket": _socket,
        "/dev/zero": partial(os.symlink, "/dev/zero"),
        "link to nothing": partial(os.symlink, "nowhere"),
        "link to itself": lambda path: os.symlink(Path(path).name, path),
        "link to a FIFO": lambda path: (os.mkfifo(f"{path}.f"), os.symlink(f"{path}.f", path))[1],
    }.items():
        word = kind.rpartition(" ")[2] if "nothing" not in kind else ""
        of_kind(f"files/{name} is a {kind}", place, put, *KIND_TOLD[name == "recipe"].get(word, ()))


for name, place in (("recipe", "recipe.yaml"), ("annotations", "raw.json"), ("pipeline", "p.yaml")):
    of_kind(
        f"files/{name} is a hole of 1 TB", place, lambda path: os.truncate(_touched(path), 2**40)
    )

# what a recipe means


def meaning(
    id: str, outcome: Outcome, *told: str, steps: Any = (EXPORT,), data: Any = None, **top: Any
) -> None:
    case(f"meaning/{id}", lambda folder: recipe(folder, steps, data, **top), outcome, *told)


def step(use: str, **params: Any) -> dict[str, Any]:
    return {"id": "a", "use": use, "in": "raw", "with": params}


meaning(
    "unknown step", "refuse", "did you mean 'filter_categories'", steps=[step("filter_category")]
)
meaning(
    "unknown parameter",
    "refuse",
    "unknown key 'kep'",
    "steps[0].with",
    steps=[step("filter_categories", kep=["cat"])],
)
meaning("unknown key of a step", "refuse", "unknown key 'wth'", steps=[EXPORT | {"wth": {}}])
meaning("unknown key at the top", "refuse", "unknown key 'step'", step=[])
meaning("missing parameter", "refuse", "pipeline", steps=[step("augment")])
meaning("missing id", "refuse", "'id' is missing", steps=[{"use": "reindex", "in": "raw"}])
meaning(
    "switch for a number",
    "refuse",
    "expected a whole number, found True",
    steps=[step("augment", pipeline=[{"NoOp": {}}], copies=True)],
)
meaning(
    "text for a number",
    "refuse",
    "found '2'",
    steps=[step("augment", pipeline=[{"NoOp": {}}], copies="2")],
)
meaning("number for a text", "refuse", "found 5", name=5)
for copies in (0, -1, 10**6, 10**18):
    meaning(
        f"{copies} copies",
        "refuse",
        str(copies),
        "copies",
        steps=[step("augment", pipeline=[{"NoOp": {}}], copies=copies)],
    )
meaning(
    "shares of 1.1", "refuse", "1.1", steps=[step("split", fractions={"train": 0.6, "val": 0.5})]
)
meaning(
    "share of 0", "refuse", "fractions", steps=[step("split", fractions={"train": 1.0, "val": 0})]
)
meaning(
    "split with an empty part",
    "refuse",
    "'c'",
    steps=[step("split", fractions={"a": 0.4, "b": 0.3, "c": 0.3})],
)
meaning("id twice", "refuse", "'a' is taken", steps=[step("reindex"), step("reindex")])
meaning("id of an input", "refuse", "'raw' is taken", steps=[step("reindex") | {"id": "raw"}])
meaning(
    "reference downwards",
    "refuse",
    "stands below",
    steps=[step("reindex") | {"in": "b"}, step("reindex") | {"id": "b"}],
)
meaning("reference to itself", "refuse", "stands below", steps=[step("reindex") | {"in": "a"}])
meaning(
    "reference to nothing",
    "refuse",
    "no input or step 'rw'",
    "did you mean 'raw'",
    steps=[step("reindex") | {"in": "rw"}],
)
meaning(
    "reference to no output",
    "refuse",
    "names no output",
    steps=[step("split", every=2), {"id": "b", "use": "reindex", "in": "a.test"}],
)
meaning("reference that is a number", "refuse", "found 3", steps=[step("reindex") | {"in": 3}])
meaning(
    "step that nothing reads",
    "warn",
    "unread_steps",
    steps=[step("reindex"), EXPORT | {"with": {"images": "none", "to": "published"}}],
)
meaning("no steps", "refuse", "steps", steps=[])
text("steps as a mapping", HEAD + INPUTS + "steps: {a: 1}\n", "refuse", "expected a list")
text("inputs as a list", HEAD + "inputs: [a]\n" + STEPS, "refuse", "expected a mapping")
text("step as a text", HEAD + INPUTS + "steps: [a]\n", "refuse", "expected a mapping")
meaning("no inputs", "refuse", "no input or step 'raw'", inputs={})
meaning("input with nothing", "refuse", "must have one of", inputs={"raw": {}})
meaning(
    "input with two kinds",
    "refuse",
    "must have one of",
    inputs={"raw": {"annotations": "raw.json", "checkpoint": "raw.json"}},
)
meaning(
    "missing annotation file",
    "refuse",
    "there is no file gone.json",
    inputs={"raw": {"annotations": "gone.json"}},
)
meaning(
    "missing folder",
    "refuse",
    "there is no folder gone",
    inputs={"raw": {"annotations": "raw.json", "images": "gone"}},
)
meaning(
    "another hash",
    "refuse",
    "SHA-256",
    "deadbeef",
    inputs={"raw": {"annotations": "raw.json", "sha256": "deadbeef"}},
)
meaning(
    "no hash",
    "refuse",
    "sha256",
    "'xyz'",
    inputs={"raw": {"annotations": "raw.json", "sha256": "xyz"}},
)
for version in (0, 2, "1", None, 1.5):
    meaning(
        f"version {version!r}",
        "refuse",
        "coco_recipe: ",
        str(version),
        "without quotes" if version == "1" else "1",
        coco_recipe=version,
    )
for name in (
    "a/b",
    "..",
    "",
    "-x",
    "a b",
    "x" * 300,
    "a\nb",
    "CON:",
    "a\\b",
    "é".encode().decode() and "e\u0301",
):
    meaning(f"name {name[:9]!r}", "refuse", "name", name=name)
for seed in (-1, 1.5, "7", None):
    meaning(f"seed {seed!r}", "refuse", "seed", seed=seed)
for seed in (0, 2**32, 2**64):
    meaning(f"seed {seed}", "accept", seed=seed)
meaning(
    "variable that isn't set",
    "refuse",
    "description: ${gone} is not set",
    "--set vars.gone",
    description="${gone}",
)
meaning(
    "variable of the environment that isn't set",
    "refuse",
    "${env:COCO_RECIPE_GONE} is not set",
    "export COCO_RECIPE_GONE=",
    description="${env:COCO_RECIPE_GONE}",
)
meaning("variable of itself", "refuse", "refers to itself", vars={"a": "${a}"}, description="${a}")
meaning(
    "variables in a circle",
    "refuse",
    "refers to itself",
    vars={"a": "x${b}", "b": "y${a}"},
    description="${a}",
)
meaning(
    "variables that grow",
    "refuse",
    "vars",
    vars={f"a{n}": f"${{a{n + 1}}}" * 10 for n in range(19)} | {"a19": "x"},
    description="${a0}",
)
meaning("unknown finding", "refuse", "nonsense", findings={"nonsense": "error"})
meaning("unknown severity", "refuse", "'loud'", findings={"boxes_of_no_area": "loud"})
for pattern in (r"(a+)+$", r"(a|a)*$", r"([a-z]+)*;"):
    meaning(
        f"pattern {pattern}",
        "refuse",
        "pattern",
        "1 s",
        steps=[step("split", fractions={"train": 0.5, "val": 0.5}, group_by={"pattern": pattern})],
        data={
            **coco(2),
            "images": [
                {"id": n, "file_name": "a" * 40 + f"{n}!", "width": 64, "height": 48}
                for n in (1, 2)
            ],
        },
    )
for pattern in ("(", "a{99999999999}", "x" * 5000):
    meaning(
        f"pattern {pattern[:9]} that is none",
        "refuse",
        "group_by",
        steps=[step("split", fractions={"train": 0.5, "val": 0.5}, group_by={"pattern": pattern})],
    )
meaning(
    "filter that leaves nothing",
    "refuse",
    "there is no category 'cow'",
    steps=[step("filter_categories", keep=["cow"])],
)
meaning(
    "10,000 steps",
    "refuse",
    "steps[9999].use: there is no step 'nonsense'",
    "10000 problems",
    steps=[step("nonsense") | {"id": f"s{n}"} for n in range(10_000)],
)
for name, to in {
    "into an input": "../../images",
    "below an input": "../../images/new",
    "around an input": "../..",
}.items():
    meaning(
        f"publishes {name}",
        "refuse",
        "steps[0].with.to: ",
        "can't publish in ",
        "a folder of its own",
        steps=[EXPORT | {"with": {"images": "none", "to": to}}],
        inputs={"raw": {"annotations": "raw.json", "images": "images"}},
    )
meaning(
    "publishes twice into one folder",
    "refuse",
    "to",
    steps=[EXPORT | {"id": n, "with": {"to": "../../p"}} for n in ("a", "b")],
)
meaning("publishes into steps", "refuse", "to", steps=[EXPORT | {"with": {"to": "steps"}}])


def _out(folder: Path, out: str, before: Callable[[Path], None] = lambda folder: None) -> list[str]:
    recipe(folder)
    before(folder)
    return [*RUN, "--out", out]


case(
    "out/is the folder of images",
    lambda f: _out(f, "images", lambda f: draw(f / "images", coco(2))),
    "refuse",
    "not empty",
)
case(
    "out/is a link to the folder of images",
    lambda f: _out(
        f, "link", lambda f: (draw(f / "images", coco(2)), os.symlink("images", f / "link"))[1]
    ),
    "refuse",
    "not empty",
)
case("out/is a file", lambda f: _out(f, "raw.json"), "refuse", "raw.json")
case("out/below a file", lambda f: _out(f, "raw.json/x"), "refuse", "raw.json")
case(
    "out/somebody's folder",
    lambda f: _out(f, "mine", lambda f: (f / "mine/notes").mkdir(parents=True)),
    "refuse",
    "mine",
)
case("out/a name too long", lambda f: _out(f, "x" * 300), "refuse", "too long")
case("out/a path too long", lambda f: _out(f, "x/" * 3000), "refuse", "too long")
case("out/runs is a file", lambda f: (recipe(f), (f / "runs").write_text("x"))[0], "refuse", "runs")
case(
    "out/runs leads nowhere",
    lambda f: (recipe(f), (f / "runs").symlink_to("a/b"))[0],
    "refuse",
    "runs",
)
case("out/no such recipe", lambda f: ["run", "gone.yaml"], "refuse", "gone.yaml")
case("out/unknown option", lambda f: (recipe(f), [*RUN, "--jbos", "2"])[1], "refuse", "--jbos")
case("out/negative jobs", lambda f: (recipe(f), [*RUN, "--jobs", "-1"])[1], "refuse", "-1")
case("out/unknown engine", lambda f: (recipe(f), [*RUN, "--engine", "cloud"])[1], "refuse", "cloud")
case(
    "out/option that sets nothing",
    lambda f: (recipe(f), [*RUN, "--set", "steps.zzz.with.a=1"])[1],
    "refuse",
    "zzz",
)
case(
    "out/option without a value",
    lambda f: (recipe(f), [*RUN, "--set", "name"])[1],
    "refuse",
    "--set name",
)
case(
    "out/step that isn't there",
    lambda f: (recipe(f), [*RUN, "--from", "outt"])[1],
    "refuse",
    "did you mean 'out'",
)


# COCO files as text

GOOD = json.dumps(coco(2)).encode()


def raw(id: str, data: bytes, outcome: Outcome, *told: str) -> None:
    def make(folder: Path) -> None:
        recipe(folder)
        (folder / "raw.json").write_bytes(data)

    case(f"json/{id}", make, outcome, "raw" if outcome == "refuse" else "", *told)


raw("empty", b"", "refuse", "is empty")
raw("blanks", b" \n\t ", "refuse", "is empty")
raw("null", b"null", "refuse", "found null")
raw("list", b"[1, 2]", "refuse", "found a list", "predictions")
raw("text", b'"a"', "refuse", "found a text")
raw("number", b"7", "refuse", "found a number")
raw("switch", b"true", "refuse", "found true or false")
raw("trailing comma", GOOD[:-1] + b",}", "refuse", "raw.json:1:", "trailing comma")
raw("bytes behind it", GOOD + b"x", "refuse", "raw.json:1:", "remove what stands behind")
raw("two values", GOOD + GOOD, "refuse", "raw.json:1:", "remove what stands behind")
raw("two values on two lines", GOOD + b"\n" + GOOD, "refuse", "raw.json:2:", "one object")
raw("cut off", GOOD[:200], "refuse", "ends within a value (byte 200", "get the file again")
raw("cut off in a number", GOOD[: GOOD.index(b"48")], "refuse", "ends within a value")
raw("UTF-16", GOOD.decode().encode("utf-16"), "refuse", "UTF-16", "save it as UTF-8")
raw("UTF-16 without a mark", GOOD.decode().encode("utf-16-be"), "refuse", "save it as UTF-8")
raw("UTF-32", GOOD.decode().encode("utf-32"), "refuse", "save it as UTF-8")
raw(
    "GBK",
    json.dumps(coco(2, names=("瓶盖", "dog")), ensure_ascii=False).encode("gbk"),
    "refuse",
    "is not UTF-8 (byte 4",
    "save it",
)
raw("Latin-1", GOOD.replace(b"cat", b"m\xfcll"), "refuse", "is not UTF-8 (byte", "save it")
raw("broken UTF-8 in a name", GOOD.replace(b"cat", b"c\xff\xfet"), "refuse", "byte 200", "save it")
raw("NUL character in a text", GOOD.replace(b"cat", b"c\0t"), "refuse", "raw.json:1:", "invalid")
raw("line end in a text", GOOD.replace(b"cat", b"c\nt"), "refuse", "raw.json:1:", "invalid")
raw("Windows line ends", GOOD.replace(b", ", b",\r\n"), "accept")
raw("tabs", GOOD.replace(b", ", b",\t"), "accept")
raw("byte order mark", b"\xef\xbb\xbf" + GOOD, "accept")
for word, words in {
    b"NaN": ("annotation 1", "bbox[0] is NaN", "remove their rows"),
    b"Infinity": ("annotation 1", "bbox[0] is Infinity", "remove their rows"),
    b"-Infinity": ("annotation 1", "bbox[0] is -Infinity", "remove their rows"),
    b"nan": ("raw.json:1:22", "malformed"),
    b"+1": ("raw.json:1:226", "malformed"),
    b".5": ("raw.json:1:226", "malformed"),
    b"01": ("raw.json:1:", "malformed"),
    b"0x10": ("raw.json:1:", "malformed"),
    b"1_0": ("raw.json:1:", "malformed"),
    b"1e400": ("annotations[0].bbox[0]: 1e400 is too large", "remove the row"),
    b"-1e400": ("annotations[0].bbox[0]: -1e400 is too large", "remove the row"),
}.items():
    raw(
        f"{word.decode()[:9]} in a box",
        GOOD.replace(b"[1, 2, 10, 10]", b"[" + word + b", 2, 10, 10]", 1),
        "refuse",
        *words,
    )
for word in (b"-0", b"-0.0", b"1E0", b"1e-400", b"0.1000000000000000000000001"):
    data = GOOD.replace(b"[1, 2, 10, 10]", b"[" + word + b", 2, 10, 10]", 1)
    raw(f"{word.decode()} in a box", data, "accept")
raw("depth of 100,000", b'{"images": ' + b"[" * 100_000, "refuse", "nested too deep")
raw(
    "depth of 100,000 in an unknown key",
    GOOD[:-1] + b', "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "refuse",
    "nested too deep",
)
raw(
    "depth of 10,000 in an unknown key of a row",
    GOOD.replace(b'"id": 1,', b'"x": ' + b"[" * 10_000 + b"]" * 10_000 + b', "id": 1,', 1),
    "refuse",
    "nested too deep",
)
raw(
    "key twice at the top",
    GOOD[:-1] + b', "images": []}',
    "refuse",
    "{'images': ['2 rows', '0 rows']}",
    "repeated_keys",
    "remove what isn't meant",
)
raw(
    "key twice in a row",
    GOOD.replace(b'"id": 1,', b'"id": 1, "id": 1,', 1),
    "warn",
    "repeated_keys",
)
raw("gzip", gzip.compress(GOOD), "refuse", "gzip", "gunzip")
raw("bzip2", bz2.compress(GOOD), "refuse", "bzip2", "bunzip2")
raw("xz", lzma.compress(GOOD), "refuse", "xz", "unxz")
raw("Zstandard", b"\x28\xb5\x2f\xfd" + bytes(30), "refuse", "Zstandard", "unzstd")
raw("ZIP", b"PK\x03\x04" + bytes(30), "refuse", "ZIP", "unzip")
raw("lines of JSON", b'{"id": 1}\n{"id": 2}\n', "refuse", "raw.json:2:", "JSON Lines")
raw("lines of JSON with CRLF", b'{"id": 1}\r\n{"id": 2}\r\n', "refuse", "JSON Lines")
raw("a comment", b"// COCO\n" + GOOD, "refuse", "no comments")
raw("a comment of C", b"/* COCO */" + GOOD, "refuse", "no comments")
raw("a comment within", GOOD.replace(b"[{", b"[ // x\n{", 1), "refuse", "raw.json:1:", "near")
raw("single quotes", GOOD.replace(b'"', b"'"), "refuse", "json.dump")
raw("keys without quotes", GOOD.replace(b'"images"', b"images", 1), "refuse", "raw.json:1:", "near")
raw("Python's words", GOOD[:-1] + b', "x": None}', "refuse", "raw.json:1:", "None")
raw("HTML", b"<!DOCTYPE html><html></html>", "refuse", "HTML", "download the file itself")
raw("XML of VOC", b"<annotation><size/></annotation>", "refuse", "XML")
raw(
    "Git LFS",
    b"version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 3\n",
    "refuse",
    "git lfs pull",
)
raw("zero bytes", bytes(1000), "refuse", "zero bytes", "get the file again")
raw("a picture", b"\xff\xd8\xff\xe0" + bytes(100), "refuse", "raw.json:1:1", "near")
raw(
    "a number of 5,000 digits",
    GOOD.replace(b'"id": 1,', b'"id": ' + b"9" * 5000 + b",", 1),
    "refuse",
    "images[0].id: 99999999999999999999... (5000 digits) is too large",
)
raw("50 MB of blanks", b" " * 50_000_000 + GOOD, "accept")
for key in ("images", "annotations", "categories"):
    raw(
        f"no {key}",
        json.dumps({k: v for k, v in coco(2).items() if k != key}).encode(),
        "refuse",
        key,
    )
    raw(f"{key} as a mapping", json.dumps(coco(2) | {key: {}}).encode(), "refuse", key)
    raw(f"{key} of texts", json.dumps(coco(2) | {key: ["a"]}).encode(), "refuse", key)
    raw(f"{key} of nothing", json.dumps(coco(2) | {key: [None]}).encode(), "refuse", key)


for name, first in {"a key without a name": {"": None}, "an id of 1.0": {"id": 1.0}}.items():
    odd = json.dumps(coco(2) | {"images": [first, None]}).encode()
    raw(f"{name} above a row of nothing", odd, "refuse", "images[1]", "null")

# rows


def row(
    id: str,
    table: str,
    change: Mapping[str, Any] | Callable[[dict[str, Any]], None],
    outcome: Outcome,
    *told: str,
) -> None:
    """Change the first row of a table (None leaves a key out), and export the data set."""

    def make(folder: Path) -> None:
        data = coco(2)
        if callable(change):
            change(data)
        else:
            for key, value in change.items():
                data[table][0][key] = value
                if value is ...:
                    del data[table][0][key]
        recipe(folder, data=data)

    def checked(folder: Path) -> list[str]:
        make(folder)
        return ["check", "raw.json"]

    case(f"rows/{id}", checked if outcome == "warn" else make, outcome, *told)


def twice(table: str, **more: Any) -> Change:
    return lambda data: data[table].append(data[table][0] | more)


row("image id twice", "images", twice("images", file_name="x.jpg"), "refuse", "image 1")
row("image twice", "images", twice("images"), "refuse", "image 1")
row("annotation id twice", "annotations", twice("annotations"), "refuse", "annotation 1", "reindex")
row("category id twice", "categories", twice("categories", name="cow"), "refuse", "category 1")
row("category name twice", "categories", twice("categories", id=9), "refuse", "'cat'")
row("file name twice", "images", twice("images", id=9), "refuse", "1.jpg")
for name, other in (
    ("case", "CAT"),
    ("full width", "ｃａｔ"),
    ("blank", " cat"),
    ("zero width", "c\u200bat"),
):
    row(
        f"category alike by {name}",
        "categories",
        twice("categories", id=9, name=other),
        "warn",
        "category 9",
    )
row("empty category name", "categories", {"name": ""}, "refuse", "category 1")
row("blank category name", "categories", {"name": "  "}, "refuse", "category 1")
row("category without a name", "categories", {"name": ...}, "refuse", "category")
row("category name of a number", "categories", {"name": 5}, "refuse", "5")
for name, value in (
    ("Chinese", "瓶盖"),
    ("emoji", "🎉"),
    ("Arabic", "غطاء"),
    ("formula", "=cmd|' /C calc'!A0"),
    ("script", "<script>alert(1)</script>"),
    ("quotes", "a'b\"c"),
    ("10,000 characters", "x" * 10_000),
):
    row(f"category name: {name}", "categories", {"name": value}, "accept")
row("category name: escape sequence", "categories", {"name": "\x1b[2Jcat"}, "accept")
row("category name: right to left", "categories", {"name": "\u202etac"}, "accept")
for table, noun in (("images", "image"), ("annotations", "annotation"), ("categories", "category")):
    row(f"{noun} id of a text", table, {"id": "x1"}, "refuse", "x1")
    row(f"{noun} id of half", table, {"id": 1.5}, "refuse", "1.5")
    row(f"{noun} id of nothing", table, {"id": None}, "refuse", noun)
    row(f"{noun} without an id", table, {"id": ...}, "refuse", noun)
    row(f"{noun} id of a switch", table, {"id": True}, "refuse", "id")
    row(f"{noun} id of a list", table, {"id": [1]}, "refuse", "id")
    row(f"{noun} id of 2^65", table, {"id": 2**65}, "refuse", noun)
    row(f"{noun} id below 0", table, {"id": -5}, "refuse", "-5")
for key in ("image_id", "category_id"):
    row(f"{key} of a text", "annotations", {key: "1"}, "refuse", "annotation 1", "to_int")
    row(f"{key} of a switch", "annotations", {key: True}, "refuse", "annotation 1", "True")
    row(f"{key} of a list", "annotations", {key: [1]}, "refuse", "annotation 1", "[1]")
    row(f"{key} of half", "annotations", {key: 1.5}, "refuse", "annotation 1", "1.5")
    row(f"{key} of 1.0", "annotations", {key: 1.0}, "accept")
    row(f"{key} of 2^65", "annotations", {key: 2**65}, "refuse", "annotation 1", str(2**65))
    row(f"{key} below 0", "annotations", {key: -1}, "refuse", "annotation 1", "-1")
for table in ("images", "annotations", "categories"):
    row(f"id of 1.0 in {table}", table, {"id": 1.0}, "accept")
    row(f"id of 2^63 in {table}", table, {"id": 2**63}, "refuse", str(2**63))
    row(f"id of an object in {table}", table, {"id": {"$oid": "5f"}}, "refuse", "$oid")
    row(f"id of a text with blanks in {table}", table, {"id": " 1"}, "refuse", "' 1'")
row("swapped sides", "images", {"width": 8, "height": 200}, "warn", "annotation 1")
row("file name of a number", "images", {"file_name": 7}, "refuse", "image 1", "7")
row("file name of nothing", "images", {"file_name": None}, "refuse", "image 1")
row("no file name", "images", {"file_name": ...}, "refuse", "image 1")
row("file name of a list", "images", {"file_name": ["1.jpg"]}, "refuse", "image 1")
for number in (0, 2**24 + 1, 2**31, 900100581929, 2**53 - 1):
    row(f"annotation id {number}", "annotations", {"id": number}, "accept")
row(
    "category id 0",
    "categories",
    lambda data: (
        [r.update({"id": 0}) for r in data["categories"][:1]]
        and data["annotations"][0].update(category_id=0)
    ),
    "accept",
)
row("image that isn't there", "annotations", {"image_id": 88}, "refuse", "88")
row("category that isn't there", "annotations", {"category_id": 77}, "refuse", "77")
row("image of nothing", "annotations", {"image_id": None}, "refuse", "image_id")
row("no image", "annotations", {"image_id": ...}, "refuse", "image_id")
row("no category", "annotations", {"category_id": ...}, "refuse", "annotation 1", "category id")
row(
    "no images at all",
    "images",
    lambda data: data.update(images=[], annotations=[]),
    "refuse",
    "all",
)
row("no annotations at all", "annotations", lambda data: data.update(annotations=[]), "accept")
row(
    "no categories at all",
    "categories",
    lambda data: data.update(categories=[], annotations=[]),
    "accept",
)
for side in ("width", "height"):
    for value in (0, -5, 64.5, "64", None, True, [64]):
        row(f"{side} of {value!r}", "images", {side: value}, "refuse", side)
    row(f"no {side}", "images", {side: ...}, "refuse", side)
    row(f"{side} of 2^40", "images", {side: 2**40}, "refuse", "image 1")

LARGE_BOX = coco(2)
LARGE_BOX["annotations"][0]["bbox"] = [10**400, 2, 9, 9]
BOXES: dict[str, tuple[Any, Outcome]] = {
    "null x": ([None, 2, 10, 10], "refuse"),
    "text": (["1", "2", "3", "4"], "refuse"),
    "a text": ("1,2,3,4", "refuse"),
    "three numbers": ([1, 2, 3], "refuse"),
    "five numbers": ([1, 2, 3, 4, 5], "refuse"),
    "none": ([], "refuse"),
    "in a list": ([[1, 2, 3, 4]], "refuse"),
    "mapping": ({"x": 1}, "refuse"),
    "nothing": (None, "refuse"),
    "1e308": ([1e308, 2, 10, 10], "warn"),
    "no width": ([1, 2, 0, 10], "warn"),
    "no height": ([1, 2, 10, 0], "warn"),
    "negative width": ([1, 2, -10, 10], "warn"),
    "1e-9 wide": ([1, 2, 1e-9, 10], "warn"),
    "left of the edge": ([-0.5, 2, 10, 10], "accept"),
    "a bit past the edge": ([54, 2, 10.001, 10], "accept"),
    "far past the edge": ([60, 2, 100, 10], "warn"),
    "outside": ([100, 100, 10, 10], "warn"),
    "just at the edge": ([54, 2, 10, 10], "accept"),
}
for name, (box, outcome) in BOXES.items():
    row(
        f"box: {name}",
        "annotations",
        {"bbox": box, "area": 100},
        outcome,
        *(() if outcome == "accept" else ("annotation 1",)),
    )
row("box: 400 digits", "annotations", {"bbox": [10**400, 2, 9, 9]}, "warn", "annotation 1")
meaning("number of 400 digits in a box is told, and so is its page", "accept", data=LARGE_BOX)
row("no box", "annotations", {"bbox": ...}, "refuse", "annotation 1")
for value in ("100", None, [1], "x"):
    row(f"area of {value!r}", "annotations", {"area": value}, "refuse", "area")
for value in (0, -5):
    row(f"area of {value}", "annotations", {"area": value}, "warn", "annotation 1")
row("no area", "annotations", {"area": ...}, "refuse", "annotation 1")
for value in (2, "yes", None, [0]):
    row(
        f"iscrowd of {value!r}",
        "annotations",
        {"iscrowd": value},
        "refuse" if value != 2 else "warn",
        "iscrowd",
    )
row(
    "1,000 boxes on an image",
    "annotations",
    lambda data: data.update(
        annotations=[data["annotations"][0] | {"id": n} for n in range(1, 1001)]
    ),
    "accept",
)
row(
    "100,000 boxes on an image",
    "annotations",
    lambda data: data.update(
        annotations=[data["annotations"][0] | {"id": n} for n in range(1, 100_001)]
    ),
    "accept",
)

TRIANGLE = [1, 2, 11, 2, 11, 12]
SEGMENTATIONS: dict[str, tuple[Any, Outcome]] = {
    "null in a polygon": ([[None, 2, 11, 2, 11, 12]], "refuse"),
    "1e9": ([[1e9, 2, 11, 2, 11, 12]], "warn"),
    "odd numbers": ([[1, 2, 11, 2, 11]], "warn"),
    "four numbers": ([[1, 2, 11, 2]], "warn"),
    "two numbers": ([[1, 2]], "warn"),
    "flat": (TRIANGLE, "refuse"),
    "pairs": ([[[1, 2], [11, 2], [11, 12]]], "refuse"),
    "no polygons": ([], "accept"),
    "empty polygon": ([[]], "warn"),
    "nothing": (None, "accept"),
    "text": ("a", "refuse"),
    "texts": (["a"], "refuse"),
    "number": (5, "refuse"),
    "no area": ([[1, 2, 5, 2, 11, 2]], "warn"),
    "outside": ([[100, 100, 110, 100, 110, 110]], "warn"),
    "100,000 vertices": ([[float(n % 60) for n in range(200_000)]], "warn"),
    "mask of another size": ({"size": [10, 10], "counts": [0, 100]}, "warn"),
    "mask of 60,000 by 60,000": ({"size": [60000, 60000], "counts": [0, 100]}, "refuse"),
    "mask of 10^5 by 10^5 in one byte": ({"size": [10**5, 10**5], "counts": "0"}, "refuse"),
    "mask of no size": ({"counts": [1, 2]}, "refuse"),
    "mask of a negative size": ({"size": [-48, 64], "counts": [0, 100]}, "refuse"),
    "counts that are short": ({"size": [48, 64], "counts": [0, 100]}, "refuse"),
    "counts that are none": ({"size": [48, 64], "counts": []}, "refuse"),
    "empty counts": ({"size": [48, 64], "counts": ""}, "refuse"),
    "counts that are long": ({"size": [48, 64], "counts": [0, 10**6]}, "refuse"),
    "counts beyond ASCII": ({"size": [48, 64], "counts": "é瓶"}, "refuse"),
    "counts below 0": ({"size": [48, 64], "counts": [-5, 48 * 64 + 5]}, "refuse"),
    "counts of half": ({"size": [48, 64], "counts": [0.5, 10]}, "refuse"),
    "counts of 10^400": ({"size": [48, 64], "counts": [10**400]}, "refuse"),
    "mask of no counts": ({"size": [48, 64]}, "refuse"),
}
for name, (shape, outcome) in SEGMENTATIONS.items():
    row(
        f"segmentation: {name}",
        "annotations",
        {"segmentation": shape},
        outcome,
        *(() if outcome == "accept" else ("annotation 1",)),
    )
row(
    "polygon of a crowd",
    "annotations",
    {"segmentation": [TRIANGLE], "iscrowd": 1},
    "warn",
    "annotation 1",
)
row(
    "mask at odds with its box",
    "annotations",
    {"segmentation": [[40, 40, 50, 40, 50, 47]]},
    "warn",
    "annotation 1",
)


# paths


def path(
    id: str,
    name: str,
    outcome: Outcome,
    *told: str,
    put: Callable[[Path], Any] = lambda folder: None,
    images: str = "copy",
) -> None:
    """Name a picture so, and export it."""

    def make(folder: Path) -> None:
        data = coco(1, [(1, 1)])
        data["images"][0]["file_name"] = name
        recipe(folder, [EXPORT | {"with": {"images": images}}], data)
        (folder / "secret.png").write_bytes(png())
        put(folder)

    case(f"path/{id}", make, outcome, *told)


def png(
    width: int = 64,
    height: int = 48,
    *,
    bits: int = 8,
    colour: int = 2,
    size: tuple[int, int] | None = None,
) -> bytes:
    """Return a PNG of one colour; ``size`` is what its header lies."""
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    line = b"\0" + bytes((width * samples * bits + 7) // 8)
    header = struct.pack(">IIBBBBB", *(size or (width, height)), bits, colour, 0, 0, 0)
    palette = [(b"PLTE", b"\1\2\3" * 4)] if colour == 3 else []
    chunks = [(b"IHDR", header), *palette, (b"IDAT", zlib.compress(line * height)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


for name in (
    "../secret.png",
    "a/../../secret.png",
    "/etc/passwd",
    "..\\x.png",
    "C:\\x.png",
    "\\\\srv\\s\\x.png",
    ".",
    "..",
    "",
    "a/",
    "a//../../b",
    "./../secret.png",
    "a\0b",
):
    path(f"{name!r}", name, "refuse", "image 1")
for name in (
    "~/x.png",
    "http://a.b/x.png",
    "s3://b/x.png",
    "reference://x::y",
    "zip://a::b",
    "data:image/png;base64,AAAA",
    "file:///etc/passwd",
    "//srv/share/x.png",
    "%2e%2e/secret.png",
    "~root/x.png",
    "a\nb.png",
    "x/" * 3000 + "x.png",
    "x" * 300,
    "gone.png",
):
    path(f"{name[:20]!r}", name, "refuse", "image 1")
for name in (
    "瓶盖 1.png",
    "a b.png",
    "a'b\".png",
    "=x.png",
    "🎉.png",
    "a.b.c",
    "x.PNG",
    "sub/dir/1.png",
    "-x.png",
    "%2e%2e.png",
    "$HOME.png",
    "CON.png",
    "nul",
    "a.",
    "a ",
    " a.png",
    "a:b.png",
    "a*?.png",
    "\u202egnp.a",
    "\u200b.png",
    "e\u0301.png",
    "x" * 251 + ".png",
):
    path(
        f"sound: {name}",
        name,
        "accept",
        put=lambda folder, name=name: (
            (folder / "images" / name).parent.mkdir(parents=True, exist_ok=True),
            (folder / "images" / name).write_bytes(png()),
        ),
    )  # type: ignore[misc]
for name in ("\ud800.png", "\udcff.png"):
    path(f"half of a surrogate pair {name!r}", name, "refuse", "raw.json:1:67")
path(
    "link out",
    "a.png",
    "refuse",
    "a.png",
    "follow_links",
    put=lambda folder: os.symlink("../secret.png", folder / "images/a.png"),
)
path(
    "link to /etc/passwd",
    "a.png",
    "refuse",
    "/etc/passwd",
    put=lambda folder: os.symlink("/etc/passwd", folder / "images/a.png"),
)
path(
    "folder that is a link out",
    "d/secret.png",
    "refuse",
    "d/secret.png",
    put=lambda folder: os.symlink("..", folder / "images/d"),
)
path(
    "link within",
    "a.png",
    "accept",
    put=lambda folder: (
        (folder / "images/b.png").write_bytes(png()),
        os.symlink("b.png", folder / "images/a.png"),
    ),
)
path(
    "hard link",
    "a.png",
    "accept",
    put=lambda folder: os.link(folder / "secret.png", folder / "images/a.png"),
)
path(
    "link in a circle",
    "a.png",
    "refuse",
    "image 1",
    put=lambda folder: os.symlink("a.png", folder / "images/a.png"),
)
path(
    "folder of a picture's name",
    "a.png",
    "refuse",
    "image 1",
    put=lambda folder: (folder / "images/a.png").mkdir(),
)


def _bases(folder: Path) -> None:
    data = coco(2, [(1, 1), (2, 2)])
    for number, image in enumerate(data["images"]):
        image["file_name"] = f"{'ab'[number]}/1.jpg"
    draw(folder / "images", data)
    recipe(folder, [EXPORT | {"with": {"images": "copy"}}], data)


case("path/one base in two folders", _bases, "accept")


# pictures


def jpeg(**how: Any) -> bytes:
    from PIL import Image

    made = io.BytesIO()
    mode, form, size = how.pop("mode", "RGB"), how.pop("format", "JPEG"), how.pop("size", (64, 48))
    Image.effect_noise(size, 50).convert(mode).save(made, form, **how)
    return made.getvalue()


def picture(
    id: str,
    data: Callable[[], bytes] | bytes,
    outcome: Outcome,
    *told: str,
    name: str = "1.jpg",
    size: tuple[int, int] = (64, 48),
    **params: Any,
) -> None:
    """Augment a data set of which one picture is this one."""

    def make(folder: Path, **more: Any) -> None:
        rows = coco(2, [(1, 1), (2, 2)])
        rows["images"][0] |= {"file_name": name, "width": size[0], "height": size[1]}
        if min(size) < 12:
            rows["annotations"][0] |= {"bbox": [0, 0, 1, 1], "area": 1}
        given = {"pipeline": [{"HorizontalFlip": {"p": 1}}], "format": "png"} | params | more
        recipe(folder, [step("augment", **given)], rows)
        draw(folder / "images", {"images": rows["images"][1:]})
        (folder / "images" / name).write_bytes(data() if callable(data) else data)

    needs = ("albumentations", "PIL")
    first: Outcome = "refuse" if outcome == "quarantine" else outcome
    case(f"picture/{id}", make, first, *((name, *told) if first == "refuse" else told), needs=needs)
    if outcome == "quarantine":
        case(
            f"picture/{id}, in quarantine",
            partial(make, bad_images="quarantine"),
            "quarantine",
            needs=needs,
        )


def moving(form: str) -> bytes:
    """Return a picture of two frames."""
    from PIL import Image

    made = io.BytesIO()
    frames = [Image.new("RGB", (64, 48), colour) for colour in ("red", "blue")]
    frames[0].save(made, form, save_all=True, append_images=frames[1:])
    return made.getvalue()


def flipped(data: bytes, at: float) -> bytes:
    place = int(len(data) * at)
    return data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]


picture("0 bytes", b"", "quarantine", "empty")
picture("1 byte", b"\xff", "quarantine", "is not a picture")
picture("text", b"hello, I am no picture", "quarantine", "text")
picture("zero bytes", bytes(1000), "quarantine", "zero bytes")
picture("JSON", GOOD, "quarantine", "JSON")
picture("HTML", b"<!doctype html><html>404</html>", "quarantine", "HTML")
picture("SVG", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "quarantine", "SVG")
picture("PDF", b"%PDF-1.4 " + bytes(100), "quarantine", "PDF")
picture(
    "Git LFS pointer",
    b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n",
    "quarantine",
    "git lfs pull",
)
for share in (5, 20, 50, 90, 99):
    picture(
        f"JPEG cut at {share} %",
        lambda share=share: (made := jpeg())[: len(made) * share // 100],
        "quarantine",
    )  # type: ignore[misc]
picture("JPEG without its end", lambda: jpeg()[:-2], "quarantine")
picture("PNG cut at 50 %", lambda: png()[: len(png()) // 2], "quarantine", name="1.png")
picture(
    "PNG with a flipped bit",
    lambda: flipped(png(), 0.6),
    "quarantine",
    "bad_images: quarantine",
    name="1.png",
)
picture("PNG of a wrong checksum", lambda: flipped(png(), 0.22), "quarantine", name="1.png")
for side in (30_000, 2**31 - 1, 0):
    picture(
        f"PNG that says {side} px",
        lambda side=side: png(size=(side, side)),
        "quarantine",
        name="1.png",
    )  # type: ignore[misc]
for side in (32_000, 40_000):
    picture(
        f"PNG of {side} px",
        lambda side=side: png(side, 4, size=(side, side), colour=0, bits=1),
        "quarantine",
        name="1.png",
        size=(side, side),
    )  # type: ignore[misc]
picture("16 bits a channel", lambda: png(bits=16), "quarantine", "16 bits", name="1.png")
picture("16 bits of grey", lambda: png(bits=16, colour=0), "quarantine", "16 bits", name="1.png")
picture("1 bit", lambda: png(bits=1, colour=0), "accept", name="1.png")
picture("grey", lambda: jpeg(mode="L"), "accept")
picture("palette", lambda: png(colour=3), "accept", name="1.png")
picture("grey and alpha", lambda: png(colour=4), "accept", name="1.png")
picture("alpha", lambda: png(colour=6), "accept", name="1.png")
picture("CMYK", lambda: jpeg(mode="CMYK"), "accept")
picture("PNG of a JPEG's name", png(), "warn", "1.jpg")
picture("GIF of a JPEG's name", lambda: jpeg(mode="P", format="GIF"), "warn", "1.jpg")
picture("WebP of a JPEG's name", lambda: jpeg(format="WEBP"), "warn", "1.jpg")
picture("broken colour profile", lambda: jpeg(icc_profile=b"nonsense" * 20), "accept")
picture("another size", png(32, 32), "quarantine", "32 x 32", "64 x 48")
picture("1 by 1 pixel", png(1, 1), "accept", size=(1, 1))
picture(
    "JPEG of 65,536 px",
    lambda: png(65536, 2),
    "refuse",
    "65536x2 px",
    size=(65536, 2),
    format="jpg",
)
picture("more than max_pixels", png(), "quarantine", "a larger max_pixels", max_pixels=1000)
picture("PNG of a TIFF's name", png(), "warn", "1.tif", name="1.tif")
picture("no ending", png(), "accept", name="picture")
picture("ending in capitals", png(), "accept", name="1.PNG")
picture("GIF that moves", lambda: moving("GIF"), "warn", "1.gif", "first", name="1.gif")
picture("PNG that moves", lambda: moving("PNG"), "warn", "1.png", name="1.png")
picture("HEIC", b"\0\0\0\x18ftypheic" + bytes(200), "quarantine", name="1.heic")
picture("AVIF", b"\0\0\0\x18ftypavif" + bytes(200), "quarantine", "AVIF", name="1.avif")
picture("video", b"\0\0\0\x18ftypisom" + bytes(200), "quarantine", name="1.mp4")
picture("raw picture of a camera", b"II*\0" + bytes(200), "quarantine", name="1.dng")
picture("BMP", lambda: jpeg(format="BMP"), "accept", name="1.bmp")
picture("TIFF", lambda: jpeg(format="TIFF"), "accept", name="1.tif")
picture("BMP cut at 50 %", lambda: jpeg(format="BMP")[:4000], "quarantine", name="1.bmp")
picture("WebP cut at 50 %", lambda: jpeg(format="WEBP")[:300], "quarantine", name="1.webp")
picture("GIF cut at 50 %", lambda: jpeg(mode="P", format="GIF")[:900], "quarantine", name="1.gif")
picture("TIFF cut at 50 %", lambda: jpeg(format="TIFF")[:4000], "quarantine", name="1.tif")
for turn in range(2, 9):

    def turned(turn: int = turn) -> bytes:
        from PIL import Image

        exif = Image.Exif()
        exif[0x0112] = turn
        return jpeg(exif=exif)

    picture(
        f"EXIF orientation {turn}",
        turned,
        "quarantine" if turn > 4 else "warn",
        *(("EXIF",) if turn > 4 else ()),
    )


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def with_chunk(kind: bytes, body: bytes) -> bytes:
    """Return a PNG with one more chunk behind its header."""
    data = png()
    return data[:33] + chunk(kind, body) + data[33:]


def tiff_in_a_circle() -> bytes:
    """Return a TIFF whose first directory of tags says that it is its own next one."""
    data = jpeg(format="TIFF")
    at = struct.unpack("<I", data[4:8])[0]
    end = at + 2 + 12 * struct.unpack("<H", data[at : at + 2])[0]
    return data[:end] + struct.pack("<I", at) + data[end + 4 :]


def exif_in_a_circle() -> bytes:
    """Return a JPEG whose EXIF directory points at itself, for tags and for the next one."""
    entries = struct.pack("<HHII", 0x8769, 4, 1, 8) + struct.pack("<HHII", 0x0132, 2, 2**31, 8)
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 2) + entries + struct.pack("<I", 8)
    data = jpeg()
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:]


def scans(times: int) -> bytes:
    """Return a progressive JPEG of 2,000 px with its last scan again and again."""
    data = jpeg(size=(2000, 2000), progressive=True, quality=5)
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * times + b"\xff\xd9"


def frames(form: str, times: int) -> bytes:
    from PIL import Image

    made = io.BytesIO()
    shown = [Image.new("P", (64, 48), n % 2) for n in range(times)]
    shown[0].save(made, form, save_all=True, append_images=shown[1:], duration=20)
    return made.getvalue()


def bomb(kind: bytes, head: bytes = b"") -> Callable[[], bytes]:
    """Return what makes a PNG with a chunk of which 100 MB come."""
    return lambda: with_chunk(kind, head + zlib.compress(bytes(100_000_000)))


NUMPY = b"\x93NUMPY\1\0v\0{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(128)
SHELL = b"cos\nsystem\n(S'touch marker'\ntR."
for name, made in {
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 48\n(marker) (w) file\n",
    "array of objects": NUMPY + SHELL,
    "pickle": SHELL,
    "WMF": b"\xd7\xcd\xc6\x9a" + bytes(200),
    "JPEG XL": b"\xff\x0a" + bytes(200),
    "Photoshop": b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 48, 64, 8, 3) + bytes(99),
    "OpenEXR": b"v/1\1\2\0\0\0" + bytes(200),
    "ImageMagick script": b"push graphic-context\nimage over 0,0 0,0 'https://a.b|touch marker'\n",
    "ZIP": b"PK\3\4" + bytes(200),
    "bzip2": bz2.compress(png()),
    "two bytes of a JPEG": b"\xff\xd8",
    "UTF-16": "text".encode("utf-16"),
}.items():
    picture(name, made, "quarantine")
picture("TIFF in a circle", tiff_in_a_circle, "warn")
picture("EXIF in a circle", exif_in_a_circle, "accept")
picture("200 scans more", partial(scans, 200), "accept", size=(2000, 2000))
picture("GIF of 500 frames", partial(frames, "GIF", 500), "warn", name="1.gif")
picture("WebP of 100 frames", partial(frames, "WEBP", 100), "warn", name="1.webp")
picture("PNG with a bomb of a profile", bomb(b"iCCP", b"x\0\0"), "accept", name="1.png")
picture("PNG with a bomb of text", bomb(b"zTXt", b"x\0\0"), "accept", name="1.png")
picture("PNG with a bomb of pixels", bomb(b"IDAT"), "accept", name="1.png")
picture(
    "PNG with 100,000 chunks",
    png()[:33] + chunk(b"tEXt", b"a\0b") * 100_000 + png()[33:],
    "accept",
    name="1.png",
)


# pipelines


def pipeline(id: str, form: Any, outcome: Outcome, *told: str, **params: Any) -> None:
    def make(folder: Path) -> None:
        rows = coco(2)
        recipe(folder, [step("augment", pipeline=form, format="png", **params)], rows)
        draw(folder / "images", rows)

    case(f"pipeline/{id}", make, outcome, *told, needs=("albumentations",))


pipeline(
    "unknown transform", [{"HorizontalFlop": {}}], "refuse", "'HorizontalFlop'", "HorizontalFlip"
)
pipeline("misspelt argument", [{"Rotate": {"limt": 5}}], "refuse", "'limt'")
pipeline("no p", [{"HorizontalFlip": {}}], "accept")
for value in (2, -1, "x", None, True, [0.5]):
    pipeline(f"p of {value!r}", [{"HorizontalFlip": {"p": value}}], "refuse", "p can't be")
pipeline("Lambda", [{"Lambda": {"name": "x"}}], "refuse", "Lambda")
for name in (
    "os.system",
    "builtins.eval",
    "albumentations.os.system",
    "__import__",
    "Compose.__init__",
    "albumentations.core.serialization.from_dict",
):
    pipeline(
        f"transform {name}",
        [{name: {"command": "touch marker"}}],
        "refuse",
        name.rpartition(".")[2],
    )
pipeline(
    "class as a list", {"transform": {"__class_fullname__": ["Compose"]}}, "refuse", "pipeline"
)
pipeline("class that is missing", {"transform": {"transforms": []}}, "refuse", "__class_fullname__")
pipeline("transforms as a text", [{"OneOf": {"transforms": "x"}}], "refuse", "OneOf")
pipeline("OneOf of nothing", [{"OneOf": {"transforms": []}}], "refuse", "OneOf")
pipeline("a number", [5], "refuse", "pipeline")
pipeline(
    "two transforms in one row", [{"HorizontalFlip": {}, "VerticalFlip": {}}], "refuse", "pipeline"
)
pipeline("arguments as a list", [{"HorizontalFlip": [1]}], "refuse", "HorizontalFlip")
pipeline(
    "another library",
    {"library": "torchvision", "transforms": [{"HorizontalFlip": {}}]},
    "refuse",
    "torchvision",
)
for name, args in {
    "Resize": {"height": 40000, "width": 40000},
    "Pad": {"padding": 10**9},
    "RandomScale": {"scale_limit": [0, 5000]},
    "LongestMaxSize": {"max_size": 10**6},
    "CropAndPad": {"px": 10**7},
    "PadIfNeeded": {"min_height": 10**6, "min_width": 10**6},
}.items():
    pipeline(f"{name} beyond bounds", [{name: args | {"p": 1}}], "refuse", name, "pixels")
pipeline(
    "crop larger than the pictures",
    [{"RandomCrop": {"height": 100, "width": 100}}],
    "refuse",
    "100x100",
    "64x48",
)
for name in ("Normalize", "ToFloat", "ToTensorV2"):
    pipeline(f"{name} gives no picture", [{name: {}}], "refuse", name)
pipeline(
    "transform that needs a mask",
    [{"CropNonEmptyMaskIfExists": {"height": 8, "width": 8}}],
    "refuse",
    "mask",
)
pipeline(
    "files that aren't allowed",
    [{"FDA": {"reference_images": ["/etc/passwd"]}}],
    "refuse",
    "/etc/passwd",
    "allow_files",
)
pipeline(
    "FDA that runs code",
    [{"FDA": {"reference_images": ["a"], "read_fn": "os.system"}}],
    "refuse",
    "read_fn",
    allow_files=True,
)
for value in (
    "${image.width.__class__}",
    "${__import__('os')}",
    "${1/0}",
    "${9**9**9**9}",
    "${image.width // 0}",
    "${" + "(" * 90 + "}",
    "${x}",
):
    pipeline(
        f"expression {value[:20]}",
        [{"Resize": {"height": 8, "width": value}}],
        "refuse",
        "pipeline" if value == "${x}" else "Resize",
    )
pipeline(
    "older version",
    {
        "__version__": "1.3.0",
        "transform": {
            "__class_fullname__": "Compose",
            "transforms": [{"__class_fullname__": "HorizontalFlip", "p": 1}],
        },
    },
    "refuse",
    "migrate",
)
pipeline(
    "all boxes cropped away",
    [{"Crop": {"x_min": 40, "y_min": 30, "x_max": 60, "y_max": 45, "p": 1}}],
    "accept",
)


# checkpoints


def checkpoint(
    id: str, make: Callable[[Path], None], outcome: Outcome, *told: str, steps: Any = None
) -> None:
    """Average a sound checkpoint with this one."""

    def written(folder: Path) -> None:
        import torch

        torch.save({"state_dict": weights()}, folder / "a.pth")
        make(folder / "b.pth")
        given = {name: {"checkpoint": f"{name}.pth", "classes": ["cat"]} for name in "ab"}
        average = {"id": "mean", "use": "average_weights", "in": {"checkpoints": ["a", "b"]}}
        recipe(folder, steps or [average], inputs=given)

    case(f"checkpoint/{id}", written, outcome, *told, needs=("torch",))


def weights() -> dict[str, Any]:
    import torch

    return {"fc.weight": torch.arange(200.0).reshape(20, 10), "fc.bias": torch.ones(20)}


class Evil:
    """Runs a command when it is unpickled."""

    def __reduce__(self) -> Any:
        return os.system, ("touch marker",)


def saves(content: Callable[[], Any], **how: Any) -> Callable[[Path], None]:
    def save(path: Path) -> None:
        import torch

        torch.save(content(), path, **how)

    return save


def _pickle(path: Path) -> None:
    import pickle

    path.write_bytes(pickle.dumps(Evil()))


def _cut(share: float) -> Callable[[Path], None]:
    def cut(path: Path) -> None:
        saves(lambda: {"state_dict": weights()})(path)
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * share)])

    return cut


def _bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("archive/data.pkl", bytes(300_000_000))


def _changed(**more: Any) -> dict[str, Any]:
    return {"state_dict": weights() | more}


checkpoint("os.system", saves(Evil), "refuse", "b.pth")
checkpoint(
    "os.system deep in meta",
    saves(lambda: {"meta": {"a": [{"b": Evil()}]}, "state_dict": weights()}),
    "refuse",
    "b.pth",
)
checkpoint(
    "os.system in the legacy format",
    saves(Evil, _use_new_zipfile_serialization=False),
    "refuse",
    "b.pth",
)
checkpoint("plain pickle", _pickle, "refuse", "b.pth")
for share in (0.1, 0.5, 0.9, 0.99):
    checkpoint(f"cut at {share:.0%}", _cut(share), "refuse", "b.pth")
checkpoint("0 bytes", lambda path: path.write_bytes(b"") and None, "refuse", "b.pth")
checkpoint("text", lambda path: path.write_text("x") and None, "refuse", "b.pth")
checkpoint("zip bomb", _bomb, "refuse", "b.pth")
checkpoint(
    "key missing",
    saves(lambda: {"state_dict": {"fc.weight": weights()["fc.weight"]}}),
    "refuse",
    "fc.bias",
)
checkpoint("key too many", saves(lambda: _changed(extra=weights()["fc.bias"])), "refuse", "extra")
checkpoint(
    "another shape",
    saves(lambda: _changed(**{"fc.bias": weights()["fc.bias"][:1]})),
    "refuse",
    "fc.bias",
)
checkpoint(
    "another type",
    saves(lambda: _changed(**{"fc.bias": weights()["fc.bias"].half()})),
    "refuse",
    "fc.bias",
)
checkpoint(
    "infinite",
    saves(lambda: _changed(**{"fc.bias": weights()["fc.bias"] / 0})),
    "refuse",
    "fc.bias",
)
checkpoint("no tensors", saves(lambda: {"state_dict": {}}), "refuse", "b.pth")
checkpoint("a list", saves(lambda: [1, 2]), "refuse", "b.pth")
checkpoint("bare weights", saves(weights), "accept")
checkpoint(
    "legacy format",
    saves(lambda: {"state_dict": weights()}, _use_new_zipfile_serialization=False),
    "accept",
)
checkpoint("the same twice", saves(lambda: {"state_dict": weights()}), "accept")


def _zipped(name: str, data: bytes) -> Callable[[Path], None]:
    """Write a sound checkpoint with one more member in its archive."""

    def write(path: Path) -> None:
        saves(lambda: {"state_dict": weights()})(path)
        with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(path, "a") as file:
            file.writestr(name, data)

    return write


def _tensors(header: bytes, length: int | None = None) -> Callable[[Path], None]:
    """Write a file of safetensors under a checkpoint's name."""
    size = struct.pack("<Q", len(header) if length is None else length)
    return lambda path: path.write_bytes(size + header + bytes(840)) and None


for name, member, outcome, *words in (
    ("code beside", "b/code/evil.py", "accept"),
    ("a pickle beside", "b/evil.pkl", "accept"),
    ("data twice", "b/data.pkl", "refuse", "b.pth"),
    ("a member above its folder", "../../marker", "refuse", "'../../marker'"),
    ("a member of the root", "/marker", "refuse", "'/marker'"),
):
    checkpoint(name, _zipped(member, SHELL), outcome, *words)  # type: ignore[arg-type]
ONE = '{"x": {"dtype": "F32", "shape": [%d], "data_offsets": [0, %d]}%s}'
TYPED = ', "__metadata__": {"type": "os.system", "format": "pt"}'
for name, header, length in (
    ("with a type", ONE % (2, 8, TYPED), None),
    ("of 2^63 bytes of header", "{}", 2**63),
    ("beyond its end", ONE % (10**10, 4 * 10**10, ""), None),
    ("below 0", ONE % (-2, -8, ""), None),
):
    checkpoint(f"safetensors {name}", _tensors(header.encode(), length), "refuse")
for name, data in {
    "ZIP of nothing": b"PK\5\6" + bytes(18),
    "array of objects": NUMPY + SHELL,
    "HDF5": b"\x89HDF\r\n\x1a\n" + bytes(500),
    "GGUF": b"GGUF" + bytes(500),
    "gzip": gzip.compress(b"x" * 999),
}.items():
    checkpoint(name, partial(Path.write_bytes, data=data), "refuse", "b.pth")  # type: ignore[arg-type]
for name, put in {
    "a FIFO": os.mkfifo,
    "a folder": os.mkdir,
    "a link to /dev/zero": partial(os.symlink, "/dev/zero"),
    "a link to itself": partial(os.symlink, "b.pth"),
}.items():
    checkpoint(name, put, "refuse", "b.pth")


# configs of detectors: what is found# configs of detectors: what is found without running one


def config(id: str, name: str, written: str, outcome: Outcome, *told: str, **params: Any) -> None:
    def make(folder: Path) -> list[str]:
        data = coco(2)
        draw(folder / "images", data)
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(written)
        given = {"config": name, "epochs": 1} | params
        train = {"id": "fit", "use": "train", "in": {"train": "raw", "val": "raw"}, "with": given}
        recipe(folder, [train], data)
        return ["validate", "recipe.yaml"]

    case(f"config/{id}", make, outcome, *told, needs=("mmdet",))


config("missing", "x.py", "", "refuse", "gone.py", config="gone.py")
config("outside of the recipe's folder", "x.py", "", "refuse", "hostname", config="/etc/hostname")
config("syntax error", "x.py", "a = (\n", "refuse", "x.py")
config("base outside", "x.py", "_base_ = '../../../../etc/x.py'\n", "refuse", "x.py")
config(
    "YAML with a tag of Python",
    "x.yaml",
    "a: !!python/object/apply:os.system [touch marker]\n",
    "refuse",
    "x.yaml",
)
config("base on the network", "x.py", "_base_ = 'https://a.b/x.py'\n", "refuse", "x.py")
config("base of a list", "x.py", "_base_ = ['../../../../../etc/x.py']\n", "refuse", "x.py")
config("a picture", "x.py", "\x89PNG\0", "refuse", "x.py")
config("another ending", "x.sh", "touch marker\n", "refuse", "x.sh")
config("a folder", "x.py/y", "", "refuse", "x.py", config="x.py")
config("code at import", "x.py", "import os; os.system('touch marker')\n", "accept")
config("epochs of 0", "x.py", "a = 1\n", "refuse", "epochs", epochs=0)
config("epochs of a text", "x.py", "a = 1\n", "refuse", "epochs", epochs="many")
config("unknown parameter", "x.py", "a = 1\n", "refuse", "'epoch'", epoch=1)


# plugins

STEP = """
from coco_recipe import Dataset, Port, Step, hookimpl

def mine(ctx, *, dataset{args}):
    "Do it."
    {work}
    return {result}

@hookimpl
def coco_recipe_steps():
    {before}
    ports = {{"dataset": Port(Dataset)}}
    yield Step(name="mine", run=mine, inputs=ports, outputs=ports, params={params})
"""


def plugin(
    id: str,
    outcome: Outcome,
    *told: str,
    source: str = "",
    work: str = "pass",
    result: str = '{"dataset": dataset}',
    before: str = "pass",
    params: str = '{"type": "object", "properties": {}}',
    args: str = "",
    given: Mapping[str, Any] | None = None,
) -> None:
    def make(folder: Path) -> list[str]:
        written = source or STEP.format(
            work=work, result=result, before=before, params=params, args=args
        )
        (folder / "mine.py").write_text(written)
        recipe(folder, [step("mine", **(given or {}))])
        return [*RUN, "--plugin", "mine.py"]

    case(f"plugin/{id}", make, outcome, *told)


def schema(text: str) -> dict[str, str]:
    return {"params": f'{{"type": "object", "properties": {{"x": {text}}}}}', "args": ", x"}


plugin("sound", "accept")
plugin("ImportError", "refuse", "mine.py", "no_such_module", source="import no_such_module\n")
plugin("SyntaxError", "refuse", "mine.py", "line 2", source="a = 1\nb = (\n")
plugin("null bytes", "refuse", "mine.py", source="a = 1\0\n")
plugin("exit at import", "refuse", "mine.py", "SystemExit", source="import sys; sys.exit(0)\n")
plugin("raises in its hook", "refuse", "mine.py", "ZeroDivisionError", before="1 / 0")
plugin(
    "misspelt hook",
    "refuse",
    "coco_recipe_step",
    source="from coco_recipe import hookimpl\n@hookimpl\ndef coco_recipe_step():\n    yield 1\n",
)
plugin("no hook", "refuse", "no hook", source="a = 1\n")
plugin(
    "yields something else",
    "refuse",
    "expected Step",
    source="from coco_recipe import hookimpl\n@hookimpl\ndef coco_recipe_steps():\n    yield 1\n",
)
plugin(
    "name of another step",
    "refuse",
    "'split'",
    source=STEP.replace('"mine"', '"split"').format(
        work="pass", result="{}", before="pass", params="{'type': 'object'}", args=""
    ),
)
plugin("schema that is none", "refuse", "JSON Schema", params='{"type": "objct"}')
plugin(
    "schema with a remote $ref",
    "refuse",
    "http://127.0.0.1:9/x",
    **schema('{"$ref": "http://127.0.0.1:9/x"}'),
    given={"x": 1},
)
plugin(
    "schema with a $ref to a file",
    "refuse",
    "file:///etc/passwd",
    **schema('{"$ref": "file:///etc/passwd"}'),
    given={"x": 1},
)
plugin(
    "schema with a $ref to nothing",
    "refuse",
    "$ref",
    **schema('{"$ref": "#/definitions/gone"}'),
    given={"x": 1},
)
plugin(
    "schema that refers to itself",
    "refuse",
    "$ref",
    **schema('{"$ref": "#/properties/x"}'),
    given={"x": 1},
)
plugin(
    "schema that refers to itself by others",
    "refuse",
    "$ref",
    **schema('{"allOf": [{"$ref": "#/properties/x"}]}'),
    given={"x": 1},
)
plugin(
    "schema with a pattern that explodes",
    "refuse",
    "1 s",
    **schema('{"type": "string", "pattern": "^(a+)+$"}'),
    given={"x": "a" * 40 + "!"},
)
plugin(
    "schema with a pattern that is none",
    "refuse",
    "regex",
    **schema('{"type": "string", "pattern": "("}'),
    given={"x": "a"},
)
plugin("returns nothing", "refuse", "'a'", result="None")
plugin("returns another port", "refuse", "'a'", result='{"x": dataset}')
plugin("returns another type", "refuse", "'a'", result='{"dataset": 5}')
for error in (
    "ValueError('it is bad')",
    "SystemExit(0)",
    "RecursionError()",
    "MemoryError()",
    "KeyError('k')",
    "OSError(28, 'full')",
    "StopIteration()",
):
    plugin(f"raises {error}", "refuse", "'a'", work=f"raise {error}")
CHANGED = "import msgspec; change = msgspec.structs.replace; rows = dataset.annotations"
for name, (change, *words) in {
    "id of NaN": ("id=float('nan')", "'a'", "the id nan"),
    "id of a text": ("id='1'", "'a'", "the id '1'"),
    "id of a switch": ("id=True", "'a'", "the id True"),
    "id of numpy": ("id=__import__('numpy').int64(1)", "'a'", "np.int64(1)"),
    "id of another image": ("image_id=99", "'a'", "image 99", "dangling_image_ids"),
    "id of another category": ("category_id=99", "'a'", "category 99"),
    "box of NaN": ("bbox=(float('nan'), 1, 2, 3)", "'a'", "annotation 1", "has nan"),
    "box of numpy": ("bbox=(__import__('numpy').float32(1), 2, 3, 4)", "'a'", "numpy.float32"),
    "box of a list": ("bbox=None", "'a'", "annotation"),
    "area of infinity": ("area=float('inf')", "'a'", "annotation 1", "has inf"),
}.items():
    given = f"dataset.replace(annotations=tuple(change(row, {change}) for row in rows))"
    plugin(
        f"gives an {name}",
        "refuse",
        *words,
        work=CHANGED,
        result=f'{{"dataset": {given}}}',
    )
for name, (result, *words) in {
    "a generator": ("(x for x in [1])", "generator"),
    "a generator for a port": ('{"dataset": (x for x in [1])}', "generator"),
    "None for a port": ('{"dataset": None}', "NoneType"),
    "one port too many": ('{"dataset": dataset, "more": dataset}', "'more'"),
    "rows in a list": ('{"dataset": dataset.replace(annotations=[])}', "is a list"),
    "rows of mappings": ('{"dataset": dataset.replace(annotations=({"id": 1},))}', "has a dict"),
    "a function in extra": ('{"dataset": dataset.replace(extra={"x": lambda: 1})}', "extra 'x'"),
    "a number in extra": ('{"dataset": dataset.replace(extra={"note": 5})}', "extra 'note' is 5"),
}.items():
    plugin(f"gives {name}", "refuse", "'a'", *words, result=result)
for name, work in {
    "goes to another folder": "import os; os.chdir('/')",
    "prints": "print('\\x1b[2J')",
    "seeds all randomness": "import random, numpy; random.seed(1); numpy.random.seed(1)",
    "starts a thread": "import threading; threading.Thread(target=bool).start()",
    "sets a variable": "import os; os.environ['COCO_RECIPE_ODD'] = '1'",
}.items():
    plugin(name, "accept", work=work)
for name, work, *words in (
    ("another json", "import json; json.dumps = None", "changed json.dumps, which"),
    ("another rename", "import os; os.replace = os.rename", "changed os.replace, which"),
    ("another open", "import builtins; builtins.open = None", "changed builtins.open, which"),
    (
        "another commit",
        "from coco_recipe.running import store; store.Store.commit = None",
        "Store.commit",
    ),
    ("another clock", "import time; time.time = lambda: -1", "changed time.time, which"),
):
    plugin(f"puts in {name}", "refuse", "'a'", *words, work=work)
for name, work in {
    "sets the mask of rights": "import os; os.umask(0o777)",
    "sets a timer": "import signal; signal.setitimer(signal.ITIMER_REAL, 60)",
    "ignores signals": "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)",
    "empties the environment": "import os; os.environ.clear()",
    "sets the limit of recursion": "import sys; sys.setrecursionlimit(2000)",
    "takes the streams": "import sys; sys.stdout = sys.stderr = None",
    "stops the collecting of garbage": "import gc; gc.disable()",
    "says escapes": "ctx.say('\\x1b]0;x\\x07\\u202e')",
    "notes escapes": "ctx.note('summary', '\\x1b[2J\\u202e')",
    "is at escapes": "ctx.progress(1, 2, '\\x1b[2J\\r', figures={'\\x1b[2J': 1})",
    "warns of escapes": "import warnings; warnings.warn('\\x1b[2J')",
    "logs escapes": "import logging; logging.getLogger('\\x1b').error('\\x1b[2J')",
    "writes escapes": "import os; (ctx.workdir / 'a').write_text('\\x1b[2J')",
}.items():
    plugin(name, "accept", work=work)
for name, work in {
    "BaseException": "raise BaseException('x')",
    "GeneratorExit": "raise GeneratorExit",
    "escapes": "raise ValueError('\\x1b]0;x\\x07')",
    "a class of escapes": "raise type('\\x1b[2J', (Exception,), {})('\\x1b[2J')",
    "a group": "raise ExceptionGroup('x', [ValueError('y')])",
    "what can't be told": "raise type('Odd', (Exception,), {'__str__': lambda self: 1 / 0})()",
    "a text of 10 MB": "raise ValueError('x' * 10_000_000)",
}.items():
    plugin(f"raises {name}", "refuse", "'a'", work=work)
plugin("warns, and warnings are errors", "refuse", "'a'", work="raise UserWarning('odd')")
plugin("loses rows", "refuse", "'a'", result='{"dataset": dataset.replace(annotations=())}')


# places on the command line and in recipes

for folder_name in ("a b", "瓶盖", "it's", 'q"q', "a$HOME", "-x", "=1", "[a]*?", "%d{x}", "a;b&c"):

    def placed(folder: Path, name: str = folder_name) -> list[str]:
        (folder / name).mkdir()
        recipe(folder / name, [EXPORT | {"with": {"images": "copy"}}])
        draw(folder / name / "images", coco(2))
        return ["run", f"./{name}/recipe.yaml", "--out", f"./{name}/run"]

    case(f"place/{folder_name}", placed, "accept")

for width in ("0", "1", "nonsense", "100000"):

    def shown(folder: Path, width: str = width) -> None:
        recipe(folder, description="\x1b[31m" + "x" * 200 if False else "x")
        os.environ["COLUMNS"] = width

    case(f"place/terminal of {width} columns", shown, "accept")


def cases() -> Iterator[Case]:
    """Yield all cases.

    Raises:
        AssertionError: two have one id.
    """
    seen: set[str] = set()
    for one in CASES:
        assert one.id not in seen, f"{one.id} is there twice"
        seen.add(one.id)
        yield one
