"""What is wrong with a recipe's text, with its folders and with its data is told in one go."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, write_recipe

from coco_recipe.errors import FindingsError, RecipeError, RunError
from coco_recipe.running import stages

Data = dict[str, Any]
EXPORT = {"id": "d", "use": "export_coco", "in": {"all": "raw"}, "with": {"to": "../../mine"}}


def _project(folder: Path, steps: list[Data], data: Data, **top: Any) -> Path:
    """Write a recipe beside a folder of the user's."""
    (folder / "mine").mkdir()
    (folder / "mine/thesis.txt").write_text("years")
    return write_recipe(folder, steps, data, **top)


def _dangling(data: Data) -> Data:
    data["annotations"][0]["image_id"] = 99
    return data


def _quoted(data: Data) -> Data:
    data["annotations"][0]["bbox"][2] = "20"
    return data


@pytest.mark.parametrize("verb", ["validate", "plan", "run"])
@pytest.mark.parametrize(
    ("spoilt", "told"), [(_dangling, "dangling_image_ids"), (_quoted, "wrong_type")]
)
def test_text_folder_and_data_are_told_in_one_go(
    verb: str, spoilt: Callable[[Data], Data], told: str, tmp_path: Path
) -> None:
    wrong = {"id": "parts", "use": "split", "in": "raw", "with": {"fractons": {"a": 1}}}
    _project(tmp_path, [wrong, EXPORT], spoilt(coco()))
    done = command(verb, "recipe.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert "unknown key 'fractons'" in done.stderr
    assert "thesis.txt" in done.stderr
    assert told in done.stderr
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("name", ["a\0b", "", "..", "a/b", "x" * 201])
def test_a_name_that_no_folder_can_have_is_told_with_the_data(name: str, tmp_path: Path) -> None:
    path = write_recipe(tmp_path, [EXPORT], _dangling(coco()), name=name)
    with pytest.raises(RecipeError, match=r"(?s)can't be a name here.*dangling_image_ids"):
        stages.prepare(path)


@pytest.mark.parametrize("verb", ["validate", "plan", "run"])
def test_a_folder_and_data_are_told_in_one_go(verb: str, tmp_path: Path) -> None:
    few = {"id": "few", "use": "filter_categories", "in": "raw", "with": {"drop": ["cow"]}}
    _project(tmp_path, [few, EXPORT], coco())
    done = command(verb, "recipe.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert "cow" in done.stderr
    assert "thesis.txt" in done.stderr


def test_rows_and_steps_that_do_not_depend_on_them_are_told_in_one_go(tmp_path: Path) -> None:
    data = _dangling(coco())
    (tmp_path / "other.json").write_text(json.dumps(coco()))
    few = {"id": "few", "use": "filter_categories", "in": "other", "with": {"drop": ["cow"]}}
    inputs = {"raw": {"annotations": "raw.json"}, "other": {"annotations": "other.json"}}
    path = write_recipe(tmp_path, [few], data, inputs=inputs)
    done = command("run", path, cwd=tmp_path)
    assert "cow" in done.stderr
    assert "dangling_image_ids" in done.stderr


def test_inputs_of_wrong_hashes_and_without_form_are_told_in_one_go(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        (tmp_path / f"{name}.json").write_text(json.dumps(coco()))
    (tmp_path / "three.json").write_text("{")
    inputs = {
        name: {"annotations": f"{name}.json", "sha256": sha256}
        for name, sha256 in (("one", "0" * 8), ("two", "1" * 8))
    }
    few = {"id": "few", "use": "filter_categories", "in": "one", "with": {"drop": ["dog"]}}
    path = write_recipe(tmp_path, [few], inputs=inputs | {"three": {"annotations": "three.json"}})
    done = command("run", path, cwd=tmp_path)
    assert done.returncode == 2
    for told in ("inputs.one.sha256", "inputs.two.sha256", "three.json"):
        assert told in done.stderr


def test_what_a_wrong_step_might_mend_is_not_told(tmp_path: Path) -> None:
    mend = {"id": "mend", "use": "repair", "in": "raw", "with": {"bbox": "to_numbrs"}}
    path = write_recipe(tmp_path, [mend], _quoted(coco()))
    with pytest.raises(RecipeError) as raised:
        stages.prepare(path)
    assert "to_numbrs" in str(raised.value)
    assert raised.value.beside == ()


def test_what_a_right_step_beside_it_can_not_take_is_told(tmp_path: Path) -> None:
    mend = {"id": "mend", "use": "repair", "in": "raw", "with": {"bbox": "to_numbrs"}}
    few = {"id": "few", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}}
    path = write_recipe(tmp_path, [mend, few], _quoted(coco()))
    with pytest.raises(RecipeError) as raised:
        stages.prepare(path)
    assert any(isinstance(error, FindingsError) for error in raised.value.beside)


@pytest.mark.parametrize(
    "rows",
    [
        [{"id": "mend", "use": "repare", "in": "raw"}],
        [{"id": "mend", "use": "repair", "in": "row"}],
        [{"use": "repair", "in": "raw"}],
        [],
        [
            {"id": "x", "use": "filter_categories", "in": "raw", "with": {"drp": ["dog"]}},
            {"id": "mend", "use": "repair", "in": "x", "with": {"bbox": "to_numbers"}},
        ],
    ],
    ids=["unknown step", "unknown reference", "no id", "no step", "below a wrong step"],
)
def test_nothing_is_said_of_rows_that_may_come_to_a_step_which_is_not_known(
    rows: list[Data], tmp_path: Path
) -> None:
    with pytest.raises(RecipeError) as raised:
        stages.prepare(write_recipe(tmp_path, rows, _quoted(coco())))
    assert raised.value.beside == ()


def test_a_wrong_input_is_told_once_and_the_others_are_looked_at(tmp_path: Path) -> None:
    inputs = {"raw": {"annotations": "raw.json"}, "gone": {"annotations": "gone.json"}}
    few = {"id": "few", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}}
    path = write_recipe(tmp_path, [few], _dangling(coco()), inputs=inputs)
    done = command("run", path, cwd=tmp_path)
    assert done.stderr.count("there is no file gone.json") == 1
    assert "dangling_image_ids" in done.stderr


def test_a_wrong_parameter_of_a_step_does_not_hide_its_folder(tmp_path: Path) -> None:
    export = {**EXPORT, "with": {"to": "../../mine", "images": "copi"}}
    _project(tmp_path, [export], coco())
    done = command("validate", "recipe.yaml", cwd=tmp_path)
    assert "copi" in done.stderr
    assert "thesis.txt" in done.stderr


def test_a_folder_that_is_no_text_is_a_problem_of_the_text_alone(tmp_path: Path) -> None:
    _project(tmp_path, [{**EXPORT, "with": {"to": ["../../mine"]}}], coco())
    done = command("validate", "recipe.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert "thesis.txt" not in done.stderr


def test_missing_pictures_are_told_with_a_step_that_does_not_fit(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    few = {"id": "few", "use": "filter_categories", "in": "raw", "with": {"drop": ["cow"]}}
    out = {"id": "d", "use": "export_coco", "in": {"all": "raw"}, "with": {"to": "set"}}
    inputs = {"raw": {"annotations": "raw.json", "images": "images"}}
    done = command("run", write_recipe(tmp_path, [few, out], coco(), inputs=inputs), cwd=tmp_path)
    assert "cow" in done.stderr
    assert "missing_pictures" in done.stderr


@pytest.mark.parametrize("form", ["json", "github"])
def test_programs_get_all_of_it_in_one_list(form: str, tmp_path: Path) -> None:
    wrong = {"id": "parts", "use": "split", "in": "raw", "with": {"fractons": {"a": 1}}}
    few = {"id": "few", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}}
    path = write_recipe(tmp_path, [wrong, few], _dangling(coco()))
    done = command("run", path, "--format", form, cwd=tmp_path)
    assert done.returncode == 2
    if form == "github":
        lines = done.stdout.splitlines()
        assert all(line.startswith("::error") for line in lines)
        assert ["fractons" in lines[0], "dangling" in lines[-1]] == [True, True]
        return
    rows = json.loads(done.stdout)
    assert "fractons" in rows[0]["what"]
    assert rows[-1]["kind"] == "dangling_image_ids"


def test_a_run_directory_of_another_recipe_keeps_its_error(tmp_path: Path) -> None:
    few = {"id": "few", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}}
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    stages.run(stages.prepare(write_recipe(tmp_path / "a", [few], coco())), out=tmp_path / "out")
    few["with"] = {"drop": ["cow"]}
    planned = stages.prepare(write_recipe(tmp_path / "b", [few], coco()))
    with pytest.raises(RecipeError, match="cow") as raised:
        stages.run(planned, out=tmp_path / "out")
    assert [type(error) for error in raised.value.beside] == [RunError]


def test_no_picture_is_opened_for_a_recipe_whose_text_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for n in (1, 2, 3):
        (tmp_path / f"images/{n}.jpg").write_bytes(b"no picture")
    flip = [{"HorizontalFlip": {"p": 1}}]
    more = {"id": "more", "use": "augment", "in": "raw", "with": {"pipeline": flip}}
    wrong = {"id": "few", "use": "filter_categories", "in": "raw", "with": {"drp": ["dog"]}}
    inputs = {"raw": {"annotations": "raw.json", "images": "images"}}
    path = write_recipe(tmp_path, [wrong, more], coco(), inputs=inputs)
    with pytest.raises(RecipeError) as raised:
        stages.prepare(path)
    assert raised.value.beside == ()
    wrong["with"] = {"drop": ["dog"]}
    planned = stages.prepare(write_recipe(tmp_path, [wrong, more], inputs=inputs))
    with pytest.raises(FindingsError, match="unreadable_pictures"):
        stages.run(planned, out=tmp_path / "out")
