"""Parameters that several steps of this plugin share, and the packages that they need."""

from pathlib import Path

from coco_recipe_torch.needed import INSTALL, TORCH

from coco_recipe import Package, Params, Schema

STACK = ("torch", "mmcv", "mmengine", "mmdet")
NEEDED = (
    TORCH,
    Package("mmcv", "onedl-mmcv", INSTALL),
    Package("mmengine", "onedl-mmengine", INSTALL),
    Package("mmdet", "onedl-mmdetection", INSTALL),
)
CONFIG: Schema = {
    "anyOf": [
        {"type": "string", "pattern": "^mmdet::"},
        {"type": "string", "format": "recipe-file"},
    ],
    "description": "Detector config: mmdet::path/in/the/package.py, or a .py file relative to the "
    "recipe. It is code.",
    "examples": ["mmdet::retinanet/retinanet_r18_fpn_1x_coco.py", "configs/mine.py"],
}
RUNS: dict[str, Schema] = {
    "set": {
        "type": "object",
        "default": {},
        "examples": [{"model.backbone.init_cfg": None, "*_dataloader.num_workers": 0}],
        "description": "Changes to the config by dotted path; * stands for any key, a number for a "
        "place in a list. A change to a variable such as train_pipeline reaches every data loader "
        "that has it.",
    },
    "trust_set": {
        "type": "boolean",
        "default": False,
        "examples": [True],
        "description": "Let 'set' name code to run: types that aren't registered in mmdet, mmcv or "
        "mmengine, pickles, other file systems. Without it, 'set' is data.",
    },
    "trust": {
        "type": "string",
        "format": "recipe-folder",
        "default": ".",
        "examples": ["../my_configs"],
        "description": "Folder whose configs may run; the mmdet package's own always may.",
    },
    "device": {
        "enum": ["auto", "cpu", "cuda"],
        "default": "auto",
        "examples": ["cpu"],
        "description": "Where the model runs; auto takes a GPU where there is one.",
    },
    "workers": {
        "type": "integer",
        "minimum": 0,
        "examples": [0],
        "description": "Processes that load pictures, for each data loader. Default: the config's.",
    },
    "python": {
        "type": "string",
        "pattern": "^/",
        "examples": ["/opt/mmdet/bin/python"],
        "description": "Interpreter of another environment that has mmdet (and msgspec and "
        "pluggy), by its whole path.",
    },
}


SEED: Schema = {
    "type": "integer",
    "minimum": 0,
    "examples": [0],
    "description": "Default: derived from the recipe's seed.",
}


def schema(required: tuple[str, ...], **properties: Schema) -> Schema:
    """Return a JSON Schema of parameters."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": properties,
    }


def other_environment(params: Params) -> list[Path]:
    """Return the files that name the versions of the packages beside the parameter ``python``."""
    if not params.get("python"):
        return []
    lib = Path(params["python"]).parent.parent / "lib"
    return sorted(
        path
        for name in STACK
        for path in lib.glob(f"python3*/site-packages/*{name}*.dist-info/METADATA")
    )


def needs(params: Params) -> tuple[Package, ...]:
    """Return the packages that must be here: none where another environment is named."""
    return () if params.get("python") else NEEDED
