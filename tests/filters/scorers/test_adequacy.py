from __future__ import annotations

import pyarrow as pa
import pytest

from glotmill.filters.contract import PAIR_SCHEMA
from glotmill.filters.scorers.adequacy import FEATURES, AdequacyScorer, coefficients, features

SOURCE = "Two brown dogs run over the green grass."
GOOD = {"source_lang": "eng_Latn", "lang": "deu_Latn", "field_type": "caption", "source": SOURCE,
        "target": "Zwei braune Hunde rennen über das grüne Gras.", "back": SOURCE, "logprob": -0.4,
        "reverse_words": [-0.3] * 8, "reverse_end": -0.1, "source_tokens": 10,
        "alone_words": [-6.0, -7.0, -5.0, -5.0, -4.0, -2.0, -6.0, -5.0]}  # fmt: skip


def scored(**changes: object) -> dict[str, float | None]:
    pairs = pa.Table.from_pylist([{**GOOD, **changes}], schema=PAIR_SCHEMA)
    return {name: values[0].as_py() for name, values in AdequacyScorer().score(pairs).items()}


def test_a_good_translation_has_nothing_below_zero():
    scores = scored()
    assert all(scores[name] is not None and scores[name] > 0.5 for name in FEATURES)


@pytest.mark.parametrize(
    ("check", "changes"),
    [
        ("meaning", {"reverse_words": GOOD["alone_words"], "back": "A woman reads in a small kitchen."}),
        ("omission", {"target": "Zwei Hunde.", "back": "Two dogs.", "reverse_words": [-0.3] * 3 + [-6.0] * 5}),
        ("addition", {"target": GOOD["target"] + " Eine Frau liest in einer kleinen Küche.", "logprob": -4.0,
                      "back": SOURCE + " A woman reads in a small kitchen."}),
        ("numbers", {"target": GOOD["target"].replace("Zwei", "Vier"), "back": SOURCE.replace("Two", "Four"),
                     "reverse_words": [-9.0] + [-0.3] * 7}),
        ("negation", {"target": GOOD["target"].replace("rennen", "rennen nicht")}),
    ],
)  # fmt: skip
def test_each_kind_of_error_is_seen_by_its_check(check: str, changes: dict):
    good, bad = scored(), scored(**changes)
    assert bad[check] < good[check] - 0.5
    assert bad[check] == min(bad[name] for name in FEATURES)
    assert bad["score"] < good["score"]


@pytest.mark.parametrize(
    "changes",
    [{"reverse_words": None}, {"alone_words": None}, {"back": None}, {"logprob": None}, {"alone_words": [-1.0]},
     {"source": "Two dogs", "reverse_words": [-1.0] * 2, "alone_words": [-3.0] * 2}],
)  # fmt: skip
def test_what_lacks_something_is_not_judged(changes: dict):
    assert set(scored(**changes).values()) == {None}


def test_the_coefficients_are_of_the_features_in_use():
    for name, fitted in coefficients()["detectors"].items():
        assert tuple(fitted["features"]) == FEATURES[name]
        assert len(fitted["weight"]) == len(fitted["mean"]) == len(FEATURES[name])
    assert set(coefficients()["detectors"]) == set(FEATURES)


def test_a_word_that_nothing_gives_away_counts_no_more_than_a_floor():
    pairs = pa.Table.from_pylist([{**GOOD, "reverse_words": [-500.0] + [-0.3] * 7}], schema=PAIR_SCHEMA)
    table, _ = features(pairs)
    assert table["number_gain"][0] == pytest.approx(-20 + 6)
