"""Score: measures every translated turn and gives each record its worst turn, and the label of most of its turns.

Guarantees: a turn that was not translated, or that a scorer cannot judge, is null in every column; scoring never
removes a row; a score skipped to save cost is named in ``scores_skipped``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl
import pyarrow as pa

from glotmill.engine.memory.scores import ScoreStore
from glotmill.engine.records.composed_rows import ComposedRows
from glotmill.filters.contract import PAIR_SCHEMA, Scorer
from glotmill.filters.policy import Policy
from glotmill.schemas.errors import GlotmillError

SKIPPED = "scores_skipped"


def score(rows: ComposedRows, scorers: Sequence[Scorer], store: ScoreStore, skip: Policy | None = None) -> pl.DataFrame:
    """The score columns of composed records.

    Args:
        rows: Composed records of a shard and their translated turns.
        scorers: What measures them.
        store: Keeps what expensive scorers measured.
        skip: Spare expensive scorers the records that this policy rejects on the other scores alone.

    Returns:
        One row a record: ``score_…`` (float32) and ``turn_…`` (list of float32, one a turn) for each metric, and
        ``scores_skipped``, the names of the scorers that a record was spared; for each label its two columns.

    Raises:
        GlotmillError: A scorer broke its contract.
    """
    pairs = rows.turns.select(PAIR_SCHEMA.names)
    place = pl.DataFrame(rows.turns.select(["row", "turn"]))
    cheap = [scorer for scorer in scorers if not (skip and scorer.expensive)]
    expensive = [scorer for scorer in scorers if skip and scorer.expensive]
    turns = turn_scores(pairs, cheap, store)
    scored = _by_record(rows.records, place.hstack(turns), cheap)
    if not expensive or skip is None:
        return scored.with_columns(pl.lit([], pl.List(pl.String)).alias(SKIPPED))
    spared = rejected(rows.records, scored, skip)
    wanted = ~spared.to_numpy()[place["row"].to_numpy()]
    more = _spread(turn_scores(pairs.filter(pa.array(wanted)), expensive, store), wanted)
    names = pl.lit([scorer.name for scorer in expensive], pl.List(pl.String))
    skipped = pl.select(pl.when(spared).then(names).otherwise(pl.lit([], pl.List(pl.String))).alias(SKIPPED))
    both = _by_record(rows.records, place.hstack([*turns, *more]), scorers)
    return both.hstack(skipped)


def turn_scores(pairs: pa.Table, scorers: Iterable[Scorer], store: ScoreStore | None) -> pl.DataFrame:
    """The turn columns of pairs of `PAIR_SCHEMA`, one row a pair.

    Args:
        pairs: The pairs.
        scorers: What measures them.
        store: Keeps what expensive scorers measured; None measures again.

    Raises:
        GlotmillError: A scorer broke its contract.
    """
    measured = []
    for scorer in scorers:
        columns = store.score(scorer, pairs) if store is not None and scorer.inputs else scorer.score(pairs)
        for metric in scorer.metrics:
            values = _checked(scorer, metric.name, columns[metric.name], pairs.num_rows, pa.float32())
            measured.append(pl.Series(metric.turn_column, values, dtype=pl.Float32))
        for label in scorer.labels:
            words = _checked(scorer, label.name, columns[label.name], pairs.num_rows, pa.string())
            measured.append(pl.Series(label.turn_column, words, dtype=pl.String))
    return pl.DataFrame(measured)


def _checked(scorer: Scorer, name: str, values: pa.Array, pairs: int, kind: pa.DataType) -> pa.Array:
    """What a scorer gave for one of its metrics or labels, of the type and length that the contract names."""
    if len(values) != pairs or values.type != kind:
        msg = f"scorer {scorer.name} gave {len(values)} {values.type} values of {name} for {pairs} pairs"
        raise GlotmillError(msg)
    return values


def rejected(records: pa.Table, scored: pl.DataFrame, policy: Policy) -> pl.Series:
    """The records that the rules of the scores at hand reject."""
    facts = pl.DataFrame(records.select(["lang", "task"])).hstack(scored)
    return policy.on(scored.columns).failing(facts).list.len() > 0


def _spread(measured: pl.DataFrame, wanted: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> pl.DataFrame:
    """Columns of some pairs as columns of all, null elsewhere."""
    position = np.where(wanted, np.cumsum(wanted) - 1, -1)
    index = pl.Series(position).replace(-1, None)
    return measured.select(pl.all().gather(index))


def _by_record(records: pa.Table, judged: pl.DataFrame, scorers: Iterable[Scorer]) -> pl.DataFrame:
    """Scores of turns as lists in turn order, with the worst of each list beside it; labels with the most frequent."""
    metrics = [metric for scorer in scorers for metric in scorer.metrics]
    labels = [label for scorer in scorers for label in scorer.labels]
    turns = pl.DataFrame(records.select(["row_status", "source_messages"])).select(
        row=pl.int_range(pl.len(), dtype=pl.Int64),
        turn=pl.int_ranges(pl.col("source_messages").list.len(), dtype=pl.Int32),
    )
    grid = turns.explode("turn").join(judged, on=["row", "turn"], how="left", maintain_order="left")
    worst = [
        (pl.col(m.turn_column).min() if m.direction == "higher" else pl.col(m.turn_column).max()).alias(m.score_column)
        for m in metrics
    ]
    most = [
        pl.col(label.turn_column).drop_nulls().mode(maintain_order=True).first().alias(label.column) for label in labels
    ]
    lists = pl.col([*(m.turn_column for m in metrics), *(label.turn_column for label in labels)])
    return grid.group_by("row", maintain_order=True).agg(*worst, *most, lists).drop("row")
