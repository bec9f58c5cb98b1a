"""split: parts share no family, have their number of images, and every class where that can be."""

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from builders import coco, real_data, write_recipe
from coco_recipe_data.stratify import Division, Group, divide
from hypothesis import given, settings
from hypothesis import strategies as st

from coco_recipe import stages
from coco_recipe.errors import RecipeError, StepError


def _parts(tmp_path: Path, data: dict[str, Any], **params: Any) -> dict[str, dict[str, Any]]:
    step = {"id": "x", "use": "split", "in": "raw", "with": params}
    stages.run(stages.prepare(write_recipe(tmp_path, [step], data)), out=tmp_path / "out")
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted((tmp_path / "out/steps/x").glob("*.json"))
            if path.stem != "manifest"}


def _sizes(parts: dict[str, dict[str, Any]]) -> dict[str, int]:
    return {name: len(part["images"]) for name, part in parts.items()}


@pytest.mark.parametrize(("params", "val"), [({"every": 5}, [1, 6]), ({"every": 5, "first": 4}, [5, 10]),
                                             ({"every": 2, "first": 1}, [2, 4, 6, 8, 10])])
def test_every_begins_with_the_first_unless_told(params: dict[str, Any], val: list[int], tmp_path: Path) -> None:
    parts = _parts(tmp_path, coco(10, []), **params)
    assert [row["id"] for row in parts["val"]["images"]] == val


@pytest.mark.parametrize("params", [{"every": 5, "first": 5}, {"folds": 2, "first": 0}])
def test_first_must_be_below_every(params: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"with.first: must be below 'every'"):
        _parts(tmp_path, coco(10, []), **params)


def test_a_part_without_images_is_an_error_unless_allowed(tmp_path: Path) -> None:
    shares = {"fractions": {"train": 0.98, "val": 0.01, "test": 0.01}}
    with pytest.raises(StepError, match=r"part 'val' would get 0 of 3 images, and min_per_part is 1; choose other"):
        _parts(tmp_path, coco(3, []), **shares)
    assert sum(_sizes(_parts(tmp_path, coco(3, []), **shares, min_per_part=0)).values()) == 3


def test_shuffle_is_within_one_of_exact(tmp_path: Path) -> None:
    shares = {"train": 0.7, "val": 0.2, "test": 0.1}
    parts = _parts(tmp_path, coco(300, []), fractions=shares, method="shuffle")
    assert _sizes(parts) == {"train": 210, "val": 60, "test": 30}


def test_a_class_on_two_images_is_in_both_parts(tmp_path: Path) -> None:
    data = coco(10, [(n, 1) for n in range(1, 11)] + [(3, 2), (7, 2)])
    for seed in range(5):
        step = {"id": "x", "use": "split", "in": "raw", "with": {"fractions": {"train": 0.8, "val": 0.2}, "method": "stratified"}}
        stages.run(stages.prepare(write_recipe(tmp_path, [step], data, seed=seed)), out=tmp_path / str(seed))
        parts = {name: json.loads((tmp_path / f"{seed}/steps/x/{name}.json").read_text()) for name in ("train", "val")}
        assert _sizes(parts) == {"train": 8, "val": 2}
        assert all({row["category_id"] for row in part["annotations"]} == {1, 2} for part in parts.values())


def test_real_pictures_are_divided_exactly(tmp_path: Path) -> None:
    folder = real_data("car_damage")
    inputs = {name: {"annotations": str(folder / name / "_annotations.coco.json")} for name in ("train", "valid", "test")}
    shares = {"train": 0.7, "val": 0.2, "test": 0.1}
    steps = [{"id": "all", "use": "merge", "in": {"datasets": list(inputs)}, "with": {"same_file_name": "rename"}},
             {"id": "x", "use": "split", "in": "all", "with": {"fractions": shares, "method": "stratified"}}]
    for seed in (0, 1):
        stages.run(stages.prepare(write_recipe(tmp_path, steps, inputs=inputs, seed=seed)), out=tmp_path / str(seed))
        parts = {name: json.loads((tmp_path / f"{seed}/steps/x/{name}.json").read_text("utf-8")) for name in shares}
        assert _sizes(parts) == {"train": 210, "val": 60, "test": 30}
        found = {name: Counter(row["category_id"] for row in part["annotations"]) for name, part in parts.items()}
        groups: dict[int, set[str]] = {}
        for name, part in parts.items():
            for row in part["annotations"]:
                groups.setdefault(row["category_id"], set()).add(f"{name}{row['image_id']}")
        assert all(found[name][label] for label, images in groups.items() if len(images) >= 3 for name in shares)


def _draw(rng: random.Random, groups: int, images: int) -> list[Group]:
    return [Group(str(n), rng.randint(1, images), Counter(rng.choices(range(6), [60, 20, 10, 5, 3, 2], k=rng.randint(0, 4))))
            for n in range(groups)]


