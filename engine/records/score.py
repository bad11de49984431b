"""Score: measures every translated turn and gives each record its worst turn, and the label of most of its turns.

Guarantees: a turn that was not translated, or that a scorer cannot judge, is null in every column; scoring never
removes a row; a score skipped to save cost is named in ``scores_skipped``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import numpy as np
import polars as pl
import pyarrow as pa

from glotmill.engine.memory.scores import ScoreStore
from glotmill.engine.records.composed_rows import ComposedRows
from glotmill.filters.contract import PAIR_SCHEMA, Scorer
from glotmill.filters.policy import Policy
from glotmill.schemas.errors import GlotmillError

SKIPPED = "scores_skipped"
Ends = np.ndarray[tuple[int], np.dtype[np.int64]]


def score(
    rows: ComposedRows,
    scorers: Sequence[Scorer],
    store: ScoreStore,
    skip: Policy | None = None,
    shards: Sequence[int] = (),
) -> pl.DataFrame:
    """The score columns of composed records.

    Args:
        rows: Composed records of one or more shards and their translated turns.
        scorers: What measures them.
        store: Keeps what expensive scorers measured.
        skip: Spare expensive scorers the records that this policy rejects on the other scores alone.
        shards: Records of each shard, where there are several; scorers that compare rows see one after the other.

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
    ends = np.cumsum(shards) if len(shards) > 1 else None
    turns = turn_scores(pairs, cheap, store, _cuts(place["row"], ends))
    scored = _by_record(rows.records, place.hstack(turns), cheap)
    if not expensive or skip is None:
        return scored.with_columns(pl.lit([], pl.List(pl.String)).alias(SKIPPED))
    spared = rejected(rows.records, scored, skip)
    wanted = ~spared.to_numpy()[place["row"].to_numpy()]
    cuts = _cuts(place["row"].filter(pl.Series(wanted)), ends)
    more = _spread(turn_scores(pairs.filter(pa.array(wanted)), expensive, store, cuts), wanted)
    names = pl.lit([scorer.name for scorer in expensive], pl.List(pl.String))
    skipped = pl.select(pl.when(spared).then(names).otherwise(pl.lit([], pl.List(pl.String))).alias(SKIPPED))
    both = _by_record(rows.records, place.hstack([*turns, *more]), scorers)
    return both.hstack(skipped)


def _cuts(rows: pl.Series, ends: Ends | None) -> Sequence[int]:
    """Where the pairs of each shard end, from the rows that the pairs belong to; nothing where there is one shard."""
    cuts: list[int] = [] if ends is None else np.searchsorted(rows.to_numpy(), ends).tolist()
    return cuts


def turn_scores(
    pairs: pa.Table, scorers: Iterable[Scorer], store: ScoreStore | None, cuts: Sequence[int] = ()
) -> pl.DataFrame:
    """The turn columns of pairs of `PAIR_SCHEMA`, one row a pair.

    Args:
        pairs: The pairs.
        scorers: What measures them.
        store: Keeps what expensive scorers measured; None measures again.
        cuts: Where the pairs of each shard end, where there are several.

    Raises:
        GlotmillError: A scorer broke its contract.
    """
    measured = []
    for scorer in scorers:
        columns = _measured(scorer, pairs, store, cuts if scorer.whole_shard else ())
        for metric in scorer.metrics:
            values = _checked(scorer, metric.name, columns[metric.name], pairs.num_rows, pa.float32())
            measured.append(pl.Series(metric.turn_column, values, dtype=pl.Float32))
        for label in scorer.labels:
            words = _checked(scorer, label.name, columns[label.name], pairs.num_rows, pa.string())
            measured.append(pl.Series(label.turn_column, words, dtype=pl.String))
    return pl.DataFrame(measured)


def _measured(scorer: Scorer, pairs: pa.Table, store: ScoreStore | None, cuts: Sequence[int]) -> Mapping[str, pa.Array]:
    """What a scorer says of pairs, those of each shard by themselves."""
    stored = store if scorer.inputs else None
    if not cuts:
        return scorer.score(pairs) if stored is None else stored.score(scorer, pairs)
    if stored is None:
        return scorer.score_shards(pairs, cuts)
    parts = [stored.score(scorer, pairs.slice(start, end - start)) for start, end in pairwise([0, *cuts])]
    return {name: pa.concat_arrays([part[name] for part in parts]) for name in parts[0]}


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
