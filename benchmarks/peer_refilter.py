"""datatrove's filter pipeline over the shards of a dataset: what it takes to drop 1 % of the rows by a score.

    python -m benchmarks.peer_refilter DATASET OUT BOUND

Parquet in, one `LambdaFilter` on a score column, Parquet out with all columns, a task for each shard on two processes;
rows pass as documents, as everything in datatrove does. Prints the seconds.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from datatrove.data import Document
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.filters import LambdaFilter
from datatrove.pipeline.readers import ParquetReader
from datatrove.pipeline.writers import ParquetWriter

SCORE = "score_nmt_logprob"
WORKERS = 2


def document(_reader: Any, row: dict[str, Any], path: str, number: int) -> dict[str, Any]:
    """A row as a document; its own columns are metadata."""
    return {"text": "-", "id": f"{path}/{number}", "media": [], "metadata": row}


def row(_writer: Any, made: Document) -> dict[str, Any]:
    """The row that a document was."""
    return dict(made.metadata)


class Above:
    """Whether a row's score is at least a bound, or missing."""

    def __init__(self, bound: float) -> None:
        self.bound = bound

    def __call__(self, made: Document) -> bool:
        """Whether to keep it."""
        score = made.metadata[SCORE]
        return score is None or score >= self.bound


def main() -> None:
    """Filter and print the seconds."""
    dataset, out, bound = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
    shards = sorted(dataset.glob("data/*/*.parquet"))
    schema = pq.read_schema(shards[0])
    executor = LocalPipelineExecutor(
        pipeline=[
            ParquetReader(str(dataset / "data"), glob_pattern="*/*.parquet", adapter=document, doc_progress=False),
            LambdaFilter(Above(bound)),
            ParquetWriter(str(out / "data"), adapter=row, compression="zstd", schema=schema),
        ],
        tasks=len(shards),
        workers=WORKERS,
        logging_dir=str(out / "logs"),
    )
    began = time.monotonic()
    executor.run()
    print(time.monotonic() - began)


if __name__ == "__main__":
    main()
