"""What makes a step stale, and how a result is kept although versions changed."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from builders import REPOSITORY, coco, process, recorded, write_recipe

from coco_recipe import plugins
from coco_recipe.keys import key as keys
from coco_recipe.manifest import KeyParts

CHANGE_EACH = """
import json, pathlib, sys
from coco_recipe import plugins
from coco_recipe.keys import key as keys
registry = plugins.find()
steps = {name: offer.step for name, offer in registry.offers.items()}
written = {"pipeline": [{"HorizontalFlip": {"p": 1}}], "allow_files": False}
params = {name: {**step.read(written, registry.backends)} if step.read else {}
          for name, step in steps.items()}
def digests():
    return {name: keys.code_of(step, params[name]).digests for name, step in steps.items()}
before, texts, stale = digests(), {}, {}
for root in map(pathlib.Path, sys.argv[1:]):
    for file in root.rglob("*.py"):
        name = ".".join(file.relative_to(root.parent).with_suffix("").parts)
        texts[name.removesuffix(".__init__")] = file, file.read_text()
for file, text in texts.values():
    file.write_text(text + "\\nCHANGED = 1\\n")
after = digests()
for name in texts:
    stale[name] = sorted(step for step in steps if before[step].get(name) != after[step].get(name))
for file, text in texts.values():
    file.write_text(text + "\\n# a comment\\n")
