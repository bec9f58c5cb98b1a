"""Pipelines that people have: eight real files of Albumentations 0.3 to 2.0, and each rule of the
rewriting.
"""

import json
import warnings
from pathlib import Path
from typing import Any

import pytest
import yaml
from builders import command, real_data
from click.testing import CliRunner, Result
from coco_recipe_albumentations.migration import migrate
from coco_recipe_albumentations.pipeline.read import Pipeline

from coco_recipe.cli import cli

np = pytest.importorskip("numpy")
A = pytest.importorskip("albumentations")
cv2 = pytest.importorskip("cv2")
from migrating import applied_to, old_pipeline  # noqa: E402

# file, exit status of migrate, transforms before and after, what is named as lost
FILES = [
    ("01_sneddy_v0.3.1_train_complex_1024_old.json", 1, 5, 5, ("alpha_affine", "shift_limit")),
    ("04_cloths_segmentation_2020-10-30_train_aug.yaml", 0, 5, 4, ()),
    ("05_midv500_2020-05-19_train_aug.yaml", 0, 12, 11, ()),
    ("07_pipelime_v1.0.3.json", 0, 2, 2, ()),
    ("08_h2o_hydrogen_torch_v1.1.0_bbox_placeholders.json", 0, 1, 1, ()),
    (
        "10_albumentations_repo_2021-05-27_serialization_v2.json",
        1,
        48,
        47,
        ("alpha_affine", "shift_limit"),
    ),
    ("12_albumentations_repo_2024-02-16_v2.json", 1, 48, 47, ("alpha_affine", "shift_limit")),
    ("15_albumentations_repo_tag_2.0.8.json", 0, 47, 46, ()),
]


def _run(*arguments: str | Path) -> Result:
    """Run a command of the group in this process."""
    return CliRunner().invoke(cli, ["pipeline", *map(str, arguments)])


def _only(form: dict[str, Any]) -> dict[str, Any]:
    row = dict(form["transform"]["transforms"][0])
    return {row.pop("__class_fullname__"): row}


def _picture() -> Any:
    return np.random.default_rng(1).integers(40, 220, (180, 240, 3)).astype(np.uint8)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "status", "before", "after", "lost"), FILES, ids=[row[0][:2] for row in FILES]
)
def test_a_real_file_is_refused_as_it_is_and_runs_when_migrated(
    name: str, status: int, before: int, after: int, lost: tuple[str, ...], tmp_path: Path
) -> None:
    source = real_data("pipelines") / name
    with pytest.raises(
        ValueError, match=r"pipeline migrate|written by Albumentations|always_apply"
    ):
        Pipeline.of(str(source)).build()
    assert _run("lint", source).exit_code == 1
    done = _run("migrate", source, "-o", tmp_path / "new.json")
    assert done.exit_code == status, done.stderr
    named = [line for line in done.stderr.splitlines() if line.startswith("could not carry over: ")]
    assert len(named) == len(lost)
    assert all(word in line for word, line in zip(lost, named, strict=True))
    assert done.stderr.count("Normalize: left out: leave it to training") == before - after
    form = json.loads((tmp_path / "new.json").read_text())
    assert len(form["transform"]["transforms"]) == after
    assert not Pipeline.of(str(tmp_path / "new.json")).problems
    for seed in range(3):
        made = applied_to(form, _picture(), seed)
        assert made.dtype == np.uint8
        assert made.std() > 1
    again = _run("lint", tmp_path / "new.json")
    assert (again.exit_code, again.stdout.splitlines()[-1]) == (
        0,
        f"{tmp_path / 'new.json'}: nothing is wrong",
    )


@pytest.mark.parametrize("name", [row[0] for row in FILES], ids=[row[0][:2] for row in FILES])
def test_no_argument_vanishes_without_being_named(name: str) -> None:
    """Each argument of the old file is in the new one under its name, or is named in what changed
    or was lost.
    """
    path = real_data("pipelines") / name
    done = migrate.migrate_file(path)
    spoken = done.changes + done.lost
    text = path.read_text("utf-8").replace("IMAGE_HEIGHT", "1").replace("IMAGE_WIDTH", "1")
    old = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    new: list[Any] = list(done.form["transform"]["transforms"])
    for index, row in enumerate(old["transform"]["transforms"]):
        about = [line for line in spoken if line.startswith(f"transforms[{index}]")]
        if any("left out" in line for line in about):
            continue
        kept = new.pop(0)
        for argument, value in row.items():
            if argument in ("__class_fullname__", "always_apply", "transforms"):
                continue
            same = argument in kept and (kept[argument] == value or name.startswith("08"))
            assert same or any(argument in line for line in about), (
                f"transforms[{index}] {argument}"
            )
    assert not new


