"""Pipelines in every form: checked without the library, built by it, and written in one form."""

import json
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from coco_recipe_albumentations import catalogue
from coco_recipe_albumentations.pipeline.read import Pipeline
from coco_recipe_pictures import pipeline_file

from coco_recipe import Misfit
from coco_recipe.errors import RecipeError
from coco_recipe.language import source

pytestmark = pytest.mark.filterwarnings("ignore:Got processor")
np = pytest.importorskip("numpy")
pytest.importorskip("albumentations")

SHORT: list[Any] = [
    {"HorizontalFlip": {"p": 0.5}},
    {
        "OneOf": {
            "p": 0.3,
            "transforms": [
                {"RandomBrightnessContrast": {"brightness_limit": 0.2, "p": 1}},
                {"Blur": {"blur_limit": 5, "p": 1}},
            ],
        }
    },
]


def _saved(tmp_path: Path) -> Path:
    """Write the pipeline of SHORT with the library's own means."""
    import albumentations as A

    transforms = A.Compose(
        [
            A.HorizontalFlip(p=0.5),
            A.OneOf(
                [
                    A.RandomBrightnessContrast(brightness_limit=(-0.2, 0.2), p=1),
                    A.Blur(blur_limit=(3, 5), p=1),
                ],
                p=0.3,
            ),
        ]
    )
    A.save(transforms, tmp_path / "p.json")
    A.save(transforms, tmp_path / "p.yaml", data_format="yaml")
    return tmp_path / "p.json"


def _whats(form: Any, **options: Any) -> list[str]:
    return [found.what for found in Pipeline.of(form, **options).problems]


def _apply(transforms: list[Any], picture: Any, seed: int = 0) -> Any:
    import albumentations as A

    compose = A.Compose(transforms, bbox_params=A.BboxParams("coco"))
    compose.set_random_state(np.random.default_rng(seed), random.Random(seed))
    return compose(image=picture, bboxes=[[1, 1, 5, 5]])["image"]


def test_one_pipeline_has_one_canonical_form_whatever_form_it_is_written_in(tmp_path: Path) -> None:
    path = _saved(tmp_path)
    forms = [
        SHORT,
        json.loads(path.read_text()),
        str(path),
        str(tmp_path / "p.yaml"),
        Pipeline.of(SHORT).canonical(),
    ]
    assert [_whats(form) for form in forms] == [[]] * 5
    assert len({json.dumps(Pipeline.of(form).canonical()) for form in forms}) == 1


def test_the_canonical_form_tells_every_argument_and_the_version() -> None:
    assert Pipeline.of([{"GaussNoise": {}}]).canonical() == {
        "library": "albumentations",
        "version": "2.0.8",
        "p": 1.0,
        "transforms": [
            {
                "GaussNoise": {
                    "std_range": [0.2, 0.44],
                    "mean_range": [0.0, 0.0],
                    "per_channel": True,
                    "noise_scale_factor": 1.0,
                    "p": 0.5,
                }
            }
        ],
    }


def test_other_pipelines_have_other_canonical_forms() -> None:
    forms: list[Any] = [
        ["HorizontalFlip"],
        [{"HorizontalFlip": {"p": 0.4}}],
        ["VerticalFlip"],
        SHORT,
        [*SHORT, "NoOp"],
        {"transforms": SHORT, "p": 0.5},
        [{"Sequential": {"p": 1, "transforms": SHORT}}],
    ]
    assert len({json.dumps(Pipeline.of(form).canonical()) for form in forms}) == len(forms)


def test_expressions_stay_as_text_in_the_canonical_form() -> None:
    form = [{"RandomSizedBBoxSafeCrop": {"width": "${image.width}", "height": "${image.height}"}}]
    arguments = Pipeline.of(form).canonical()["transforms"][0]["RandomSizedBBoxSafeCrop"]
    assert (arguments["width"], arguments["height"], arguments["p"]) == (
        "${image.width}",
        "${image.height}",
        1.0,
    )


