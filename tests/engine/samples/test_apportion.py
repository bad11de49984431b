from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glotmill.engine.samples.apportion import Level, by_levels, highest_averages, largest_remainder

WEIGHTS = st.lists(st.one_of(st.just(0.0), st.floats(1e-6, 1e4)), min_size=1, max_size=12)


@given(st.integers(0, 5000), WEIGHTS, st.integers(0, 3))
def test_every_row_is_shared_out_and_floors_hold_where_they_can(total: int, weights: list[float], floor: int):
    counts = largest_remainder(total, weights, floor)
    positive = [i for i, weight in enumerate(weights) if weight > 0]
    assert counts.sum() == (total if positive else 0)
    assert all(counts[i] == 0 for i in range(len(weights)) if i not in positive)
    if floor * len(positive) <= total:
        assert all(counts[i] >= floor for i in positive)


@given(st.integers(0, 5000), WEIGHTS)
def test_without_floors_no_place_is_a_whole_row_away_from_its_share(total: int, weights: list[float]):
    counts = largest_remainder(total, weights)
    if sum(weights):
        assert np.all(np.abs(counts - np.array(weights) / sum(weights) * total) < 1 + 1e-6)


@pytest.mark.parametrize(
    ("total", "weights", "floor", "counts"),
    [
        (10, [1, 1, 1], 0, [4, 3, 3]),  # ties go to the earlier place
        (10, [6, 3, 1], 0, [6, 3, 1]),
        (100, [99, 0.9, 0.1], 0, [99, 1, 0]),
        (100, [99, 0.9, 0.1], 1, [98, 1, 1]),  # floors are paid by those above them
        (2, [5, 4, 1], 1, [1, 1, 0]),  # fewer rows than places: no floor
        (7, [0, 0], 1, [0, 0]),
    ],
)
def test_largest_remainder_by_hand(total: int, weights: list[float], floor: int, counts: list[int]):
    assert largest_remainder(total, weights, floor).tolist() == counts


def one_by_one(new: int, weights: list[float], held: np.ndarray) -> list[int]:
    counts = held.tolist()
    for _ in range(new):
        best = max(range(len(weights)), key=lambda i: (weights[i] / (2 * counts[i] + 1), -i))
        counts[best] += 1
    return counts


@given(st.integers(0, 300), st.lists(st.integers(1, 50), min_size=1, max_size=8), st.data())
def test_going_on_from_what_is_held_is_sainte_lague_row_by_row(new: int, weights: list[int], data):
    held = np.array(data.draw(st.lists(st.integers(0, 40), min_size=len(weights), max_size=len(weights))))
    found = highest_averages(new, weights, held)
    assert found.sum() == held.sum() + new
    assert np.all(found >= held)
    assert sorted(w / (2 * c + 1) for w, c in zip(weights, found, strict=True)) == pytest.approx(
        sorted(w / (2 * c + 1) for w, c in zip(weights, one_by_one(new, weights, held), strict=True))
    )


def test_places_below_the_floor_come_first():
    held = np.array([50, 0, 0])
    assert highest_averages(1, [1, 5, 1], held, floor=1).tolist() == [50, 1, 0]
    assert highest_averages(2, [98, 1, 1], held, floor=1).tolist() == [50, 1, 1]


def test_a_place_of_weight_nought_keeps_what_it_holds_and_gets_nothing():
    assert highest_averages(10, [0, 1], np.array([3, 0]), floor=1).tolist() == [3, 10]


@given(st.integers(0, 200), st.integers(0, 50), st.data())
def test_levels_come_one_after_the_other_and_a_larger_total_takes_nothing_away(total: int, more: int, data):
    numbers = st.lists(st.integers(0, 20), min_size=6, max_size=6)
    quota, weights, nothing = np.array(data.draw(numbers)), np.array(data.draw(numbers)), np.zeros(6, dtype=np.int64)
    levels = [Level(quota.astype(np.float64), quota), Level(weights.astype(np.float64))]
    counts = by_levels(total, levels, nothing)
    if total <= quota.sum():
        assert (counts <= quota).all()
        assert counts.sum() == total
    else:
        left = total - int(quota.sum())
        assert counts.tolist() == highest_averages(left, weights.tolist(), quota).tolist()
    assert (by_levels(total + more, levels, nothing) >= counts).all()
