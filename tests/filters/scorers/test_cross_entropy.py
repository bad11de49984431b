from __future__ import annotations

import pyarrow as pa
import pytest

from glotmill.filters.contract import PAIR_SCHEMA
from glotmill.filters.scorers.cross_entropy import CrossEntropyScorer


def scored(**pair: object) -> tuple:
    columns = CrossEntropyScorer().score(pa.Table.from_pylist([pair], schema=PAIR_SCHEMA))
    return tuple(columns[name][0].as_py() for name in ("forward", "reverse", "dual"))


def test_entropies_are_per_token_and_the_dual_is_of_both():
    forward, reverse, dual = scored(logprob=-1.0, reverse_words=[-1.0, -2.0], reverse_end=-1.0, source_tokens=4)
    assert (forward, reverse) == (1.0, 1.0)
    assert dual == pytest.approx(2.718281828**-1)


def test_a_difference_of_the_two_costs():
    assert scored(logprob=-3.0, reverse_words=[-1.0], reverse_end=0.0, source_tokens=1)[2] == pytest.approx(
        2.718281828 ** -(2 + 2)
    )


def test_without_forced_scores_there_is_no_reverse_and_no_dual():
    assert scored(logprob=-1.0) == (1.0, None, None)
