"""Fan-out: every row of a source goes into every language that it may go into, up to the language's quota.

Guarantees: a quota is one number for the whole source. It takes the first rows by rank, so a smaller quota's rows are
among a larger one's wherever the same rows may go into both. As long as the mix is the same nobody moves.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from glotmill.engine.samples.apportion import Counts
from glotmill.engine.samples.cells import Cells


def fan_out(
    cells: Cells, held: pl.Series, quotas: Mapping[str, int], *, same_mix: bool
) -> tuple[pl.Series, Counts, Counts]:
    """Give every row its languages.

    Args:
        cells: The rows, in the order of their rank.
        held: The languages of each row in the build before; null where there was none.
        quotas: The most rows of a language.
        same_mix: Whether ``held`` was made by this very mix: then nobody moves.

    Returns:
        The languages of each row; the rows that each language should have; as many of them as may go there.
    """
    reach = cells.reach
    target = np.array(
        [min(quotas.get(code, all_rows), cells.total) for code, all_rows in zip(cells.languages, reach, strict=True)],
        dtype=np.int64,
    )
    within_reach = np.minimum(target, reach)
    if not quotas.keys() & set(cells.languages):
        lists = [[code for code, may in zip(cells.languages, row, strict=True) if may] for row in cells.allow.tolist()]
        langs = pl.Series(lists or [[]], dtype=pl.List(pl.String)).gather(cells.of_row)
        return langs, target, within_reach
    columns = []
    for place, code in enumerate(cells.languages):
        taken = cells.allow[cells.of_row, place]
        if code in quotas:
            may, taken = taken, np.zeros_like(taken)
            if same_mix:
                taken = may & held.list.contains(code).fill_null(value=False).to_numpy()
            more = np.flatnonzero(may & ~taken)[: max(int(target[place] - taken.sum()), 0)]
            taken[more] = True
        columns.append(pl.when(pl.Series(taken)).then(pl.lit(code)))
    frame = pl.select(langs=pl.concat_list(columns).list.drop_nulls())
    return frame["langs"], target, within_reach
