"""Score: measures every translated turn and gives each record its worst turn.

Guarantees: a turn that was not translated, or that a scorer cannot judge, is null in every column; scoring never
removes a row.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import pyarrow as pa

from engine.stages.compose import ComposedRows
from engine.store.scores import ScoreStore
from filters.scorer import PAIR_SCHEMA, ExpensiveScorer, Scorer
from schemas.errors import GlotmillError
from schemas.record import Metric


def score(rows: ComposedRows, scorers: Sequence[Scorer], store: ScoreStore) -> pl.DataFrame:
    """The score columns of composed records.

    Args:
        rows: Composed records and their translated turns.
        scorers: What measures them.
        store: Keeps what expensive scorers measured.

    Returns:
        One row a record: ``score_…`` (float32) and ``turn_…`` (list of float32, one a turn) for each metric.

    Raises:
        GlotmillError: A scorer broke its contract.
    """
    pairs = rows.turns.select(PAIR_SCHEMA.names)
    judged = pl.DataFrame(rows.turns.select(["row", "turn"]))
    metrics: list[Metric] = []
    for scorer in scorers:
        columns = store.score(scorer, pairs) if isinstance(scorer, ExpensiveScorer) else scorer.score(pairs)
        for metric in scorer.metrics:
            values = columns[metric.name]
            if len(values) != pairs.num_rows or values.type != pa.float32():
                gave = f"{len(values)} {values.type} values of {metric.name}"
                msg = f"scorer {scorer.name} gave {gave} for {pairs.num_rows} pairs"
                raise GlotmillError(msg)
            judged = judged.with_columns(pl.Series(metric.turn_column, values, dtype=pl.Float32))
            metrics.append(metric)
    return _by_record(rows.records, judged, metrics)


def _by_record(records: pa.Table, judged: pl.DataFrame, metrics: list[Metric]) -> pl.DataFrame:
    """Scores of turns as lists in turn order, with the worst of each list beside it."""
    turns = pl.DataFrame(records.select(["row_status", "source_messages"])).select(
        row=pl.int_range(pl.len(), dtype=pl.Int64),
        turn=pl.int_ranges(pl.col("source_messages").list.len(), dtype=pl.Int32),
    )
    grid = turns.explode("turn").join(judged, on=["row", "turn"], how="left", maintain_order="left")
    worst = [
        (pl.col(m.turn_column).min() if m.direction == "higher" else pl.col(m.turn_column).max()).alias(m.score_column)
        for m in metrics
    ]
    lists = [pl.col(m.turn_column) for m in metrics]
    return grid.group_by("row", maintain_order=True).agg(*worst, *lists).drop("row")
