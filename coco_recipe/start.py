"""The entry point: a Ctrl-C while Python still imports the command line leaves no traceback.

What comes before this module, as Python's own start, can't be caught.
"""

import os
import signal
from types import FrameType

INTERRUPTED = 130


def _end(number: int, frame: FrameType | None) -> None:
    """End the process at once; nothing has begun that would have to be put right."""
    os._exit(INTERRUPTED)


def main() -> None:
    """Run the command line and exit, with the codes of `cli.main`."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)
    from coco_recipe import cli

    cli.main()
