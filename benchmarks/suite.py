"""Every comparison of docs/benchmarks.md in one go: what `make bench` runs.

    python -m benchmarks.suite --data FOLDER
    python -m benchmarks.suite --data FOLDER --only translate

Each comparison is a process of its own, saves its JSON when it is done, and is left out when that is there already, so
an interrupted run goes on (``--again`` does it anew). Then the document is written from whatever is there. Quick
results lie apart and are never written into the document.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.document import write_document
from benchmarks.results import parser, read_results, results_folder
from benchmarks.watched import ROOT, load_average

# In the order of what matters most, should time run out; deduplication reads the rates of the translation.
COMPARISONS = ("translate", "nllb600_shape", "simulated_workers", "end_to_end", "dedup", "refilter_peers",
               "forced", "language_id", "hot_spots")  # fmt: skip
SETTLE_S = 180.0
# Those that say what one core does.
ONE_THREAD = ("language_id", "forced")


def command(name: str, options: argparse.Namespace) -> list[str]:
    """The command of one comparison."""
    made = [sys.executable, "-m", f"benchmarks.{name}", "--data", str(options.data), "--scratch", str(options.scratch),
            "--results", str(results_folder(options)), "--json"]  # fmt: skip
    return [*made, "--quick"] if options.quick else made


def _let_settle() -> None:
    """Wait until the load of what ran before is forgotten, so that what a result says of the load is the others'."""
    until = time.monotonic() + SETTLE_S
    while load_average() > 1 and time.monotonic() < until:
        time.sleep(5)


def main() -> None:
    """Run what is not done, then write the document."""
    options = parser(__doc__)
    options.add_argument("--only", nargs="+", choices=COMPARISONS, default=list(COMPARISONS), metavar="NAME",
                         help=f"of {', '.join(COMPARISONS)}")  # fmt: skip
    options.add_argument("--again", action="store_true", help="also what is done already")
    options.add_argument("--docs", type=Path, default=ROOT / "docs/benchmarks.md")
    chosen = options.parse_args()
    folder = results_folder(chosen)
    failed = []
    for name in chosen.only:
        if (folder / f"{name}.json").exists() and not chosen.again:
            print(f"{name}: done already, {folder / f'{name}.json'}", file=sys.stderr)
            continue
        _let_settle()
        print(f"{name}: running", file=sys.stderr)
        environment = {**os.environ, **({"POLARS_MAX_THREADS": "1"} if name in ONE_THREAD else {})}
        if subprocess.run(command(name, chosen), cwd=ROOT, env=environment).returncode:
            failed.append(name)
    if not chosen.quick:
        write_document(chosen.docs, read_results(folder))
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
