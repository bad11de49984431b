"""Fan-out: every row of a source goes into every language that it may go into, up to the language's quota.

Guarantees: a quota is one number for the whole source. It takes the first rows by rank, so a smaller quota's rows are
among a larger one's wherever the same rows may go into both. As long as the mix is the same nobody moves.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from glotmill.engine.samples.apportion import Counts
from glotmill.engine.samples.cells import Cells, Mask
from glotmill.engine.samples.mix_rows import RowLanguages


def fan_out(
    cells: Cells, held: pl.Series | None, quotas: Mapping[str, int], *, same_mix: bool
) -> tuple[RowLanguages, Counts, Counts]:
    """Give every row its languages.

    Args:
        cells: The rows, in the order of their rank.
        held: The languages of each row in the build before; null, or None, where there was none.
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
        return RowLanguages.of_lists(lists or [[]], cells.of_row), target, within_reach
    found = _Lists(len(cells.of_row))
    for place, code in enumerate(cells.languages):
        taken = cells.allow[cells.of_row, place]
        if code in quotas:
            may, taken = taken, np.zeros_like(taken)
            if same_mix and held is not None:
                taken = may & held.list.contains(code).fill_null(value=False).to_numpy()
            more = np.flatnonzero(may & ~taken)[: max(int(target[place] - taken.sum()), 0)]
            taken[more] = True
        found.add(code, taken)
    return found.languages(), target, within_reach


class _Lists:
    """Lists of languages that grow by one language at a time, each different list held once."""

    def __init__(self, rows: int) -> None:
        self._of_row = np.zeros(rows, dtype=np.int64)
        self._lists: list[list[str]] = [[]]

    def add(self, code: str, taken: Mask) -> None:
        """Put a language behind the lists of some rows."""
        both = self._of_row * 2 + taken
        counts = np.bincount(both, minlength=2 * len(self._lists))
        places = np.flatnonzero(counts)
        self._lists = [[*self._lists[place // 2], *([code] if place % 2 else [])] for place in places.tolist()]
        new = np.zeros(len(counts), dtype=np.int64)
        new[places] = np.arange(len(places))
        self._of_row = new[both]

    def languages(self) -> RowLanguages:
        """The lists."""
        return RowLanguages.of_lists(self._lists or [[]], self._of_row)