def test_the_second_migration_changes_nothing() -> None:
    once = migrate.migrate_file(real_data("pipelines") / FILES[5][0])
    assert migrate.migrate(once.form).form == once.form
    assert migrate.migrate(once.form).changes == []


@pytest.mark.parametrize(
    ("around", "given", "p"),
    [
        (None, {"always_apply": True, "p": 0.3}, 1),
        (None, {"always_apply": False, "p": 0.3}, 0.3),
        (None, {"p": 0.3}, 0.3),
        ("OneOf", {"always_apply": True, "p": 0.3}, 0.3),  # within it p is a weight
    ],
)
def test_always_apply_is_p_1_but_where_one_is_chosen(
    around: str | None, given: dict[str, Any], p: float
) -> None:
    row: dict[str, Any] = {"__class_fullname__": "Blur", "blur_limit": 3, **given}
    form = (
        old_pipeline(around, transforms=[row])
        if around
        else old_pipeline("Blur")
        | {"transform": {"__class_fullname__": "Compose", "transforms": [row]}}
    )
    made = migrate.migrate(form).form["transform"]["transforms"][0]
    assert (made["transforms"][0] if around else made)["p"] == p


def test_p_that_is_not_given_is_written_with_the_default_of_its_time() -> None:
    form = old_pipeline("RandomRotate90")
    del form["transform"]["transforms"][0]["p"]
    assert _only(migrate.migrate(form).form) == {"RandomRotate90": {"p": 0.5}}
    cropped = {"IAACropAndPad": {"px": 8}}
    old = {
        "__version__": "0.5.2",
        "transform": {"__class_fullname__": "Compose", "transforms": [cropped]},
    }
    assert _only(migrate.migrate(old).form)["CropAndPad"]["p"] == 1


