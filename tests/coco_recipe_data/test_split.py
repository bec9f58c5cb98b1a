"""split: parts share no family, have their number of images, and every class where that can be."""

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from builders import coco, command, process, real_data, recorded, write_recipe
from coco_recipe_data.split import STEP
from rich.cells import cell_len

from coco_recipe import Dataset
from coco_recipe.errors import RecipeError, StepError
from coco_recipe.running import reopening, stages
from coco_recipe.testing import dataset, run_step


def _parts(tmp_path: Path, data: dict[str, Any], **params: Any) -> dict[str, dict[str, Any]]:
    step = {"id": "x", "use": "split", "in": "raw", "with": params}
    stages.run(stages.prepare(write_recipe(tmp_path, [step], data)), out=tmp_path / "out")
    return {
        path.stem: json.loads(path.read_text("utf-8"))
        for path in sorted((tmp_path / "out/steps/x").glob("*.json"))
        if path.stem != "manifest"
    }


def _sizes(parts: dict[str, dict[str, Any]]) -> dict[str, int]:
    return {name: len(part["images"]) for name, part in parts.items()}


@pytest.mark.parametrize(
    ("params", "val"),
    [
        ({"every": 5}, [1, 6]),
        ({"every": 5, "first": 4}, [5, 10]),
        ({"every": 2, "first": 1}, [2, 4, 6, 8, 10]),
    ],
)
def test_every_begins_with_the_first_unless_told(
    params: dict[str, Any], val: list[int], tmp_path: Path
) -> None:
    parts = _parts(tmp_path, coco(10, []), **params)
    assert [row["id"] for row in parts["val"]["images"]] == val


@pytest.mark.parametrize("params", [{"every": 5, "first": 5}, {"folds": 2, "first": 0}])
def test_first_must_be_below_every(params: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"with.first: must be below 'every'"):
        _parts(tmp_path, coco(10, []), **params)


@pytest.mark.parametrize("method", ["hash", "shuffle", "stratified"])
@pytest.mark.parametrize(
    "way", [{"every": 5}, {"by": {"field": "part", "parts": ["train", "valid"]}}]
)
def test_a_method_beside_a_way_that_needs_none_is_refused(
    way: dict[str, Any], method: str, tmp_path: Path
) -> None:
    (name,) = way
    with pytest.raises(RecipeError, match=rf"with.method: has no effect beside '{name}'") as caught:
        _parts(tmp_path, coco(10, []), **way, method=method)
    assert f"remove 'method', or divide by 'fractions' or 'folds' instead of '{name}'" in str(
        caught.value
    )


def test_a_division_of_which_every_default_is_written_out_is_planned_again(tmp_path: Path) -> None:
    """recipe.resolved.yaml has every default: none of them may be one that is refused."""
    _parts(tmp_path, coco(10, []), every=5, group_by={"pattern": "^."})
    assert reopening.reopen(tmp_path / "out").steps[0].params == {
        "every": 5,
        "group_by": {"pattern": "^."},
        "min_per_part": 1,
    }


def test_a_part_without_images_is_an_error_unless_allowed(tmp_path: Path) -> None:
    shares = {"fractions": {"train": 0.98, "val": 0.01, "test": 0.01}}
    with pytest.raises(
        StepError, match=r"part 'val' would get 0 of 3 images, and min_per_part is 1; choose other"
    ):
        _parts(tmp_path, coco(3, []), **shares)
    assert sum(_sizes(_parts(tmp_path, coco(3, []), **shares, min_per_part=0)).values()) == 3


def test_shuffle_is_within_one_of_exact(tmp_path: Path) -> None:
    shares = {"train": 0.7, "val": 0.2, "test": 0.1}
    parts = _parts(tmp_path, coco(300, []), fractions=shares, method="shuffle")
    assert _sizes(parts) == {"train": 210, "val": 60, "test": 30}


@pytest.mark.slow
def test_a_class_on_two_images_is_in_both_parts(tmp_path: Path) -> None:
    data = coco(10, [(n, 1) for n in range(1, 11)] + [(3, 2), (7, 2)])
    for seed in range(5):
        step = {
            "id": "x",
            "use": "split",
            "in": "raw",
            "with": {"fractions": {"train": 0.8, "val": 0.2}, "method": "stratified"},
        }
        stages.run(
            stages.prepare(write_recipe(tmp_path, [step], data, seed=seed)),
            out=tmp_path / str(seed),
        )
        parts = {
            name: json.loads((tmp_path / f"{seed}/steps/x/{name}.json").read_text())
            for name in ("train", "val")
        }
        assert _sizes(parts) == {"train": 8, "val": 2}
        assert all(
            {row["category_id"] for row in part["annotations"]} == {1, 2} for part in parts.values()
        )


