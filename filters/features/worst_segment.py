"""Segments of turns: what the worst sentence of a long turn says, which the turn as a whole hides.

A segment is what the translator was asked for at once: a sentence, or a clause of a very long one. Guarantees: a turn
of one segment has its turn's value, measured once; a segment of fewer than `SEGMENT_LETTERS` letters is not judged.
"""

from __future__ import annotations

import polars as pl
import pyarrow as pa

SEGMENT_LETTERS = 40  # fewer may all be names, or a greeting that many languages share
TURN = "turn"  # the position of a pair


def segments_of(pairs: pa.Table) -> pl.DataFrame:
    """The segments of the turns of several, in order: `TURN`, source, target, lang.

    Args:
        pairs: Pairs of `glotmill.filters.contract.PAIR_SCHEMA`.
    """
    turns = pl.DataFrame(pairs.select(["lang", "segments"])).with_row_index(TURN)
    parts = turns.drop_nulls("segments").explode("segments").unnest("segments")
    return parts.select(TURN, "source", "target", "lang")


def single_turns(pairs: pa.Table) -> pl.Series:
    """Which turns are one segment."""
    return pl.Series(pairs["segments"].is_null())


def worst(judged: pl.DataFrame, turns: int, **values: pl.Expr) -> pl.DataFrame:
    """The worst values of each turn, null where no segment of it is judged.

    Args:
        judged: Segments with their `TURN`, those of `SEGMENT_LETTERS` letters only.
        turns: How many turns there are.
        values: What is worst of a turn's segments, by the name of the column.
    """
    found = judged.group_by(TURN).agg(**values)
    every = pl.DataFrame({TURN: pl.int_range(turns, dtype=pl.UInt32, eager=True)})
    return every.join(found, on=TURN, how="left", maintain_order="left").drop(TURN)