@pytest.mark.filterwarnings("ignore:The image is already")
@pytest.mark.parametrize("name", catalogue.load()[1])
def test_each_transform_is_refused_with_a_remedy_or_builds_and_keeps_a_picture(name: str) -> None:
    entry = catalogue.load()[1][name]
    samples = {
        "height": 32,
        "width": 32,
        "size": [32, 32],
        "max_size": 64,
        "num_grid_xy": [2, 2],
        "magnitude": 2,
        "min_max_height": [16, 32],
        "padding": 4,
        "x_max": 32,
        "y_max": 32,
    } | ({"px": 4} if name == "CropAndPad" else {})
    given: dict[str, Any] = {
        key: value for key, value in samples.items() if key in entry.arguments
    } | {"p": 1}
    if entry.holds_others:
        given["transforms"] = [{"HueSaturationValue": {"p": 1}}, {"RGBShift": {"p": 1}}]
    found = Pipeline.of([{name: given}]).problems
    if found:
        assert all(one.hint for one in found)
        return
    canonical = Pipeline.of([{name: given}]).canonical()
    assert Pipeline.of(canonical).canonical() == canonical
    picture = np.random.default_rng(0).integers(60, 200, (64, 96, 3)).astype(np.uint8)
    made = _apply(Pipeline.of([{name: given}]).build(), picture)
    assert (made.dtype, made.ndim, made.shape[2]) == (np.uint8, 3, 3)
    assert made.max() > 0


def test_the_catalogue_is_that_of_the_installed_library() -> None:
    assert catalogue.describe() == json.loads(catalogue.FILE.read_text("utf-8"))


def test_checking_a_pipeline_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from coco_recipe_albumentations.pipeline.read import Pipeline; form = sys.argv[1]\n"
        "assert not Pipeline.of(form).problems and not Pipeline.of(form).needs_size\n"
        "print(sorted({'albumentations', 'cv2', 'numpy', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(_saved(tmp_path))],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"


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


def test_a_problem_in_a_file_names_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(
        "- HorizontalFlip: {p: 0.5}\n- Blurr:\n    p: 1\n- Blur:\n    limit: 3\n", "utf-8"
    )
    assert _whats(str(path)) == [
        f"{path}:2: Albumentations 2.0.8 has no transform 'Blurr'",
        f"{path}:5: Blur of Albumentations 2.0.8 has no argument 'limit'",
    ]


@pytest.mark.parametrize(
    ("row", "does", "message"),
    [
        ("{Blur: {blur_limit: big}}", Pipeline.build, "2: Blur: blur_limit"),
        ("{Blur: {blur_limit: big}}", Pipeline.canonical, "2: Blur: blur_limit"),
        (
            "{RandomCrop: {width: 51, height: 8}}",
            lambda it: it.check_sizes([(50, 40)]),
            "2: RandomCrop needs 51x8 px",
        ),
        (
            '{Resize: {width: "${image.width - 100}", height: 8}}',
            lambda it: it.check_sizes([(50, 40)]),
            "2: Resize: width is -50",
        ),
        (
            "{Erasing: {scale: [0.2, 0.3]}}",
            lambda it: it.check_sizes([(400, 10)]),
            "2: Erasing: a hole with ratio",
        ),
        ("{Blurr: {}}", Pipeline.build, "2: Albumentations 2.0.8 has no transform 'Blurr'"),
    ],
)
def test_what_fits_no_picture_is_told_at_its_line_too(
    row: str, does: Any, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(f"- NoOp\n- {row}\n", "utf-8")
    with pytest.raises(Misfit, match=f"^pipeline: {re.escape(str(path))}:{message}"):
        does(Pipeline.of(str(path)))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("p.json", '{"a": 1,}', r"p\.json:1:9: is not JSON"),
        ("p.json", '[{"Resize": {"p": NaN}}]', "NaN, which is not JSON"),
        ("p.json", '{"a": 1, "a": 2}', "the key 'a' is there twice"),
        ("p.json", "[" * 100_000, "nested too deep"),
        (
            "p.json",
            '\n{"h": IMAGE_H, "width": IMAGE_WIDTH}',
            r'p\.json:2:7: IMAGE_H is no value: write a number; .*:2:25: IMAGE_WIDTH is no value: write "\$\{image\.width\}"',
        ),
        ("p.yaml", "a: [1", r"p\.yaml:\d+:\d+: is not YAML"),
        (
            "p.yaml",
            "- a: 1\n  a: 2",
            r"p\.yaml:2:3: the key 'a' is there twice \(first in line 1\): remove one",
        ),
        (
            "p.yaml",
            "!!python/object/apply:os.system [ls]",
            r"p\.yaml:1:1: has the tag tag:yaml\.org,2002:python/object/apply:os\.system: remove it",
        ),
        ("p.yaml", "[" * 101, "nested more than 100 deep"),
        ("p.json", "[" * 101 + "]" * 101, "nested more than 100 deep"),
        ("p.yaml", "a: &a [*a]", "nested more than 100 deep"),
        ("p.yaml", "[" * 5000, "nested more than 100 deep"),
        ("p.json", "\udcff", "is not UTF-8"),
        (
            "p.yaml",
            "a: &a [1,1,1,1,1,1,1,1]\n"
            + "\n".join(
                f"{new}: &{new} [{', '.join([f'*{old}'] * 8)}]"
                for old, new in zip("abcdefgh", "bcdefghi", strict=True)
            ),
            "more than 200000 values, aliases counted",
        ),
    ],
)
def test_a_file_that_is_no_pipeline_is_refused_at_its_place(
    name: str, text: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ValueError, match=message):
        pipeline_file.load(tmp_path / name)
    assert len(_whats(str(tmp_path / name))) == 1


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    assert _whats(str(tmp_path / "no.json")) == [
        f"{tmp_path / 'no.json'}: can't be read: No such file or directory"
    ]


