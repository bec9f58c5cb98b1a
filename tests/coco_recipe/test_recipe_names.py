"""Names of inputs, steps and recipes: letters of any script, nothing that a folder can't be
called.
"""

from pathlib import Path

import pytest
from builders import coco, command, write_recipe

from coco_recipe.errors import RecipeError
from coco_recipe.running import stages


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["瓶盖", "über", "हिन्दी", "ก้าน", "данные", "_a-1", "データ", "متن"]
)
def test_a_name_has_letters_of_any_script(name: str, tmp_path: Path) -> None:
    steps = [{"id": name, "use": "reindex", "in": "raw"}]
    done = command("run", write_recipe(tmp_path, steps, coco(), name=name), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"runs/{name}\n"), done.stderr
    assert (tmp_path / "runs" / name / "steps" / name / "manifest.json").is_file()


@pytest.mark.parametrize(
    "name",
    [
        "a/b",
        "a\\b",
        "..",
        ".a",
        "-a",
        "a b",
        "a\n",
        "a\u202eb",
        "1a",
        "a.b",
        "",
        "u\u0308ber",
        "a:b",
        "瓶" * 100,
        "\u0301a",
        "a\0",
    ],
)
def test_a_name_that_no_folder_should_have_is_refused_with_what_is_allowed(
    name: str, tmp_path: Path
) -> None:
    path = write_recipe(tmp_path, [{"id": name, "use": "reindex", "in": "raw"}], coco())
    with pytest.raises(
        RecipeError, match=r"can't be a name here: .*\n +hint: allowed are letters of any script"
    ):
        stages.prepare(path)


@pytest.mark.parametrize("name", ["../x", ".hidden", "a/b"])
def test_the_name_of_a_recipe_stays_below_runs(name: str, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="can't be a name here"):
        stages.prepare(
            write_recipe(tmp_path, [{"id": "a", "use": "reindex", "in": "raw"}], coco(), name=name)
        )
