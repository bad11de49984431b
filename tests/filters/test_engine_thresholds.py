"""Thresholds that belong to the build: what its engine's own translations reach, and no default of another domain."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from glotmill.engine.dataset.recorded_rules import recorded_policy
from glotmill.filters.engine_thresholds import MIN_ROWS, engine_thresholds, of_engine, thresholds
from glotmill.filters.policy import Policy, make_policy
from glotmill.filters.quality_fit import ALL, SHIPPED, Content, QualityFit, read_fit, shipped_fit
from glotmill.filters.scorers.adequacy import AdequacyScorer
from glotmill.filters.scorers.round_trip import RoundTripScorer
from glotmill.schemas.errors import InputError
from glotmill.schemas.keys import digest

MEANING = "adequacy.min_meaning"
HIGHEST, FLOOR, MARGIN = -0.2, -1.5, 0.5


def values(lowest: float, number: int = 1000) -> np.ndarray:
    return np.linspace(lowest, lowest + 5, number)


def fit(places: dict[str, float]) -> QualityFit:
    content = shipped_fit().content.model_dump() | {"thresholds": {MEANING: places}}
    return QualityFit(Content.model_validate(content))


def policy(section: dict | None = None, **places: float) -> Policy:
    return make_policy(section or {}, ["adequacy"]).fitted(fit(places) if places else None)


def rejected(policy: Policy, *scores: float, lang: str = "deu_Latn") -> list[bool]:
    frame = pl.DataFrame({"lang": [lang] * len(scores), "score_adequacy_meaning": scores}, strict=False)
    other = [pl.lit(9.0).alias(f"score_adequacy_{name}") for name in ("score", "omission", "addition")]
    return (policy.on(frame.with_columns(other).columns).failing(frame.with_columns(other)).list.len() > 0).to_list()


def test_a_threshold_goes_down_with_what_the_engine_reaches_on_the_build():
    """Texts that the engine hardly knows score low whoever translated them: that alone rejects none."""
    found = thresholds(values(-3.0), ["deu_Latn"] * 1000, HIGHEST, MARGIN)
    assert found["deu_Latn"] == pytest.approx(-3.0 - MARGIN, abs=0.03)


def test_no_threshold_is_above_what_the_embedded_model_reaches_at_its_best():
    found = thresholds(values(2.0), ["deu_Latn"] * 1000, HIGHEST, MARGIN)
    assert set(found.values()) == {HIGHEST}


def test_a_language_with_few_rows_has_its_scripts_threshold_then_that_of_all():
    langs = ["deu_Latn"] * MIN_ROWS + ["fra_Latn"] * (MIN_ROWS - 1) + ["rus_Cyrl"]
    found = thresholds(values(-3.0, len(langs)), langs, HIGHEST, MARGIN)
    assert sorted(found) == ["Latn", ALL, "deu_Latn"]


def test_too_few_rows_leave_the_recipes_threshold():
    assert thresholds(values(-3.0, MIN_ROWS - 1), ["deu_Latn"] * (MIN_ROWS - 1), HIGHEST, MARGIN) == {}
    unjudged = np.r_[values(-3.0, MIN_ROWS - 1), np.full(500, np.nan)]
    assert thresholds(unjudged, ["deu_Latn"] * len(unjudged), HIGHEST, MARGIN) == {}


def test_only_rules_that_depend_on_the_engine_are_fitted():
    names = {one.parameter for one in of_engine(AdequacyScorer)}
    assert names == {"min_meaning", "min_omission", "min_addition"}
    scores = {("adequacy", one.metric): values(-4.0) for one in of_engine(AdequacyScorer)}
    found = engine_thresholds(scores, ["ces_Latn"] * 1000, [AdequacyScorer])
    assert sorted(found) == [f"adequacy.{name}" for name in sorted(names)]


def test_the_policy_rejects_by_the_builds_thresholds():
    assert rejected(policy(deu_Latn=-0.2), -0.1, -0.3, -1.6) == [False, True, True]
    assert rejected(policy(deu_Latn=-1.0), -0.1, -0.3, -1.6) == [False, False, True]
    assert rejected(policy(Latn=-1.0), -0.3, -1.1) == [False, True]


def test_without_a_fit_the_floors_hold_and_no_other_domains_thresholds():
    """What a build of captions reached says nothing of another: text that an engine hardly knows scores low."""
    for without in (policy(), policy(rus_Cyrl=-0.2)):  # no fit; too few rows of this language
        assert rejected(without, -0.3, FLOOR + 0.01, FLOOR - 0.01) == [False, False, True]


@pytest.mark.parametrize("scorer", [AdequacyScorer, RoundTripScorer])
def test_every_floor_is_below_what_a_build_may_set(scorer):
    defaults = {one.name: one.default for rule in scorer.rules for one in rule.parameters}
    assert of_engine(scorer)
    assert all(defaults[one.parameter] < one.highest for one in of_engine(scorer))


def test_a_dataset_keeps_the_thresholds_that_it_recorded():
    before = make_policy({}, ["adequacy"])
    before = replace(before, parameters=before.parameters | {MEANING: -0.2})
    lock, facts = {"score": {"scorers": ["adequacy"]}}, {"filter": before.fingerprint(), "scores": []}
    assert rejected(recorded_policy({}, lock, facts), -0.1, -0.3) == [False, True]


def test_a_threshold_that_the_recipe_states_stays():
    stated = {"adequacy": {"min_meaning": -0.2}}
    assert rejected(policy(stated, deu_Latn=-1.0), -0.3) == [True]
    fingerprints = [policy(section, deu_Latn=-1.0).fingerprint() for section in ({}, stated)]
    assert fingerprints[0] != fingerprints[1]  # the verdicts differ, so a build sees that they do


def test_a_fit_without_thresholds_is_the_file_of_the_time_before_them():
    """Datasets that were built with a fit keep their fingerprints."""
    before = json.loads(SHIPPED.read_bytes())
    assert "thresholds" not in before
    assert shipped_fit().digest == digest(before)
    assert shipped_fit().data == SHIPPED.read_bytes()
    assert (
        make_policy({"adequacy": {"min_meaning": 0}}, ["adequacy"]).fitted(shipped_fit()).fingerprint()["stated"] == []
    )


def test_a_threshold_of_an_unknown_place_is_refused(tmp_path):
    path = tmp_path / "quality.json"
    path.write_bytes(fit({"Klingon": 1.0}).data)
    with pytest.raises(InputError, match=r"adequacy\.min_meaning\.Klingon: no language, no script and not 'all'"):
        read_fit("score.quality", path)