def test_a_json_file_has_lines_also_where_yaml_would_not_read_it(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text('[\n\t{"Blur": {"p":\t1}},\n\t{"Blurr": {}}\n]', "utf-8")
    assert _whats(str(path)) == [f"{path}:3: Albumentations 2.0.8 has no transform 'Blurr'"]


@pytest.mark.parametrize(
    "scalar",
    [
        "no",
        "12:30",
        "0777",
        "0x1F",
        "0o17",
        "1_000",
        "1e-4",
        "+3",
        ".5",
        "~",
        "True",
        "'0x1F'",
        '"\\u00e4"',
        "!!str 5",
        "y",
    ],
)
def test_a_pipeline_reads_a_value_as_a_recipe_does(scalar: str, tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(f"[{{Blur: {{p: {scalar}}}}}]", "utf-8")
    mine, recipe = pipeline_file.load(path), source.load(path)
    assert repr(mine.form) == repr(recipe.data)
    assert mine.places == recipe.values


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[{Blur: {p: .inf}}]", "1:13: .inf is not a finite number"),
        ("- {1: x}", "1:4: a key must be a string, not '1'"),
        ("- {<<: {p: 1}}", "1:4: merge keys"),
        ("- !!python/tuple {p: 1}", "1:3: has the tag"),
        ("- a\n---\n- b", "2:1: a second document begins here"),
    ],
)
def test_a_pipeline_is_refused_what_a_recipe_is(text: str, what: str, tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ValueError, match=re.escape(f"{path}:{what}")):
        pipeline_file.load(path)
    try:
        faults = source.load(path).faults
    except RecipeError as error:
        faults = error.problems
    assert str(faults[0]).startswith(f"{path}:{what.split(': ')[0]}:")


def test_all_faults_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("".join(f"- Blur: {{p: !p{n} 1}}\n" for n in range(7)), "utf-8")
    (told,) = _whats(str(path))
    assert [f"{path}:{n}:13: has the tag !p{n - 1}" in told for n in range(1, 8)] == [True] * 5 + [
        False
    ] * 2
    assert told.endswith("; and 2 more")


