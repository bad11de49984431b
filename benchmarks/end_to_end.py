"""Whole builds: where the time goes, how it grows with the rows, and what a second worker gives.

    python -m benchmarks.end_to_end --data FOLDER --json

``phases`` is a build of COCO captions into German with the embedded model, the default scorers and two Ray workers.
``growth`` builds synthetic captions with the `fake` engine in this process, 1,000 to 100,000 rows: its exponent is the
slope of log seconds over log rows, and ``exponent_top`` that of the two largest, which start-up costs do not flatter.
``workers`` is the translate stage on one and on two Ray workers of one thread.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from benchmarks.bare import Decoding
from benchmarks.ingest import write_captions
from benchmarks.peers import in_a_process
from benchmarks.results import Result, carry_out, exponent, median, parser
from benchmarks.texts import coco_captions
from benchmarks.ways import Job, Set
from glotmill.engine.commands.build import build
from glotmill.engine.commands.job import prepare
from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.embedded import MODEL_DIR
from glotmill.engine.runs.progress import ProgressReport

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000)
GROWTH_BAR = 1.05
ENGINE = {"engine": "nllb", "model": "embedded", "beam_size": 1}


def built(
    folder: Path, source: dict[str, Any], translate: dict[str, Any], workers: int, limit: int | None = None
) -> Result:
    """One build from nothing."""
    folder.mkdir()
    content = {
        "name": "bench", "sources": {"captions": source}, "languages": ["deu_Latn"], "translate": translate,
        "workers": workers, "max_failed": 1, "memory": str(folder / "memory"), "limit": limit,
    }  # fmt: skip
    (folder / "recipe.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    began = time.perf_counter()
    job = prepare(load_recipe(str(folder / "recipe.yaml")), out=folder / "out")
    summary = build(job, ProgressReport())
    seconds = time.perf_counter() - began
    return {
        "records": summary.rows,
        "seconds": round(seconds, 3),
        "records_per_second": round(summary.rows / seconds, 1),
        "phases": summary.seconds,
    }


def phases(data: Path, folder: Path, quick: bool) -> Result:
    """A build with the real engine."""
    source = {"format": "coco_captions", "path": str(data / "coco/captions_val2017.json"), "license": "cc-by-4.0",
              "dataset": "coco"}  # fmt: skip
    return built(folder / "phases", source, ENGINE, 2, limit=100 if quick else 5000)


def growth(folder: Path, sizes: tuple[int, ...]) -> Result:
    """Builds of more and more rows."""
    runs: list[Result] = []
    for number, rows in enumerate((100, *sizes)):  # the first warms up
        path = folder / f"{number}.jsonl"
        write_captions(path, rows)
        source = {"format": "jsonl", "path": str(path), "license": "cc0-1.0"}
        runs.append({"rows": rows, **built(folder / str(number), source, {"engine": "fake"}, 0)})
    runs = runs[1:]
    seconds = [run["seconds"] for run in runs]
    found = {
        "exponent": round(exponent(sizes, seconds), 4),
        "exponent_top": round(exponent(sizes[-2:], seconds[-2:]), 4),
    }
    return {"runs": runs, **found, "bar": GROWTH_BAR, "within_bar": max(found.values()) <= GROWTH_BAR}


def second_worker(data: Path, scratch: Path, folder: Path, quick: bool) -> Result:
    """The translate stage on one worker and on two."""
    captions = coco_captions(data, 60 if quick else 5000)
    rounds = {} if quick else {"glotmill_ray": 2}
    job = Job(str(MODEL_DIR), "", Decoding(), captions[:16], {"captions": Set(captions, ["deu_Latn"], rounds)})
    job.write(folder / "job.json")
    found: Result = {}
    for way in ("glotmill_ray_1", "glotmill_ray"):
        done = in_a_process(way, folder / "job.json", scratch, peer=False)
        found[way] = [round(value, 2) for value in done["sets"]["captions"]["seconds"]]
    return {"captions": len(captions), "seconds": found,
            "speedup": round(median(found["glotmill_ray_1"]) / median(found["glotmill_ray"]), 3)}  # fmt: skip


def measure(options: argparse.Namespace) -> Result:
    """All three."""
    sizes = (200, 1000) if options.quick else SIZES
    with TemporaryDirectory(dir=options.scratch) as name:
        folder = Path(name)
        return {
            "growth": growth(folder, sizes),
            "workers": second_worker(options.data, options.scratch, folder, options.quick),
            "phases": phases(options.data, folder, options.quick),
        }


if __name__ == "__main__":
    carry_out("end_to_end", measure, parser(__doc__).parse_args())