@pytest.mark.slow
def test_real_pictures_are_divided_exactly(tmp_path: Path) -> None:
    folder = real_data("car_damage")
    inputs = {
        name: {"annotations": str(folder / name / "_annotations.coco.json")}
        for name in ("train", "valid", "test")
    }
    shares = {"train": 0.7, "val": 0.2, "test": 0.1}
    steps = [
        {
            "id": "all",
            "use": "merge",
            "in": {"datasets": list(inputs)},
            "with": {"same_file_name": "rename"},
        },
        {
            "id": "x",
            "use": "split",
            "in": "all",
            "with": {"fractions": shares, "method": "stratified"},
        },
    ]
    for seed in (0, 1):
        stages.run(
            stages.prepare(write_recipe(tmp_path, steps, inputs=inputs, seed=seed)),
            out=tmp_path / str(seed),
        )
        parts = {
            name: json.loads((tmp_path / f"{seed}/steps/x/{name}.json").read_text("utf-8"))
            for name in shares
        }
        assert _sizes(parts) == {"train": 210, "val": 60, "test": 30}
        found = {
            name: Counter(row["category_id"] for row in part["annotations"])
            for name, part in parts.items()
        }
        groups: dict[int, set[str]] = {}
        for name, part in parts.items():
            for row in part["annotations"]:
                groups.setdefault(row["category_id"], set()).add(f"{name}{row['image_id']}")
        assert all(
            found[name][label]
            for label, images in groups.items()
            if len(images) >= 3
            for name in shares
        )


def test_the_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    rng = random.Random(3)
    data = coco(40, [(rng.randint(1, 40), rng.randint(1, 2)) for _ in range(90)])
    turned = data | {"images": data["images"][::-1], "annotations": data["annotations"][::-1]}
    shares = {"fractions": {"a": 0.7, "b": 0.3}, "method": "stratified"}
    first, second = (
        {
            name: {row["id"] for row in part["images"]}
            for name, part in _parts(folder, found, **shares).items()
        }
        for folder, found in ((_new(tmp_path, "1"), data), (_new(tmp_path, "2"), turned))
    )
    assert first == second


