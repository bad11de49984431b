"""Ingest of a synthetic JSON-lines file of captions: rows per second of one process, and its memory as it goes on.

    python -m benchmarks.ingest --rows 10000000

*Of tasks* are the CPU seconds that make samples of the file's portions. In a build with workers
other processes take them; the rest is the head's.

The file (about 150 bytes a row, five captions an image, one row in a thousand with an id that stood before, one in a
thousand that is no sample) is written first, outside the measured time, and measured from opening it (its checksum
included) to the last row group on disk. Memory is the process's resident set, read after every tenth of the rows; a
process that only imports the same modules is given beside it. The last line is one JSON object with ``--json``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from glotmill.engine.commands.load_recipe import FAMILIES
from glotmill.engine.samples.ingest import SourceCount, ingest
from glotmill.engine.samples.made_rows import MadeRows, make_portion
from glotmill.engine.sources import OpenSource, open_sources
from glotmill.engine.sources.jsonl import JsonlSource
from glotmill.recipes.model import Recipe

WORDS = ("a dog", "the cat", "a red bus", "two men", "runs", "sits", "stands", "near", "under", "on grass", "a table")
ODD_EVERY = 1000
MIB = 1 << 20


def write_captions(path: Path, rows: int) -> None:
    """A file of so many lines, the same for the same number."""
    chosen = random.Random(0)
    with path.open("w", encoding="utf-8") as file:
        for number in range(rows):
            if number % ODD_EVERY == 500:
                file.write('{"id": "odd", "task": "caption", "image": "a.jpg"}\n')
                continue
            known = number // 2 if number % ODD_EVERY == 999 else number
            caption = " ".join(chosen.choices(WORDS, k=7))
            image = f"https://example.org/images/{number // 5:09d}.jpg"
            file.write(f'{{"id": "c{known}", "task": "caption", "image": "{image}", "caption": "{caption}"}}\n')


def resident() -> int:
    """Bytes that the process holds in memory now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def measure(path: Path, folder: Path, rows: int) -> dict[str, Any]:
    """Ingest the file once."""
    source = JsonlSource(format="jsonl", path=path, license="cc0-1.0")
    stated = {"sources": {"captions": source}, "languages": ("deu_Latn",), "translate": {"engine": "fake"}}
    recipe = Recipe.model_validate({"name": "bench", **stated}, context={"families": FAMILIES})
    at_start = resident()
    memory: list[int] = []
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        if done * 10 // rows > len(memory):
            memory.append(resident())

    started, worked = time.perf_counter(), time.process_time()
    of_tasks = 0.0

    def timed(source: OpenSource, portions: Sequence[Any]) -> Iterator[MadeRows]:
        nonlocal of_tasks
        for portion in portions:
            began = time.process_time()
            made = make_portion(source, portion)
            of_tasks += time.process_time() - began
            yield made

    counts = ingest(open_sources(recipe), folder, limit=None, advance=advance, made=timed)
    seconds, cpu = time.perf_counter() - started, time.process_time() - worked
    _check(counts["captions"], folder, rows)
    return {
        "rows": rows,
        "samples": counts["captions"].samples,
        "rejected": counts["captions"].rejected,
        "file_mib": round(path.stat().st_size / MIB),
        "seconds": round(seconds, 1),
        "rows_per_s": round(rows / seconds),
        "cpu_seconds": round(cpu, 1),
        "cpu_seconds_of_tasks": round(of_tasks, 1),
        "mib_before": round(at_start / MIB),
        "mib_by_tenth": [round(value / MIB) for value in memory],
        "mib_peak": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MIB),
        "python": platform.python_version(),
    }


def _check(count: SourceCount, folder: Path, rows: int) -> None:
    """Every row is accounted for, and the rows meant to be refused were."""
    twice = sum(1 for n in range(999, rows, ODD_EVERY) if n // 2 != n)
    odd = len(range(500, rows, ODD_EVERY))
    again = sum(1 for n in range(999, rows, ODD_EVERY) if (n // 2) % ODD_EVERY in (500, 999))
    assert count.read == rows, count
    assert odd + twice - again <= count.rejected <= odd + twice, count
    assert pq.read_metadata(folder / "captions.parquet").num_rows == count.samples


def main() -> None:
    """Write the file, measure, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "captions.jsonl"
        write_captions(path, args.rows)
        result = measure(path, Path(scratch) / "samples", args.rows)
    print(
        f"{result['rows']:,} rows ({result['file_mib']:,} MiB) in {result['seconds']:,} s: "
        f"{result['rows_per_s']:,} rows/s "
        f"({result['cpu_seconds']:,} s of CPU, {result['cpu_seconds_of_tasks']:,} of tasks); "
        f"{result['samples']:,} samples, {result['rejected']:,} rejected"
    )
    print(
        f"resident MiB: {result['mib_before']} before, {result['mib_by_tenth']} by tenth, {result['mib_peak']} at most"
    )
    if args.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
