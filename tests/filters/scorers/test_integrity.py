from __future__ import annotations

import pyarrow as pa
import pytest

from glotmill.filters.contract import PAIR_SCHEMA
from glotmill.filters.scorers.integrity import IntegrityScorer


def scores(source: str, target: str, hit_limit: bool = False) -> dict[str, float | None]:
    row = {"source": source, "target": target, "hit_limit": hit_limit}
    return {
        k: v.to_pylist()[0] for k, v in IntegrityScorer().score(pa.Table.from_pylist([row], schema=PAIR_SCHEMA)).items()
    }


@pytest.mark.parametrize(
    ("source", "target", "empty", "broken"),
    [
        ("A dog.", "Ein Hund.", 0, 0),
        ("A dog.", " \n", 1, 0),
        ("", "", 0, 0),
        ("A dog.", "Ein \ufffd Hund \ufffd", 0, 2),
        ("A dog.", "Ein ⁇ Hund", 0, 1),
        ("A \ufffd dog.", "Ein \ufffd Hund", 0, 0),
        ("A dog.", "Ein\x00Hund\x1b", 0, 2),
        ("A\tdog.\n", "Ein\tHund.\n", 0, 0),
    ],
)
def test_empty_and_broken_characters_are_counted_beyond_those_of_the_source(source, target, empty, broken):
    found = scores(source, target)
    assert (found["empty"], found["broken_chars"]) == (empty, broken)


def test_the_length_limit_is_handed_on():
    assert scores("A dog.", "Ein", hit_limit=True)["hit_limit"] == 1.0


def test_no_pairs_give_no_scores():
    columns = IntegrityScorer().score(pa.Table.from_pylist([], schema=PAIR_SCHEMA))
    assert all(len(column) == 0 and column.type == pa.float32() for column in columns.values())