def _new(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    return folder / name


def _given_up(folder: Path) -> list[tuple[str, str]]:
    record = recorded(folder / "out/steps/x")
    return [
        (row.row, row.value)
        for finding in record.findings
        if finding.kind == "split_gives_up"
        for row in finding.first
    ]


def test_a_class_that_is_given_up_is_named(tmp_path: Path) -> None:
    """One image of ten can't have two classes that no image has together."""
    data = coco(10, [(1, 1), (2, 1), (3, 2), (4, 2)])
    parts = _parts(tmp_path, data, fractions={"train": 0.9, "val": 0.1}, method="stratified")
    assert _sizes(parts) == {"train": 9, "val": 1}
    there = {row["category_id"] for row in parts["val"]["annotations"]}
    name = {frozenset({1}): "dog", frozenset({2}): "cat"}[frozenset(there)]
    assert _given_up(tmp_path) == [
        (f"class '{name}' in 'val'", "given up for the numbers of images: none of its 2 groups")
    ]


def test_a_number_of_images_that_is_given_up_is_named(tmp_path: Path) -> None:
    """Four groups of five images can't go into three parts of 6.7 images, give or take 2.5."""
    data = coco(20, [])
    for row in data["images"]:
        row["video"] = row["id"] % 4
    for method in ("stratified", "shuffle"):
        folder = _new(tmp_path, method)
        parts = _parts(folder, data, folds=3, method=method, group_by={"field": "video"})
        large = next(name for name, size in _sizes(parts).items() if size == 10)
        assert sorted(_sizes(parts).values()) == [5, 5, 10]
        assert _given_up(folder) == [
            (f"part '{large}'", "its number of images is given up: 10, where 6.7 are its share")
        ]


def test_nothing_is_said_of_a_class_with_fewer_groups_than_parts(tmp_path: Path) -> None:
    data = coco(4, [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (4, 1)])
    _parts(tmp_path, data, folds=4, method="stratified")
    assert _given_up(tmp_path) == []


NAMES = [f"第{n}类瓶盖表面缺陷与划痕检测结果异常" for n in range(80)]


@pytest.mark.slow
def test_a_table_of_shares_is_shown_by_run_and_plan_and_recorded(tmp_path: Path) -> None:
    rng = random.Random(0)
    data = coco(100, [(rng.randint(1, 100), n % 80 + 1) for n in range(400)], NAMES)
    step = {
        "id": "x",
        "use": "split",
        "in": "raw",
        "with": {"fractions": {"train": 0.7, "validation": 0.2, "测试": 0.1}, "method": "shuffle"},
    }
    recipe = write_recipe(tmp_path, [step], data)
    planned = command("plan", recipe, "--out", tmp_path / "out", cwd=tmp_path)
    ran = command("run", recipe, "--out", tmp_path / "out", cwd=tmp_path)
    assert (planned.returncode, ran.returncode) == (0, 0)
    for text in (planned.stdout, ran.stderr):
        lines = text.splitlines()
        first = next(
            n for n, line in enumerate(lines) if line.split() == ["train", "validation", "测试"]
        )
        table = lines[first : first + 18]
        assert max(map(cell_len, table)) <= 80
        assert table[1].split() == ["images", "70", "20", "10"]
        assert table[2].split()[0] == "boxes"
        assert table[3].split() == ["wanted", "%", "70.0", "20.0", "10.0"]
        assert [row.split()[0][0] for row in table[5:17]] == ["第"] * 12
        assert table[17].strip().startswith("and 68 more classes")
    notes = recorded(tmp_path / "out/steps/x").notes
    boxes = {
        name: Counter(
            row["category_id"]
            for row in json.loads((tmp_path / f"out/steps/x/{name}.json").read_text("utf-8"))[
                "annotations"
            ]
        )
        for name in notes["shares"]
    }
    assert notes["shares"] == {
        name: {label: round(found[n] / 5, 4) for n, label in enumerate(NAMES, 1)}
        for name, found in boxes.items()
    }
    off = {
        label: max(
            abs(notes["shares"][name][label] - share)
            for name, share in step["with"]["fractions"].items()
        )
        for label in NAMES
    }
    shown = [row[0].removesuffix(" %") for row in notes["table"]["rows"][4:]]
    assert (
        min(off[label] for label in shown)
        >= max(off[label] for label in NAMES if label not in shown) - 1e-9
    )


def test_plan_shows_what_is_given_up(tmp_path: Path) -> None:
    step = {
        "id": "x",
        "use": "split",
        "in": "raw",
        "with": {"fractions": {"train": 0.9, "val": 0.1}, "method": "stratified"},
    }
    recipe = write_recipe(tmp_path, [step], coco(10, [(1, 1), (2, 1), (3, 2), (4, 2)]))
    done = command("plan", recipe, "--out", tmp_path / "out", cwd=tmp_path)
    assert "(split_gives_up)" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.parametrize("method", ["shuffle", "stratified"])
def test_bytes_are_the_same_with_any_number_of_workers(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(1)
    data = coco(60, [(rng.randint(1, 60), rng.randint(1, 2)) for _ in range(150)])
    for row in data["images"]:
        row["video"] = f"v{row['id'] // 3}"
    step = {
        "id": "x",
        "use": "split",
        "in": "raw",
        "with": {"folds": 3, "method": method, "group_by": {"field": "video"}},
    }
    recipe = write_recipe(tmp_path, [step], data)
    found = []
    for jobs, hash_seed in (("1", "1"), ("2", "2")):
        monkeypatch.setenv("PYTHONHASHSEED", hash_seed)
        assert (
            process(
                "run", recipe, "--out", tmp_path / jobs, "--jobs", jobs, cwd=tmp_path
            ).returncode
            == 0
        )
        found.append([(tmp_path / jobs / f"steps/x/fold_{n}.json").read_bytes() for n in (1, 2, 3)])
    assert found[0] == found[1]


@pytest.mark.parametrize(
    "group_by", [{"field": "video"}, {"pattern": r"^(v\d)_"}, {"file": "groups.txt"}]
)
@pytest.mark.parametrize(
    "way",
    [
        {"folds": 3, "method": "stratified"},
        {"every": 2},
        {"fractions": {"a": 0.5, "b": 0.5}, "method": "shuffle"},
    ],
)
def test_no_group_is_on_two_sides(
    group_by: dict[str, str], way: dict[str, Any], tmp_path: Path
) -> None:
    data = coco(30, [(n, 1 + n % 2) for n in range(1, 31)])
    for row in data["images"]:
        row |= {"video": row["id"] % 7, "file_name": f"v{row['id'] % 7}_{row['id']}.jpg"}
    lines = [f"{row['file_name']} v{row['video']}" for row in data["images"]]
    (tmp_path / "groups.txt").write_text("\n".join(lines))
    parts = _parts(tmp_path, data, **way, group_by=group_by)
    videos = [{row["video"] for row in part["images"]} for part in parts.values()]
    assert sorted(video for found in videos for video in found) == list(range(7))


def test_hash_moves_no_image_when_one_is_added(tmp_path: Path) -> None:
    side = []
    for number in (40, 41):
        parts = _parts(
            _new(tmp_path, str(number)), coco(number, []), fractions={"a": 0.6, "b": 0.4}
        )
        side.append(
            {row["file_name"]: name for name, part in parts.items() for row in part["images"]}
        )
    assert side[0].items() < side[1].items()


@pytest.mark.parametrize("method", ["shuffle", "stratified"])
def test_a_part_gets_its_fewest_images_where_its_share_allows_it(
    method: str, tmp_path: Path
) -> None:
    way = {"fractions": {"train": 0.8, "val": 0.2}, "method": method}
    assert _sizes(_parts(_new(tmp_path, "1"), coco(3, []), **way)) == {"train": 2, "val": 1}
    assert _sizes(_parts(_new(tmp_path, "2"), coco(13, []), **way, min_per_part=3)) == {
        "train": 10,
        "val": 3,
    }
    with pytest.raises(
        StepError,
        match=r"part 'val' would get 3 of 13 images, and min_per_part is 4; choose other "
        r"fractions, or fewer folds \(min_per_part: 3 allows it\)",
    ):
        _parts(_new(tmp_path, "3"), coco(13, []), **way, min_per_part=4)


@pytest.mark.parametrize(
    "params",
    [
        {"by": {"field": "prat", "parts": ["train", "valid"]}},
        {"folds": 2, "group_by": {"field": "prat"}},
    ],
)
def test_a_field_that_no_image_has_is_found_before_anything_runs(
    params: dict[str, Any], tmp_path: Path
) -> None:
    data = coco(4, [])
    for row in data["images"]:
        row["part"] = "train"
    with pytest.raises(RecipeError, match=r"no image has a field 'prat'[\s\S]*did you mean 'part'"):
        _parts(tmp_path, data, **params)


@pytest.mark.parametrize("value", [None, "test"])
def test_an_image_whose_given_part_is_none_of_the_parts_is_named(
    value: str | None, tmp_path: Path
) -> None:
    data = coco(3, [])
    for row, part in zip(data["images"], ("train", value, "valid"), strict=True):
        row["part"] = part
    said = "it has no part" if value is None else "its part is 'test', which is none of by.parts"
    with pytest.raises(
        StepError, match=rf"image 2 \('2.jpg'\): {said} \(train, valid\); .* \(1 in all\)"
    ):
        _parts(tmp_path, data, by={"field": "part", "parts": ["train", "valid"]})


def test_real_parts_as_they_were_given_are_kept(tmp_path: Path) -> None:
    folder, names = real_data("car_damage"), ["train", "valid", "test"]
    inputs = {
        name: {"annotations": str(folder / name / "_annotations.coco.json")} for name in names
    }
    steps = [
        {
            "id": "all",
            "use": "merge",
            "in": {"datasets": names},
            "with": {"same_file_name": "rename", "origin_field": "part"},
        },
        {"id": "x", "use": "split", "in": "all", "with": {"by": {"field": "part", "parts": names}}},
    ]
    stages.run(stages.prepare(write_recipe(tmp_path, steps, inputs=inputs)), out=tmp_path / "out")
    for name in names:
        before = json.loads(Path(inputs[name]["annotations"]).read_text("utf-8"))
        after = json.loads((tmp_path / f"out/steps/x/{name}.json").read_text("utf-8"))
        assert len(after["images"]) == len(before["images"])
        assert [row["bbox"] for row in after["annotations"]] == [
            row["bbox"] for row in before["annotations"]
        ]


def test_parts_as_they_were_given_are_kept_through_a_merge(tmp_path: Path) -> None:
    inputs = {}
    for name, number in (("train", 3), ("valid", 2)):
        data = coco(number, [])
        for row in data["images"]:
            row["file_name"] = f"{name}_{row['file_name']}"
        (tmp_path / f"{name}.json").write_text(json.dumps(data))
        inputs[name] = {"annotations": f"{name}.json"}
    by = {"field": "part", "parts": ["train", "valid"]}
    steps = [
        {
            "id": "all",
            "use": "merge",
            "in": {"datasets": list(inputs)},
            "with": {"origin_field": "part"},
        },
        {"id": "x", "use": "split", "in": "all", "with": {"by": by}},
    ]
    stages.run(stages.prepare(write_recipe(tmp_path, steps, inputs=inputs)), out=tmp_path / "out")
    parts = {
        name: json.loads((tmp_path / f"out/steps/x/{name}.json").read_text()) for name in inputs
    }
    assert {
        name: [row["file_name"][:5] for row in part["images"]] for name, part in parts.items()
    } == {"train": ["train"] * 3, "valid": ["valid"] * 2}
    by["parts"] = ["train", "test"]
    with pytest.raises(
        StepError,
        match=r"image 4 \('valid_1.jpg'\): its part is 'valid', which is none of by.parts",
    ):
        stages.run(
            stages.prepare(write_recipe(tmp_path, steps, inputs=inputs)), out=tmp_path / "out"
        )


def test_given_parts_that_share_a_family_are_refused(tmp_path: Path) -> None:
    data = coco(2, [])
    for row, part in zip(data["images"], ("train", "valid"), strict=True):
        row |= {
            "part": part,
            "coco_recipe": {"root": "raw/1.jpg", "source": "raw/1.jpg", "step": "more", "copy": 1},
        }
    with pytest.raises(
        StepError, match=r"raw/1.jpg: .* stand in train \('1.jpg'\) and valid \('2.jpg'\), 1 such"
    ):
        _parts(tmp_path, data, by={"field": "part", "parts": ["train", "valid"]})


WAYS: list[dict[str, Any]] = [
    {"every": 5},
    {"folds": 4},
    {"fractions": {"a": 0.5, "b": 0.3, "c": 0.2}},
    {"fractions": {"a": 0.5, "b": 0.5}, "method": "shuffle"},
    {"fractions": {"a": 0.7, "b": 0.3}, "method": "stratified"},
]


def _ids(part: Dataset) -> list[int]:
    return [image.id for image in part.images]


@pytest.mark.parametrize("params", WAYS, ids=str)
def test_every_image_is_kept_once_and_families_together(params: dict[str, Any]) -> None:
    data = coco(40, [(i, 1 + i % 2) for i in range(1, 41)])
    for n, row in enumerate(data["images"]):
        if n % 2:
            root = f"raw/{n}.jpg"
            row["coco_recipe"] = {"root": root, "source": root, "step": "more", "copy": 1}
    parts = run_step(STEP, dataset=dataset(data), **params).values.values()
    side = {number: n for n, part in enumerate(parts) for number in _ids(part)}
    assert sorted(side) == list(range(1, 41))
    assert sum(len(part.images) for part in parts) == 40
    assert sum(len(part.annotations) for part in parts) == 40
    assert all(side[n] == side[n + 1] for n in range(1, 41, 2))


def test_an_added_image_moves_no_other_where_hashes_divide() -> None:
    params = {"fractions": {"a": 0.5, "b": 0.5}}
    before, after = (
        {*_ids(run_step(STEP, dataset=dataset(coco(n, [])), **params).values["a"])}
        for n in (60, 61)
    )
    assert after - {61} == before
    assert 15 < len(before) < 45


def test_shuffle_has_exact_shares() -> None:
    params = {"fractions": {"a": 0.75, "b": 0.25}, "method": "shuffle"}
    outcome = run_step(STEP, dataset=dataset(coco(40, [])), **params)
    assert len(outcome.values["a"].images) == 30


def test_a_pattern_groups() -> None:
    data = coco(20, [])
    for n, row in enumerate(data["images"]):
        row["file_name"] = f"video{n // 5}_{n}.jpg"
    params = {"every": 2, "group_by": {"pattern": "^(video.*)_"}}
    val = run_step(STEP, dataset=dataset(data), **params).values["val"]
    assert {image.file_name[:6] for image in val.images} == {"video0", "video2"}


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"fractions": {"a": 0.5, "b": 0.6}}, "add up to 1.1"),
        ({"every": 2, "folds": 3}, "must have one of"),
        ({"every": 2, "group_by": {"pattern": "("}}, "regular expression|regex"),
    ],
)
def test_a_split_that_makes_no_sense_is_refused_before_the_run(
    params: dict[str, Any], message: str
) -> None:
    with pytest.raises(RecipeError, match=message):
        run_step(STEP, dataset=dataset(), **params)
