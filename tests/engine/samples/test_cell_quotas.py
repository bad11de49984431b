"""Rows go into languages as exactly as the languages of each row allow, shown against every possible way."""

from __future__ import annotations

from itertools import chain, combinations, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glotmill.engine.samples.apportion import Counts, Level, by_levels
from glotmill.engine.samples.cell_quotas import nearest, place, with_fewest_moves

Array = np.ndarray[Any, Any]


def level(weights: list[int], limit: list[int] | None = None) -> Level:
    return Level(np.array(weights, dtype=np.float64), None if limit is None else np.array(limit))


@st.composite
def problems(draw, cells: int = 4, languages: int = 4, most: int = 6) -> tuple[Counts, Array]:
    """Rows of each cell, and the languages that they may go into."""
    shape = draw(st.integers(1, cells)), draw(st.integers(1, languages))
    rows = draw(st.lists(st.integers(0, most), min_size=shape[0], max_size=shape[0]))
    allow = draw(st.lists(st.booleans(), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]))
    return np.array(rows), np.array(allow).reshape(shape)


@st.composite
def levels_of(draw, languages: int) -> list[Level]:
    """Quotas for some languages, a floor, and weights for the others."""
    numbers = st.lists(st.integers(0, 7), min_size=languages, max_size=languages)
    quota, weights = draw(numbers), draw(numbers)
    weights = [0 if q else w for q, w in zip(quota, weights, strict=True)]
    floor = draw(st.integers(0, 2))
    return [level(quota, quota), level(weights, [floor] * languages), level(weights)]


def enough(rows: Counts, allow: Array, wanted: Counts) -> bool:
    """Hall's condition: every group of languages wants no more rows than may go into any of them."""
    places = range(len(wanted))
    groups = chain.from_iterable(combinations(places, size) for size in range(1, len(wanted) + 1))
    return all(wanted[list(g)].sum() <= rows[allow[:, list(g)].any(axis=1)].sum() for g in groups)


def one_by_one(rows: Counts, allow: Array, levels: list[Level], held: Counts) -> Counts:
    """Every row in the order of the levels, unless too few rows may go there."""
    counts = held.copy()
    for one in levels:
        open_places = {i for i, weight in enumerate(one.weights) if weight > 0}
        while open_places:
            i = max(open_places, key=lambda i: (one.weights[i] / (2 * counts[i] + 1), -i))
            counts[i] += 1
            full = one.limit is not None and counts[i] > one.limit[i]
            if full or not enough(rows, allow, counts - held):
                counts[i] -= 1
                open_places.remove(i)
    return counts


def is_sound(placed: Counts, rows: Counts, allow: Array) -> bool:
    return bool((placed >= 0).all() and (placed[~allow] == 0).all() and (placed.sum(axis=1) <= rows).all())


@given(problems(), st.data())
def test_what_can_be_placed_is_placed_exactly_and_what_cannot_names_the_languages(problem, data):
    rows, allow = problem
    count = allow.shape[1]
    wanted = np.array(data.draw(st.lists(st.integers(0, 8), min_size=count, max_size=count)))
    if wanted.sum() > rows.sum():
        wanted = by_levels(int(rows.sum()), [level([1] * count, wanted.tolist())], np.zeros(count, dtype=np.int64))
    placed, short = place(rows, allow, wanted)
    assert is_sound(placed, rows, allow)
    assert short.any() != enough(rows, allow, wanted)
    if not short.any():
        assert placed.sum(axis=0).tolist() == wanted.tolist()
    else:
        assert wanted[short].sum() > rows[allow[:, short].any(axis=1)].sum()


@given(problems(), st.data())
def test_the_nearest_placement_is_every_row_in_order_unless_too_few_rows_may_go_there(problem, data):
    rows, allow = problem
    levels = data.draw(levels_of(allow.shape[1]))
    count = allow.shape[1]
    held = np.array(
        data.draw(st.one_of(st.just([0] * count), st.lists(st.integers(0, 4), min_size=count, max_size=count)))
    )
    placed = nearest(rows, allow, levels, held)
    assert is_sound(placed, rows, allow)
    assert (held + placed.sum(axis=0)).tolist() == one_by_one(rows, allow, levels, held).tolist()


