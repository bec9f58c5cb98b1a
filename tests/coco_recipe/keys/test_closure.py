"""Which modules a module's closure has."""

from pathlib import Path

import pytest

from coco_recipe.keys import closure

FILES = {
    "__init__.py": "from ourlib.deep import thing as shown\nOWN = 1\n",
    "deep.py": "from . import deeper\ndef thing(): return deeper.X\n",
    "deeper.py": "import numpy.linalg\nX = 1\n",
    "user.py": "from ourlib import shown\n",
    "own.py": "from ourlib import OWN\n",
    "late.py": "def f():\n    from ourlib.user import shown\n    return open('table.json')\n",
    "table.json": "{}",
    "typed.py": "from ourlib import deep\ndef f(x: deep.thing) -> None: pass\n",
    "starts.py": "CHILD = __file__ + 'child.py'\nNAME = 'child.py'\n",
    "child.py": "import ourlib.acting.part as part\n",
    "acting/__init__.py": "import os\nos.environ.setdefault('X', '1')\n",
    "acting/part.py": "Y = 1\n",
}
DEEP = {"ourlib.deep", "ourlib.deeper"}


@pytest.fixture(autouse=True)
def _library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in FILES.items():
        path = tmp_path / "ourlib" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.parametrize(
    ("module", "modules"),
    [
        ("user", {"ourlib.user"} | DEEP),
        ("own", {"ourlib.own", "ourlib"} | DEEP),
        ("late", {"ourlib.late", "ourlib.user", "ourlib/table.json"} | DEEP),
        ("typed", {"ourlib.typed"}),
        (
            "starts",
            {"ourlib.starts", "ourlib.child", "ourlib.acting", "ourlib.acting.part"},
        ),
    ],
)
def test_a_closure_has_what_a_module_may_run_and_no_more(module: str, modules: set[str]) -> None:
    found = closure.of([f"ourlib.{module}"])
    assert found.digests.keys() == modules
    assert found.libraries == ({"numpy"} if "ourlib.deeper" in modules else set())


def test_a_file_of_data_changes_the_digest(tmp_path: Path) -> None:
    before = closure.of(["ourlib.late"]).digests
    (tmp_path / "ourlib/table.json").write_text('{"a": 1}')
    after = closure.of(["ourlib.late"]).digests
    assert {name for name in after if after[name] != before[name]} == {"ourlib/table.json"}


def test_modules_that_are_left_out_bring_nothing() -> None:
    assert closure.of(["ourlib.user"], {"ourlib.deep"}).digests.keys() == {"ourlib.user"}
