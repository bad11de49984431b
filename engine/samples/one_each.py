"""One each: every row of a source goes into one language, and each language gets its share of the whole source.

Guarantees: where the rows that may go into each language allow it, every language has exactly what quotas and weights
give it of all rows; else the shares are the nearest that can be (`placement.nearest`). As long as the mix is the same
nobody moves; a changed mix moves only as many as it must.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glotmill.engine.samples.apportion import Counts, Level, by_levels, highest_averages, largest_remainder
from glotmill.engine.samples.cell_quotas import nearest, place, with_fewest_moves
from glotmill.engine.samples.cells import Cells, Mask

Places = NDArray[np.int16]  # the place of each row's language; NONE: it has none
NONE = -1


@dataclass(frozen=True, slots=True)
class Demand:
    """What the languages of a source ask for.

    Attributes:
        quota: Rows of each language that has a quota; 0 for the others.
        weights: What each shares in the rows that quotas leave; 0 where it has a quota.
        floor: Least rows of a language with a positive weight, where there are so many.
    """

    quota: Counts
    weights: list[float]
    floor: int

    @property
    def wants(self) -> Mask:
        """Whether each language wants any row."""
        found: Mask = (self.quota > 0) | (np.asarray(self.weights) > 0)
        return found

    def goal(self, total: int, held: Counts, *, first: bool) -> Counts:
        """Rows of each language out of a total: quotas, then the weights' shares of what is left.

        On a first build by largest remainder; else going on from what is held, never below it.
        """
        new = total - int(held.sum())
        short = np.maximum(self.quota - held, 0)
        if int(short.sum()) > new:
            short = largest_remainder(new, short.tolist())
        goal: Counts = held + short
        new -= int(short.sum())
        if not first:
            return highest_averages(new, self.weights, goal, self.floor)
        goal += largest_remainder(new, self.weights, self.floor)
        return goal

    def levels(self, total: int) -> list[Level]:
        """What comes first out of a total: quotas, then floors where there are enough rows, then the weights."""
        weights = np.asarray(self.weights, dtype=np.float64)
        found = [Level(self.quota.astype(np.float64), self.quota)]
        if self.floor * int((weights > 0).sum()) <= total - int(self.quota.sum()):
            found.append(Level(weights, np.full_like(self.quota, self.floor)))
        return [*found, Level(weights)]


@dataclass(frozen=True, slots=True)
class Shared:
    """Rows shared out.

    Attributes:
        of_row: The place of each row's language.
        target: Rows that each language should have of the whole source.
        within_reach: Rows that each would have if all were shared out now: the target, where the cells allow it.
    """

    of_row: Places
    target: Counts
    within_reach: Counts


def share_out(cells: Cells, held: Places, demand: Demand, *, same_mix: bool) -> Shared:
    """Give every row its language.

    Args:
        cells: The rows, in the order of their rank.
        held: The language of each row in the build before, where it is one that the row may go into.
        demand: What the languages ask for.
        same_mix: Whether ``held`` was made by this very mix: then nobody moves.
    """
    before = _by_cell(cells, held)
    first = not same_mix or not before.any()
    nothing = np.zeros_like(demand.quota)
    target, placed = _reach(cells, cells.rows, demand, nothing, first=True)
    within_reach = placed.sum(axis=0)
    if first:
        if before.any():
            placed = with_fewest_moves(cells.rows, cells.allow, within_reach, before)
    elif np.array_equal(before.sum(axis=0), within_reach):
        placed = before
    else:
        target, placed = _reach(cells, cells.rows, demand, nothing, first=False)
        within_reach = placed.sum(axis=0)
        free = cells.rows - before.sum(axis=1)
        placed = before + _reach(cells, free, demand, before.sum(axis=0), first=False)[1]
    return Shared(_rows(cells, held, before, placed), target, within_reach)


def _by_cell(cells: Cells, of_row: Places) -> Counts:
    """Rows by cell and language."""
    count = len(cells.languages)
    has = of_row >= 0
    found = np.bincount(cells.of_row[has] * count + of_row[has], minlength=cells.allow.size)
    return found.astype(np.int64).reshape(cells.allow.shape)


def _reach(cells: Cells, free: Counts, demand: Demand, held: Counts, *, first: bool) -> tuple[Counts, Counts]:
    """(the goal of each language, free rows by cell and language that reach it, or come nearest to it)."""
    allow = cells.allow & demand.wants
    free = np.where(allow.any(axis=1), free, 0)
    total = int(held.sum() + free.sum())
    goal = demand.goal(total, held, first=first)
    placed, short = place(free, allow, goal - held)
    if not short.any():
        return goal, placed
    levels = demand.levels(total)
    return by_levels(int(free.sum()), levels, held), nearest(free, allow, levels, held)


def _rows(cells: Cells, held: Places, before: Counts, placed: Counts) -> Places:
    """The language of each row: of the rows that hold one the last by rank give it up, the first free ones fill up."""
    own = held.copy()
    kept = np.minimum(before, placed)
    if (before > kept).any():
        kind = cells.of_row * len(cells.languages) + own
        leaving = np.flatnonzero((own >= 0) & (before > kept).ravel()[kind])
        leaving = leaving[_position(kind[leaving]) >= kept.ravel()[kind[leaving]]]
        own[leaving] = NONE
    needed = placed - kept
    free = np.flatnonzero(own == NONE)
    position, cell = _position(cells.of_row[free]), cells.of_row[free]
    fill = np.repeat(np.tile(np.arange(len(cells.languages), dtype=np.int16), len(needed)), needed.ravel())
    ends = needed.sum(axis=1).cumsum()
    filled = position < needed.sum(axis=1)[cell]
    own[free[filled]] = fill[(ends - needed.sum(axis=1))[cell[filled]] + position[filled]]
    return own


def _position(kind: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many rows of the same kind come before each."""
    if not len(kind) or kind.min() == kind.max():
        return np.arange(len(kind))
    order = np.argsort(kind, kind="stable")
    ordered = kind[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    found = np.empty_like(kind)
    found[order] = np.arange(len(kind)) - np.repeat(starts, np.diff(np.append(starts, len(kind))))
    return found
