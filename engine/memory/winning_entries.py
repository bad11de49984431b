"""Which of several entries of one key counts: texts before failures, then the one in the lowest file."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from glotmill.engine.memory.numbered_file import FILE, first_number

_ORDER = [pl.col("failure").is_not_null(), pl.col(FILE)]


def winners(rows: pl.LazyFrame) -> pl.LazyFrame:
    """The winning entry of each key among rows of engines' entries with `FILE`."""
    return rows.sort(_ORDER, maintain_order=True).unique("key", keep="first", maintain_order=True)


def winning(rows: pl.DataFrame) -> pl.DataFrame:
    """The same of rows that were read, in no particular order."""
    return rows.sort(_ORDER, maintain_order=True).unique("key", keep="first")


def first_known(found: pl.DataFrame, last: int, own: Collection[int]) -> pl.DataFrame:
    """Engines' entries without those that others made of a key after the last one that counts.

    Args:
        found: Rows with key and `FILE`.
        last: The last file that counts whoever wrote it; of later ones the first does, where nothing was known.
        own: The numbers of later files that count, too.
    """
    late = (pl.col("number") > last) & ~pl.col("number").is_in(own)
    files = found.select(pl.col(FILE).unique()).with_columns(number=first_number()).with_columns(late=late)
    if not files["late"].any():
        return found
    rows = found.join(files, on=FILE, how="left", maintain_order="left")
    known = pl.coalesce(pl.col("number").filter(~pl.col("late")).max(), pl.col("number").min()).over("key")
    return rows.filter(pl.col("number") <= known).select(found.columns)


def directions_of(wanted: pl.DataFrame) -> pl.Expr:
    """Selects the directions of some rows, so that compacted files are read only where they hold them."""
    return pl.col("source_lang").is_in(wanted["source_lang"].unique().to_list()) & pl.col("target_lang").is_in(
        wanted["target_lang"].unique().to_list()
    )
