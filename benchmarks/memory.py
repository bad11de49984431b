"""Look-ups in a large memory: seconds and peak memory of an anti-join of many keys against many entries.

The anti-join asks for all keys at once, the look-up of what is there goes language by language, as in a build.
Makes a memory of random entries in a folder (once; it is used again), first as the small files that units commit,
then compacted, and asks it for keys of which half are there, spread over ten directions.

    python -m benchmarks.memory --folder /somewhere --entries 10000000 --keys 1000000 --json
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from glotmill.engine.memory.entries import MEMORY_SCHEMA
from glotmill.engine.memory.overview import compact_memory
from glotmill.engine.memory.translations import Memory
from glotmill.engine.storage.folder import Folder
from glotmill.engine.translation.stage import ENTRY

LANGUAGES = [
    "deu_Latn", "fra_Latn", "ces_Latn", "zho_Hans", "rus_Cyrl", "hin_Deva", "arb_Arab", "swh_Latn", "kor_Hang",
    "tha_Thai",
]  # fmt: skip
WORDS = ["a", "man", "woman", "dog", "on", "the", "grass", "beach", "with", "red", "two", "riding", "near", "street"]
COLUMNS = ["key", "text", *ENTRY]  # what a build reads back
UNIT = 3_000  # entries of one commit, as units of the default size have


def keys(seed: int, count: int) -> list[str]:
    """Random keys, the same for a seed."""
    data = np.random.default_rng(seed).bytes(16 * count).hex()
    return [data[i * 32 : i * 32 + 32] for i in range(count)]


def entries(seed: int, count: int) -> pl.DataFrame:
    """A commit's entries, over all directions in turn, with caption-like texts."""
    rng = np.random.default_rng(seed)
    texts = [" ".join(row) for row in np.array(WORDS)[rng.integers(0, len(WORDS), (count, 11))]]
    return pl.DataFrame({"key": keys(seed, count), "request": texts}).with_columns(
        translator=pl.lit("ab" * 16),
        source_lang=pl.lit("eng_Latn"),
        target_lang=pl.Series([LANGUAGES[i % len(LANGUAGES)] for i in range(count)]),
        text=pl.col("request") + " " + pl.col("request").str.reverse(),
        failure=pl.lit(None, pl.String),
        attempt=pl.lit(1, pl.Int32),
        settings=pl.lit("first"),
        logprob=pl.Series(-rng.random(count, dtype=np.float32)),
        source_tokens=pl.lit(12, pl.Int32),
        target_tokens=pl.lit(14, pl.Int32),
        hit_limit=pl.lit(value=False),
        origin=pl.lit("machine"),
        provenance=pl.lit(None, pl.String),
    )


def fill(folder: Path, count: int) -> None:
    """Commit entries until the memory has so many."""
    memory = Memory(Folder(folder))
    for seed in range(count // UNIT):
        memory.commit(entries(seed, UNIT).select(MEMORY_SCHEMA.names).to_arrow().cast(MEMORY_SCHEMA))


def ask(folder: Path, entries_there: int, count: int) -> dict[str, Any]:
    """Find the unknown among keys, half of which are there, and read the known's entries, direction by direction."""
    memory = Memory(Folder(folder))
    units = entries_there // UNIT
    chosen = np.random.default_rng(1).permutation(units)[: -(-count // 2 // UNIT) + 1]
    there = [key for seed in chosen for key in keys(int(seed), UNIT)]
    wanted = [
        pl.DataFrame({"key": both, "source_lang": "eng_Latn", "target_lang": lang, "text": [f"text {k}" for k in both]})
        for start, lang in enumerate(LANGUAGES)
        for half in [count // 2 // len(LANGUAGES)]
        for both in [there[start :: len(LANGUAGES)][:half] + keys(10**9 + start, half)]
    ]
    del there
    figures: dict[str, Any] = {
        "files": len(memory.translations.live()),
        "keys": sum(rows.height for rows in wanted),
        "peak_gb_before": _peak(),
    }
    began = time.perf_counter()
    figures["missing"] = memory.missing(pl.concat(wanted)).height
    figures |= {"anti_join_seconds": round(time.perf_counter() - began, 2), "anti_join_peak_gb": _peak()}
    began = time.perf_counter()
    figures["found"] = sum(memory.lookup(rows, COLUMNS).height for rows in wanted)
    figures |= {"lookup_seconds": round(time.perf_counter() - began, 2), "lookup_peak_gb": _peak()}
    return figures


def _peak() -> float:
    """Peak memory of this process so far, in GB; `ru_maxrss` would count what its parent held when it forked."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return round(int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1e6, 2)  # type: ignore[index]


def in_a_process(options: argparse.Namespace) -> dict[str, Any]:
    """`ask` in a process of its own, so that its peak memory is its own."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.memory",
        "--folder",
        str(options.folder),
        "--entries",
        str(options.entries),
    ]
    done = subprocess.run([*command, "--keys", str(options.keys), "--ask"], capture_output=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path, required=True, help="where the memory is made")
    parser.add_argument("--entries", type=int, default=10_000_000)
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--ask", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args()
    if options.ask:
        print(json.dumps(ask(options.folder, options.entries, options.keys)))
        return
    began = time.perf_counter()
    if not Memory(Folder(options.folder)).translations.live():
        fill(options.folder, options.entries)
    result: dict[str, Any] = {"entries": options.entries // UNIT * UNIT, "cpus": os.cpu_count()}
    result["fill_seconds"] = round(time.perf_counter() - began, 1)
    result["as_committed"] = in_a_process(options)
    began = time.perf_counter()
    list(compact_memory(Folder(options.folder)))
    result["compact_seconds"] = round(time.perf_counter() - began, 1)
    result["compacted"] = in_a_process(options)
    result["bytes"] = sum(path.stat().st_size for path in options.folder.rglob("*.parquet"))
    print(json.dumps(result) if options.json else "\n".join(f"{name}: {value}" for name, value in result.items()))


if __name__ == "__main__":
    main()
