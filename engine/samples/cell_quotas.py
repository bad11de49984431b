"""Placement: how many rows of each cell go into each language, so that every language has the rows that it should.

Rows that may go into the same languages are a cell, and cells and languages make a transport problem: so many rows
in each cell, so many rows wanted by each language. All counts are whole numbers, up to 3 billion rows.

Guarantees: what can be placed exactly is; where it cannot, `nearest` gives the placement nearest to what is wanted; a
language's rows are spread over the cells that may hold them; `with_fewest_moves` moves no row that could stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from glotmill.engine.samples.apportion import Counts, Level, by_levels
from glotmill.engine.samples.cells import Mask

NEVER = np.int64(1) << 40  # the price of a move that is not possible
Step = tuple[int, int, Counts]  # from a column to another, and how many rows of each cell can go
GOLDEN = 0.6180339887498949  # multiples of it, less their whole part, lie evenly between 0 and 1


def place(rows: Counts, allow: Mask, wanted: Counts) -> tuple[Counts, Mask]:
    """Place rows so that each language gets what it wants, or as many rows as can be are placed.

    Args:
        rows: Rows of each cell.
        allow: Cell x language.
        wanted: Rows of each language, in all no more than there are.

    Returns:
        Rows by cell and language, and which languages want rows that cannot be had: together they want more than
        there are in all cells that may go into any of them. Where there are none, every language has what it wants.
    """
    allow, wanted = _with_nowhere(allow), np.append(wanted, int(rows.sum()) - int(wanted.sum()))
    placed = _in_proportion(rows, allow, wanted)
    short = _Flow(placed, allow, np.zeros_like(placed), placed.sum(axis=0) - wanted).run()
    return placed[:, :-1], short[:-1]


def nearest(rows: Counts, allow: Mask, levels: Sequence[Level], held: Counts) -> Counts:
    """The placement of rows on top of those held that is nearest to what the levels want. Rows by cell and language.

    It is what comes out when every row that `by_levels` would give to a language is given to it in that order, unless
    too few rows may go there. So of all placements it leaves the fewest rows of the first level ungiven, then of the
    second and so on; no row stays without a language that could have one; it is least far from the goal in all.

    Where some languages together want more rows than may go into any of them, they get all these rows and share them
    by the same rule; the other languages share the remaining rows by the same rule (decomposition of a resource
    allocation over a polymatroid: Groenevelt 1991, European Journal of Operational Research 54:227-236).
    """
    placed = np.zeros(allow.shape, dtype=np.int64)
    parts = [(np.flatnonzero(allow.any(axis=1)), np.arange(allow.shape[1]))]
    while parts:
        cells, languages = parts.pop()
        inside = allow[np.ix_(cells, languages)]
        part = [level.of(languages) for level in levels]
        wanted = by_levels(int(rows[cells].sum()), part, held[languages]) - held[languages]
        found, short = place(rows[cells], inside, wanted)
        if not short.any():
            placed[np.ix_(cells, languages)] = found
            continue
        touched = inside[:, short].any(axis=1)
        parts += [(cells[touched], languages[short]), (cells[~touched], languages[~short])]
    return placed


def with_fewest_moves(rows: Counts, allow: Mask, wanted: Counts, held: Counts) -> Counts:
    """The placement that gives each language what it wants and leaves the most rows where they are.

    Args:
        rows: Rows of each cell.
        allow: Cell x language.
        wanted: Rows of each language, which can be placed.
        held: Rows by cell and language, before.
    """
    allow, wanted = _with_nowhere(allow), np.append(wanted, int(rows.sum()) - int(wanted.sum()))
    placed = np.column_stack([held, rows - held.sum(axis=1)])
    kept = placed.copy()
    kept[:, -1] = 0  # a row in no language is free to go
    _Flow(placed, allow, kept, placed.sum(axis=0) - wanted).run()
    return placed[:, :-1]


def _with_nowhere(allow: Mask) -> Mask:
    """With one more column: in no language, where every row may be."""
    return np.column_stack([allow, np.ones(len(allow), dtype=np.bool_)])


def _in_proportion(rows: Counts, allow: Mask, wanted: Counts) -> Counts:
    """Each cell's rows shared out by what its languages want; by systematic sampling, so that sums are about right."""
    weights = np.where(allow, wanted, 0)
    weights[weights.sum(axis=1) == 0, -1] = 1
    ends = weights.cumsum(axis=1)
    all_of_them = ends[:, -1:]
    start = (np.arange(len(rows)) * GOLDEN % 1 * all_of_them[:, 0]).astype(np.int64)[:, None]
    reached = (ends * rows[:, None] + start) // all_of_them
    return np.diff(reached, axis=1, prepend=0)


