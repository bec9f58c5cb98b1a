"""Every way to a checkpoint ends at our reader."""

import http.server
import json
import os
import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from coco_recipe_jobs.job import Job
from coco_recipe_mmdet.inside import stack


@pytest.mark.slow
def test_configs_are_shown_and_pictures_found_by_what_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mmdet")
    from mmdet.datasets import CocoDataset
    from mmengine.config import Config
    from mmengine.visualization import Visualizer

    monkeypatch.setenv("ROOT", "/very/secret")
    row = {"id": 1, "file_name": "${env:ROOT}/1.jpg", "width": 40, "height": 40}
    data = {"images": [row], "annotations": [], "categories": [{"id": 1, "name": "disc"}]}
    (tmp_path / "data.json").write_text(json.dumps(data))
    stack.begin(Job(device="cpu"))
    found = CocoDataset(
        str(tmp_path / "data.json"),
        metainfo={"classes": ("disc",)},
        data_prefix={"img": ""},
        pipeline=[],
    )
    assert found.get_data_info(0)["img_path"] == "/very/secret/1.jpg"
    config = Config({"load_from": "/very/secret/start.pth"})
    assert config.load_from == "/very/secret/start.pth"
    assert config.pretty_text == "load_from = '${env:ROOT}/start.pth'\n"
    backends = [{"type": "LocalVisBackend", "save_dir": str(tmp_path / "seen")}]
    shown = Visualizer(vis_backends=backends, save_dir=str(tmp_path))
    shown.add_config(config)
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) == 2
    assert not any(b"very/secret" in text for text in written)


@pytest.mark.slow
def test_a_checkpoint_from_a_url_is_read_by_our_reader_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("mmdet")
    from mmengine.runner.checkpoint import CheckpointLoader

    class Evil:
        def __reduce__(self) -> Any:
            return Path(tmp_path / "pwned").touch, ()

    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
    torch.save({"state_dict": {"a": torch.ones(2)}}, tmp_path / "good.pth")
    torch.save({"state_dict": {"a": torch.ones(2)}, "meta": Evil()}, tmp_path / "evil.pth")
    stack.begin(Job(device="cpu"))
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        assert CheckpointLoader.load_checkpoint(f"{address}/good.pth")["state_dict"]["a"].sum() == 2
        with pytest.raises(ValueError, match=r"evil\.pth"):
            CheckpointLoader.load_checkpoint(f"{address}/evil.pth")
        server.shutdown()
    with pytest.raises(ValueError, match=r"evil\.pth"):
        CheckpointLoader.load_checkpoint(str(tmp_path / "evil.pth"))
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("own_port", ["", "31000"])
def test_the_ranks_of_slurm_meet_at_its_first_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_port: str
) -> None:
    """What srun says becomes what torch reads; on a CPU scontrol names the first machine."""
    pytest.importorskip("torch")
    import torch.distributed

    fake = tmp_path / "scontrol"
    fake.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\nprintf "node7\\nnode8\\n"\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.setenv(name, "-")  # so that it is put back behind the test
        monkeypatch.delenv(name)
    said = {"PROCID": "5", "NTASKS": "8", "LOCALID": "1", "NODELIST": "node[7-8]"}
    for name, value in said.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    if own_port:
        monkeypatch.setenv("MASTER_PORT", own_port)
    joined: list[str] = []
    monkeypatch.setattr(torch.distributed, "init_process_group", joined.append)
    stack.join("slurm", "cpu")
    assert joined == ["gloo"]
    assert (tmp_path / "asked").read_text() == "show hostnames node[7-8]\n"
    found = [os.environ[name] for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR")]
    assert found == ["5", "8", "1", "node7"]
    assert os.environ["MASTER_PORT"] == (own_port or "29500")


def test_alone_a_process_joins_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    import torch.distributed

    joined: list[str] = []
    monkeypatch.setattr(torch.distributed, "init_process_group", joined.append)
    stack.join("none", "cpu")
    stack.join("pytorch", "cuda")  # mmengine's Runner joins over nccl
    assert joined == []


def test_a_head_of_ssd_has_a_loss_to_ask_for() -> None:
    pytest.importorskip("mmdet")
    stack.begin(Job(device="cpu"))
    from mmdet.models.dense_heads import SSDHead

    assert SSDHead.loss_cls is None
