from __future__ import annotations

import pyarrow as pa
import pytest

from glotmill.filters.contract import PAIR_SCHEMA
from glotmill.filters.scorers.numbers import NumbersScorer, figures


@pytest.mark.parametrize(
    ("source", "target", "extra", "missing"),
    [
        ("2 dogs", "2 Hunde", 0, 0),
        ("2 dogs", "zwei Hunde", 0, 0),
        ("12 dogs", "zwölf Hunde", 0, 1),
        ("two dogs", "2 Hunde", 1, 0),
        ("at 10:30", "um 10.30", 0, 0),
        ("1,000 people", "1.000 Leute", 0, 0),
        ("1,000 people", "1 000 Leute".replace(" ", "\u202f"), 0, 0),
        ("number 42", "संख्या ४२", 0, 0),
        ("number 42", "عدد ٤٢", 0, 0),
        ("number 07", "Nummer 7", 0, 0),
        ("42 and 42", "42", 0, 1),
        ("231", "239", 1, 1),
        ("no figures", "keine", 0, 0),
    ],
)
def test_figures_gained_and_lost_are_counted(source: str, target: str, extra: int, missing: int):
    pairs = pa.Table.from_pylist([{"source": source, "target": target}], schema=PAIR_SCHEMA)
    found = NumbersScorer().score(pairs)
    assert (found["extra"].to_pylist(), found["missing"].to_pylist()) == ([extra], [missing])


def test_figures_are_ascii_without_separators_and_leading_zeros():
    assert figures("٤٢ 1,000 007 0") == {"42": 1, "1000": 1, "7": 1, "0": 1}


def test_no_pairs_give_no_scores():
    columns = NumbersScorer().score(pa.Table.from_pylist([], schema=PAIR_SCHEMA))
    assert [len(column) for column in columns.values()] == [0, 0]
