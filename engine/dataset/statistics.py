"""What the rows of a dataset are like, verdicts apart: their tasks and the spread of their scores."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

BINS = 10
BARS = "▁▂▃▄▅▆▇█"
NONE = "·"


def row_statistics(files: Sequence[Path], columns: Sequence[str]) -> dict[str, Any]:
    """The manifest's entries on tasks and scores, a column in memory at a time.

    Args:
        files: All shards, or files with at least the columns and ``task``.
        columns: Score columns (float32).

    Returns:
        ``tasks``, sorted; ``scores`` by column: ``n`` values, ``null`` rows without one, ``min``, ``median``, ``max``,
        and the number of values in each of `BINS` bins of equal width between least and greatest.
    """
    if not files:
        return {"tasks": [], "scores": {}}
    rows = pl.scan_parquet(list(files), glob=False)
    return {
        "tasks": sorted(rows.select(pl.col("task").unique()).collect()["task"]),
        "scores": {column: _histogram(rows.select(column).collect().to_series()) for column in columns},
    }


def _histogram(scores: pl.Series) -> dict[str, Any]:
    values = scores.drop_nulls()
    found: dict[str, Any] = {"n": len(values), "null": scores.null_count()}
    if values.is_empty():
        return found
    low, high = float(values.min()), float(values.max())  # type: ignore[arg-type]  # there are values
    width = (high - low) / BINS or 1.0
    places = ((values - low) / width).floor().clip(0, BINS - 1).cast(pl.Int32)
    counts = dict(places.value_counts().iter_rows())
    spread = {"min": low, "median": float(values.median()), "max": high}  # type: ignore[arg-type]
    return found | {name: _rounded(value) for name, value in spread.items()} | {
        "bins": [counts.get(place, 0) for place in range(BINS)]
    }  # fmt: skip


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


def bars(bins: Sequence[int]) -> str:
    """A histogram as one character a bin: `NONE` for no value, higher bars for more of them."""
    most = max(bins)
    return "".join(BARS[(count * len(BARS) - 1) // most] if count else NONE for count in bins)
