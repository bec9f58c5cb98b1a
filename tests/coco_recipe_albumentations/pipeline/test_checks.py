"""A pipeline that is wrong is refused at its place, all its faults at once."""

import re
from pathlib import Path
from typing import Any

import pytest
from coco_recipe_albumentations.pipeline.read import Pipeline

np = pytest.importorskip("numpy")
pytest.importorskip("albumentations")


pytestmark = pytest.mark.filterwarnings("ignore:Got processor")


def _whats(form: Any, **options: Any) -> list[str]:
    return [found.what for found in Pipeline.of(form, **options).problems]


@pytest.mark.parametrize(
    ("form", "path", "message"),
    [
        (
            [{"HorizontalFlp": {}}],
            (0,),
            "no transform 'HorizontalFlp'.*did you mean 'HorizontalFlip'",
        ),
        (
            [{"OneOf": {"transforms": [{"Blur": {"blur_limits": 3}}]}}],
            (0, "OneOf", "transforms", 0, "Blur", "blur_limits"),
            "no argument 'blur_limits'.*did you mean 'blur_limit'",
        ),
        (
            [{"GaussNoise": {"var_limit": 3}}],
            (0, "GaussNoise", "var_limit"),
            "older version.*pipeline migrate",
        ),
        ([{"Cutout": {}}], (0,), "no transform 'Cutout'.*pipeline migrate"),
        (
            [{"HorizontalFlip": {"always_apply": True}}],
            (0, "HorizontalFlip", "always_apply"),
            "it is gone: .* p: 1",
        ),
        ([{"Lambda": {}}], (0,), "code that stands in no file"),
        ([{"Normalize": {"p": 1}}], (0,), "no 8-bit picture.*leave Normalize to training"),
        ([{"ToTensorV2": {}}], (0,), "no 8-bit picture"),
        ([{"MaskDropout": {}}], (0,), "needs a mask"),
        ([{"Mosaic": {}}], (0,), "other images"),
        ([{"OverlayElements": {}}], (0,), "needs"),
        ([{"CenterCrop3D": {"size": [1, 1, 1]}}], (0,), "for volumes"),
        ([{"ToGray": {"num_output_channels": 1}}], (0,), "gives 1 channels"),
        ([{"TextImage": {"font_path": "/etc/passwd"}}], (0,), "needs text"),
        (
            [{"FDA": {"reference_images": ["/etc/passwd"]}}],
            (0,),
            r"reads files \(/etc/passwd\).*allow_files",
        ),
        (
            [{"GaussianBlur": {"sigma_limit": 0}}],
            (0, "GaussianBlur", "sigma_limit"),
            "black pictures",
        ),
        ([{"HorizontalFlip": {"p": 2}}], (0, "HorizontalFlip", "p"), "p can't be 2"),
        ([{"HorizontalFlip": {"p": True}}], (0, "HorizontalFlip", "p"), "p can't be True"),
        ([{"HorizontalFlip": {"p": float("nan")}}], (0, "HorizontalFlip", "p"), "p can't be nan"),
        ([{"Resize": {"height": 3}}], (0, "Resize"), "Resize needs width"),
        ([{"Equalize": {"mode": "cw"}}], (0, "Equalize", "mode"), "it is one of cv, pil"),
        (
            [{"Resize": {"height": "${image.hight}", "width": 3}}],
            (0, "Resize", "height"),
            "column 3: 'image.hight'",
        ),
        ([{"OneOf": {}}], (0,), "needs transforms"),
        ([{"OneOf": {"transforms": [{"Blur": {"p": 0}}]}}], (0,), "only transforms with p 0"),
        ([{"SomeOf": {"n": 3, "transforms": ["Blur", "NoOp"]}}], (0,), "n=3 of 2"),
        (
            [{"SelectiveChannelTransform": {"transforms": ["HorizontalFlip"]}}],
            (0, "SelectiveChannelTransform", "transforms", 0),
            "leave the boxes behind",
        ),
        ([{"HorizontalFlip": [1]}], (0, "HorizontalFlip"), "must be a mapping"),
        ([{"A": {}, "B": {}}], (0,), "one transform is expected"),
        ([], (), "a list of transforms"),
        (None, (), "is not a pipeline"),
        ({"x": {}, "y": 1}, (), "is not a pipeline"),
        ({"transform": {}}, ("transform",), "__class_fullname__"),
        ([{"os.system": {}}], (0,), "no transform 'os.system'"),
        (
            {
                "__version__": "0.5.2",
                "transform": {
                    "__class_fullname__": "Compose",
                    "transforms": [{"__class_fullname__": "NoOp"}],
                },
            },
            (),
            "written by Albumentations 0.5.2.*pipeline migrate",
        ),
    ],
)
def test_a_wrong_pipeline_is_refused_at_its_place(
    form: Any, path: tuple[Any, ...], message: str
) -> None:
    found = Pipeline.of(form).problems
    assert [
        one
        for one in found
        if one.path == ("pipeline", *path) and re.search(message, f"{one.what}; {one.hint}")
    ], found
    with pytest.raises(ValueError, match="pipeline"):
        Pipeline.of(form).build()


def test_all_faults_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("".join(f"- Blur: {{p: !p{n} 1}}\n" for n in range(7)), "utf-8")
    (told,) = _whats(str(path))
    assert [f"{path}:{n}:13: has the tag !p{n - 1}" in told for n in range(1, 8)] == [True] * 5 + [
        False
    ] * 2
    assert told.endswith("; and 2 more")
