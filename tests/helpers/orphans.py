"""Programs whose process is killed, and what becomes of the processes that it started."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

SECONDS = 3


def left_by(folder: Path, program: str) -> str:
    """Kill a program when a process below it has written its pid to ``pid``, in the folder.

    Returns:
        The state of that process 3 s later at most: empty if it is gone.
    """
    (folder / "program.py").write_text(program, "utf-8")
    around = os.environ | {"PYTHONPATH": str(folder)}
    parent = subprocess.Popen([sys.executable, "program.py"], cwd=folder, env=around)
    noted, until = folder / "pid", time.monotonic() + 30
    while not (noted.exists() and noted.read_text()) and time.monotonic() < until:
        time.sleep(0.01)
    pid = int(noted.read_text())
    assert pid != parent.pid
    assert _state(pid) not in ("", "Z")
    parent.kill()
    parent.wait()
    until = time.monotonic() + SECONDS
    while (state := _state(pid)) not in ("", "Z") and time.monotonic() < until:
        time.sleep(0.01)
    if state not in ("", "Z"):
        os.kill(pid, signal.SIGKILL)
        return state
    return ""


def _state(pid: int) -> str:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("latin-1")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[0]
