"""Die with the process that started this one, at once and whatever this one is doing (Linux)."""

import ctypes
import os
import signal

PARENT = "COCO_RECIPE_PARENT"
"""The variable that names the parent to a process that imports `engines.dies_with_parent`."""
_DIE_WITH_PARENT = 1  # linux/prctl.h: PR_SET_PDEATHSIG


def die_with(parent: int) -> None:
    """Let the system kill this process when its parent ends, or end now if it has ended.

    The system takes the thread that started this process for the parent: it must be one that lasts.

    Args:
        parent: the process id of the parent.
    """
    try:
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    except (OSError, AttributeError):  # not Linux
        return
    if os.getppid() != parent:
        os._exit(1)
