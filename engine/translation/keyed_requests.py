"""Requests with the memory's keys of them."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from glotmill.engine.memory.entries import DIRECTION, Direction
from glotmill.engine.runs.run import Run
from glotmill.schemas.keys import memory_keys


def with_keys(direction: Direction, segments: pl.DataFrame, fingerprint: str) -> pl.DataFrame:
    """The segments of one direction with its languages and their memory keys."""
    keys = memory_keys(fingerprint, direction.source_lang, direction.target_lang, segments["text"])
    return segments.with_columns(
        source_lang=pl.lit(direction.source_lang),
        target_lang=pl.lit(direction.target_lang),
        key=keys,
    )


def not_requested(run: Run, before: Sequence[int], phase: str, lacking: pl.DataFrame) -> pl.DataFrame:
    """What is lacking without what other windows request in the same phase.

    Args:
        run: The run.
        before: These windows.
        phase: The phase.
        lacking: Columns key and `glotmill.engine.memory.entries.DIRECTION` among others.
    """
    for direction in lacking.select(DIRECTION).unique(maintain_order=True).iter_rows() if before else ():
        for window in before:
            theirs = run.requested_by(window, phase, Direction(*direction)).to_frame()
            lacking = lacking.join(theirs, on="key", how="anti", maintain_order="left")
    return lacking
