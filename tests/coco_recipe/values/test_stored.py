"""Where a step's pictures are: any folder of its own, whose place the manifest has."""

import json
from pathlib import Path

import pytest
from builders import coco, recorded, write_recipe

import coco_recipe
from coco_recipe import StepError, manifest

STEP = '''\
from pathlib import Path
from msgspec import UNSET
from msgspec.structs import replace
from coco_recipe import (
    Dataset,
    Origin,
    Port,
    Step,
    hookimpl,
)

def PLACE

def pictures(ctx, *, dataset):
    """Copy each picture into a folder of the step's own."""
    folder = place(ctx)
    for image in dataset.images:
        target = folder / image.file_name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(dataset.path_of(image).read_bytes() + b"!")
    images = tuple(
        replace(image, coco_recipe=Origin(root=name, source=name))
        for image in dataset.images
        for name in [dataset.identity(image)]
    )
    ctx.make(images=len(images), annotations=len(dataset.annotations))
    home = NAME
    rows = dataset.annotations, dataset.categories
    return {"dataset": Dataset(images, *rows, home, {home: folder})}

@hookimpl
def coco_recipe_steps():
    yield Step(name="pictures", run=pictures, inputs={"dataset": Port(Dataset, reads_only=True)},
               outputs={"dataset": Dataset}, WRITES)
'''


def _recipe(folder: Path) -> Path:
    (folder / "pictures").mkdir(exist_ok=True)
    for n in (1, 2, 3):
        (folder / f"pictures/{n}.jpg").write_bytes(f"picture {n}".encode())
    steps = [
        {"id": "p", "use": "pictures", "in": "raw"},
        {"id": "n", "use": "reindex", "in": "p", "with": {"images": 0}},
        {"id": "d", "use": "export_coco", "in": {"train": "n"}, "with": {"to": "published"}},
    ]
    inputs = {"raw": {"annotations": "raw.json", "images": "pictures"}}
    ignored = {"unreadable_pictures": "ignore"}
    return write_recipe(folder, steps, coco(), inputs=inputs, findings=ignored)


def _run(
    folder: Path, place: str, name: str = "ctx.step_id", writes: str = "writes=True"
) -> coco_recipe.Dataset:
    text = STEP.replace("PLACE", f"place(ctx): return {place}")
    text = text.replace("NAME", name).replace("WRITES", writes)
    (folder / "plugin.py").write_text(text)
    result = coco_recipe.run(
        _recipe(folder), out=folder / "out", jobs=1, plugins=[folder / "plugin.py"]
    )
    dataset: coco_recipe.Dataset = result["p"]
    return dataset


PLACES = {
    "images": "ctx.images",
    "tiles": 'ctx.workdir / "tiles"',
    "a/b c/d": 'ctx.workdir / "a/b c/d"',
    ".": "ctx.workdir",
    "other": 'ctx.images / "../other"',
}


@pytest.mark.slow
@pytest.mark.parametrize("where", PLACES)
def test_pictures_lie_in_any_folder_of_the_step(tmp_path: Path, where: str) -> None:
    dataset = _run(tmp_path, PLACES[where])
    folder = tmp_path / "out/steps/p"
    found = manifest.read(folder / "manifest.json")
    assert found
    assert found.folders == {"p": where}
    assert dataset.path_of(dataset.images[0]).read_bytes() == b"picture 1!"
    assert (tmp_path / "out/published/train/3.jpg").read_bytes() == b"picture 3!"
    _run(tmp_path, PLACES[where])
    assert recorded(folder).counts.made.images == 3
    kept = (folder / "manifest.json").stat().st_mtime_ns
    _run(tmp_path, PLACES[where])
    assert (folder / "manifest.json").stat().st_mtime_ns == kept, "the second run reuses it"


def test_a_run_that_has_moved_has_its_pictures(tmp_path: Path) -> None:
    (tmp_path / "before").mkdir()
    _run(tmp_path / "before", PLACES["tiles"])
    (tmp_path / "before").rename(tmp_path / "after")
    (tmp_path / "after/out/published/train/2.jpg").unlink()
    dataset = _run(tmp_path / "after", PLACES["tiles"])
    assert (tmp_path / "after/out/published/train/2.jpg").read_bytes() == b"picture 2!"
    assert dataset.folders == {"p": tmp_path / "after/out/steps/p/tiles"}


def test_a_second_folder_has_a_name_of_its_own(tmp_path: Path) -> None:
    dataset = _run(tmp_path, PLACES["tiles"], 'ctx.step_id + ".left"')
    assert list(dataset.folders) == ["p.left"]
    assert (tmp_path / "out/published/train/1.jpg").read_bytes() == b"picture 1!"


WRONG = {
    "absolute": "Path('{there}')",
    "beside": 'ctx.workdir / "../../../elsewhere"',
    "relative": 'Path("relative")',
    "a link to a folder": '(ctx.workdir / "link").symlink_to("{there}") or ctx.workdir / "link"',
    "below a link": '(ctx.workdir / "link").symlink_to("{there}") or ctx.workdir / "link/a"',
}


@pytest.mark.parametrize("name", WRONG)
def test_pictures_outside_the_steps_folder_are_refused(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path)
    message = (
        r"step 'p' \(pictures\): output 'dataset' has its folder of pictures outside the "
        r"step's own folder: \S+; write it below ctx.workdir \(pictures: ctx.images\)"
    )
    with pytest.raises(StepError, match=message):
        _run(tmp_path, WRONG[name].format(there=tmp_path / "there"))
    assert not (tmp_path / "out/steps/p").exists()
    line = json.loads((tmp_path / "out/provenance.jsonl").read_text().splitlines()[-1])
    assert "outside the step's own folder" in line["failed"]


@pytest.mark.parametrize("name", ["'raw'", "'pp'", "'other'", "''"])
def test_a_folder_under_the_name_of_another_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(StepError, match=rf"has a folder of pictures {name}, which no input"):
        _run(tmp_path, PLACES["tiles"], name)


def test_a_step_in_memory_keeps_no_pictures(tmp_path: Path) -> None:
    with pytest.raises(StepError, match=r"only a step that is declared with writes=True keeps"):
        _run(tmp_path, PLACES["images"], writes="writes=False")