@pytest.mark.parametrize("form", ["list", "nested"])
def test_a_pipeline_has_tuples_of_python_where_a_recipe_has_none(form: str, tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    limit = "!!python/tuple [3, 5]" if form == "list" else "!!python/tuple\n    - 3\n    - 5"
    path.write_text(f"- Blur:\n    blur_limit: {limit}\n", "utf-8")
    assert pipeline_file.load(path).form == [{"Blur": {"blur_limit": [3, 5]}}]
    assert "has the tag tag:yaml.org,2002:python/tuple" in source.load(path).faults[0].what


def test_what_the_library_refuses_is_named_without_its_frame() -> None:
    with pytest.raises(
        ValueError,
        match=r"^pipeline\[1\]: Blur: blur_limit .*number.* 'big'|^pipeline\[1\]: Blur: blur_limit",
    ):
        Pipeline.of(["NoOp", {"Blur": {"blur_limit": "big"}}]).build()


def test_the_probability_of_the_whole_is_kept() -> None:
    form = {
        "transform": {
            "__class_fullname__": "Compose",
            "p": 0,
            "transforms": [{"__class_fullname__": "InvertImg", "p": 1}],
        }
    }
    picture = np.full((8, 8, 3), 10, np.uint8)
    assert _apply(Pipeline.of(form).build(), picture).max() == 10
    form["transform"]["p"] = 1
    assert _apply(Pipeline.of(form).build(), picture).max() == 245


def test_a_compose_in_a_pipeline_is_a_sequence_that_always_runs() -> None:
    form = [{"Compose": {"transforms": [{"InvertImg": {"p": 1}}], "bbox_params": None}}]
    assert _apply(Pipeline.of(form).build(), np.full((8, 8, 3), 10, np.uint8)).max() == 245


def test_reference_images_are_read_where_files_are_allowed_and_count_by_content(
    tmp_path: Path,
) -> None:
    cv2 = pytest.importorskip("cv2")
    reference = tmp_path / "r.png"
    cv2.imwrite(str(reference), np.full((8, 8, 3), 200, np.uint8))
    form = [
        {"HistogramMatching": {"reference_images": [str(reference)], "blend_ratio": [1, 1], "p": 1}}
    ]
    assert _whats(form)
    assert not _whats(form, allow_files=True)
    made = _apply(Pipeline.of(form, allow_files=True).build(), np.full((8, 8, 3), 10, np.uint8))
    assert set(made.reshape(-1)) == {200}
    before = Pipeline.of(form, allow_files=True).canonical()
    cv2.imwrite(str(reference), np.full((8, 8, 3), 100, np.uint8))
    assert Pipeline.of(form, allow_files=True).canonical() != before


def test_sizes_are_filled_in_for_each_image() -> None:
    form = [
        {
            "Resize": {
                "width": "${max(image.width, 30) * 2}",
                "height": "${image.height // 2}",
                "p": 1,
            }
        }
    ]
    assert Pipeline.of(form).needs_size
    assert not Pipeline.of(SHORT).needs_size
    assert _apply(Pipeline.of(form).build((20, 10)), np.zeros((10, 20, 3), np.uint8)).shape == (
        5,
        60,
        3,
    )
    with pytest.raises(ValueError, match="depends on the image's size"):
        Pipeline.of(form).build()


@pytest.mark.parametrize(
    ("form", "message"),
    [
        (
            [{"Resize": {"width": "${image.width - 100}", "height": 8}}],
            r"pipeline\[0\]: Resize: width is -50 for an image of 50x40 px \(\$\{image.width - 100\}\)",
        ),
        (
            [{"Resize": {"width": "${image.width // (image.height - 40)}", "height": 8}}],
            "divides by 0 for 50x40 px",
        ),
        (
            [{"RandomCrop": {"width": 51, "height": 8}}],
            "needs 51x8 px, the smallest image has 50x40",
        ),
        (
            [
                {"OneOf": {"transforms": ["Blur", "CLAHE"]}},
                "Blur",
                {"CenterCrop": {"width": 8, "height": 41}},
            ],
            "needs 8x41 px, the smallest image has 50x40",
        ),
        (
            [{"OneOf": {"transforms": ["Blur", {"RandomCrop": {"width": 51, "height": 8}}]}}],
            r"pipeline\[0\].OneOf.transforms\[1\]: RandomCrop needs 51x8 px",
        ),
        (
            [
                {"OneOf": {"transforms": ["Blur", {"SmallestMaxSize": {"max_size": 8}}]}},
                {"CenterCrop": {"width": 8, "height": 41}},
            ],
            None,
        ),
        (["Blur", "HorizontalFlip", {"CenterCrop": {"width": 8, "height": 41}}], "needs 8x41 px"),
        ([{"Crop": {"x_max": 60, "y_max": 10}}], "needs 60x10 px"),
        (
            ["RandomRotate90", {"RandomCrop": {"width": 50, "height": 8}}],
            "the smallest image has 40x40",
        ),
        ([{"RandomCrop": {"width": 51, "height": 8, "pad_if_needed": True}}], None),
        (
            [
                {"PadIfNeeded": {"min_width": 60, "min_height": 60}},
                {"RandomCrop": {"width": 60, "height": 60}},
            ],
            None,
        ),
        (
            [{"Resize": {"width": 60, "height": 60}}, {"RandomCrop": {"width": 60, "height": 60}}],
            None,
        ),
        (
            [
                {"Resize": {"width": 60, "height": 60, "p": 0.5}},
                {"RandomCrop": {"width": 60, "height": 60}},
            ],
            "needs 60x60 px",
        ),
        (
            [{"RandomSizedBBoxSafeCrop": {"width": "${image.width}", "height": "${image.height}"}}],
            None,
        ),
        ([{"Crop": {"x_min": "${image.width - 50}", "x_max": "${image.width}", "y_max": 8}}], None),
        (
            [
                {
                    "Affine": {
                        "translate_px": {"x": ["${-(image.width // 4)}", "${image.width // 4}"]}
                    }
                }
            ],
            None,
        ),
        (
            [{"SmallestMaxSize": {"max_size": 8}}, {"RandomCrop": {"width": 900, "height": 900}}],
            None,
        ),  # can't be told
    ],
)
def test_sizes_are_tried_on_the_smallest_and_the_largest_image(
    form: Any, message: str | None
) -> None:
    if message is None:
        Pipeline.of(form).check_sizes([(50, 40), (800, 600)])
    else:
        with pytest.raises(ValueError, match=message):
            Pipeline.of(form).check_sizes([(50, 40), (800, 600)])


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (
            {"scale": [0.8, 0.9], "ratio": [0.2, 5]},
            "covers at most 0.2 of any picture, and scale begins at 0.8",
        ),
        ({"scale": [0.4, 0.9]}, "covers at most 0.301 of any picture"),
        ({"scale": [0, 0]}, "no area"),
    ],
)
def test_an_erasing_without_room_is_refused(given: dict[str, Any], word: str) -> None:
    """Albumentations ends with a TypeError of its own there, or with a division by 0."""
    (found,) = Pipeline.of(
        [{"OneOf": {"transforms": [{"Erasing": {"p": 1, **given}}, "Blur"]}}]
    ).problems
    assert word in found.what
    assert "scale" in found.hint
    library = pytest.importorskip("albumentations")
    with pytest.raises((TypeError, ZeroDivisionError)):
        library.Erasing(p=1, **{name: tuple(value) for name, value in given.items()})(
            image=np.zeros((50, 60, 3), np.uint8)
        )


