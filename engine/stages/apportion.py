"""Sharing out whole rows by weight: exact totals, floors, and a way to go on from what is already held.

Guarantees: a result sums to the total exactly; equal inputs give equal results; where rows are added, nobody loses
one.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]


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


def _averages(new: int, w: NDArray[np.float64], start: Counts) -> Counts:
    """Awards above ``start``: all but the last few at once, by searching the quotient that they are cut off at."""

    def above(quotient: float) -> Counts:
        seats = np.where(w >= quotient, np.floor((w / quotient - 1) / 2) + 1, 0)
        extra: Counts = np.maximum(seats.astype(np.int64) - start, 0)
        return extra

    low, high = float(w.sum()) / (4 * (int(start.sum()) + new) + 4 * len(w)), float(w.max())
    awarded = np.zeros(len(w), dtype=np.int64)
    for _ in range(64):
        middle = (low + high) / 2
        found = above(middle)
        if int(found.sum()) <= new:
            awarded, high = found, middle
        else:
            low = middle
    queue = [(-weight / (2 * int(start[i] + awarded[i]) + 1), i) for i, weight in enumerate(w.tolist()) if weight > 0]
    heapq.heapify(queue)
    for _ in range(new - int(awarded.sum())):
        _, i = queue[0]
        awarded[i] += 1
        heapq.heapreplace(queue, (-w[i] / (2 * int(start[i] + awarded[i]) + 1), i))
    return awarded
