"""A config that a checkpoint carries, and a ``set``, are data: what they name is built only if it
is registered.
"""

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from builders import REPOSITORY
from coco_recipe_mmdet.jobs import InitJob
from training import CPU, Shapes

CANARY = "touch was_run"
# key path that is told, what stands there, and the words that name it
EVIL: dict[str, tuple[str, Any, str]] = {
    "pipeline": (
        "test_dataloader.dataset.pipeline",
        [{"type": "os.system", "command": CANARY}],
        "pipeline.0.type is 'os.system'",
    ),
    "model": (
        "model",
        {"type": "subprocess.Popen", "args": ["touch", "was_run"]},
        "model.type is 'subprocess.Popen'",
    ),
    "part of a model": (
        "model.neck",
        {"type": "builtins.eval", "source": "1"},
        "model.neck.type is 'builtins.eval'",
    ),
    "in a tuple": (
        "model.parts",
        ({"deep": ({"type": "os.system"},)},),
        "model.parts.0.deep.0.type is 'os.system'",
    ),
    "hook": (
        "custom_hooks",
        [{"type": "os.system", "command": CANARY}],
        "custom_hooks.0.type is 'os.system'",
    ),
    "preprocessor": (
        "data_preprocessor",
        {"type": "shutil.rmtree", "path": "x"},
        "data_preprocessor.type is 'shutil.rmtree'",
    ),
    "evaluator": ("val_evaluator", {"type": "os.system"}, "val_evaluator.type is 'os.system'"),
    "visualizer": (
        "visualizer",
        {"type": "Visualizer", "vis_backends": [{"type": "os.system"}]},
        "visualizer.vis_backends.0.type is 'os.system'",
    ),
    "optimizer": (
        "optim_wrapper.optimizer",
        {"type": "os.system"},
        "optim_wrapper.optimizer.type is 'os.system'",
    ),
    "constructor": (
        "optim_wrapper.constructor",
        "os.system",
        "optim_wrapper.constructor is 'os.system'",
    ),
    "collate": (
        "test_dataloader.collate_fn",
        {"type": "os.system"},
        "test_dataloader.collate_fn.type is 'os.system'",
    ),
    "worker": (
        "test_dataloader.worker_init_fn",
        {"type": "os.system"},
        "worker_init_fn.type is 'os.system'",
    ),
    "sampler": (
        "test_dataloader.sampler",
        {"type": "os.system"},
        "test_dataloader.sampler.type is 'os.system'",
    ),
    "policy": (
        "model_wrapper_cfg",
        {"auto_wrap_policy": "os.system"},
        "model_wrapper_cfg.auto_wrap_policy is 'os.system'",
    ),
    "custom imports": (
        "custom_imports",
        {"imports": ["neighbour"]},
        "custom_imports is {'imports': ['neighbour']}",
    ),
    "base": ("_base_", "evil.py", "_base_ is 'evil.py'"),
    "scope": ("default_scope", "os", "default_scope is 'os'"),
    "inner scope": (
        "model.neck",
        {"type": "FPN", "_scope_": "neighbour"},
        "model.neck._scope_ is 'neighbour'",
    ),
    "scope of a name": ("model.neck.type", "neighbour.FPN", "model.neck.type is 'neighbour.FPN'"),
    "a module that can be imported": (
        "model.neck.type",
        "neighbour",
        "model.neck.type is 'neighbour'",
    ),
    "another registry's": (
        "model.type",
        "mmengine.runner.Runner",
        "model.type is 'mmengine.runner.Runner'",
    ),
    "average of weights": (
        "custom_hooks",
        [{"type": "EMAHook", "ema_type": "os.system"}],
        "custom_hooks.0.ema_type is 'os.system'",
    ),
    "resize": (
        "test_dataloader.dataset.pipeline",
        [{"type": "RandomResize", "scale": 1, "resize_type": "neighbour"}],
        "pipeline.0.resize_type is 'neighbour'",
    ),
    "convolution": (
        "model.neck",
        {"conv_type": "neighbour"},
        "model.neck.conv_type is 'neighbour'",
    ),
    "schedule": (
        "param_scheduler",
        [[{"type": "os.system"}]],
        "param_scheduler.0.0.type is 'os.system'",
    ),
    "loop": ("train_cfg", {"type": "os.system"}, "train_cfg.type is 'os.system'"),
    "logs": ("log_processor", {"type": "os.system"}, "log_processor.type is 'os.system'"),
    "wrapped data set": (
        "test_dataloader.dataset",
        {
            "type": "RepeatDataset",
            "times": 1,
            "dataset": {"type": "ConcatDataset", "datasets": [{"type": "os.system"}]},
        },
        "dataset.dataset.datasets.0.type is 'os.system'",
    ),
    "an import below": (
        "custom_imports.imports",
        ["neighbour"],
        "['neighbour']",
    ),
    "through a module": (
        "model.type",
        "mmdet.registry.MODELS",
        "model.type is 'mmdet.registry.MODELS'",
    ),
    "no text": ("model.type", 5, "model.type is 5"),
    "a mapping": ("model.type", {"type": "os.system"}, "model.type.type is 'os.system'"),
    "in place of what is there": (
        "model.neck",
        {"_delete_": True, "type": "os.system"},
        "model.neck.type is 'os.system'",
    ),
    "several scopes": (
        "model.neck",
        {"type": "FPN", "_scope_": ["mmdet"]},
        "model.neck._scope_ is ['mmdet']",
    ),
    "a base below": ("model.neck", {"_base_": "evil.py"}, "model.neck._base_ is 'evil.py'"),
    "a dot of another width": ("model.type", "os．system", "model.type is 'os．system'"),
    "augmentation of batches": (
        "model.data_preprocessor",
        {"type": "DetDataPreprocessor", "batch_augments": [{"type": "os.system"}]},
        "batch_augments.0.type is 'os.system'",
    ),
    "behind a registered module": (
        "model.type",
        "mmdet.models.detectors.retinanet.os.system",
        "model.type is 'mmdet.models.detectors.retinanet.os.system'",
    ),
    "applied to parts": (
        "test_dataloader.dataset.pipeline",
        [{"type": "TransformBroadcaster", "transforms": [{"type": "os.system"}]}],
        "pipeline.0.transforms.0.type is 'os.system'",
    ),
    "what a profiler calls": (
        "custom_hooks",
        [{"type": "ProfilerHook", "on_trace_ready": {"type": "os.system"}}],
        "custom_hooks.0.on_trace_ready.type is 'os.system'",
    ),
    "nms": (
        "model.test_cfg.nms.type",
        "__import__('os').system('touch was_run')",
        "model.test_cfg.nms.type is",
    ),
    "inside Albu": (
        "test_dataloader.dataset.pipeline",
        [{"type": "Albu", "transforms": [{"type": "load"}]}],
        "pipeline.0.transforms.0.type is 'load'",
    ),
}
HAZARDS: dict[str, tuple[str, Any, str]] = {
    "evaluates": (
        "model.neck",
        {"type": "CameraMotionCompensation", "warp_mode": "1"},
        "it evaluates its warp_mode as Python",
    ),
    "runs a file": (
        "model.type",
        "KnowledgeDistillationSingleStageDetector",
        "it runs the config file of its teacher",
    ),
    "fetches": (
        "model.teacher",
        "https://example.org/x.pth",
        "model.teacher is 'https://example.org/x.pth', which is on the",
    ),
    "pickle": ("test_dataloader.lists", "x.pkl", "reading such a file runs what is in it"),
    "yaml": ("test_dataloader.lists", "x.YML", "reading such a file runs what is in it"),
    "language model": (
        "model.language_model",
        {"type": "BertModel", "name": "somebody/bert"},
        "language_model.name is 'somebody/bert', which is no folder here, but on the network",
    ),
    "import path": (
        "test_dataloader.backend_args",
        {"backend": "memcached", "sys_path": "evil"},
        "backend is 'memcached'",
    ),
    "a client of the network": (
        "test_dataloader.dataset.pipeline",
        [{"type": "LoadImageFromFile", "file_client_args": {"prefix": "http"}}],
        "file_client_args.prefix is 'http', which is not this machine's file system",
    ),
    "overwrites": (
        "model.neck.out_dir",
        "../../precious",
        "out_dir is '../../precious', outside of the step's folder",
    ),
}


