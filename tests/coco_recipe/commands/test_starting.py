"""recipes and plugin new, on the command line."""

from pathlib import Path

from builders import command


def test_recipes_are_listed_and_copied(tmp_path: Path) -> None:
    listed = command("recipes", "list", cwd=tmp_path)
    assert listed.returncode == 0
    assert listed.stdout.splitlines()[-1].startswith("quickstart ")
    done = command("recipes", "get", "quickstart", cwd=tmp_path)
    assert done.stdout == "recipes/quickstart.yaml\n"
    assert command("validate", "recipes/quickstart.yaml", cwd=tmp_path).returncode == 2  # no data
    wrong = command("recipes", "get", "quickstar", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "did you mean 'quickstart'" in wrong.stderr


def test_a_plugin_is_begun(tmp_path: Path) -> None:
    done = command("plugin", "new", "tiny-boxes", "--to", "deep/er", cwd=tmp_path)
    assert done.returncode == 0
    assert "deep/er/tiny_boxes/tiny_boxes.py" in done.stdout.splitlines()
    assert 'pip install -e "deep/er[test]"' in done.stderr
    again = command("plugin", "new", "tiny-boxes", "--to", "deep/er", cwd=tmp_path)
    assert again.returncode == 2
    taken = command("plugin", "new", "reindex", cwd=tmp_path)
    assert taken.returncode == 2
    assert "there is 'reindex' already" in taken.stderr
