"""validate and check: their exit status, and what they print."""

from pathlib import Path

from builders import coco, command, write_recipe

FEW = {"id": "few", "use": "filter_categories", "in": "raw", "with": {"drop": ["dog"]}}


def test_a_sound_recipe_and_a_wrong_one(tmp_path: Path) -> None:
    sound = write_recipe(tmp_path, [FEW], coco())
    assert command("validate", sound, cwd=tmp_path).returncode == 0
    assert command("check", sound, cwd=tmp_path).returncode == 0
    wrong = write_recipe(tmp_path, [{**FEW, "with": {"drop": ["cow"]}}])
    done = command("validate", wrong, cwd=tmp_path)
    assert done.returncode == 2
    assert "cow" in done.stderr


def test_a_file_with_errors_fails_its_check(tmp_path: Path) -> None:
    data = coco()
    data["images"][1]["id"] = 1
    write_recipe(tmp_path, [FEW], data)
    done = command("check", "raw.json", cwd=tmp_path)
    assert done.returncode == 1
    assert "repeated_image_ids" in done.stdout + done.stderr
