"""Where the translate stage's time goes, by py-spy: samples by function.

    python -m benchmarks.hot_spots --data FOLDER --json

Profiles `benchmarks.ways glotmill_inline` over COCO captions, which does in one process what driver and workers do. Ray
is not in it: its workers are not the driver's children, where py-spy would find them. A sample counts for the innermost
Python function; the engine itself is the function that calls CTranslate2 (`_decode`), and its share is what no work on
Glotmill can take away. py-spy comes with Ray; it may need the right to trace processes.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.bare import Decoding
from benchmarks.results import Result, carry_out, parser
from benchmarks.texts import coco_captions
from benchmarks.watched import watch
from benchmarks.ways import Job, Set
from glotmill.engine.embedded import MODEL_DIR

ENGINE = "_decode (engine/translators/nllb.py"
STAGE = ("translate_unit (", "translate (engine/translation/stage.py", "Stage.translate (ways.py")
TOP = 12


def samples(lines: Iterable[str]) -> Counter[str]:
    """Samples by innermost function, of collapsed stacks (``outer;…;inner COUNT``) in the stage or a worker's unit."""
    found: Counter[str] = Counter()
    for line in lines:
        stack, _, count = line.rstrip().rpartition(" ")
        frames = stack.split(";")
        if any(mark in frame for mark in STAGE for frame in frames):
            found[frames[-1].rpartition(":")[0] or frames[-1]] += int(count)
    return found


def summary(found: Counter[str]) -> Result:
    """Shares of the engine and of what costs most besides."""
    total = sum(found.values())
    engine = sum(count for name, count in found.items() if ENGINE in name)
    rest = [(name, count) for name, count in found.most_common() if ENGINE not in name][:TOP]
    return {
        "samples": total,
        "engine_share": round(engine / total, 4) if total else None,
        "besides": {name: round(count / total, 4) for name, count in rest},
    }


def measure(options: argparse.Namespace) -> Result:
    """Profile one run."""
    captions = coco_captions(options.data, 100 if options.quick else 10_000)
    with TemporaryDirectory() as name:
        folder = Path(name)
        job = Job(str(MODEL_DIR), "", Decoding(), captions[:16], {"captions": Set(captions, ["deu_Latn"])})
        job.write(folder / "job.json")
        command = ("-m", "benchmarks.ways", "glotmill_inline", folder / "job.json", folder / "out.json")
        record = ("record", "--idle", "--format", "raw", "--rate", "50", "--output", folder / "stacks.txt")
        watch([Path(sys.executable).with_name("py-spy"), *record, "--", sys.executable, *command])
        lines = (folder / "stacks.txt").read_text(encoding="utf-8").splitlines()
    return {"captions": len(captions), **summary(samples(lines))}


if __name__ == "__main__":
    carry_out("hot_spots", measure, parser(__doc__).parse_args())