@given(problems(cells=3, languages=3, most=3), st.data())
def test_no_placement_is_less_short_of_the_goal_and_no_row_waits_that_could_go(problem, data):
    rows, allow = problem
    levels = data.draw(levels_of(allow.shape[1]))
    nothing = np.zeros(allow.shape[1], dtype=np.int64)
    goal = by_levels(int(rows[allow.any(axis=1)].sum()), levels, nothing)
    counts = nearest(rows, allow, levels, nothing).sum(axis=0)
    quota = levels[0].limit
    most = [
        range(int(q) + 1) if w == 0 else range(int(rows.sum()) + 1)
        for q, w in zip(quota, levels[2].weights, strict=True)
    ]
    others = [np.array(other) for other in product(*most) if enough(rows, allow, np.array(other))]
    assert np.maximum(goal - counts, 0).sum() == min(np.maximum(goal - other, 0).sum() for other in others)
    assert counts.sum() == max(other.sum() for other in others)


def placements(rows: Counts, allow: Array, wanted: Counts) -> list[Counts]:
    """Every way to give each language what it wants."""
    ways = []
    for count, may in zip(rows, allow, strict=True):
        choices = [range(count + 1) if able else range(1) for able in may]
        ways.append([way for way in product(*choices) if sum(way) <= count])
    return [found for found in map(np.array, product(*ways)) if (found.sum(axis=0) == wanted).all()]


@given(problems(cells=3, languages=3, most=3), st.data())
def test_a_change_moves_no_row_that_could_stay(problem, data):
    rows, allow = problem
    before, after = (
        nearest(
            rows,
            allow,
            [level(data.draw(st.lists(st.integers(0, 9), min_size=n, max_size=n)))],
            np.zeros(n, dtype=np.int64),
        )
        for n in (allow.shape[1],) * 2
    )
    wanted = after.sum(axis=0)
    found = with_fewest_moves(rows, allow, wanted, before)
    assert is_sound(found, rows, allow)
    assert found.sum(axis=0).tolist() == wanted.tolist()
    best = max(np.minimum(way, before).sum() for way in placements(rows, allow, wanted))
    assert np.minimum(found, before).sum() == best


def test_the_fewest_moves_of_a_large_change_are_those_of_a_linear_program():
    optimize = pytest.importorskip("scipy.optimize")
    rng = np.random.default_rng(4)
    rows, allow = rng.integers(1, 60, 40), rng.random((40, 12)) < np.linspace(0.05, 1, 12)
    rows[~allow.any(axis=1)] = 0
    nothing = np.zeros(12, dtype=np.int64)
    before = nearest(rows, allow, [level([1] * 12)], nothing)
    wanted = nearest(rows, allow, [level(list(range(12, 0, -1)))], nothing).sum(axis=0)
    kept = int(np.minimum(with_fewest_moves(rows, allow, wanted, before), before).sum())
    # Variables: rows by cell and language that stay, then those that come.
    cell, language = (np.repeat(np.eye(40), 12, axis=1), np.tile(np.eye(12), 40))
    stay, come = before.ravel(), np.where(allow, rows.sum(), 0).ravel()
    solved = optimize.linprog(
        np.concatenate([-np.ones(480), np.zeros(480)]),
        A_ub=np.hstack([cell, cell]), b_ub=rows, A_eq=np.hstack([language, language]), b_eq=wanted,
        bounds=[(0, int(most)) for most in (*stay, *come)],
    )  # fmt: skip
    assert kept == round(-solved.fun)
    assert kept < before.sum()


def test_a_languages_rows_come_from_all_cells_that_may_go_there():
    rows, allow = np.full(50, 40), np.ones((50, 20), dtype=bool)
    allow[:10, 10:] = False
    wanted = np.full(20, 100)
    placed, short = place(rows, allow, wanted)
    assert not short.any()
    assert (placed > 0)[10:, 10:].sum(axis=0).min() >= 38
    assert (placed > 0)[:, :10].sum(axis=0).min() >= 40
