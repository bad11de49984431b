"""Repair by quality: what an entry says of a translation stands for all that the score looks at."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from glotmill.engine.translators.fake import FakeTranslate
from glotmill.engine.translators.registry import resolve_translator
from glotmill.engine.translators.shared.repair_rule import JUDGED, RepairRule
from glotmill.engine.translators.shared.routes import Routes
from glotmill.engine.translators.shared.segment_quality import LACKING, SegmentQuality
from glotmill.filters.features.pair_quality import FEATURES
from glotmill.filters.policy import make_policy
from glotmill.filters.quality_fit import shipped_fit

SOURCE, TARGET = "Two men are playing football in the park.", "Zwei Männer spielen im Park Fußball."


def rule(**until) -> RepairRule:
    return RepairRule([SegmentQuality()], make_policy({"quality": until}, ["quality"]))


def entries(*rows: tuple[str, float | None, float | None]) -> pl.DataFrame:
    table = [("eng_Latn", "deu_Latn", text, TARGET, logprob, reverse) for text, logprob, reverse in rows]
    return pl.DataFrame(table, schema=JUDGED, orient="row")


def test_an_improbable_translation_fails_there_and_back():
    judged = rule(min=0.5).fitted(shipped_fit())
    found = judged.passes(entries((SOURCE, -0.2, -0.5), (SOURCE, -3.0, -0.5), (SOURCE, -0.85, -8.0)))
    assert found.to_list() == [True, False, False]


def test_a_share_is_the_fits_threshold_of_the_language():
    fit = shipped_fit()
    usual = fit.content.usual["deu_Latn"].mean
    better, worse = ((usual["likely"] + step, usual["way_back"] + step) for step in (0.3, -0.3))
    judged = rule(keep=0.5).fitted(fit)
    assert judged.passes(entries((SOURCE, *better), (SOURCE, *worse))).to_list() == [True, False]


def test_what_is_not_known_rejects_nothing():
    judged = rule(min=0.99).fitted(shipped_fit())
    unknown = ((SOURCE, None, -9.0), (SOURCE, -9.0, None), ("Three short words", -9.0, -9.0))
    assert judged.passes(entries(*unknown)).all()
    assert rule(min=0.99).passes(entries((SOURCE, -9.0, -9.0))).all()  # the fit is still to be made


def test_a_feature_that_no_row_can_have_counts_as_usual():
    fit = shipped_fit()
    row = np.array([[fit.content.usual["fra_Latn"].mean[name] for name in FEATURES]]) - 0.2
    usual = row.copy()
    for name in LACKING:
        usual[0, FEATURES.index(name)] = fit.content.usual["fra_Latn"].mean[name]
        row[0, FEATURES.index(name)] = np.nan
    assert np.isnan(fit.quality(row, ["fra_Latn"])).all()
    assert fit.quality(row, ["fra_Latn"], lacking=LACKING) == pytest.approx(fit.quality(usual, ["fra_Latn"]))


def test_the_fit_that_a_build_makes_chooses_and_repairs_and_is_in_the_routes_fingerprint():
    engine = resolve_translator(FakeTranslate(engine="fake", hypotheses=2, choose="quality", quality_fit="build"))
    before = Routes(engine, until=rule(min=0.5))
    after = before.chosen_by(shipped_fit())
    assert before.fingerprint != after.fingerprint
    assert after.until is not None
    assert after.until.facts()["scorers"]["quality"]["fit"] == shipped_fit().digest
    assert after.default.choice is not None
    assert after.default.choice.fit is shipped_fit()
