"""Show a run on stderr while it goes on."""

import sys
from typing import Any


class Display:
    """Shows a run on stderr: a live bar on a terminal, plain lines elsewhere (``tenths``: one more per ten percent)."""

    def __init__(self, *, quiet: bool, ids: list[str], tenths: bool = False) -> None:
        self.quiet, self.ids, self.tenths, self.told = quiet, ids, tenths, 0
        self.bar: Any = None

    def __enter__(self) -> "Display":
        if sys.stderr.isatty() and not self.quiet:
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                Progress,
                TextColumn,
                TimeRemainingColumn,
            )

            self.bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self.bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self.bar:
            self.bar.stop()

    def show(self, event: Any) -> None:
        if self.quiet:
            return
        if event.what == "progress":
            if self.bar:
                task = self.bar.task_ids[-1] if self.bar.task_ids else self.bar.add_task(event.step)
                self.bar.update(
                    task,
                    description=f"{event.step}  {event.text}".rstrip(),
                    completed=event.done,
                    total=event.total,
                )
            elif self.tenths and event.total and 10 * event.done // event.total != self.told:
                self.told = 10 * event.done // event.total
                sys.stderr.write(f"{event.step}  {10 * self.told} %  {event.text}".rstrip() + "\n")
            return
        words = {"finding": f"warning: {event.text}", "note": f"note: {event.text}"}
        self.line(words[event.what] if event.what in words else self.about_step(event))

    def about_step(self, event: Any) -> str:
        text = {
            "step": f"runs: {event.text}",
            "done": f"done: {event.text}",
            "reused": "unchanged, reused",
        }[event.what]
        return f"[{self.ids.index(event.step) + 1}/{len(self.ids)}] {event.step}  {text}"

    def line(self, line: str) -> None:
        if self.bar:
            self.bar.console.print(line, markup=False, highlight=False)
        else:
            sys.stderr.write(line + "\n")
