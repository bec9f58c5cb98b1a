"""Pipelines as recipes and files have them."""

from pathlib import Path
from typing import Any

from coco_recipe_albumentations.pipeline.read import Pipeline

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


def saved(tmp_path: Path) -> Path:
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


def whats(form: Any, **options: Any) -> list[str]:
    return [found.what for found in Pipeline.of(form, **options).problems]
