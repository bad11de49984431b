"""How long a translation should be: the expected ratio of lengths and its spread, by language and field type.

The natural logarithm of the ratio of characters is compared with a line over the logarithm of the source's length;
its variance falls with the source's length, for a word more or less is much of a short text. The table was fitted by
``benchmarks/fit_filters.py`` on human translations: where it has no line, length says nothing.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

TABLE = Path(__file__).parent.parent / "data" / "length_ratios.csv"
CELL = ["lang", "field_type"]
LINE = ["intercept", "slope", "spread", "short_spread"]
LEAST_VARIANCE = 0.005
MIN_CHARS = 12  # of the source: shorter ones have no usual ratio
_HERE, _THERE = (pl.col(name).str.len_chars() for name in ("source", "target"))
_MEASURED = (_HERE, (_HERE + 1).log().alias("log"), ((_THERE + 1) / (_HERE + 1)).log().alias("logratio"))


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
    chars, log, logratio = pl.DataFrame({"source": source, "target": target}).select(*_MEASURED)
    places, lines = _lines()
    line = lines[[places.get(cell, -1) for cell in zip(lang.to_list(), field_type.to_list(), strict=True)]]
    intercept, slope, spread, short_spread = line.T
    size = chars.to_numpy()
    excess = np.where(size >= MIN_CHARS, logratio.to_numpy() - (intercept + slope * log.to_numpy()), np.nan)
    deviation = np.sqrt(np.maximum(spread + short_spread / (size + 1.0), LEAST_VARIANCE))
    columns = {"logratio": logratio, "excess": excess, "z": excess / deviation}
    return pl.DataFrame([pl.Series(name, values, nan_to_null=True) for name, values in columns.items()])


@cache
def _lines() -> tuple[dict[tuple[str, str], int], npt.NDArray[np.float64]]:
    """(place of each language and field type, `LINE` by place): the last one is NaN, of those without a line."""
    table = length_table()
    places = {cell: place for place, cell in enumerate(table.select(CELL).iter_rows())}
    return places, np.vstack([table.select(LINE).to_numpy(), np.full(len(LINE), np.nan)])
