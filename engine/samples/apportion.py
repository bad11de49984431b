"""Sharing out whole rows by weight: exact totals, floors, and a way to go on from what is already held.

Guarantees: a result sums to the total exactly; equal inputs give equal results; where rows are added, nobody loses
one.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Level:
    """Rows that come before those of the next level.

    Attributes:
        weights: One weight a place, 0 or more; a place of weight 0 gets nothing at this level.
        limit: Rows up to which a place gets any at this level, those of the levels before included; None: no limit.
    """

    weights: NDArray[np.float64]
    limit: Counts | None = None

    def of(self, places: NDArray[np.signedinteger]) -> Level:
        """The level of some of the places."""
        return Level(self.weights[places], None if self.limit is None else self.limit[places])


def largest_remainder(total: int, weights: Sequence[float], floor: int = 0) -> Counts:
    """Share out a total by Hamilton's method, in exact arithmetic; ties go to the earlier place.

    Args:
        total: Rows to share out.
        weights: One weight a place, 0 or more; a place of weight 0 gets nothing.
        floor: Least rows of a place with a positive weight, where the total allows it for all of them.
    """
    counts = np.zeros(len(weights), dtype=np.int64)
    open_places = [i for i, weight in enumerate(weights) if weight > 0]
    if floor * len(open_places) > total:
        floor = 0
    left = total
    while open_places:
        exact = [Fraction(weights[i]) for i in open_places]
        unit = left / sum(exact, Fraction(0))
        low = [i for i, weight in zip(open_places, exact, strict=True) if weight * unit < floor]
        if not low:
            whole = [int(weight * unit) for weight in exact]
            rest = left - sum(whole)
            order = sorted(range(len(exact)), key=lambda i: (whole[i] - exact[i] * unit, i))
            for i in order[:rest]:
                whole[i] += 1
            counts[open_places] = whole
            break
        counts[low] = floor
        left -= floor * len(low)
        open_places = [i for i in open_places if i not in set(low)]
    return counts


def highest_averages(new: int, weights: Sequence[float], held: Counts, floor: int = 0) -> Counts:
    """Go on sharing out by Sainte-Laguë from what is held: the next row goes to the highest weight / (2 held + 1).

    Args:
        new: Rows to share out on top of those held.
        weights: One weight a place, 0 or more; a place of weight 0 gets nothing.
        held: Rows held now; with none held this is Sainte-Laguë's method.
        floor: Least rows of a place with a positive weight, where the new total allows it for all of them; places
            below it come first.

    Returns:
        Rows of each place, never fewer than held.
    """
    w = np.asarray(weights, dtype=np.float64)
    counts = held.astype(np.int64).copy()
    positive = w > 0
    if new == 0 or not positive.any():
        return counts
    if floor * int(positive.sum()) <= int(held[positive].sum()) + new:
        short = np.where(positive, np.maximum(floor - counts, 0), 0)
        if int(short.sum()) > new:
            short = largest_remainder(new, short.tolist())
        counts += short
        new -= int(short.sum())
    counts += _averages(new, w, counts)
    return counts


def by_levels(new: int, levels: Sequence[Level], held: Counts) -> Counts:
    """Share out rows level after level, in each by Sainte-Laguë from what is held.

    Every row has a fixed place in one order: by level, then by weight / (2 rows before it + 1), then by place. So a
    larger total adds rows and takes none away, and the rows of a part of the places come in the same order.

    Args:
        new: Rows to share out on top of those held.
        levels: What comes first and what later.
        held: Rows held now.

    Returns:
        Rows of each place, never fewer than held; fewer than ``new`` are added where every level is at its limits.
    """
    counts = held.astype(np.int64).copy()
    for level in levels:
        able = level.weights > 0
        if not able.any():
            continue
        more = new
        if level.limit is not None:
            more = min(new, int(np.where(able, np.maximum(level.limit - counts, 0), 0).sum()))
        if more:
            counts += _averages(more, level.weights, counts, level.limit)
        new -= more
    return counts


def _averages(new: int, w: NDArray[np.float64], start: Counts, limit: Counts | None = None) -> Counts:
    """Awards above ``start``: all but the last few at once, by searching the quotient that they are cut off at."""

    def above(quotient: float) -> Counts:
        seats = np.where(w >= quotient, np.floor((w / quotient - 1) / 2) + 1, 0).astype(np.int64)
        extra: Counts = np.maximum((seats if limit is None else np.minimum(seats, limit)) - start, 0)
        return extra

    low, high = float(w.sum()) / (4 * (int(start.sum()) + new) + 4 * len(w)), float(w.max())
    if limit is not None:  # the lowest quotient that any row has
        low = min(low, float(w[w > 0].min()) / (2 * int(limit.max()) + 1))
    awarded = np.zeros(len(w), dtype=np.int64)
    for _ in range(64):
        middle = (low + high) / 2
        found = above(middle)
        if int(found.sum()) <= new:
            awarded, high = found, middle
        else:
            low = middle
    queue = [
        (-weight / (2 * int(start[i] + awarded[i]) + 1), i)
        for i, weight in enumerate(w.tolist())
        if weight > 0 and (limit is None or start[i] + awarded[i] < limit[i])
    ]
    heapq.heapify(queue)
    for _ in range(new - int(awarded.sum())):
        _, i = heapq.heappop(queue)
        awarded[i] += 1
        if limit is None or start[i] + awarded[i] < limit[i]:
            heapq.heappush(queue, (-w[i] / (2 * int(start[i] + awarded[i]) + 1), i))
    return awarded
