"""Segments of turns: what the worst sentence of a long turn says, which the turn as a whole hides.

A segment is what went to the translator at once: a sentence, or a clause of a very long one. Guarantees: a turn
of one segment has its turn's value, measured once; a segment of fewer than `SEGMENT_LETTERS` letters is not judged.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

SEGMENT_LETTERS = 40  # fewer may all be names, or a greeting that many languages share
TURN = "turn"  # the position of a pair

Floats = npt.NDArray[np.float64]


def segments_of(pairs: pa.Table) -> pl.DataFrame:
    """The segments of the turns of several, in order: `TURN`, source, target, lang.

    Args:
        pairs: Pairs of `glotmill.filters.contract.PAIR_SCHEMA`.
    """
    turns = np.flatnonzero(pairs["segments"].is_valid())
    if not len(turns):
        return pl.DataFrame(schema={TURN: pl.Int64, "source": pl.String, "target": pl.String, "lang": pl.String})
    several = pl.DataFrame(pairs.select(["lang", "segments"]).take(turns)).insert_column(0, pl.Series(TURN, turns))
    return several.explode("segments").unnest("segments").select(TURN, "source", "target", "lang")


def worst(pairs: pa.Table, turns: Floats, segments: Floats, turn: pl.Series, *, least: bool) -> Floats:
    """The worst value of each turn, NaN where no segment of it is judged.

    Args:
        pairs: The pairs.
        turns: Values of turns, which count where a turn is one segment; NaN where it is not judged.
        segments: Values of the segments of other turns, likewise.
        turn: The turn of each segment.
        least: Whether the worst is the least; else the greatest.
    """
    found = np.where(pairs["segments"].is_null(), turns, np.nan)
    (np.fmin if least else np.fmax).at(found, turn.to_numpy(), segments)
    return found
