"""Where TensorBoard, MLflow and other backends of a visualizer write: below ``trackers/``."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from coco_recipe import with_values
from coco_recipe_mmdet.inside import settings

FOLDER = Path("trackers")
BACKENDS = {"tensorboard": "TensorboardVisBackend", "mlflow": "MLflowVisBackend"}
_LOCAL = "LocalVisBackend"
_SERVER = "MLFLOW_TRACKING_URI"
_EXPERIMENT = "MLFLOW_EXPERIMENT_NAME"


def track(config: settings.Tree, names: Sequence[str]) -> None:
    """Let backends of the visualizer write below ``trackers/``; take out mmengine's local one.

    Args:
        config: what the Runner is built of.
        names: of further trackers.
    """
    visualizer = config.get("visualizer") or {}
    wanted = [
        *(visualizer.get("vis_backends") or []),
        *({"type": BACKENDS[name]} for name in names),
    ]
    others = {
        backend.get("name", backend["type"]): dict(backend)
        for backend in wanted
        if backend["type"] != _LOCAL
    }
    for name, backend in others.items():
        place = FOLDER / name.removesuffix("VisBackend").lower()
        backend.setdefault("save_dir", str(place))
        if backend["type"] == BACKENDS["mlflow"]:
            others[name] = _mlflow_store(Path(backend["save_dir"])) | backend
    config["visualizer"] = {
        **{key: value for key, value in visualizer.items() if key != "save_dir"},
        "type": visualizer.get("type", "Visualizer"),
        "name": "visualizer",
        "vis_backends": list(others.values()),
    }


def _mlflow_store(folder: Path) -> dict[str, Any]:
    """Return where MLflow writes: to the server of the environment, or to a file of SQLite.

    mmengine's own choice, a folder of files, is refused by MLflow since 3.7. Its experiment
    ``Default`` would put files of its own beside the step's.
    """
    experiment = os.environ.get(_EXPERIMENT) or "coco-recipe"
    if os.environ.get(_SERVER):
        server = with_values(f"${{env:{_SERVER}}}")  # which may have a password: no file has it
        return {"tracking_uri": server, "exp_name": experiment}
    return {
        "tracking_uri": f"sqlite:///{folder / 'mlflow.db'}",
        "exp_name": experiment,
        "artifact_location": str(folder / "artifacts"),
    }
