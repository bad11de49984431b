"""CPU seconds of each scorer in this process; `benchmarks.filter_speed` runs it with the code of any tree.

    PYTHONPATH=TREE/src python -P benchmarks/scorer_times.py PAIRS.parquet SIZE …

Prints one JSON object: where the code is from, and by scorer the CPU seconds of a call with so many pairs and a digest
of its scores of all pairs.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time

import pyarrow as pa
import pyarrow.parquet as pq

import glotmill
from glotmill.filters.contract import Scorer
from glotmill.filters.registry import DEFAULT, make_scorers

CALLS = 20  # of a size, at most, with pairs of their own each
RUNS = 3  # the best of them counts


def seconds(scorer: Scorer, pairs: pa.Table, size: int) -> float:
    """CPU seconds of a call with so many pairs: the mean over calls, the best of some runs."""
    calls: int = min(CALLS, pairs.num_rows // size)
    step = pairs.num_rows // calls
    tables = [pairs.slice(call * step, size).combine_chunks() for call in range(calls)]
    best = float("inf")
    for _ in range(RUNS):
        begun = time.process_time()
        for table in tables:
            scorer.score(table)
        best = min(best, time.process_time() - begun)
    return best / calls


def digest(scorer: Scorer, pairs: pa.Table) -> str:
    """Identifies the scores of all pairs, bit by bit; labels, which an older tree may not have, are left out."""
    found, scores = hashlib.sha256(), scorer.score(pairs)
    for metric in scorer.metrics:
        values = scores[metric.name]
        found.update(values.is_null().to_numpy(zero_copy_only=False).tobytes())
        found.update(values.fill_null(0).to_numpy().tobytes())
    return found.hexdigest()


def main() -> None:
    """Print the figures."""
    path, *sizes = sys.argv[1:]
    pairs = pq.read_table(path).combine_chunks()
    found = {}
    for scorer in make_scorers(DEFAULT):
        times = {size: seconds(scorer, pairs, min(int(size), pairs.num_rows)) for size in sizes}
        found[scorer.name] = {"seconds": times, "digest": digest(scorer, pairs)}
    print(json.dumps({"tree": glotmill.__file__, "scorers": found}))


if __name__ == "__main__":
    main()
