"""Ways of `datasets` to drop the rows below a bound of a score and write the rest as Parquet.

    python -m benchmarks.peer_datasets DATASET SCRATCH BOUND LIMIT

``filter`` with a function of a row; ``filter`` with an input column, batched; and the fastest idiom that we know,
``map`` over Arrow tables. The first two give the same rows by an index mapping, so writing them takes the same time and
is timed once; after LIMIT seconds it is stopped between two batches, and its time is then a lower bound. Loading into
the cache is not counted. Prints the seconds of each part as JSON.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

SCORE = "score_nmt_logprob"
BATCH = 10_000


def timed(parts: dict[str, float], name: str, work: Callable[[], Any]) -> Any:
    """Do it and note the seconds."""
    began = time.monotonic()
    found = work()
    parts[name] = round(time.monotonic() - began, 2)
    print(f"{name}: {parts[name]} s", file=sys.stderr, flush=True)
    return found


class OutOfTimeError(Exception):
    """The limit is over."""


def within(limit: int, work: Callable[[], Any]) -> bool:
    """Whether it was done before so many seconds were over; else it is stopped at the next step of Python's."""

    def stop(*_: Any) -> None:
        raise OutOfTimeError

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(limit)
    try:
        work()
    except OutOfTimeError:
        return False
    finally:
        signal.alarm(0)
    return True


def main() -> None:
    """Time all ways."""
    from datasets import load_dataset

    dataset, scratch, bound, limit = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
    files = [str(path) for path in sorted(dataset.glob("data/*/*.parquet"))]
    rows = load_dataset("parquet", data_files=files, split="train", cache_dir=str(scratch))
    tables = rows.with_format("arrow")
    parts: dict[str, float] = {}
    mapped = timed(
        parts,
        "arrow",
        lambda: tables.map(
            lambda table: table.filter(pc.greater_equal(table[SCORE], bound).fill_null(True)),
            batched=True,
            batch_size=BATCH,
        ),
    )
    timed(parts, "write_arrow", lambda: mapped.to_parquet(str(scratch / "arrow.parquet")))
    batched = timed(
        parts,
        "batched",
        lambda: rows.filter(
            lambda scores: [s is None or s >= bound for s in scores], input_columns=[SCORE], batched=True
        ),
    )
    kept = timed(parts, "filter", lambda: rows.filter(lambda row: row[SCORE] is None or row[SCORE] >= bound))
    assert len(kept) == len(batched) == len(mapped)
    whole = timed(parts, "write", lambda: within(limit, lambda: kept.to_parquet(str(scratch / "out.parquet"))))
    print(json.dumps({**parts, "write_is_whole": whole}))


if __name__ == "__main__":
    main()
