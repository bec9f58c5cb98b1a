"""Pictures that are links out of their folder are read only where the recipe says so."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, write_recipe

from coco_recipe.running import linked
from coco_recipe.testing import draw

LINKED = "links_out_of_the_folder"
EXPORT = {"id": "out", "use": "export_coco", "in": {"all": "raw"}}


def _linked(folder: Path, target: str = "cache/ab/{}") -> Path:
    """Make a data set whose pictures 1 and 2 are links into a cache; return its recipe."""
    data = coco(3)
    draw(folder / "images", data)
    for name in ("1.jpg", "2.jpg"):
        place = folder / target.format(name)
        place.parent.mkdir(parents=True, exist_ok=True)
        (folder / "images" / name).rename(place)
        (folder / "images" / name).symlink_to(os.path.relpath(place, folder / "images"))
    return _recipe(folder, data)


def _recipe(folder: Path, data: Any = None, steps: Any = (EXPORT,), **more: Any) -> Path:
    given = {"raw": {"annotations": "raw.json", "images": "images", **more}}
    return write_recipe(folder, list(steps), data, inputs=given)


@pytest.mark.parametrize("name", ["run", "plan", "check", "validate", "preview"])
def test_links_out_are_counted_and_refused_by_every_command(name: str, tmp_path: Path) -> None:
    _linked(tmp_path)
    _recipe(
        tmp_path,
        steps=[
            {
                "id": "more",
                "use": "augment",
                "in": "raw",
                "with": {"pipeline": [{"NoOp": {"p": 1}}]},
            }
        ],
    )
    rest = ("more",) if name == "preview" else ()
    done = command(name, "recipe.yaml", *rest, cwd=tmp_path)
    if name == "validate":
        assert "its data has errors" in done.stdout
        return
    assert done.returncode == 1
    told = done.stdout + done.stderr
    assert (
        f"2 pictures lead out of the folder of images, by links: 1.jpg: leads to {tmp_path}" in told
    )
    assert LINKED in told
    assert f"follow_links: [{tmp_path}/cache/ab]" in told
    assert not (tmp_path / "runs/test/steps").exists()


@pytest.mark.parametrize(
    "follow_links", [True, ["cache"], ["elsewhere", "cache/ab"]], ids=["all", "root", "roots"]
)
def test_links_are_followed_where_the_input_says_so(follow_links: Any, tmp_path: Path) -> None:
    _linked(tmp_path)
    _recipe(tmp_path, follow_links=follow_links)
    done = command("run", "recipe.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    copied = tmp_path / "runs/test/steps/out/all/1.jpg"
    assert copied.read_bytes() == (tmp_path / "cache/ab/1.jpg").read_bytes()
    assert not copied.is_symlink()


@pytest.mark.parametrize("follow_links", [False, ["elsewhere"], ["cache/a"], []])
def test_another_root_allows_nothing(follow_links: Any, tmp_path: Path) -> None:
    _linked(tmp_path)
    _recipe(tmp_path, follow_links=follow_links)
    done = command("run", "recipe.yaml", cwd=tmp_path)
    assert done.returncode == 1
    assert LINKED in done.stderr


def test_links_inside_the_folder_and_a_folder_that_is_a_link_are_sound(tmp_path: Path) -> None:
    _linked(tmp_path, "images/blobs/{}")
    (tmp_path / "images").rename(tmp_path / "real")
    (tmp_path / "images").symlink_to("real")
    done = command("run", "recipe.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_a_folder_within_that_leads_out_is_a_link_out(tmp_path: Path) -> None:
    data = coco(1)
    data["images"][0]["file_name"] = "part/1.jpg"
    data["annotations"] = data["annotations"][:1]
    draw(tmp_path / "secret", {"images": [data["images"][0] | {"file_name": "1.jpg"}]})
    (tmp_path / "images").mkdir()
    (tmp_path / "images/part").symlink_to("../secret")
    found = linked.finding(["part/1.jpg"], tmp_path / "images", "raw")
    assert found is not None
    assert found.count == 1
    assert f"follow_links: [{tmp_path}/secret]" in found.remedy


def test_files_that_have_nothing_in_common_ask_for_true(tmp_path: Path) -> None:
    _linked(tmp_path)
    (tmp_path / "images/1.jpg").unlink()
    (tmp_path / "images/1.jpg").symlink_to("/etc/hostname")
    found = linked.finding(["1.jpg", "2.jpg", "3.jpg"], tmp_path / "images", "raw")
    assert found is not None
    assert "follow_links: true" in found.remedy


def test_where_names_are_mended_every_link_of_the_folder_counts(tmp_path: Path) -> None:
    data = coco(2)
    draw(tmp_path / "images", data)
    (tmp_path / "images/1.jpg").rename(tmp_path / "images/1.png")
    (tmp_path / "images/other.png").symlink_to("/dev/zero")
    mend = {"id": "mend", "use": "repair", "in": "raw", "with": {"missing_pictures": "drop"}}
    _recipe(tmp_path, data, [mend, EXPORT | {"in": {"all": "mend"}}])
    done = command("run", "recipe.yaml", cwd=tmp_path)
    assert done.returncode == 1
    assert "other.png: leads to /dev/zero" in done.stderr


def test_what_was_published_with_links_may_be_an_input_until_a_link_is_changed(
    tmp_path: Path,
) -> None:
    data = coco(3)
    draw(tmp_path / "images", data)
    publish = EXPORT | {"with": {"images": "symlink", "to": "../../published"}}
    _recipe(tmp_path, data, [publish])
    done = command("run", "recipe.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    place = tmp_path / "published/all"
    assert (place / "1.jpg").is_symlink()
    (tmp_path / "next").mkdir()
    given = {
        "raw": {
            "annotations": "../published/annotations/instances_all.json",
            "images": "../published/all",
        }
    }
    write_recipe(tmp_path / "next", [EXPORT], inputs=given)
    done = command("run", "recipe.yaml", cwd=tmp_path / "next")
    assert done.returncode == 0, done.stderr
    (place / "2.jpg").unlink()
    (place / "2.jpg").symlink_to("/etc/hostname")
    done = command("run", "recipe.yaml", cwd=tmp_path / "next")
    assert done.returncode == 1
    assert "1 picture is a link" in done.stderr or "2.jpg: leads to /etc/hostname" in done.stderr
    assert "1.jpg" not in done.stderr.replace("2.jpg", "")


def test_a_forged_mark_opens_no_file_whose_bytes_it_does_not_know(tmp_path: Path) -> None:
    _linked(tmp_path)
    source = os.readlink(tmp_path / "images/1.jpg")
    mark = {
        "recipe": "x",
        "recipe_file": "x",
        "recipe_sha256": "0" * 64,
        "step": "x",
        "files": {"1.jpg": {"sha256": "0" * 64, "how": "symlink", "source": source}},
    }
    (tmp_path / "images/.coco-recipe.json").write_text(json.dumps(mark))
    found = linked.finding(["1.jpg"], tmp_path / "images", "raw")
    assert found is not None


def test_check_of_a_file_opens_no_link_out_unless_told(tmp_path: Path) -> None:
    _linked(tmp_path)
    done = command("check", "raw.json", "images", cwd=tmp_path)
    assert LINKED in done.stdout
    assert done.returncode == 1
    done = command("check", "raw.json", "images", "--follow-links", cwd=tmp_path)
    assert LINKED not in done.stdout