@pytest.mark.parametrize(
    ("before", "refused"),
    [
        ([], True),
        (["Blur", {"Affine": {"p": 1}}], True),
        ([{"Resize": {"width": 60, "height": 60, "p": 1}}], False),
        ([{"Resize": {"width": 60, "height": 60, "p": 0.5}}], True),
        (
            [
                {
                    "OneOf": {
                        "p": 1,
                        "transforms": [
                            {"Resize": {"width": 60, "height": 60, "p": 1}},
                            {"Blur": {"p": 1}},
                        ],
                    }
                }
            ],
            True,
        ),
    ],
)
def test_an_erasing_is_tried_on_every_size_that_comes_to_it(
    before: list[Any], refused: bool
) -> None:
    form = [*before, {"Erasing": {"scale": [0.2, 0.3], "ratio": [0.5, 2], "p": 0.3}}]
    Pipeline.of(form).check_sizes([(60, 50), (100, 60)])
    if refused:
        with pytest.raises(
            ValueError,
            match=r"covers at most 0.125 in an image of 400x100 px.*let scale begin at 0.125",
        ):
            Pipeline.of(form).check_sizes([(60, 50), (400, 100), (100, 60)])
    else:
        Pipeline.of(form).check_sizes([(60, 50), (400, 100), (100, 60)])
