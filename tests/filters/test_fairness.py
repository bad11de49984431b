from __future__ import annotations

import pytest

from glotmill.filters.fairness import shares

ROWS = {"deu_Latn": 100, "fra_Latn": 100, "swh_Latn": 100}


def test_a_language_is_set_beside_the_median_one():
    found = shares(ROWS, {"deu_Latn": {"a.b": 10}, "fra_Latn": {"a.b": 20}, "swh_Latn": {"a.b": 70, "c.d": 6}})
    overall = {one.lang: one for one in found if one.rule is None}
    assert {lang: one.kept for lang, one in overall.items()} == pytest.approx(
        {"deu_Latn": 0.9, "fra_Latn": 0.8, "swh_Latn": 0.24}
    )
    assert overall["swh_Latn"].ratio == pytest.approx(0.3)
    assert [one.lang for one in found if one.alarm] == ["swh_Latn", "swh_Latn"]
    assert {one.rule for one in found if one.alarm} == {None, "a.b"}


def test_half_of_the_median_is_no_alarm():
    found = shares({"deu_Latn": 10, "fra_Latn": 10, "ces_Latn": 10}, {"ces_Latn": {"a.b": 5}})
    assert not any(one.alarm for one in found)


def test_languages_without_rows_have_no_rate_and_none_divides_by_nothing():
    assert shares({"deu_Latn": 0}, {}) == []
    everything = shares({"deu_Latn": 4}, {"deu_Latn": {"a.b": 4}})
    assert [(one.kept, one.ratio) for one in everything] == [(0.0, 1.0), (0.0, 1.0)]
