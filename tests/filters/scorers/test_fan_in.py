from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from glotmill.filters.contract import PAIR_SCHEMA
from glotmill.filters.scorers.fan_in import FanInScorer


def scored(*pairs: tuple[str, str, str]) -> list:
    rows = [{"source": s, "target": t, "lang": lang} for s, t, lang in pairs]
    return FanInScorer().score(pa.Table.from_pylist(rows, schema=PAIR_SCHEMA))["sources"].to_pylist()


SAME = "Ein Mann steht auf der Straße."


def test_different_sources_with_one_translation_are_counted():
    rows = [(f"A man number {i}.", SAME, "deu_Latn") for i in range(6)]
    assert scored(*rows, ("A dog.", "Ein brauner Hund rennt.", "deu_Latn")) == [6] * 6 + [1]


def test_the_same_source_counts_once_and_languages_apart():
    assert scored(("A man.", SAME, "deu_Latn"), ("a man.", SAME, "deu_Latn"), ("B", SAME, "fra_Latn")) == [1, 1, 1]


def test_case_and_final_mark_make_no_difference_and_short_texts_are_not_judged():
    assert scored(("A", SAME, "deu_Latn"), ("B", SAME.lower()[:-1], "deu_Latn"), ("C", "Ja", "deu_Latn")) == [
        2,
        2,
        None,
    ]


def test_a_shard_of_one_row_and_one_without_rows_are_measured_as_any():
    assert scored(("A man.", SAME, "deu_Latn")) == [1]
    assert scored() == []


@given(st.lists(st.tuples(st.sampled_from("ABab"), st.sampled_from([SAME, SAME[:-1], "Ja", "Ein brauner Hund rennt."]),
                          st.sampled_from(["deu_Latn", "fra_Latn"]), st.integers(0, 3))))  # fmt: skip
def test_shards_measured_in_one_go_are_what_each_is_alone(rows):
    rows.sort(key=lambda row: row[3])
    pairs = pa.Table.from_pylist([{"source": s, "target": t, "lang": lang} for s, t, lang, _ in rows], PAIR_SCHEMA)
    ends = [sum(row[3] <= shard for row in rows) for shard in range(4)]
    scorer = FanInScorer()
    assert scorer.score_shards(pairs, ends) == super(FanInScorer, scorer).score_shards(pairs, ends)