def test_placeholders_become_expressions_and_others_are_asked_about(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text('[{"Resize":\n {"height": IMG_HEIGHT, "width": IMG_WIDTH, "p": 1}}]', "utf-8")
    done = migrate.migrate_file(path)
    assert _only(done.form) == {
        "Resize": {"height": "${image.height}", "width": "${image.width}", "p": 1}
    }
    assert done.changes[0].startswith('line 2 column 13: IMG_HEIGHT -> "${image.height}"')
    path.write_text('[{"Resize": {"height": SIZE, "width": 3}}]', "utf-8")
    with pytest.raises(ValueError, match=r"p.json:1:24: SIZE is no value: write a number"):
        migrate.migrate_file(path)


@pytest.mark.slow
def test_migrate_writes_yaml_for_yaml_and_says_what_changed_on_the_other_channel(
    tmp_path: Path,
) -> None:
    (tmp_path / "p.yaml").write_text(
        yaml.safe_dump(old_pipeline("RandomFog", fog_coef_lower=0.1, fog_coef_upper=0.4)), "utf-8"
    )
    done = command("pipeline", "migrate", "p.yaml", cwd=tmp_path)
    assert done.returncode == 0
    assert _only(yaml.safe_load(done.stdout)) == {
        "RandomFog": {"p": 1, "fog_coef_range": [0.1, 0.4]}
    }
    assert (
        "transforms[0] RandomFog: fog_coef_lower, fog_coef_upper -> fog_coef_range: [0.1, 0.4]\n"
        in done.stderr
    )


def _from(version: str, transform: str, **arguments: Any) -> dict[str, Any]:
    return {**old_pipeline(transform, **arguments), "__version__": version}


@pytest.mark.parametrize(
    ("version", "transform", "expected"),
    [
        ("1.3.1", "Rotate", {"border_mode": 4}),  # though 2.0.8 knows every argument of it
        ("1.4.24", "PadIfNeeded", {"border_mode": 4}),
        ("1.4.21", "OpticalDistortion", {"border_mode": 4}),
        ("1.3.1", "GridDistortion", {"normalized": False}),
        ("1.4.17", "GridDistortion", {"normalized": False}),
        ("1.3.1", "ColorJitter", {"hue": 0.2}),
        ("1.4.12", "ColorJitter", {"brightness": [0.8, 1]}),
        ("1.4.10", "CoarseDropout", {"num_holes_range": [8, 8]}),
        ("1.4.12", "CoarseDropout", {"num_holes_range": [1, 1]}),
        ("1.4.12", "ElasticTransform", {"alpha": 3, "noise_distribution": "uniform"}),
        ("1.4.21", "ElasticTransform", {"alpha": 3.464, "approximate": True}),  # sqrt(12)
        ("1.4.24", "ElasticTransform", {"alpha": 1.732}),
        ("1.3.1", "Affine", {"rotate": [-15, 15], "scale": [0.9, 1.1]}),
    ],
)
def test_a_default_is_the_one_of_the_version_that_wrote_the_file(
    version: str, transform: str, expected: dict[str, Any]
) -> None:
    """By the signatures of these versions."""
    ((_, made),) = _only(migrate.migrate(_from(version, transform)).form).items()
    assert {name: made.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("version", "low"), [("1.4.3", 0.2), ("1.4.4", 1 / 255), ("1.4.18", 1 / 255), ("1.4.19", 0.2)]
)
def test_one_threshold_of_solarize_was_a_range_for_some_versions(version: str, low: float) -> None:
    made = _only(migrate.migrate(_from(version, "Solarize", threshold=51)).form)["Solarize"]
    assert made["threshold_range"] == pytest.approx([low, 0.2], abs=1e-6)


@pytest.mark.parametrize(
    ("version", "corners"), [("1.4.3", 8), ("1.4.4", None), ("1.4.19", None), ("1.4.20", 8)]
)
def test_shadows_had_five_corners_for_some_versions(version: str, corners: int | None) -> None:
    made = _only(migrate.migrate(_from(version, "RandomShadow", shadow_dimension=8)).form)[
        "RandomShadow"
    ]
    assert made.get("shadow_dimension") == corners


@pytest.mark.parametrize(
    ("version", "absent"), [("1.4.18", "normalized"), ("1.4.21", "normalized")]
)
def test_a_default_that_is_todays_is_not_written(version: str, absent: str) -> None:
    assert (
        absent
        not in _only(migrate.migrate(_from(version, "GridDistortion")).form)["GridDistortion"]
    )


@pytest.mark.parametrize(
    ("version", "low", "count"), [("1.4.20", 1, 1), ("1.4.20", 1.0, 0), ("1.4.12", 1, 0)]
)
def test_a_range_that_some_versions_read_as_whole_numbers_is_named(
    version: str, low: float, count: int
) -> None:
    done = migrate.migrate(_from(version, "Affine", scale={"x": [low, 1.5], "y": 1}))
    assert sum("whole numbers" in note.what for note in done.notes) == count


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("Posterize", {"num_bits": [4, 5, 6]}),
        ("Posterize", {"num_bits": [0, 6]}),
        ("RandomGamma", {"gamma_limit": 120}),
        ("RandomGamma", {"gamma_limit": [-120, 120]}),
    ],
)
def test_what_is_named_as_lost_is_left_in_a_form_that_runs(
    name: str, given: dict[str, Any]
) -> None:
    assert (
        applied_to(migrate.migrate(old_pipeline(name, **given)).form, _picture()).dtype == np.uint8
    )


def test_migrate_fails_where_the_library_refuses_the_result(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(json.dumps(old_pipeline("Blur", blur_limit=-4)), "utf-8")
    done = _run("migrate", tmp_path / "p.json")
    assert done.exit_code == 1
    assert "could not carry over: transforms[0]: Blur: blur_limit" in done.stderr


def test_a_migrated_file_loads_in_the_library_too(tmp_path: Path) -> None:
    done = migrate.migrate(old_pipeline("ShiftScaleRotate", value=None))
    (tmp_path / "p.json").write_text(migrate.dump(done.form, ".json"), "utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [type(one).__name__ for one in A.load(tmp_path / "p.json").transforms] == ["Affine"]


def test_a_tuple_of_a_yaml_dump_is_a_list(tmp_path: Path) -> None:
    form = old_pipeline("Rotate", limit=(-11, 23), value=(7, 8, 9), border_mode=0)
    (tmp_path / "old.yaml").write_text(yaml.dump(form), "utf-8")
    assert "python/tuple" in (tmp_path / "old.yaml").read_text("utf-8")
    made = _only(migrate.migrate_file(tmp_path / "old.yaml").form)["Rotate"]
    assert (made["limit"], made["fill"]) == ([-11, 23], [7, 8, 9])