def _config() -> dict[str, Any]:
    """Return a small config whose names are all registered, in each of the ways that they are
    written.
    """
    loader = {
        "batch_size": 1,
        "num_workers": 0,
        "sampler": {"type": "DefaultSampler", "shuffle": False},
        "dataset": {
            "type": "CocoDataset",
            "ann_file": "x",
            "pipeline": [{"type": "LoadImageFromFile"}],
        },
    }
    return {
        "default_scope": "mmdet",
        "custom_imports": {"imports": [], "allow_failed_imports": True},
        "model": {
            "type": "mmdet.models.detectors.retinanet.RetinaNet",
            "neck": {"type": "mmdet.FPN", "_scope_": "mmdet"},
            "test_cfg": {"nms": {"type": "nms"}},
        },
        "test_dataloader": loader,
        "param_scheduler": [{"type": "mmdet.QuadraticWarmupLR"}],
        "optim_wrapper": {
            "type": "OptimWrapper",
            "constructor": "DefaultOptimWrapperConstructor",
            "optimizer": {"type": "torch.optim.AdamW"},
        },
    }


def _put(tree: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    *parents, last = path.split(".")
    node = tree
    for key in parents:
        node = node.setdefault(key, {})
    node[last] = value
    return tree


def _job(wanted: dict[str, object], *, trust_set: bool = False) -> InitJob:
    """Return a job whose ``set`` is this."""
    return InitJob(config=None, classes=(), set=wanted, trust_set=trust_set)


CHILD = """
import importlib, json, sys
from pathlib import Path
from coco_recipe_mmdet import jobs
from coco_recipe_mmdet.inside import config_source, job_config, registered, settings, weights
from coco_recipe_mmdet.inside.job import WORK
from coco_recipe_mmdet.jobs import InitJob
cases = json.loads(Path("cases.json").read_text())
registered.index()
before = set(sys.modules)
said = {}
def tried(name, does):
    try:
        does()
        said[name] = ""
    except ValueError as error:
        said[name] = str(error)
for name, (path, value) in cases["set"].items():
    changes = settings.Changes(json.loads(json.dumps(cases["sound"])))
    job = InitJob(config=None, classes=(), set={path: value})
    tried("set " + name, lambda: job_config.override(changes, job))
for file in cases["files"]:
    _, meta = weights.read(Path(file))
    def carried():
        tree = config_source.of_checkpoint(meta, file)
        parts = {name: tree[name] for name in ("model", "test_dataloader")}
        config_source.expect_harmless(file, **parts)
    tried(file, carried)
said["imported"] = sorted(set(sys.modules) - before - {"safetensors", "json"})
class Quiet:
    def note(self, key, value): pass
def given(kind, file, text):
    if kind is jobs.ClassRowsJob:
        more = dict(old=2, classes=("a",), shapes={}, device="cpu")
        return kind(config=None, carried=text, set={}, **more)
    source = jobs.Source(label="it", path=str(Path(file).absolute()))
    return kind(config=None, set={}, classes=("a",), checkpoints=(source,), device="cpu")
kinds = (jobs.EvaluateJob, jobs.PredictJob, jobs.SoupJob, jobs.BatchNormJob, jobs.ClassRowsJob)
for file in cases["files"]:
    text = weights.read(Path(file))[1]["cfg"]
    for kind in kinds if file.startswith("sound") is False else ():
        module, _, name = WORK[kind].partition(":")
        function = getattr(importlib.import_module(module), name)
        tried(f"{kind.__name__} {file}", lambda: function(given(kind, file, text), Quiet()))
Path("said.json").write_text(json.dumps(said))
"""


@pytest.fixture(scope="module")
def said(shapes: Shapes, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Show every case to one child process, as a checkpoint of both formats and as a ``set``;
    return what it says.
    """
    import torch
    from coco_recipe_mmdet.inside import config_source
    from coco_recipe_torch import checkpoints

    folder = tmp_path_factory.mktemp("evil")
    (folder / "neighbour.py").write_text("open('was_run', 'w')\n")
    state = {"a": torch.ones(2)}
    cases = {name: (path, value) for name, (path, value, _) in (EVIL | HAZARDS).items()}
    files = []
    for name, (path, value) in {**cases, "sound": ("model.x", 1)}.items():
        text = config_source.text(_put(_config(), path, value))
        for suffix in ("pth", "safetensors"):
            files.append(f"{name}.{suffix}")
            checkpoints.write(folder / files[-1], state, meta={"cfg": text})
    (folder / "cases.json").write_text(
        json.dumps({"set": cases, "files": files, "sound": _config()})
    )
    paths = os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "plugins"), str(folder)])
    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder, json.loads((folder / "said.json").read_text())


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
@pytest.mark.parametrize("case", [*EVIL, *HAZARDS])
def test_what_is_not_registered_is_not_built_from_a_checkpoint(
    said: tuple[Path, dict[str, Any]], case: str, suffix: str
) -> None:
    folder, answers = said
    words = (EVIL | HAZARDS)[case][2]
    assert words in answers[f"{case}.{suffix}"]
    assert (
        "nothing of it was built (a config that you trust can be named"
        in answers[f"{case}.{suffix}"]
    )
    assert not (folder / "was_run").exists()


@pytest.mark.parametrize("kind", ["Evaluate", "Predict", "Soup", "BatchNorm", "ClassRows"])
def test_no_job_builds_a_config_that_is_not_harmless(
    said: tuple[Path, dict[str, Any]], kind: str
) -> None:
    folder, answers = said
    of_loader = {name for name, (path, *_) in HAZARDS.items() if path.startswith("test_dataloader")}
    for case, (_, _, words) in (EVIL | HAZARDS).items():
        for suffix in ("pth", "safetensors"):
            answer = answers[f"{kind}Job {case}.{suffix}"]
            if kind != "ClassRows" or case not in of_loader:  # which it doesn't build
                assert words in answer, (case, suffix)
                assert "nothing of it was built" in answer, (case, suffix)
    assert not (folder / "was_run").exists()


@pytest.mark.parametrize(
    "case", [name for name in (*EVIL, *HAZARDS) if name not in ("base", "custom imports")]
)
def test_a_set_is_data_too(said: tuple[Path, dict[str, Any]], case: str) -> None:
    folder, answers = said
    assert (EVIL | HAZARDS)[case][2] in answers[f"set {case}"]
    assert "(trust_set: true, if you trust it)" in answers[f"set {case}"]
    assert not (folder / "was_run").exists()


def test_looking_at_names_imports_nothing_and_sound_ones_pass(
    said: tuple[Path, dict[str, Any]],
) -> None:
    _, answers = said
    assert answers["sound.pth"] == answers["sound.safetensors"] == ""
    assert [
        name
        for name in answers["imported"]
        if not name.startswith(("safetensors", "json", "numpy", "torch"))
    ] == []


@pytest.mark.parametrize("trusted", [False, True])
def test_a_set_may_be_trusted(shapes: Shapes, trusted: bool) -> None:
    from coco_recipe_mmdet.inside import job_config, settings

    changes = settings.Changes(_config())
    job = _job({"model.n*": {"type": "os.system"}}, trust_set=trusted)
    if trusted:
        job_config.override(changes, job)
        assert changes.tree["model"]["neck"]["type"] == "os.system"
    else:
        with pytest.raises(ValueError, match=r"set: model\.neck\.type is 'os\.system'"):
            job_config.override(changes, job)


def test_a_pattern_that_stands_for_type_is_looked_at_where_it_leads(shapes: Shapes) -> None:
    from coco_recipe_mmdet.inside import job_config, settings

    with pytest.raises(ValueError, match=r"model\.neck\.type is 'os\.system'"):
        job_config.override(settings.Changes(_config()), _job({"model.neck.t*": "os.system"}))


def test_a_key_that_would_be_code_in_the_written_config_is_refused(shapes: Shapes) -> None:
    from coco_recipe_mmdet.inside import job_config, settings

    with pytest.raises(ValueError, match="is no name of a variable"):
        job_config.override(settings.Changes(_config()), _job({"custom_x = exec('1') #": 1}))


def test_the_package_s_own_configs_pass(shapes: Shapes) -> None:
    """Every 20th, and YOLOX; some name parts that this installation hasn't, and so couldn't be
    built either.
    """
    from coco_recipe_mmdet import configs
    from coco_recipe_mmdet.inside import config_source, registered

    folder = configs.package_folder()
    assert folder is not None
    root = folder / ".mim/configs"
    files = [path for path in sorted(root.rglob("*.py")) if "_base_" not in path.parts]
    looked = 0
    for path in [*files[::20], root / "yolox/yolox_s_8xb8-300e_coco.py"]:
        try:
            tree = config_source.load(f"mmdet::{path.relative_to(root)}")
        except ValueError:  # it asks for the network, or for a package that isn't installed
            continue
        faults = [
            fault
            for fault in registered.problems(tree, ())
            if not any(
                absent in fault
                for absent in (
                    "'mmpretrain.",
                    "'LoadOneDL",
                    "'JpegCompression'",
                    "'MOTChallengeMetrics'",
                    "'Collect'",
                    "'DefaultFormatBundle'",
                )
            )
        ]
        assert faults == [], path
        looked += 1
    assert looked > 30


def test_evaluate_refuses_a_config_that_an_average_carries_along(
    shapes: Shapes, trained: Path
) -> None:
    import torch
    from coco_recipe_torch import checkpoints

    found = torch.load(trained / "fit/checkpoints/epoch_3.pth", weights_only=True)
    evil = (
        found["meta"]["cfg"]
        + "\ncustom_hooks = [dict(type='os.system', command='touch was_run')]\n"
    )
    write = partial(
        checkpoints.write, state=found["state_dict"], classes=("disc", "square", "triangle")
    )
    write(shapes.folder / "evil.pth", meta={"cfg": evil})
    said = shapes.fails(
        "carried",
        [
            {"id": "averaged", "use": "average_weights", "in": {"checkpoints": ["start", "start"]}},
            {
                "id": "score",
                "use": "evaluate",
                "in": {"checkpoints": "averaged", "dataset": "val"},
                "with": CPU,
            },
        ],
        start={"checkpoint": "evil.pth"},
    )
    assert "custom_hooks.0.type is 'os.system'" in said
    assert not list(shapes.folder.rglob("was_run"))
