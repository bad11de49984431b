"""64 simulated GPU workers on one machine: how many units a second the driver can feed, and how busy they stay.

    python -m benchmarks.simulated_workers --data FOLDER --json

Each worker is the `fake` translator, which sleeps for as long as a GPU would take for a unit. Many of them share a
process, each with a lock of its own: it does one unit at a time. The driver is the real one: planning, written units,
heartbeats, Ray, a commit to the memory for every unit. Units take 2 s at first, then less and less: 64 workers with
units of 0.5 s ask for as many units a second as 256 workers with units of 2 s. Busy is the time with a unit in hand,
over workers × the time from the first unit's beginning to the last unit's: after that there is nothing left to feed.
A unit takes longer than its sleep, as its words are marked on the driver's cores; ``asleep`` counts the sleep alone.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.results import Result, carry_out, parser
from glotmill.engine.memory.translations import Memory
from glotmill.engine.runs.run import Run
from glotmill.engine.storage.folder import Folder
from glotmill.engine.translation.requests import Segments
from glotmill.engine.translation.stage import TranslateStage
from glotmill.engine.translators import resolve_translator
from glotmill.engine.translators.fake import FakeTranslate
from glotmill.engine.workers.ray_session import protect

TOKENS = 18  # of a text, as units are planned
BAR = 0.95


def busy_share(spans: Sequence[tuple[float, float]], workers: int) -> tuple[float, float]:
    """(share of the workers' time spent in units, seconds looked at) while units were still to be given out."""
    begin, end = min(start for start, _ in spans), max(start for start, _ in spans)
    window = end - begin
    spent = sum(min(stop, end) - start for start, stop in spans if start < end)
    return spent / (workers * window), window


def texts(count: int) -> list[str]:
    """So many different texts of `TOKENS` tokens."""
    bytes_wanted = (TOKENS - 3) * 3
    return [f"a dog {number:08} runs on the grass near two men".ljust(bytes_wanted, "x") for number in range(count)]


def feed(pool_class: Any, workers: int, seconds: float, rows: int, units: int) -> Result:
    """Have so many units of so many rows done, each of which keeps its worker busy for so long."""
    size = rows * TOKENS
    section = FakeTranslate(engine="fake", seconds_per_batch=seconds, batch_tokens=size, unit_tokens=size)
    spec = resolve_translator(section)
    asked = Segments()
    asked.add("eng_Latn", ("deu_Latn",), texts(rows * units))
    with tempfile.TemporaryDirectory() as name, pool_class(spec, workers) as pool:
        pool.start()
        stage = TranslateStage(spec, Memory(Folder(Path(name) / "memory")), Run.open(Path(name), {}, "bench"), pool)
        began, cpu = time.perf_counter(), time.process_time()
        count = stage.translate("forward", asked, retry_failed=False, advance=lambda *_: None)
        wall, cpu = time.perf_counter() - began, time.process_time() - cpu
        spans = pool.spans()
    busy, window = busy_share(spans, workers)
    asleep, _ = busy_share([(start, min(stop, start + seconds)) for start, stop in spans], workers)
    within = sum(1 for start, _ in spans if start <= min(s for s, _ in spans) + window)
    return {
        "workers": workers,
        "seconds_per_unit": seconds,
        "units": len(spans),
        "rows_per_unit": rows,
        "rows": count.translated,
        "wall_seconds": round(wall, 2),
        "window_seconds": round(window, 2),
        "driver_cpu_seconds": round(cpu, 2),
        "units_per_second": round(within / window, 1),
        "units_per_second_asked": round(workers / seconds, 1),
        "rows_per_second": round(within * rows / window),
        "busy": round(busy, 4),
        "asleep": round(asleep, 4),
        "median_unit_seconds": round(statistics.median(stop - start for start, stop in spans), 3),
    }


def saturation(runs: list[Result]) -> Result:
    """The highest rate at which workers stayed busy enough, and the highest rate of all."""
    fed = [run["units_per_second"] for run in runs if run["busy"] >= BAR]
    return {
        "units_per_second_at_bar": max(fed, default=None),
        "units_per_second_at_most": max(run["units_per_second"] for run in runs),
        "workers_of_2_s_units_fed": max((int(rate * 2) for rate in fed), default=None),
    }


def measure(options: argparse.Namespace) -> Result:
    """Units of 2 s, then shorter ones."""
    workers = 8 if options.quick else options.workers
    protect(None)  # before the import of Ray
    import ray

    from benchmarks.simulated_pool import SLOTS, SimulatedPool

    ray.init(num_cpus=max(workers, os.cpu_count() or 1), include_dashboard=False, log_to_driver=False)
    steps = [(0.2, 3), (0.1, 3)] if options.quick else [(2.0, 10), (1.0, 10), (0.5, 10), (0.25, 20)]
    runs = [feed(SimulatedPool, workers, seconds, options.rows, each * workers) for seconds, each in steps]
    ray.shutdown()
    return {"settings": {"slots_per_process": SLOTS, "bar": BAR}, "runs": runs, **saturation(runs),
            "busy_at_2_s": next((run["busy"] for run in runs if run["seconds_per_unit"] == 2.0), None)}  # fmt: skip


def main() -> None:
    """Read the command line, measure, save and print."""
    options = parser(__doc__)
    options.add_argument("--workers", type=int, default=64)
    options.add_argument("--rows", type=int, default=64, help="texts of a unit")
    carry_out("simulated_workers", measure, options.parse_args())


if __name__ == "__main__":
    main()
