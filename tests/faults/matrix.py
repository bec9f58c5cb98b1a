"""The fault matrix: kill, fill, damage, interrupt a run in every way, and hold it to its promises.

``python tests/faults/matrix.py [--rows F1,F9] [--share 0.1]`` prints a line for each row, and what
was wrong below it; `docs/promises.md` says what is promised. `make faults` runs all, in full.
"""

import argparse
import gc
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":
    here = Path(__file__).parent
    sys.path[:0] = [str(here.parent / "helpers"), str(here.parents[1] / "benchmarks")]

import changes
import deaths
import machine
import other_tests
import outcome
import sweep
import together
import workers
from subject import Subject

MODULES = (deaths, workers, machine, together, changes, sweep, other_tests)
"""Each enters its rows."""


def attempt(row: outcome.Row, times: int, folder: Path) -> outcome.Outcome:
    """Try a row so often, on a subject of its own."""
    gc.collect()
    return row.attempt(Subject(folder), times)


def table(rows: Sequence[outcome.Row], share: float) -> int:
    """Try rows, and print a line for each; return how many were wrong."""
    faults = 0
    for row in rows:
        began = time.monotonic()
        times = max(1, round(row.full * share))
        folder = Path(tempfile.mkdtemp(prefix="faults-"))  # not one that a fork removes at its exit
        folder.chmod(0o755)  # some trials are another user's
        try:
            found = attempt(row, times, folder)
        except outcome.CannotTry as error:
            print(f"{row.id:5} not tried      {row.what}: {error}", flush=True)
            continue
        except Exception:  # the harness, not what it tries; the other rows are worth a try
            found = outcome.Outcome(1, [traceback.format_exc()])
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        right = found.tried - len(found.wrong)
        seen = f" ({found.seen})" if found.seen else ""
        seconds = time.monotonic() - began
        print(f"{row.id:5} {right:4} of {found.tried:4}  {row.what}{seen}, {seconds:.0f} s")
        for text in found.wrong[:10]:
            print(f"        {text}")
        sys.stdout.flush()
        faults += bool(found.wrong)
    return faults


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", default="", help="their ids, with commas; all without")
    parser.add_argument("--share", type=float, default=1.0, help="of the full number of trials")
    options = parser.parse_args()
    wanted = set(filter(None, options.rows.split(",")))
    rows = sorted(outcome.ROWS, key=lambda row: (int("".join(filter(str.isdigit, row.id))), row.id))
    rows = [row for row in rows if not wanted or row.id in wanted]
    faults = table(rows, options.share)
    print(f"{len(rows) - faults} of {len(rows)} rows are as they must be")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
