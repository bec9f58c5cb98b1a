"""What a pipeline builds: probabilities, compositions, references and sizes."""

import random
from pathlib import Path
from typing import Any

import pytest
from coco_recipe_albumentations.pipeline.read import Pipeline

np = pytest.importorskip("numpy")
pytest.importorskip("albumentations")
from pipeline_texts import SHORT, whats  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:Got processor")


def _apply(transforms: list[Any], picture: Any, seed: int = 0) -> Any:
    import albumentations as A

    compose = A.Compose(transforms, bbox_params=A.BboxParams("coco"))
    compose.set_random_state(np.random.default_rng(seed), random.Random(seed))
    return compose(image=picture, bboxes=[[1, 1, 5, 5]])["image"]


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
    assert whats(form)
    assert not whats(form, allow_files=True)
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
