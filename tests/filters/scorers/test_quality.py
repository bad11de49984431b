from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from glotmill.filters.contract import PAIR_SCHEMA
from glotmill.filters.features.pair_quality import FEATURES, features
from glotmill.filters.quality_fit import shipped_fit
from glotmill.filters.scorers.quality import QualityScorer
from glotmill.filters.scorers.round_trip import RoundTripScorer

SOURCE = "Two brown dogs run over the green grass."
GOOD = {"source_lang": "eng_Latn", "lang": "deu_Latn", "field_type": "caption", "source": SOURCE,
        "target": "Zwei braune Hunde rennen über das grüne Gras.", "back": SOURCE, "logprob": -0.4,
        "reverse_words": [-0.3] * 8, "reverse_end": -0.1, "source_tokens": 10,
        "alone_words": [-6.0, -7.0, -5.0, -5.0, -4.0, -2.0, -6.0, -5.0]}  # fmt: skip


def pairs(*changes: dict[str, object]) -> pa.Table:
    return pa.Table.from_pylist([{**GOOD, **change} for change in changes], schema=PAIR_SCHEMA)


def scores(*changes: dict[str, object]) -> list[float | None]:
    found: list[float | None] = QualityScorer(shipped_fit()).score(pairs(*changes))["score"].to_pylist()
    return found


@pytest.mark.parametrize(
    "change",
    [
        {"logprob": -2.5},
        {"reverse_words": [-0.3] * 4 + [-8.0] * 4},
        {"back": "A woman reads."},
        {"target": "Zwei Hunde."},
        {"alone_words": [-0.3] * 8},  # the source was no surprise: that it follows says nothing
    ],
)
def test_what_is_worse_in_one_feature_has_a_lower_quality(change: dict[str, object]):
    good, bad = scores({}, change)
    assert good is not None
    assert bad is not None
    assert 0 < bad < good < 1


@pytest.mark.parametrize(
    "change",
    [{"reverse_words": None}, {"alone_words": None}, {"back": None}, {"logprob": None}, {"source_tokens": None},
     {"alone_words": [-1.0]}],
)  # fmt: skip
def test_what_lacks_something_is_not_judged(change: dict[str, object]):
    assert scores(change) == [None]


def test_a_rare_word_of_the_source_counts_less_than_one_that_was_lost():
    """The source's own surprise is taken out: an improbable word costs less where it was improbable anyway."""
    surprise = [-0.3] * 7 + [-9.0]
    rare, lost = scores({"reverse_words": surprise, "alone_words": [-5.0] * 7 + [-14.0]},
                        {"reverse_words": surprise, "alone_words": [-5.0] * 8})  # fmt: skip
    assert rare is not None
    assert lost is not None
    assert rare > lost


def test_rows_are_measured_alike_alone_and_together():
    changes: list[dict[str, object]] = [{}, {"logprob": -2.5}, {"back": None}, {"target": "Zwei Hunde."}]
    together = features(pairs(*changes))
    alone = np.concatenate([features(pairs(change)) for change in changes])
    np.testing.assert_array_equal(together, alone)


def test_the_features_are_columns_beside_the_score_with_and_without_a_fit():
    with_fit, without = QualityScorer(shipped_fit()).score(pairs({})), QualityScorer().score(pairs({}))
    assert without["score"].to_pylist() == [None]
    assert all(with_fit[name].equals(without[name]) and with_fit[name].null_count == 0 for name in ("gain", "expected"))


def test_the_round_trip_is_measured_once_for_both_scorers(monkeypatch: pytest.MonkeyPatch):
    from glotmill.filters.features import shared_chrf

    calls = []
    original = shared_chrf.chrf
    monkeypatch.setattr(shared_chrf, "chrf", lambda *texts: calls.append(1) or original(*texts))
    table = pairs({}, {"back": "Two dogs run over grass."}, {"back": None})
    first = RoundTripScorer().score(table)["chrf"].to_pylist()
    second = pa.array(features(table)[:, FEATURES.index("round_trip")].astype("float32"), from_pandas=True).to_pylist()
    assert first == second
    assert len(calls) == 1
    changed = table.set_column(PAIR_SCHEMA.get_field_index("back"), "back", pa.array([None, None, None], pa.string()))
    assert RoundTripScorer().score(changed)["chrf"].to_pylist() == [None] * 3


def test_no_row_is_scored():
    assert QualityScorer(shipped_fit()).score(PAIR_SCHEMA.empty_table())["score"].to_pylist() == []
