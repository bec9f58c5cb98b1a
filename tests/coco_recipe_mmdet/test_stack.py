"""Every way to a checkpoint ends at our reader."""

import http.server
import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from coco_recipe_jobs.job import Job
from coco_recipe_mmdet.inside import stack


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