assert digests() == before, "comments change nothing"
print(json.dumps(stale))
"""
ALWAYS = ("coco_recipe.coco_json", "coco_recipe.dataset", "coco_recipe.values.dataset_value")
NEVER = (
    "api",
    "cli",
    "running.execute",
    "planning.plan",
    "running.stages",
    "steps",
    "errors",
    "manifest",
    "keys.key",
)


@pytest.fixture(scope="module")
def stale(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Return the steps that a change of each module makes stale: found by changing each."""
    folder = tmp_path_factory.mktemp("copy")
    sources = [REPOSITORY / "coco_recipe", *sorted((REPOSITORY / "plugins").glob("coco_recipe*"))]
    copies = [folder / source.name for source in sources]
    for source, copy in zip(sources, copies, strict=True):
        shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__", "schemas"))
    done = subprocess.run(
        [sys.executable, "-c", CHANGE_EACH, *copies],
        env=os.environ | {"PYTHONPATH": str(folder), "XDG_CACHE_HOME": str(folder / "cache")},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


@pytest.mark.slow
def test_what_reads_and_writes_values_makes_every_step_stale(stale: dict[str, list[str]]) -> None:
    everything = sorted(plugins.find().offers)
    assert {name for name in ALWAYS if stale[name] == everything} == set(ALWAYS)
    assert {name for name in keys.EVERY_STEP if stale[name] == everything} == {*keys.EVERY_STEP}


@pytest.mark.slow
def test_what_runs_steps_and_tells_of_them_makes_none_stale(stale: dict[str, list[str]]) -> None:
    assert {name for name in NEVER if stale[f"coco_recipe.{name}"]} == set()
    assert {name for name in keys.NO_STEP if stale[name]} == set()
    unused = ("coco_recipe_doctor.", "coco_recipe_pictures.sheet", "coco_recipe_pictures.demo")
    assert {name for name in stale if name.startswith(unused) and stale[name]} == set()


@pytest.mark.slow
def test_a_module_makes_those_steps_stale_that_use_it(stale: dict[str, list[str]]) -> None:
    train = {"train", "evaluate", "predict", "greedy_soup", "recompute_batch_norm", "init_weights"}
    train |= {"export_model"}
    assert stale["coco_recipe_data.reindex"] == ["reindex"]
    assert stale["coco_recipe_data.stratify"] == ["split"]
    assert (
        {"adapt_head", "average_weights", "train"}
        <= set(stale["coco_recipe_torch.checkpoints"])
        <= train | {"adapt_head", "average_weights"}
    )
    assert stale["coco_recipe_mmdet.inside.job_train"] == ["train"]
    assert stale["coco_recipe_mmdet.inside.job_soup"] == ["greedy_soup"]
    assert set(stale["coco_recipe_mmdet.inside.job"]) == train | {"adapt_head"}
    assert stale["coco_recipe_mmdet.inside.job_preflight"] == []
    inside = {name for name in stale if name.startswith("coco_recipe_mmdet.inside.")}
    unknown = {name for name in inside if not stale[name]}
    of_none = {
        f"coco_recipe_mmdet.inside.{name}"
        for name in ("job_preflight", "drawings", "paramwise", "rates", "trial", "unread_keys")
    }
    assert unknown == of_none, "name it in Step.also"
    assert stale["coco_recipe_pictures.geometry.rings"] == ["augment", "tile"]
    assert stale["coco_recipe_albumentations.carrier"] == ["augment"]


@pytest.mark.slow
def test_every_plugins_init_is_of_no_step(stale: dict[str, list[str]]) -> None:
    tops = {name for name in stale if "." not in name}
    assert {name: stale[name] for name in tops if stale[name]} == {}


def test_why_names_the_module_or_the_library_that_changed() -> None:
    old = KeyParts(code={"a.b": "1", "a.c": "1"}, environment={"numpy": "2.1", "old": "1"})
    assert keys.why(old, KeyParts(code={"a.b": "1", "a.c": "2"}, environment={})) == (
        "the code changed: a.c"
    )
    assert keys.why(old, KeyParts(code={"a.b": "1"})) == "the code changed: a.c"
    assert keys.why(old, KeyParts(code=old.code, environment={"numpy": "2.2", "new": "3"})) == (
        "the version of new changed: nothing -> 3; the version of numpy changed: 2.1 -> 2.2; "
        "the version of old changed: 1 -> nothing"
    )


PLUGIN = '''
from coco_recipe import (
    Dataset,
    Port,
    Step,
    hookimpl,
)
import zoolib
import helper

def keep(ctx, *, dataset, n):
    """Keep all."""
    return {"dataset": dataset}

@hookimpl
def coco_recipe_steps():
    n = {"type": "integer", "default": 1, "description": "A number."}
    params = {"type": "object", "properties": {"n": n}}
    for writes in (False, True):
        yield Step(name=f"keep_{writes}", run=keep, params=params, writes=writes,
                   inputs={"dataset": Port(Dataset)}, outputs={"dataset": Dataset})
'''
STEPS = [
    {"id": "rows", "use": "keep_False", "in": "raw"},
    {"id": "fit", "use": "keep_True", "in": "rows"},
    {"id": "last", "use": "keep_True", "in": "fit"},
]


class _Folder:
    """A recipe with a plugin file, whose library has a version."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        write_recipe(folder, STEPS, coco())
        (folder / "mine.py").write_text(PLUGIN)
        (folder / "site/zoolib-1.dist-info").mkdir(parents=True)
        (folder / "site/zoolib-1.dist-info/top_level.txt").write_text("zoolib\n")
        (folder / "site/zoolib.py").write_text("")
        (folder / "site/helper.py").write_text("X = 1\n")

    def run(self, version: str, *options: str) -> subprocess.CompletedProcess[str]:
        return self._call("run", version, *options)

    def plan(self, version: str, *options: str) -> subprocess.CompletedProcess[str]:
        return self._call("plan", version, *options)

    def _call(self, verb: str, version: str, *options: str) -> subprocess.CompletedProcess[str]:
        metadata = self.folder / "site/zoolib-1.dist-info/METADATA"
        metadata.write_text(f"Name: zoolib\nVersion: {version}\n")
        return process(
            verb, "recipe.yaml", "--out", "out", "--plugin", "mine.py", *options, cwd=self.folder
        )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> _Folder:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    made = _Folder(tmp_path)
    assert made.run("1.0").returncode == 0
    return made


@pytest.mark.slow
def test_a_result_is_kept_where_only_versions_differ_and_the_record_says_so(
    folder: _Folder,
) -> None:
    kept = folder.run("1.1", "--accept-versions", "last")
    assert "nothing to do: all 3 steps are unchanged" in kept.stderr, kept.stderr
    record = recorded(folder.folder / "out/steps/fit")
    assert record.environment["zoolib"] == "1.0"
    assert record.accepted == {"zoolib": "1.1"}
    lines = (folder.folder / "out/provenance.jsonl").read_text().splitlines()
    assert [json.loads(line)["accepted"] for line in lines[1:]] == [{"zoolib": "1.1"}] * 3
    assert "runs:" not in folder.run("1.1").stderr
    told = "reuse: unchanged, kept by --accept-versions (zoolib 1.0 -> 1.1)"
    assert told in folder.plan("1.1").stdout
    rows = json.loads(folder.plan("1.1", "--format", "json").stdout)
    assert [row["accepted"] for row in rows] == [{"zoolib": {"was": "1.0", "is": "1.1"}}] * 3
    assert "kept by" not in folder.plan("1.0").stdout
    rows = json.loads(folder.plan("1.2", "--format", "json").stdout)
    assert [row["accepted"] for row in rows] == [{}] * 3
    again = folder.run("1.2").stderr
    assert "rows  runs: the version of zoolib changed: 1.0 -> 1.2" in again
    assert recorded(folder.folder / "out/steps/fit").accepted == {}


@pytest.mark.slow
def test_steps_below_are_made_of_a_kept_result(folder: _Folder) -> None:
    done = folder.run("1.1", "--accept-versions", "fit")
    assert "[2/3] fit  unchanged, reused" in done.stderr
    assert "[3/3] last  runs: the version of zoolib changed: 1.0 -> 1.1" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--accept-versions", "fti"), "there is no step 'fti'; did you mean 'fit'?"),
        (
            ("--accept-versions", "fit", "--set", "steps.fit.with.n=2"),
            "parameter n changed: 1 -> 2",
        ),
        (("--accept-versions", "fit", "--set", "steps.rows.with.n=2"), "result of step 'rows'"),
        (("--accept-versions", "fit", "--force"), "asked for"),
    ],
)
def test_what_differs_in_more_is_not_kept(
    folder: _Folder, options: tuple[str, ...], told: str
) -> None:
    done = folder.run("1.1", *options)
    assert done.returncode == 2
    assert told in done.stderr
    assert recorded(folder.folder / "out/steps/fit").accepted == {}


@pytest.mark.slow
def test_a_plugin_file_and_what_it_imports_without_a_version_count(folder: _Folder) -> None:
    (folder.folder / "site/helper.py").write_text("X = 2\n")
    assert "rows  runs: the code changed: helper" in folder.run("1.0").stderr
    text = (folder.folder / "mine.py").read_text()
    (folder.folder / "mine.py").write_text(f"{text}\nX = 1\n")
    assert "rows  runs: the code changed: mine.py" in folder.run("1.0").stderr
    (folder.folder / "mine.py").write_text(f"# mine\n{text}\nX = 1\n")
    assert "runs:" not in folder.run("1.0").stderr