def _holders(groups: list[Group], division: Division, label: int) -> set[str]:
    return {division.side[group.name] for group in groups if group.boxes.get(label)}


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.integers(4, 60), st.sampled_from([(0.8, 0.2), (0.7, 0.2, 0.1), (0.2,) * 5, (0.5, 0.5)]))
def test_counts_are_within_one_and_classes_in_every_part(seed: int, number: int, shares: tuple[float, ...]) -> None:
    groups, named = _draw(random.Random(seed), number, 1), {f"p{n}": share for n, share in enumerate(shares)}
    found = divide(groups, named)
    assert set(found.side) == {group.name for group in groups}
    for name, share in named.items():
        assert abs(sum(side == name for side in found.side.values()) - share * number) < 1
    assert found.off == ()
    for label in range(6):
        holding = sum(1 for group in groups if group.boxes.get(label))
        if holding >= len(shares) and not any(lacking == label for lacking, _ in found.lacking):
            assert _holders(groups, found, label) == set(named)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.integers(8, 40))
def test_large_groups_are_within_half_the_largest(seed: int, number: int) -> None:
    groups = _draw(random.Random(seed), number, 9)
    found = divide(groups, {"a": 0.6, "b": 0.4})
    total, largest = sum(group.images for group in groups), max(group.images for group in groups)
    part = sum(group.images for group in groups if found.side[group.name] == "a")
    assert abs(part - 0.6 * total) <= max(1, largest / 2) or found.off


def test_no_exchange_of_two_groups_would_help() -> None:
    groups, shares = _draw(random.Random(5), 80, 1), {"a": 0.75, "b": 0.25}
    found = divide(groups, shares)

    def spread(side: dict[str, str]) -> float:
        totals = Counter(label for group in groups for label in Counter(group.boxes).elements())
        return sum(abs(sum(group.boxes.get(label, 0) for group in groups if side[group.name] == part) / n - share)
                   for label, n in totals.items() for part, share in shares.items())

    best = spread(dict(found.side))
    for one in groups:
        for two in groups:
            if found.side[one.name] != found.side[two.name]:
                other = dict(found.side) | {one.name: found.side[two.name], two.name: found.side[one.name]}
                assert spread(other) >= best - 1e-6


def test_the_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    rng = random.Random(3)
    data = coco(40, [(rng.randint(1, 40), rng.randint(1, 2)) for _ in range(90)])
    turned = data | {"images": data["images"][::-1], "annotations": data["annotations"][::-1]}
    shares = {"fractions": {"a": 0.7, "b": 0.3}, "method": "stratified"}
    first, second = ({name: {row["id"] for row in part["images"]} for name, part in _parts(folder, found, **shares).items()}
                     for folder, found in ((_new(tmp_path, "1"), data), (_new(tmp_path, "2"), turned)))
    assert first == second


def _new(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    return folder / name


def test_what_is_given_up_is_said(tmp_path: Path) -> None:
    data = coco(4, [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (4, 1)])
    _parts(tmp_path, data, folds=4, method="stratified")
    record = json.loads((tmp_path / "out/steps/x/manifest.json").read_text())["record"]
    assert "split_gives_up" not in [finding["kind"] for finding in record["findings"]]  # two groups can't be in four parts
    assert record["notes"]["summary"].startswith("shares of images 25% / 25% / 25% / 25%; farthest classes: ")


def test_parts_as_they_were_given_are_kept_through_a_merge(tmp_path: Path) -> None:
    inputs = {}
    for name, number in (("train", 3), ("valid", 2)):
        data = coco(number, [])
        for row in data["images"]:
            row["file_name"] = f"{name}_{row['file_name']}"
        (tmp_path / f"{name}.json").write_text(json.dumps(data))
        inputs[name] = {"annotations": f"{name}.json"}
    by = {"field": "part", "parts": ["train", "valid"]}
    steps = [{"id": "all", "use": "merge", "in": {"datasets": list(inputs)}, "with": {"origin_field": "part"}},
             {"id": "x", "use": "split", "in": "all", "with": {"by": by}}]
    stages.run(stages.prepare(write_recipe(tmp_path, steps, inputs=inputs)), out=tmp_path / "out")
    parts = {name: json.loads((tmp_path / f"out/steps/x/{name}.json").read_text()) for name in inputs}
    assert {name: [row["file_name"][:5] for row in part["images"]] for name, part in parts.items()} == {
        "train": ["train"] * 3, "valid": ["valid"] * 2}
    by["parts"] = ["train", "test"]
    with pytest.raises(StepError, match=r"image 4 \('valid_1.jpg'\): its part is 'valid', which is none of by.parts"):
        stages.run(stages.prepare(write_recipe(tmp_path, steps, inputs=inputs)), out=tmp_path / "out")


def test_given_parts_that_share_a_family_are_refused(tmp_path: Path) -> None:
    data = coco(2, [])
    for row, part in zip(data["images"], ("train", "valid"), strict=True):
        row |= {"part": part, "coco_recipe": {"root": "raw/1.jpg", "source": "raw/1.jpg", "step": "more", "copy": 1}}
    with pytest.raises(StepError, match="stand in train and valid, so the given parts leak"):
        _parts(tmp_path, data, by={"field": "part", "parts": ["train", "valid"]})