@dataclass(slots=True)
class _Flow:
    """Rows on their way from columns that have too many to those that have too few.

    Attributes:
        placed: Rows by cell and column; they move in place.
        allow: Cell x column.
        kept: Rows that had better stay, by cell and column.
        over: Rows of each column above what it wants; below 0 where it has too few.
    """

    placed: Counts
    allow: Mask
    kept: Counts
    over: Counts

    def run(self) -> Mask:
        """Move rows until every column has what it wants, at the least price, or no way is left.

        A row that leaves a cell and column where it is kept costs 1, and one that comes back gains it again. All rows
        that can go at the least price go first, by the fewest steps from column to column; then the price rises
        (primal-dual method for flows of least cost: Ahuja, Magnanti, Orlin 1993, Network Flows, section 9.8).

        Returns:
            The columns that stay short, and those whose rows could help them if they had any to spare.
        """
        while (self.over < 0).any():
            prices = self.prices()
            price = _cheapest(prices, self.over)
            ends = np.flatnonzero((self.over < 0) & (price < NEVER))
            if not len(ends):
                return _that_reach(self.over < 0, prices < NEVER)
            tight = (price[:, None] + prices == price) & (price < NEVER)
            for end in ends.tolist():
                while self.over[end] < 0 and (steps := self.way(end, tight, prices)):
                    self.send(steps)
        return np.zeros(len(self.over), dtype=np.bool_)

    def prices(self) -> Counts:
        """The price of a step from each column to each other, in units that are above the number of steps, plus 1."""
        placed, kept = self.placed, self.kept
        free, tied, home = placed > kept, (placed > 0) & (placed <= kept), placed < kept
        found = np.full((len(self.over), len(self.over)), NEVER)
        # The later is the cheaper.
        for leave, enter, price in ((tied, self.allow, 1), (tied, home, 0), (free, self.allow, 0), (free, home, -1)):
            if leave.any() and enter.any():
                cells = leave.astype(np.float32).T @ enter.astype(np.float32)  # only whether it is nought matters
                found[cells > 0] = price * (len(self.over) + 1) + 1
        np.fill_diagonal(found, NEVER)
        return found

    def way(self, end: int, tight: Mask, prices: Counts) -> list[Step] | None:
        """The steps to ``end`` from a column that has too many, the last first.

        Only steps that are ``tight``, which lie on cheapest ways; those that lead nowhere are taken out of them.
        """
        steps: list[Step] = []
        at = end
        while self.over[at] <= 0:
            before = int(tight[:, at].argmax())
            if tight[before, at]:
                room = self.room(before, at, (int(prices[before, at]) - 1) // (len(self.over) + 1))
                if room.any():
                    steps.append((before, at, room))
                    at = before
                else:
                    tight[before, at] = False
            elif steps:  # a dead end
                tight[at] = False
                _, at, _ = steps.pop()
            else:
                return None
        return steps

    def room(self, a: int, b: int, price: int) -> Counts:
        """Rows of each cell that can go from one column to another at a price."""
        free = self.placed[:, a] - self.kept[:, a]
        back = self.kept[:, b] - self.placed[:, b]
        most = np.where(free > 0, free, self.placed[:, a])
        most = np.where(back > 0, np.minimum(most, back), most)
        found: Counts = np.where(self.allow[:, b] & ((free <= 0).astype(np.int64) - (back > 0) == price), most, 0)
        return found

    def send(self, steps: list[Step]) -> None:
        """Send as many rows as can go along a way."""
        end, start = steps[0][1], steps[-1][0]
        amount = min(int(self.over[start]), -int(self.over[end]), *(int(room.sum()) for _, _, room in steps))
        for a, b, room in steps:
            part = _spread(room, amount, b)
            self.placed[:, a] -= part
            self.placed[:, b] += part
        self.over[start] -= amount
        self.over[end] += amount


def _cheapest(prices: Counts, over: Counts) -> Counts:
    """The least price at which a row can come to each column from one that has too many (Bellman-Ford)."""
    price = np.where(over > 0, 0, NEVER)
    while True:
        less = np.minimum(price, (price[:, None] + prices).min(axis=0))
        less[less >= NEVER // 2] = NEVER
        if np.array_equal(less, price):
            return price
        price = less


def _spread(room: Counts, amount: int, turn: int) -> Counts:
    """An amount shared out over the cells by their room, evenly; other columns' turns begin at other cells."""
    begin = int(turn * GOLDEN % 1 * len(room))
    ends = np.roll(room, -begin).cumsum()
    return np.roll(np.diff(ends * amount // ends[-1], prepend=0), begin)


def _that_reach(ends: Mask, moves: Mask) -> Mask:
    """The columns from which a way leads to one of these, and these."""
    found = ends
    while True:
        more = found | (moves & found).any(axis=1)
        if np.array_equal(more, found):
            return found
        found = more
