"""Albumentations as a backend of ``augment``."""

from dataclasses import dataclass

from coco_recipe_pictures.pipeline_file import PipelineFile

from coco_recipe import Package
from coco_recipe_albumentations import library
from coco_recipe_albumentations.pipeline.read import Pipeline

INSTALL = 'pip install "coco-recipe[augment]"'


@dataclass(frozen=True, slots=True)
class Albumentations:
    """The pinned library; a pipeline that names no library is of this one."""

    name: str = "albumentations"
    needs: tuple[Package, ...] = (
        Package("albumentations", install=INSTALL, environment=library.ENVIRONMENT),
    )
    preload: tuple[str, ...] = ("coco_recipe_albumentations.preload",)

    def read(self, form: object, file: PipelineFile | None, *, allow_files: bool) -> Pipeline:
        """Read a pipeline: a short list, the library's own dict, or the record's form.

        Args:
            form: the pipeline as the recipe or its file has it.
            file: the file that it stands in; None where that is the recipe.
            allow_files: transforms that read files of their own are allowed.
        """
        return Pipeline.parsed(form, file, allow_files=allow_files)
