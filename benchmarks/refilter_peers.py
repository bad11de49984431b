"""Re-filter of a dataset, beside `datasets.filter` and datatrove's filter pipeline over the same Parquet.

    python -m benchmarks.refilter_peers --data FOLDER --json

The dataset, our side and the ways of `datasets` are those of `benchmarks.refilter`, with fewer rows; datatrove's
pipeline is `benchmarks.peer_refilter`, on two processes. A refilter rewrites the decisions of the rows that changed
their fate in shards that hold all rows; the peers write out the rows that pass. One rule decides in all: a bound of one
score.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.refilter import make, measure, peers
from benchmarks.results import Result, carry_out, parser
from benchmarks.watched import ROOT


def first_captions(path: Path, folder: Path, count: int) -> Path:
    """A captions file of the first so many annotations."""
    content = json.loads(path.read_text(encoding="utf-8"))
    content["annotations"] = content["annotations"][:count]
    out = folder / "captions.json"
    out.write_text(json.dumps(content), encoding="utf-8")
    return out


def datatrove(dataset: Path, scratch: Path, rule: str) -> float:
    """Seconds of datatrove's pipeline."""
    shutil.rmtree(scratch, ignore_errors=True)
    bound = rule.rpartition("<")[2].strip()
    said = subprocess.run(
        [sys.executable, "-m", "benchmarks.peer_refilter", dataset, scratch, bound], cwd=ROOT, check=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    shutil.rmtree(scratch, ignore_errors=True)
    return float(said.stdout.split()[-1])


def compare(options: argparse.Namespace) -> Result:
    """Ours, then the peers."""
    rows, shards = (400, 2) if options.quick else (options.rows, options.shards)
    folder = options.scratch / ("refilter-quick" if options.quick else "refilter")
    folder.mkdir(parents=True, exist_ok=True)
    captions = (options.data / "coco/captions_val2017.json").absolute()
    if options.quick:
        captions = first_captions(captions, folder, 200)
    build = folder / f"refilter-{rows}-{shards}"
    if not (build / "dataset/manifest.json").exists():
        make(captions, build, rows, shards)
    found = measure(build)
    found |= peers(build / "dataset", folder / "peers", found, 3600)
    taken = datatrove(build / "dataset", folder / "datatrove", found["rule"])
    return {**found, "shards": shards, "seconds_datatrove": round(taken, 1),
            "ratio_to_datatrove": round(taken / found["seconds"], 1)}  # fmt: skip


def main() -> None:
    """Read the command line, compare, save and print."""
    options = parser(__doc__)
    options.add_argument("--rows", type=int, default=100_000)
    options.add_argument("--shards", type=int, default=4)
    carry_out("refilter_peers", compare, options.parse_args())


if __name__ == "__main__":
    main()
