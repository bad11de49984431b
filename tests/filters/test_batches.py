"""A pair's scores do not depend on the pairs that are scored beside it."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glotmill.filters.contract import PAIR_SCHEMA
from glotmill.filters.registry import DEFAULT, make_scorers

PIECES = [
    "dog", "Dog", "Hund", "Berlin", "NASA", "собака", "犬が", "不是", "개가", "two", "2", "٣", "1,000", "not", "nicht",
    "никогда", "http://a.b/c", "<b>", "`x`", "\n- a", "&amp;", "Ã©", "“", "”", "?", "!", ".", "。", "\0", "\ufffd", "é",
    "e\u0301", "A MAN RUNS", " ", "  ", "*", "ha ha ha ha", "a man is riding a brown horse on the beach",
]  # fmt: skip
TEXT = st.lists(st.sampled_from(PIECES), max_size=7).map(" ".join)
LANGS = st.sampled_from(
    ["deu_Latn", "rus_Cyrl", "jpn_Jpan", "zho_Hans", "kor_Hang", "arb_Arab", "tha_Thai", "yor_Latn"]
)
SEGMENTS = st.none() | st.lists(st.fixed_dictionaries({"source": TEXT, "target": TEXT}), max_size=3)
SCORERS = [scorer for scorer in make_scorers(DEFAULT) if not scorer.whole_shard]


@st.composite
def pair(draw: st.DrawFn) -> dict[str, Any]:
    source, words = draw(TEXT), st.floats(-20, 0)
    number = len(source.split())
    return {
        "source_lang": "eng_Latn", "lang": draw(LANGS), "field_type": draw(st.sampled_from(["caption", "response"])),
        "source": source, "target": draw(TEXT | st.just(source)), "back": draw(st.none() | TEXT | st.just(source)),
        "back_failed": draw(st.booleans()), "logprob": draw(st.none() | words), "hit_limit": draw(st.booleans()),
        "reverse_words": draw(st.lists(words, min_size=number, max_size=number)), "reverse_end": -0.5,
        "source_tokens": number + 1, "alone_words": [-3.0] * number, "segments": draw(SEGMENTS),
    }  # fmt: skip


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(pairs=st.lists(pair(), min_size=2, max_size=6))
@pytest.mark.parametrize("scorer", SCORERS, ids=lambda scorer: scorer.name)
def test_a_pair_has_its_scores_whatever_stands_beside_it(scorer: Any, pairs: list[dict[str, Any]]):
    table = pa.Table.from_pylist(pairs, schema=PAIR_SCHEMA)
    together = scorer.score(table)
    alone = [scorer.score(table.slice(row, 1)) for row in range(len(pairs))]
    for name, values in together.items():
        assert values.to_pylist() == [one[name][0].as_py() for one in alone], name


@pytest.mark.parametrize("scorer", SCORERS, ids=lambda scorer: scorer.name)
def test_no_pairs_have_no_scores(scorer: Any):
    columns = scorer.score(pa.Table.from_pylist([], schema=PAIR_SCHEMA))
    types = {metric.name: pa.float32() for metric in scorer.metrics} | {
        label.name: pa.string() for label in scorer.labels
    }
    assert {name: (len(values), values.type) for name, values in columns.items()} == {
        name: (0, kind) for name, kind in types.items()
    }
