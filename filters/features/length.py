"""How long a translation should be: the expected ratio of lengths and its spread, by language and field type.

The natural logarithm of the ratio of characters is compared with a line over the logarithm of the source's length;
its variance falls with the source's length, for a word more or less is much of a short text. The table was fitted by
``benchmarks/fit_filters.py`` on human translations: where it has no line, length says nothing.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import polars as pl

TABLE = Path(__file__).parent.parent / "data" / "length_ratios.csv"
CELL = ["lang", "field_type"]
LINE = ["intercept", "slope", "spread", "short_spread"]
LEAST_VARIANCE = 0.005
MIN_CHARS = 12  # of the source: shorter ones have no usual ratio


@cache
def length_table() -> pl.DataFrame:
    """Columns lang, field_type and those of `LINE`."""
    return pl.read_csv(TABLE, comment_prefix="#").select(*CELL, *(pl.col(name).cast(pl.Float64) for name in LINE))


def deviations(source: pl.Series, target: pl.Series, lang: pl.Series, field_type: pl.Series) -> pl.DataFrame:
    """How far each translation's length is from what it should be.

    Returns:
        ``logratio``: ln of the ratio of characters. ``excess``: ``logratio`` minus what is expected of it;
        ``z``: that in standard deviations; both null where the language and field type are not in the table or
        the source is shorter than `MIN_CHARS`.
    """
    chars = pl.col("source").str.len_chars()
    judged = (chars >= MIN_CHARS) & pl.col("intercept").is_not_null()
    expected = pl.col("intercept") + pl.col("slope") * (chars + 1).log()
    variance = (pl.col("spread") + pl.col("short_spread") / (chars + 1)).clip(lower_bound=LEAST_VARIANCE)
    frame = pl.DataFrame({"source": source, "target": target, "lang": lang, "field_type": field_type})
    frame = frame.join(length_table(), on=CELL, how="left", maintain_order="left")
    frame = frame.with_columns(logratio=((pl.col("target").str.len_chars() + 1) / (chars + 1)).log())
    excess = pl.when(judged).then(pl.col("logratio") - expected)
    return frame.select("logratio", excess=excess, z=excess / variance.sqrt())
