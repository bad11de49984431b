"""What the rows of a dataset are like, verdicts apart: their tasks, the spread of their scores, and their labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from glotmill.engine.dataset.shards import Shard
from glotmill.schemas.record import Label

BINS = 10
VALUES = 2_000_000  # of several columns in memory at once
VALUES_AT_ONCE = 200_000  # of a column that are sorted into bins
BARS = "▁▂▃▄▅▆▇█"
NONE = "·"


def row_statistics(files: Sequence[Path], count: int, columns: Sequence[str]) -> dict[str, Any]:
    """The manifest's entries on tasks and scores, a column in memory at a time where there are many rows.

    Args:
        files: All shards, or files with at least the columns and ``task``.
        count: Their rows.
        columns: Score columns (float32).

    Returns:
        ``tasks``, sorted; ``scores`` by column: ``n`` values, ``null`` rows without one, ``min``, ``median``, ``max``,
        and the number of values in each of `BINS` bins of equal width between least and greatest.
    """
    if not files:
        return {"tasks": [], "scores": {}}
    rows = pl.scan_parquet(list(files), glob=False)
    at_once = max(1, VALUES // max(count, 1))
    if at_once > len(columns):  # to open thousands of small files takes longer than to read them
        rows = rows.select("task", *columns).collect().lazy()
    scores: dict[str, Any] = {}
    for start in range(0, len(columns), at_once):
        found = rows.select(columns[start : start + at_once]).collect()
        scores |= {column.name: _histogram(column) for column in found}
    return {"tasks": sorted(rows.select(pl.col("task").unique()).collect()["task"]), "scores": scores}


LabelCounts = dict[str, dict[str, int]]  # judged turns by the language asked for and by label


def label_statistics(shards: Mapping[str, Sequence[Shard]], labels: Iterable[Label]) -> dict[str, Any]:
    """The manifest's entry on labels: for each label's column a `LabelCounts`; no entry where no scorer has labels.

    Args:
        shards: All shards by language.
        labels: The labels of the dataset's scorers.
    """
    tables: dict[str, LabelCounts] = {}
    for label in labels:
        table = tables.setdefault(label.column, {})
        for lang, parts in shards.items():
            counts = sum((Counter((shard.label_counts or {}).get(label.column)) for shard in parts), Counter[str]())
            if counts:
                table[lang] = dict(sorted(counts.items()))
    return {"score_labels": tables} if tables else {}


def label_matrix(table: LabelCounts, most: int) -> tuple[list[str], list[list[int]]]:
    """A label's counts as rows of the languages asked for.

    Args:
        table: The counts.
        most: Columns to show; the rest count together in one more.

    Returns:
        The labels of the columns, those asked for first, others by their number of turns; and the counts of each row
        in that order, with the rest at the end where there is any.
    """
    totals = sum((Counter(counts) for counts in table.values()), Counter[str]())
    others = sorted(totals.keys() - table.keys(), key=lambda label: (-totals[label], label))
    columns = [*(lang for lang in table if lang in totals), *others]
    shown, rest = columns[:most], columns[most:]
    rows = [[counts.get(label, 0) for label in shown] for counts in table.values()]
    if rest:
        rows = [
            [*row, sum(counts.get(label, 0) for label in rest)]
            for row, counts in zip(rows, table.values(), strict=True)
        ]
    return shown, rows


def _histogram(scores: pl.Series) -> dict[str, Any]:
    values = scores.drop_nulls()
    found: dict[str, Any] = {"n": len(values), "null": scores.null_count()}
    if values.is_empty():
        return found
    low, high = float(values.min()), float(values.max())  # type: ignore[arg-type]  # there are values
    width = (high - low) / BINS or 1.0
    counts: Counter[int] = Counter()
    for part in values.to_frame("score").iter_slices(VALUES_AT_ONCE):
        places = ((part["score"] - low) / width).floor().clip(0, BINS - 1).cast(pl.Int32)
        counts.update(dict(places.value_counts().iter_rows()))
    spread = {"min": low, "median": float(values.median()), "max": high}  # type: ignore[arg-type]
    return found | {name: _rounded(value) for name, value in spread.items()} | {
        "bins": [counts[place] for place in range(BINS)]
    }  # fmt: skip


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


def bars(bins: Sequence[int]) -> str:
    """A histogram as one character a bin: `NONE` for no value, higher bars for more of them."""
    most = max(bins)
    return "".join(BARS[(count * len(BARS) - 1) // most] if count else NONE for count in bins)
