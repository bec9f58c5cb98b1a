"""Do an observer's work in a thread, so that a slow server doesn't hold the run up."""

import queue
import threading
from collections.abc import Callable

PATIENCE_SECONDS = 60.0  # for what is left when the run is over
FULL = 10_000  # pieces of work that may wait; more are left out


class Background:
    """Does pieces of work one after another in a thread of its own."""

    def __init__(self) -> None:
        self._work: queue.Queue[Callable[[], None] | None] = queue.Queue(FULL)
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None

    def do(self, work: Callable[[], None], *, may_wait: bool = True) -> None:
        """Hand over a piece of work.

        Args:
            work: the piece; it runs later.
            may_wait: wait where too many pieces are waiting; else this one is left out.

        Raises:
            Exception: what an earlier piece raised.
        """
        self._raise()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()
        if may_wait or not self._work.full():
            self._work.put(work, timeout=PATIENCE_SECONDS)

    def finish(self) -> None:
        """Wait until all is done.

        Raises:
            TimeoutError: it takes longer than a minute.
            Exception: what a piece raised.
        """
        if self._thread is not None:
            self._work.put(None, timeout=PATIENCE_SECONDS)
            self._thread.join(PATIENCE_SECONDS)
            if self._thread.is_alive():
                raise TimeoutError(f"took more than {PATIENCE_SECONDS:.0f} s after the run's end")
        self._raise()

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            if self._error is None:
                try:
                    work()
                except Exception as error:
                    self._error = error

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error
