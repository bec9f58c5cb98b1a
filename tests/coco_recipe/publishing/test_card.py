"""A published data set carries its card; a README of the user's stays as it is."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, tree, write_recipe
from projects import project_in, run_project

from coco_recipe.publishing import card, marks
from coco_recipe.publishing.marks import read_mark


def _published(folder: Path) -> Path:
    return folder / "runs/test/dataset"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = project_in(tmp_path)
    run_project(folder)
    return folder


def test_the_card_says_what_from_what_and_how_much(project: Path) -> None:
    published = _published(project)
    told = json.loads((published / card.CARD).read_text("utf-8"))
    assert (told["recipe"], told["step"], told["files"]) == ("test", "d", 4)
    assert told["parts"]["all"] == {
        "images": 3,
        "annotations": 2,
        "categories": {"cat": 1, "dog": 1},
    }
    assert told["inputs"]["raw"].keys() == {"annotations", "images"}
    assert told["annotations"].keys() == {"annotations/instances_all.json"}
    assert told["steps"] == [{"id": "d", "use": "export_coco"}]
    text = (published / card.README).read_text("utf-8")
    assert "3 images, 2 annotations" in text
    assert "| cat | 1 |" in text
    assert told["digest"] in text
    assert read_mark(published).cards.keys() == set(marks.CARDS)


def test_the_card_is_the_same_made_reused_and_elsewhere(project: Path, tmp_path: Path) -> None:
    first = [(_published(project) / name).read_bytes() for name in marks.CARDS]
    assert run_project(project).ran == ()
    assert [(_published(project) / name).read_bytes() for name in marks.CARDS] == first
    other = project_in(tmp_path / "elsewhere")
    run_project(other)
    assert [(_published(other) / name).read_bytes() for name in marks.CARDS] == first


@pytest.mark.slow
@pytest.mark.parametrize("name", marks.CARDS)
def test_a_file_of_the_users_stays_and_isnt_listed(name: str, project: Path) -> None:
    path = _published(project) / name
    path.write_text(path.read_text("utf-8") + "my own words\n", "utf-8")
    mine = path.read_bytes()
    first, second = (command("run", "recipe.yaml", cwd=project) for _ in range(2))
    assert f"{name} was changed by somebody; it stays, and is no longer ours" in first.stderr
    assert (first.returncode, "was changed" in second.stderr) == (0, False)
    run_project(project, force=True)
    assert path.read_bytes() == mine
    assert read_mark(_published(project)).cards.keys() == set(marks.CARDS) - {name}


def test_a_link_or_folder_of_the_users_stays(project: Path, tmp_path: Path) -> None:
    published = _published(project)
    for name in marks.CARDS:
        (published / name).unlink()
    (tmp_path / "elsewhere.md").write_text("mine")
    os.symlink(tmp_path / "elsewhere.md", published / card.README)
    (published / card.CARD).mkdir()
    run_project(project)
    assert (tmp_path / "elsewhere.md").read_text() == "mine"
    assert (published / card.README).is_symlink()
    assert (published / card.CARD).is_dir()
    assert read_mark(published).cards == {}


def test_a_card_that_was_deleted_is_put_back_and_an_older_one_renewed(project: Path) -> None:
    published = _published(project)
    (published / card.README).unlink()
    run_project(project)
    assert marks.is_card((published / card.README).read_bytes())
    data = coco(boxes=[(1, 1)])
    (project / "raw.json").write_text(json.dumps(data), "utf-8")
    run_project(project)
    assert "3 images, 1 annotation." in (published / card.README).read_text("utf-8")


def test_a_folder_of_an_earlier_version_gets_its_card_beside_a_readme(project: Path) -> None:
    published = _published(project)
    (published / card.CARD).unlink()
    (published / card.README).write_text("written by hand")
    mark = json.loads((published / ".coco-recipe.json").read_text("utf-8"))
    del mark["cards"], mark["digest"]
    (published / ".coco-recipe.json").write_text(json.dumps(mark), "utf-8")
    run_project(project)
    assert (published / card.README).read_text() == "written by hand"
    assert card.read((published / card.CARD).read_bytes()) is not None


def test_verify_vouches_for_the_card(project: Path) -> None:
    done = command("verify", "runs/test", cwd=project)
    assert (done.returncode, "unknown: " in done.stdout) == (0, False)
    path = _published(project) / card.README
    path.write_text("mine")
    done = command("verify", "runs/test", cwd=project)
    assert done.returncode == 1
    assert "dataset/README.md: has changed" in done.stdout


def test_the_data_are_the_bytes_that_the_step_made(project: Path) -> None:
    step = tree(project / "runs/test/steps/d")
    for name in ("annotations/instances_all.json",):
        assert (_published(project) / name).read_bytes() == step[name]


def test_licences_are_counted_by_name(tmp_path: Path) -> None:
    data = coco(licenses=[{"id": 1, "name": "CC BY 4.0", "url": "https://x.example/by"}])
    for row in data["images"][:2]:
        row["license"] = 1
    step = {"id": "d", "use": "export_coco", "in": {"all": "raw"}, "with": PUBLISHED}
    write_recipe(tmp_path, [step], data)
    done = command("run", "recipe.yaml", "-q", "--jobs", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads((_published(tmp_path) / card.CARD).read_text("utf-8"))
    assert told["licenses"] == [
        {"images": 2, "name": "CC BY 4.0", "url": "https://x.example/by"},
        {"images": 1, "name": "", "url": ""},
    ]


PUBLISHED: dict[str, Any] = {"images": "none", "to": "dataset"}


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    names = ("<script>alert(1)</script>", "a|b\n# `x` [l](http://x.example) *瓶*_")
    step = {"id": "瓶_", "use": "export_coco", "in": {"val": "raw"}, "with": PUBLISHED}
    write_recipe(tmp_path, [step], coco(names=names))
    done = command("run", "recipe.yaml", "-q", "--jobs", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    text = (_published(tmp_path) / card.README).read_text("utf-8")
    assert "<script" not in text
    assert r"| a\|b # \`x\` \[l\](http://x.example) \*瓶\*\_ | 1 |" in text
    assert text.splitlines()[0] == r"# test: 瓶\_"


def test_what_is_no_data_set_has_no_card(tmp_path: Path) -> None:
    plugin = tmp_path / "listing.py"
    plugin.write_text(LISTING)
    step = {"id": "l", "use": "listing", "in": "raw", "with": {"to": "list"}}
    write_recipe(tmp_path, [step], coco())
    done = command("run", "recipe.yaml", "-q", "--plugin", plugin, "--jobs", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "runs/test/list").iterdir()) == [
        ".coco-recipe.json",
        "names.txt",
    ]


LISTING = '''
"""Publish a list of names."""
from coco_recipe import Dataset, Metrics, Port, Step, hookimpl


def listing(ctx, *, dataset, to):
    (ctx.workdir / "names.txt").write_text("\\n".join(one.file_name for one in dataset.images))
    return {"metrics": Metrics({"n": len(dataset.images)})}


TO = {"type": "string", "format": "publish-folder"}


@hookimpl
def coco_recipe_steps():
    yield Step(
        name="listing",
        run=listing,
        inputs={"dataset": Port(Dataset, reads_only=True)},
        outputs={"metrics": Metrics},
        params={"type": "object", "properties": {"to": TO}},
        writes=True,
    )
'''


def test_only_a_whole_card_is_ours() -> None:
    assert not marks.is_card(b"")
    assert not marks.is_card(b'{"seal": "%s"}' % (b"0" * 64))
    assert card.read(b'{"seal": ""}') is None
