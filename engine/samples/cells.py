"""Cells: the rows of a source by the languages that they may go into."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glotmill.engine.samples.apportion import Counts
from glotmill.engine.samples.mix_rows import Kind

Mask = NDArray[np.bool_]
Allowed = Callable[[str, tuple[str, ...] | None], tuple[str, ...]]  # (task, only) -> languages


@dataclass(frozen=True, slots=True)
class Cells:
    """A source's rows, grouped by the languages that they may go into.

    Attributes:
        languages: The languages that any of the rows may go into, and those that are to have some in any case; in
            the recipe's order.
        allow: Which languages each cell's rows may go into: cell x language.
        of_row: The cell of each row.
    """

    languages: tuple[str, ...]
    allow: Mask
    of_row: NDArray[np.int64]

    @property
    def rows(self) -> Counts:
        """Rows of each cell."""
        return np.bincount(self.of_row, minlength=len(self.allow)).astype(np.int64)

    @property
    def reach(self) -> Counts:
        """Rows that may go into each language."""
        found: Counts = self.rows @ self.allow
        return found

    @property
    def total(self) -> int:
        """Rows that may go into some language."""
        return int(self.rows[self.allow.any(axis=1)].sum())


def cells_of(
    kinds: Sequence[Kind],
    kind: NDArray[np.uint32],
    languages: tuple[str, ...],
    allowed: Allowed,
    quotas: Mapping[str, int],
) -> Cells:
    """The cells of one source's rows.

    Args:
        kinds: The different kinds of its rows.
        kind: The place of each row's kind among them.
        languages: The recipe's languages.
        allowed: Says which languages rows of a task may go into, given what they are limited to.
        quotas: Rows that languages are to have: one that the tasks allow and no row can be in is a shortage, too.
    """
    sets = [allowed(task, None if only is None else tuple(only.split())) for task, only in kinds]
    used = {code for codes in sets for code in codes}
    used |= {code for task, _ in kinds for code in allowed(task, None) if quotas.get(code)}
    names = tuple(code for code in languages if code in used)
    order = {codes: place for place, codes in enumerate(sorted(set(sets)))}
    allow = np.array([[code in codes for code in names] for codes in order], dtype=np.bool_)
    allow = allow.reshape(len(order), len(names))
    cell = np.array([order[codes] for codes in sets], dtype=np.int64)
    if len(order) <= 1:
        return Cells(names, allow, np.zeros(len(kind), dtype=np.int64))
    return Cells(names, allow, cell[kind])
