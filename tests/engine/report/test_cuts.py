from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from glotmill.engine.report.cuts import rule_cuts
from glotmill.filters.policy import make_policy
from glotmill.filters.registry import SCORERS
from glotmill.filters.scorers.language_id import thresholds
from glotmill.schemas.languages import registry

METRICS = [metric for scorer in SCORERS.values() for metric in scorer.metrics]
POLICY = make_policy({"user": {"mine": {"fails": "score_round_trip_chrf < 12.5"}}}, list(SCORERS), metrics=METRICS)
FOUND = {rule.rule.code: rule for rule in rule_cuts(POLICY, METRICS, list(registry()))}


def test_a_cut_is_the_threshold_of_the_policy():
    assert FOUND["round_trip.chrf"].cuts["deu_Latn"].at == 5
    assert FOUND["round_trip.chrf"].cuts["deu_Latn"].below
    assert FOUND["lexical.copy_lcs"].cuts["deu_Latn"].at == pytest.approx(0.45)
    assert not FOUND["lexical.copy_lcs"].cuts["deu_Latn"].below


def test_languages_have_their_own():
    copied = FOUND["lexical.copy_frac"].cuts
    assert (copied["deu_Latn"].at, copied["arb_Arab"].at) == (0.5, 0.25)
    assert FOUND["language_id.mass"].cuts["swh_Latn"].at == pytest.approx(thresholds("min_mass")["swh_Latn"], rel=1e-6)
    assert "deu_Latn" not in FOUND["language_id.english"].cuts


def test_a_rule_of_a_recipe_has_one_too():
    assert FOUND["user.mine"].cuts["swh_Latn"].at == 12.5


def test_a_rule_names_the_parameter_that_moves_the_threshold_of_each_language():
    assert FOUND["round_trip.chrf"].moved_by["deu_Latn"] == "min_chrf"
    copied = FOUND["lexical.copy_frac"].moved_by
    assert (copied["deu_Latn"], copied["arb_Arab"]) == ("max_copy_frac", "max_copy_frac_other")


def test_no_language_is_asked_for_more_than_its_own_threshold():
    mass = FOUND["language_id.mass"]
    assert mass.most["swh_Latn"] == pytest.approx(thresholds("min_mass")["swh_Latn"], rel=1e-6)
    assert all(cut.at <= mass.most[lang] for lang, cut in mass.cuts.items())
    assert FOUND["round_trip.chrf"].most == FOUND["user.mine"].moved_by == {}


def test_a_rule_says_whether_a_score_that_equals_its_parameter_fails():
    assert [code for code, rule in FOUND.items() if rule.inclusive] == ["language_id.english"]


@pytest.mark.parametrize("code", sorted(FOUND))
def test_the_neighbouring_scores_of_a_cut_are_judged_as_the_rule_does(code: str):
    rule = FOUND[code]
    lang, cut = next(iter(rule.cuts.items()))
    scores = np.array([np.nextafter(np.float32(cut.at), np.float32(side)) for side in (-np.inf, np.inf)] + [cut.at])
    frame = pl.DataFrame({"lang": lang, rule.metric.score_column: pl.Series(scores, dtype=pl.Float32)})
    judged = frame.select(POLICY.uncalibrated(rule.rule)).to_series()
    assert judged.to_list() == cut.fails(scores.astype(np.float32)).tolist()
