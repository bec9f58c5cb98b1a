"""extends: how a recipe is merged into its bases, whose paths are whose, what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, recorded, tree

from coco_recipe import yaml_text
from coco_recipe.errors import RecipeError
from coco_recipe.language import source
from coco_recipe.running import stages

BASE = """\
coco_recipe: 1
name: base
seed: 1
vars: {data: data}
findings: {unused_categories: ignore}
inputs:
  raw: {annotations: "${data}/raw.json"}
steps:
  - {id: clean, use: filter_categories, in: raw, with: {drop: [dog]}}
  - {id: numbered, use: reindex, in: clean, with: {images: 0, annotations: 1}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Bases and data in one folder, experiments in another."""
    _write(tmp_path / "bases" / "data" / "raw.json", json.dumps(coco()))
    _write(tmp_path / "bases" / "base.yaml", BASE)
    (tmp_path / "exp").mkdir()
    return tmp_path


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8"))
    return path


def _exp(project: Path, text: str, name: str = "mine.yaml") -> Path:
    return _write(project / "exp" / name, text)


def _data(path: Path, *overrides: str) -> Any:
    found = source.load(path, overrides)
    assert not found.problems
    return found.data


def _problems(path: Path, *overrides: str) -> list[tuple[str, int, str, str]]:
    with pytest.raises(RecipeError) as caught:
        stages.prepare(path, overrides)
    return [(Path(p.where.file).name, p.where.line, p.what, p.hint) for p in caught.value.problems]


def test_mappings_merge_and_steps_by_id(project: Path) -> None:
    path = _exp(
        project,
        "extends: ../bases/base.yaml\nname: mine\nfindings: {unused_categories: null}\nsteps:\n"
        "  - {id: numbered, with: {annotations: 5}}\n"
        "  - {id: more, use: reindex, in: numbered}\n",
    )
    data = _data(path)
    assert (data["name"], data["seed"], data["findings"]) == ("mine", 1, {})
    assert [step["id"] for step in data["steps"]] == ["clean", "numbered", "more"]
    assert data["steps"][1]["with"] == {"images": 0, "annotations": 5}
    assert data["inputs"]["raw"]["annotations"] == "../bases/data/raw.json"


def test_another_use_has_parameters_of_its_own(project: Path) -> None:
    text = "extends: ../bases/base.yaml\nsteps: [{id: numbered, use: repair, with: {ids: to_int}}]"
    step = _data(_exp(project, text))["steps"][1]
    assert step == {"id": "numbered", "use": "repair", "in": "clean", "with": {"ids": "to_int"}}


def test_null_takes_a_parameter_out_unless_it_is_a_value(project: Path) -> None:
    text = (
        "extends: ../bases/base.yaml\nname: mine\nsteps:\n"
        "  - {id: clean, with: {drop: null, keep: [cat]}}\n"
        "  - {id: numbered, with: {images: null}}\n"
    )
    steps = stages.prepare(_exp(project, text)).recipe.steps
    assert steps[0].params == {"keep": ["cat"]}
    assert steps[1].params == {"images": None, "annotations": 1}


def test_a_step_is_taken_out_and_who_reads_it_is_told(project: Path) -> None:
    gone = "extends: ../bases/base.yaml\nsteps:\n  - {id: clean, remove: true}\n"
    told = _problems(_exp(project, gone))
    assert [one[:3] for one in told] == [
        ("base.yaml", 10, "there is no input or step 'clean' above")
    ]
    assert "mine.yaml:3:5: steps[0]: this recipe takes it out" in told[0][3]
    mended = _exp(project, f"{gone}  - {{id: numbered, in: raw}}\n")
    assert [step.id for step in stages.prepare(mended).steps] == ["numbered"]
    again = _exp(project, f"{gone}  - {{id: clean, use: reindex, in: numbered}}\n")
    assert [step["id"] for step in _data(again)["steps"]] == ["numbered", "clean"]


@pytest.mark.parametrize(
    ("row", "what", "hint"),
    [
        ("{id: claen, remove: true}", "no step above has the id 'claen'", "did you mean 'clean'"),
        ("{id: clean, remove: false}", "removes nothing", "write {id: NAME, remove: true}"),
        ("{id: clean, remove: true, in: raw}", "removes nothing", "and nothing else"),
        ("{remove: true}", "removes nothing", "write {id: NAME"),
    ],
)
def test_what_removes_nothing_is_told(project: Path, row: str, what: str, hint: str) -> None:
    path = _exp(project, f"extends: ../bases/base.yaml\nsteps:\n  - {row}\n")
    (told,) = _problems(path)
    assert told[:2] == ("mine.yaml", 3)
    assert what in told[2]
    assert hint in told[3]


def test_without_bases_nothing_can_be_removed(project: Path) -> None:
    path = _write(project / "bases" / "own.yaml", f"{BASE}  - {{id: clean, remove: true}}\n")
    assert any("unknown key 'remove'" in told[2] for told in _problems(path))


def test_a_name_that_stands_twice_in_one_file_is_told(project: Path) -> None:
    twice = "\n".join(f"  - {{id: clean, with: {{drop: [{name}]}}}}" for name in ("cat", "dog"))
    told = _problems(_exp(project, f"extends: ../bases/base.yaml\nsteps:\n{twice}\n"))
    assert ("mine.yaml", 4) in [one[:2] for one in told]


def test_a_mistake_is_told_where_it_stands(project: Path) -> None:
    _write(project / "bases" / "base.yaml", BASE.replace("images: 0", "images: 7"))
    path = _exp(project, "extends: ../bases/base.yaml\nname: mine\nsede: 4\n")
    assert [one[:3] for one in _problems(path)] == [
        ("base.yaml", 10, "7 is none of 0, 1, None"),
        ("mine.yaml", 3, "unknown key 'sede'"),
    ]


def test_several_bases_and_a_base_of_a_base(project: Path) -> None:
    _write(project / "bases" / "deep" / "more.yaml", "extends: ../base.yaml\nseed: 2\n")
    _write(project / "bases" / "seed.yaml", "seed: 3\nname: seeded\n")
    both = _exp(project, "extends: [../bases/deep/more.yaml, ../bases/seed.yaml]\nname: mine\n")
    data = _data(both)
    assert (data["name"], data["seed"]) == ("mine", 3)
    assert data["inputs"]["raw"]["annotations"] == "../bases/data/raw.json"
    other = _exp(project, "extends: [../bases/seed.yaml, ../bases/deep/more.yaml]\n", "other.yaml")
    assert _data(other)["seed"] == 2
    assert _data(other, "seed=9")["seed"] == 9
    assert stages.prepare(both).recipe.seed == 3


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ("", "../bases/data/raw.json"),
        ("vars: {data: there}", "there/raw.json"),  # the path begins in the recipe
        ("vars: {data: /there}", "/there/raw.json"),
        ("inputs: {raw: {annotations: here.json}}", "here.json"),
        ("inputs: {raw: {images: pictures}}", "../bases/data/raw.json"),
    ],
)
def test_a_path_belongs_to_the_file_in_which_it_stands(
    project: Path, own: str, expected: str
) -> None:
    raw = _data(_exp(project, f"extends: ../bases/base.yaml\n{own}\n"))["inputs"]["raw"]
    assert raw["annotations"] == expected
    assert raw.get("images", "pictures") == "pictures"


def test_a_path_that_is_set_belongs_to_the_recipe(project: Path) -> None:
    path = _exp(project, "extends: ../bases/base.yaml\n")
    assert _data(path, "vars.data=x")["inputs"]["raw"]["annotations"] == "x/raw.json"
    assert _data(path, "inputs.raw.annotations=x.json")["inputs"]["raw"]["annotations"] == "x.json"


def test_a_variable_that_is_a_mapping_has_the_paths_of_its_file(project: Path) -> None:
    text = BASE.replace("vars: {data: data}", "vars: {all: {raw: {annotations: data/raw.json}}}")
    text = text.replace('inputs:\n  raw: {annotations: "${data}/raw.json"}', 'inputs: "${all}"')
    _write(project / "bases" / "base.yaml", text)
    path = _exp(project, "extends: ../bases/base.yaml\n")
    assert _data(path)["inputs"] == {"raw": {"annotations": "../bases/data/raw.json"}}
    assert stages.prepare(path)


def test_files_of_steps_belong_to_their_base(project: Path) -> None:
    _write(project / "bases" / "lists" / "groups.txt", "1.jpg a\n")
    split = "fractions: {train: 0.5, val: 0.5}, group_by: {file: lists/groups.txt}"
    text = f"{BASE}  - {{id: parts, use: split, in: numbered, with: {{{split}}}}}\n"
    _write(project / "bases" / "base.yaml", text)
    path = _exp(project, "extends: ../bases/base.yaml\nname: mine\n")
    files = [str(file) for step in stages.prepare(path).steps for file in step.files]
    assert files == [str(project / "exp" / "../bases/lists/groups.txt")]


def test_a_file_that_is_missing_is_told_in_the_file_that_names_it(project: Path) -> None:
    split = "fractions: {train: 0.5, val: 0.5}, group_by: {file: lists/none.txt}"
    text = f"{BASE}  - {{id: parts, use: split, in: numbered, with: {{{split}}}}}\n"
    _write(project / "bases" / "base.yaml", text.replace("raw.json", "gone.json"))
    told = _problems(_exp(project, "extends: ../bases/base.yaml\nname: mine\n"))
    assert [one[:2] for one in told] == [("base.yaml", 7), ("base.yaml", 11)]
    assert told[0][2] == "there is no file ../bases/data/gone.json"
    assert told[1][2] == f"there is no file {project}/bases/lists/none.txt"
    assert all(f"here to {project}/bases" in one[3] for one in told)


@pytest.mark.parametrize("prefix", ["", "\ufeff"])
def test_a_base_may_have_windows_line_ends_and_anchors(project: Path, prefix: str) -> None:
    text = BASE.replace("{drop: [dog]}", "&dogs {drop: [dog]}")
    text += "  - {id: again, use: filter_categories, in: numbered, with: *dogs}\n"
    _write(project / "bases" / "base.yaml", prefix + text.replace("\n", "\r\n"))
    path = _exp(project, "extends: ../bases/base.yaml\nsteps: [{id: again, with: {drop: [cat]}}]\n")
    drops = [step["with"].get("drop") for step in _data(path)["steps"]]
    assert drops == [["dog"], None, ["cat"]]


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("name: x\nextends: no.yaml\n", 2, "there is no file no.yaml"),
        ("extends: mine.yaml\n", 1, "leads in a circle"),
        ("extends: [5]\n", 1, "must be the file of a recipe"),
        ("extends: {}\n", 1, "must be the file of a recipe"),
        ('extends: ""\n', 1, "must be the file of a recipe"),
        ("extends: ${base}.yaml\n", 1, "has a variable"),
        ("extends: ../bases\n", 0, "is a folder"),
    ],
)
def test_a_base_that_can_not_be_had_is_told(project: Path, text: str, line: int, what: str) -> None:
    (told,) = _problems(_exp(project, text))
    assert told[1] == line
    assert what in told[2]


def test_a_circle_through_a_link_is_told_with_its_files(project: Path) -> None:
    _write(project / "bases" / "base.yaml", "extends: ../exp/link.yaml\n")
    path = _exp(project, "extends: ../bases/base.yaml\n")
    (project / "exp" / "link.yaml").symlink_to("mine.yaml")
    ((file, line, what, _),) = _problems(path)
    assert (file, line) == ("base.yaml", 1)
    assert "mine.yaml -> " in what


def test_bases_without_an_end_are_refused(project: Path) -> None:
    for n in range(12):
        _exp(project, f"extends: [b{n + 1}.yaml, b{n + 1}.yaml]\n", f"b{n}.yaml")
    _exp(project, "seed: 1\n", "b12.yaml")
    (told,) = _problems(project / "exp" / "b0.yaml")
    assert "more than 100 files" in told[2]


@pytest.mark.slow
def test_a_run_keeps_a_recipe_that_needs_no_base(project: Path) -> None:
    path = _exp(project, "extends: ../bases/base.yaml\nname: mine\nseed: 4\n")
    assert command("run", path, cwd=project).returncode == 0
    run = project / "runs" / "mine"
    kept = yaml_text.parse(run / "recipe.yaml", (run / "recipe.yaml").read_text(), "recipe").data
    assert kept["seed"] == 4
    assert kept["inputs"]["raw"]["annotations"] == "../bases/${data}/raw.json"
    assert command("verify", run, cwd=project).returncode == 0
    assert "nothing to do" in command("run", path, cwd=project).stderr
    (project / "bases" / "base.yaml").unlink()
    again = command("run", run / "recipe.yaml", "--out", project / "other", cwd=project)
    assert again.returncode == 0, again.stderr
    assert recorded(project / "other/steps/numbered").key == recorded(run / "steps/numbered").key
    steps = [
        {n: f for n, f in tree(one).items() if "steps" in n} for one in (run, project / "other")
    ]
    assert steps[0] == steps[1]
